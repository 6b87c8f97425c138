"""The alloy: random walks, exact clocks, kept atoms, fitted barriers, vacancies as patches."""

import itertools
import json
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.reproduce.barriers import REFERENCE, barriers
from hoam_core.solvers import kmc
from hoam_core.systems.lattices import barriers as model
from hoam_core.systems.lattices import nbmota
from hoam_core.systems.lattices.nbmota import Alloy, NbMoTa, order_between, short_range_order

ALLOY = NbMoTa()
# The same for most tests, for compilation takes longer than running.
RUNS = 192


def values(runs, temperature, size):
    return jnp.tile(jnp.array([[temperature, float(size)]]), (runs, 1))


def points(sites, size):
    return np.stack(kmc.coordinates(jnp.asarray(sites), size), axis=-1)


@cache
def measured():
    return model.read_measured()


def solution(size, runs, seed=0, temperature=2_000.0):
    return ALLOY.start(jax.random.key(seed), values(runs, temperature, size), size)


def moved(key, state, energies, temperatures, duration, movers=slice(None)):
    beta = 1 / (nbmota.BOLTZMANN * jnp.asarray(temperatures))
    law = model.law(energies)
    return kmc.evolve(key, state.cells, state.vacancies[movers], law, beta, 128.0, duration)


def test_equal_barriers_make_a_random_walk(key):
    size, duration, repeats = 16, 0.02, 4
    state = solution(size, RUNS)
    # The others would be in its way.
    cells = jnp.where(state.cells == 0, 1, state.cells).reshape(-1, RUNS)
    cells = cells.at[state.vacancies[0], jnp.arange(RUNS)].set(0).reshape(state.cells.shape)
    state, cold = Alloy(cells, state.vacancies[:1]), np.full(RUNS, 900.0)
    ends = [
        moved(own, state, model.equal_barriers(1.7), cold, duration)
        for own in jax.random.split(key, repeats)
    ]
    runs, mean = repeats * RUNS, 1_024 * duration
    jumps = np.concatenate([end.jumps for end in ends])
    # Their number is that of a Poisson process, whose waiting times are exponential.
    assert jumps.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / runs))
    assert jumps.var() == pytest.approx(mean, rel=4 * np.sqrt(2 / runs))
    finish = np.concatenate([points(end.vacancies[0], size) for end in ends])
    walked = finish - np.tile(points(state.vacancies[0], size), (repeats, 1))
    walked = (walked + size) % (2 * size) - size
    # Steps (+-1, +-1, +-1) in half lattice constants.
    assert (walked**2).sum(1).mean() == pytest.approx(3 * mean, rel=4 * np.sqrt(2 / 3 / runs))
    assert np.abs(walked.mean(0)).max() < 4 * np.sqrt(mean / runs)


def test_every_run_has_its_own_clock_and_temperature(key):
    temperatures = np.repeat([700.0, 1_500.0, 3_000.0], RUNS // 3)
    energies = replace(model.equal_barriers(1.75), reference=1.7)
    jumps = moved(key, solution(8, RUNS), energies, temperatures, 1.5).jumps
    expected = 1_536 * np.exp(-0.05 / (nbmota.BOLTZMANN * temperatures[:: RUNS // 3]))
    found = np.asarray(jumps).reshape(3, -1)
    np.testing.assert_allclose(found.mean(1), expected, atol=4 * np.sqrt(1_536 / 64))
    np.testing.assert_allclose(found.var(1), expected, rtol=0.7)


def test_atoms_are_kept_and_vacancies_known(key):
    state = solution(16, RUNS)
    end = ALLOY.evolve(key, values(RUNS, 2_500.0, 16), state, 0.02)
    flat = np.asarray(end.cells).reshape(-1, RUNS)
    for number, count in enumerate([8, 2_728, 2_728, 2_728]):
        np.testing.assert_array_equal(np.sum(flat == number, axis=0), count)
    assert len(np.unique(np.asarray(end.vacancies[:, 0]))) == 8
    assert not np.take_along_axis(flat, np.asarray(end.vacancies), axis=0).any()
    assert np.mean(np.asarray(end.cells != state.cells)) > 0.01


@pytest.mark.slow
def test_rates_that_are_kept_are_those_of_now(key):
    size, runs, law = 8, 16, model.law(model.shipped_barriers())
    state = solution(size, runs)
    # Six vacancies in a crowd, so that nearly all jumps change the rates of others.
    crowd = kmc.indices(tuple(8 + kmc.SITES[:60:10].T), size)[:, None]
    cells = state.cells.reshape(-1, runs).at[crowd, jnp.arange(runs)[None]].set(0)
    shape, zero = (runs, len(crowd)), jnp.zeros(runs, jnp.float32)
    carried = kmc._Runs(
        cells.T, jnp.tile(jnp.asarray(crowd).T, (runs, 1)), jnp.zeros((*shape, 8), jnp.float32),
        jnp.ones(shape, bool), zero, zero, jnp.ones(runs, bool), jnp.zeros(runs, jnp.int32),
    )  # fmt: skip
    beta = jnp.full(runs, 6.0, jnp.float32)
    renew = jax.jit(lambda c: kmc._renewed(c, size, law, beta, 128.0))
    jump = jax.jit(lambda c, u: kmc._jumped(c, size, u, jnp.float32(1e3)))
    draws = jax.random.uniform(key, (40, 2, runs), jnp.float32)
    for draw in draws:
        carried = renew(carried)
        fresh = carried._replace(stale=jnp.ones(shape, bool))
        for _ in range(len(crowd)):
            fresh = renew(fresh)
        kept = ~np.asarray(carried.stale)
        np.testing.assert_array_equal(np.asarray(carried.below)[kept], fresh.below[kept])
        carried = jump(carried, draw)
    assert carried.jumps.min() > 3
    assert np.all(np.sum(np.asarray(carried.cells) == 0, axis=1) >= len(crowd))


def test_jumps_are_chosen_by_their_rates(key):
    rates = np.array([[[0, 1, 2, 0, 3, 1, 0, 0], [0, 0, 0, 4, 0, 0, 5, 0.0]]])
    n = 20_000
    below = jnp.tile(jnp.asarray(rates.cumsum(-1), jnp.float32), (n, 1, 1))
    draws = jax.random.uniform(key, (n,), jnp.float32).at[0].set(1 - 2.0**-23).at[1].set(0.0)
    which, direction, total = kmc._choice(below, draws)
    found = np.bincount(np.asarray(which * 8 + direction), minlength=16) / n
    np.testing.assert_allclose(found, rates.ravel() / 16, atol=0.015)
    assert not found[rates.ravel() == 0].any()
    assert float(total[0]) == 16
    # Rounding of the sums never leads past the last direction.
    rates = jax.random.exponential(key, (n, 8, 8), jnp.float32) ** 3
    last = jnp.full(n, 1 - 2.0**-23, jnp.float32)
    which, direction, _ = kmc._choice(jnp.cumsum(rates, axis=2), last)
    assert which.max() < 8
    assert direction.max() < 8


def contacts(cells):
    """Directed pairs of neighbours (4, 4) of one run, counted site by site."""
    size, flat = cells.shape[1], np.asarray(cells).ravel()
    sites = points(np.arange(flat.size), size)
    found = np.zeros((4, 4))
    for d in itertools.product((-1, 1), repeat=3):
        z, y, x = (sites + d).T % (2 * size)
        np.add.at(found, (flat, np.asarray(cells)[z, y // 2, x // 2]), 1)
    return found


def test_order_is_counted_from_neighbours_and_obeys_the_sum_rules(key):
    state = ALLOY.evolve(key, values(RUNS, 1_000.0, 8), solution(8, RUNS), 0.02)
    z = ALLOY.observe(state)
    six = short_range_order(z)
    for r in range(4):
        found = contacts(state.cells[..., r])
        delta = found[1:, 1:] / 341 - 8 / 3
        for name, i, j in (("NbMo", 0, 1), ("NbTa", 0, 2), ("MoTa", 1, 2)):
            assert float(six[name][r]) == pytest.approx(delta[i, j], abs=1e-12)
        # In data each sum misses the contacts of that species with the vacancy.
        np.testing.assert_allclose(delta.sum(1), -found[1:, 0] / 341, atol=1e-12)
        assert np.all(np.abs(delta.sum(1)) <= 8 / 341)
        like = np.array([float(six[a + a][r]) for a in model.SPECIES])
        np.testing.assert_allclose(np.diag(delta) - like, delta.sum(1), atol=1e-12)
    for a in model.SPECIES:
        total = sum(order_between(z, a, b) for b in model.SPECIES)
        np.testing.assert_allclose(total, 0, atol=1e-15)
    np.testing.assert_array_equal(order_between(z, "Ta", "Mo"), six["MoTa"])


def test_a_random_solution_has_no_order_on_average(key):
    z = np.asarray(ALLOY.observe(solution(16, RUNS)))
    # One neighbour of a vacancy fewer and exact counts shift the mean by less than 0.01.
    np.testing.assert_allclose(z.mean(0), 0, atol=0.01)
    mu = jnp.array([2_000.0, 8.0])
    path = ALLOY.simulate(key, mu, ALLOY.initial(key, mu, RUNS), np.array([0.0, 0.01]))
    assert path.shape == (2, RUNS, 3)


def test_the_fit_predicts_environments_it_has_not_seen():
    data = measured()
    error = model.held_out(data, folds=3) - data.barrier
    assert 0.030 < np.sqrt(np.mean(error**2)) < 0.040
    again, shipped = model.fit(data, REFERENCE), model.shipped_barriers()
    np.testing.assert_allclose(shipped.constants, again.constants, atol=1e-7)
    np.testing.assert_allclose(shipped.orbits, again.orbits, atol=1e-8)
    assert sum(np.prod(np.shape(table)) for table in shipped.orbits) * 2 // 3 + 3 == 183


def test_the_solver_has_the_barriers_of_the_fit():
    data, energies = measured(), model.shipped_barriers()
    rows = slice(0, 45_000, 450)
    some = model.Measured(data.offsets, data.environment[rows], data.barrier[rows])
    expected = model.evaluate(energies, some)
    places = {tuple(site): i for i, site in enumerate(data.offsets)}
    for d, direction in enumerate(kmc.DIRECTIONS):
        for order in ((0, 1, 2), (1, 2, 0), (1, 0, 2)):
            # The whole environment turned: a symmetry of the crystal keeps its barrier.
            near = [places[tuple((site * direction)[list(order)])] for site in kmc.SITES]
            species = jnp.asarray(some.environment[:, near])
            found = np.asarray(kmc.barriers(model.law(energies), species))[:, d]
            np.testing.assert_allclose(found + energies.reference, expected, atol=1e-6)


def test_vacancies_do_not_change_places_and_count_as_the_mean_species():
    law = model.law(model.shipped_barriers())
    species = jnp.zeros((1, 112), jnp.uint8).at[0, kmc.NEIGHBOURS[3]].set(2)
    found = np.asarray(kmc.barriers(law, species))[0]
    assert np.isinf(found).sum() == 7
    assert found[3] == pytest.approx(float(law.constants[1]), abs=1e-6)


def test_patches_have_the_mean_of_the_whole_and_k_times_its_covariance(key):
    # Short, for the rest is frozen: the means differ by a share of about dt.
    runs, dt = RUNS, 0.02
    mu, state = values(runs, 2_000.0, 16), solution(16, runs)
    parts = np.asarray(ALLOY.patch_increments(key, mu, state, 8, dt))
    assert parts.shape == (8, runs, 3)
    end = ALLOY.evolve(jax.random.key(5), mu, state, dt)
    whole = np.asarray(ALLOY.observe(end) - ALLOY.observe(state))
    error = np.hypot(whole.std(0), parts.std((0, 1)) / np.sqrt(8)) / np.sqrt(runs)
    assert np.all(np.abs(parts.mean((0, 1)) - whole.mean(0)) < 4 * error)
    assert whole.mean(0)[2] > 10 * error[2]
    np.testing.assert_allclose(parts.std((0, 1)) / whole.std(0), np.sqrt(8), rtol=0.2)


def test_doubled_lattices_keep_their_atoms(key, monkeypatch):
    monkeypatch.setattr(nbmota, "RELAXATION", 0.01)
    mu, state = values(RUNS, 2_000.0, 8), solution(8, RUNS)
    copies = nbmota._eightfold(state)
    counts = np.bincount(np.asarray(copies.cells[..., 0]).ravel())
    np.testing.assert_array_equal(counts, [8, 2_728, 2_728, 2_728])
    assert len(np.unique(np.asarray(copies.vacancies[:, 0]))) == 8
    for axis in range(3):
        first, second = np.split(np.asarray(copies.cells), 2, axis)
        np.testing.assert_array_equal(first, second)
    # Copies of a torus fit without seams: every bond is kept, eightfold.
    small, large = (contacts(s.cells[..., 0]) for s in (state, copies))
    np.testing.assert_array_equal(large, 8 * small)
    large = ALLOY.enlarge(key, mu, state, 8)
    assert ALLOY.picture(large).shape == (32, 16, 16)
    flat = np.asarray(large.cells).reshape(-1, RUNS)
    assert not np.take_along_axis(flat, np.asarray(large.vacancies), axis=0).any()
    assert len(np.unique(np.asarray(large.vacancies[:, 0]))) == 8


@pytest.mark.slow
def test_enlarged_and_relaxed_states_are_those_of_a_large_run(key):
    mu, end = values(64, 2_000.0, 8), 8.0
    small = ALLOY.evolve(key, mu, solution(8, 64), end)
    enlarged = np.asarray(ALLOY.observe(ALLOY.enlarge(key, mu, small, 8)))
    large = np.asarray(ALLOY.observe(ALLOY.evolve(key, mu, solution(16, 64), end)))
    error = np.hypot(enlarged.std(0), large.std(0)) / 8
    assert np.all(np.abs(enlarged.mean(0) - large.mean(0)) < 4 * error)
    assert np.all(enlarged.std(0) < 0.09)


def test_single_precision_is_what_users_run(float32, key):
    state = ALLOY.evolve(key, values(4, 700.0, 8), solution(8, 4), 0.01)
    assert ALLOY.observe(state).dtype == jnp.float32
    assert np.all(np.isfinite(ALLOY.observe(state)))


def test_other_coefficients_plug_in_and_systems_can_be_hashed(tmp_path):
    shipped = model.shipped_barriers()
    about = model.to_dict(shipped)
    # Another zero of the coefficients is the same model.
    about["coefficients_eV"] = {
        name: (np.array(rows) + 0.01).tolist() for name, rows in about["coefficients_eV"].items()
    }
    about["constants_eV"] = {k: v - 1.11 for k, v in about["constants_eV"].items()}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(about))
    mine = model.read_barriers(path)
    np.testing.assert_allclose(mine.constants, shipped.constants, atol=1e-12)
    np.testing.assert_allclose(mine.orbits, shipped.orbits, atol=1e-12)
    assert len({ALLOY, NbMoTa(mine), NbMoTa(model.equal_barriers(1.7)), NbMoTa()}) == 3
    assert NbMoTa(model.equal_barriers(0.0)).seconds(2_000.0) == pytest.approx(1_024 / 8e13)


def test_the_generator_writes_what_ships(tmp_path):
    *_, (_, share) = barriers(tmp_path, quick=True)
    assert share == 1.0
    made, shipped = model.read_barriers(tmp_path / "nbmota_barriers.json"), model.shipped_barriers()
    # Other processors and libraries round a fit in its last digits.
    for name in ("constants", "orbits", "reference"):
        np.testing.assert_allclose(getattr(made, name), getattr(shipped, name), atol=1e-9)


def test_bad_input_is_told_with_its_cure(tmp_path, key):
    mu, state = values(2, 2_000.0, 8), solution(8, 2)
    with pytest.raises(ValueError, match="`L` must be a multiple of 8, but is 12"):
        ALLOY.start(key, mu, 12)
    for act in (ALLOY.enlarge, ALLOY.relax):
        with pytest.raises(ValueError, match=r"`patch` must be 8 .* but is 4: a patch is one"):
            act(key, mu, state, 4)
    with pytest.raises(ValueError, match="`patch` must be 8"):
        ALLOY.patch_increments(key, mu, state, 16, 0.1)
    with pytest.raises(ValueError, match=r"Unknown species 'Nbb'\. Did you mean 'Nb'"):
        order_between(jnp.zeros(3), "Nbb", "Ta")
    with pytest.raises(ValueError, match="`temperature` must be a positive number, but is 0"):
        ALLOY.seconds(0)
    with pytest.raises(ValueError, match="`T` must lie from 700 to 3000"):
        ALLOY.vector({"T": 300.0, "L": 16})


def test_files_that_are_no_barriers_are_told(tmp_path):
    path = tmp_path / "bad.json"
    with pytest.raises(ValueError, match="cannot be read as barriers"):
        model.read_barriers(path)
    about = model.to_dict(model.shipped_barriers())
    wrong = {
        "keys of": {"orbits": []},
        "need the 30": {**about, "orbits": [[1, 1, 1]]},
        "Unknown species 'W'": {**about, "constants_eV": {"W": 1.0}},
        "need each of Nb, Mo, Ta": {**about, "constants_eV": {"Nb": 1.0}},
        "each of Nb, Mo, Ta as": {**about, "coefficients_eV": {"Nb": [[0.0]]}},
        "must have shape": {**about, "coefficients_eV": {k: [[0.0]] for k in model.SPECIES}},
    }
    for sentence, content in wrong.items():
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=sentence):
            model.read_barriers(path)
    with pytest.raises(ValueError, match="cannot be read as measured barriers"):
        model.read_measured(path)
    data = measured()
    with pytest.raises(ValueError, match="each once"):
        model.fit(data._replace(offsets=data.offsets * 3))
    with pytest.raises(ValueError, match="`folds` must be a whole number of at least 2"):
        model.held_out(data, 1)
