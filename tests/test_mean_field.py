"""Particles in a given field against closed forms and the full models; the method against both."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hoam_core import Model, default_experiment, evaluate, load_model
from hoam_core.data import Scaling
from hoam_core.learning import learn
from hoam_core.methods import Frame, mean_field
from hoam_core.methods.mean_field import compressed
from hoam_core.numerics.compiled import VARIABLE
from hoam_core.numerics.domain import Domain
from hoam_core.simulation import start_truth, training_ensemble
from hoam_core.solvers import characteristics, pic, pic3d
from hoam_core.systems import get_system
from hoam_core.systems.plasmas.instabilities import TwoStream

LENGTH, AMPLITUDE = 2 * np.pi, 0.05


@pytest.fixture(params=["numba", "xla"])
def compiled_by(request, monkeypatch):
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param


def standing_wave(times, rate=0.0):
    """dv/dt = -2 AMPLITUDE sin(x) cos(rate t), from the density mode that makes it."""
    modes = jnp.asarray(AMPLITUDE * np.cos(rate * times)[:, None] * 1j, complex)
    return characteristics.accelerations(-1j * modes, LENGTH, 1.0, cells=4_096)


@pytest.mark.parametrize("rate", [0.0, 0.7])
def test_an_orbit_in_a_wave_is_that_of_an_independent_solver(compiled_by, rate):
    start = np.array([[0.5, 0.1], [3.0, 0.6], [6.0, -0.4]])
    times = np.linspace(0, 20, 2_001)
    grids = standing_wave(times, rate)
    force = grids[0, 1_024] / np.cos(0.0)  # at x = L / 4
    path = characteristics.simulate(
        *jnp.asarray(start).T, times, grids, every=500, length=LENGTH
    )  # fmt: skip
    for i, (x, v) in enumerate(start):
        orbit = solve_ivp(
            lambda t, y: [y[1], float(force) * np.sin(y[0]) * np.cos(rate * t)],
            (0, 20), [x, v], t_eval=times[::500], rtol=1e-10, atol=1e-10,
        )  # fmt: skip
        distance = Domain(jnp.array([LENGTH, 1.0]), (True, False)).displacement(
            path[:, i], jnp.asarray(orbit.y.T)
        )
        assert float(jnp.abs(distance).max()) < 2e-4
    # The mode n_1 = -i a (-i) of a density makes the field 2 a / (c k) sin x.
    assert abs(float(force)) == pytest.approx(2 * AMPLITUDE, rel=1e-5)


def test_the_error_falls_as_the_square_of_the_step(compiled_by):
    x, v = jnp.array([0.5, 3.0, 6.0]), jnp.array([0.1, 0.6, -0.4])
    ends = []
    for steps in (20, 40, 640):
        times = np.linspace(0, 10, steps + 1)
        path = characteristics.simulate(
            x, v, times, standing_wave(times, 0.7), every=steps, length=LENGTH
        )
        ends.append(np.asarray(path[-1]))
    coarse, fine = (np.abs(end - ends[2]).max() for end in ends[:2])
    assert coarse / fine == pytest.approx(4.0, rel=0.15)


def test_in_its_own_modes_a_plasma_moves_as_the_full_model_moves_it(compiled_by):
    system, mu = get_system("two-stream"), jnp.array([1.25])
    x0, key = start_truth(system, mu, 16_384, 1)
    ts = np.linspace(0, 20, 401)
    truth = system.simulate(key, mu, x0, ts)
    modes = jax.lax.map(lambda x: pic.density_modes(x, 50.0, modes=127), truth[..., 0])
    grids = characteristics.accelerations(modes, 50.0, mu[0] ** 2)
    path = characteristics.simulate(x0[:, 0], x0[:, 1], ts, grids, every=400, length=50.0)
    moved = system.domain(mu).displacement(truth[-1], path[-1])
    assert float(jnp.abs(moved).max()) < 1e-6


def test_both_compilers_give_the_same_and_any_number_of_particles_the_same_as_alone(monkeypatch):
    times = np.linspace(0, 5, 51)
    x, v = (jax.random.uniform(jax.random.key(i), (5_000,)) for i in range(2))
    grids = standing_wave(times)
    paths = []
    for name in ("numba", "xla"):
        monkeypatch.setenv(VARIABLE, name)
        whole = characteristics.simulate(x, v, times, grids, every=10, length=LENGTH)
        alone = characteristics.simulate(x[:7], v[:7], times, grids, every=10, length=LENGTH)
        np.testing.assert_allclose(whole[:, :7], alone, atol=1e-12)
        paths.append(whole)
    np.testing.assert_allclose(*paths, atol=1e-10)


def test_collisions_keep_the_law_that_they_lead_to():
    collisions = pic.Collisions(rate=0.5, thermal_speed=1.3)
    x, v = jnp.zeros(40_000), 3.0 + 0 * jnp.zeros(40_000)
    times = np.linspace(0, 2, 21)
    options = {"every": 20, "length": LENGTH, "collisions": collisions}
    grids = 0 * standing_wave(times)
    path = characteristics.simulate(x, v, times, grids, key=jax.random.key(0), **options)
    assert float(jnp.mean(path[-1, :, 1])) == pytest.approx(3 * np.exp(-1.0), abs=0.03)
    expected = 1.3 * np.sqrt(1 - np.exp(-2.0))
    assert float(jnp.std(path[-1, :, 1])) == pytest.approx(expected, rel=0.02)
    with pytest.raises(ValueError, match="`key` is missing"):
        characteristics.simulate(x, v, times, grids, **options)


def test_in_three_dimensions_too(key):
    system, mu = get_system("strong-landau-6d-all-axes"), jnp.array([0.4])
    x0, _ = start_truth(system, mu, 8_192, 1)
    ts = np.linspace(0, 3, 31)
    truth = system.simulate(key, mu, x0, ts)
    law = system.mean_field
    means = jax.lax.map(lambda x: law.means(x, mu), truth)
    path = law.follow(key, mu, x0, ts, means, 30)
    moved = system.domain(mu).displacement(truth[-1], path[-1])
    # The full model's own force, but for its modes |m_i| > 4, which it does not keep either.
    assert float(jnp.abs(moved).max()) < 1e-3
    assert path.shape == (2, 8_192, 6)


def test_modes_give_the_field_that_the_particles_would(key):
    x = jax.random.uniform(key, (3, 4_000)) * 4
    modes = pic3d.density_modes(x, 4.0, modes=4)[None]
    still = jnp.zeros((4_000, 3))
    moved = pic3d.follow(
        x.T, still, jnp.array([0.0, 1e-3]), modes[jnp.array([0, 0])], every=1, length=4.0,
        coupling=1.0,
    )  # fmt: skip
    density = pic3d.deposit(x, cells=16, length=4.0)
    force = pic3d.gather(pic3d.acceleration(density, 4.0, 1.0), x, length=4.0)
    np.testing.assert_allclose(moved[1, :, 3:].T / 1e-3, force, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def trained():
    """Two streams between five training values, to the end of their linear growth."""
    system = get_system("two-stream")
    experiment = default_experiment(
        system, "mean-field", axes=((1.2, 1.25, 1.3, 1.35, 1.4),), particles=16_384, t_end=20.0,
        n_times=101,
    )  # fmt: skip
    ensemble = training_ensemble(experiment)
    scaling = Scaling.of(ensemble)
    model = Model.build(experiment, scaling, None)
    params = model.method.learner.init(jax.random.key(0), ensemble)
    return Model.build(experiment, scaling, params)


def test_a_value_never_trained_on_is_predicted_to_the_noise_floor(trained, monkeypatch):
    monkeypatch.setattr(type(trained.system), "truth_particles", 16_384)
    found = evaluate(trained, {"mu": 1.325}, particles=4_096, seed=5)
    ratio = (found["density"] / found["density_floor"]).values
    assert ratio.max() < 1.5
    # Straight from the learned modes, without a roll-out, and from the particles.
    for kind in ("learned", "error"):
        assert found[f"electric_energy_l2_{kind}"] < 2 * found["electric_energy_l2_floor"]


def test_a_particle_does_not_know_of_the_others(trained):
    few = trained.predict({"mu": 1.31}, particles=64, seed=2)
    x0 = jnp.asarray(few["state"].values[0])
    alone = trained.predict({"mu": 1.31}, seed=2, initial=x0[:3])
    np.testing.assert_allclose(alone["state"].values, few["state"].values[:, :3], atol=1e-5)


def test_what_it_learns_of_a_trap_is_the_mean_position(key):
    system, mu = get_system("trap"), jnp.array([0.4])
    x0 = system.initial(key, mu, 256)
    times = np.linspace(0, 0.5, 51)
    truth = system.simulate(key, mu, x0, times)
    means = jax.vmap(lambda x: system.mean_field.means(x, mu))(truth)
    path = system.mean_field.follow(key, mu, x0, times, means, 50)
    np.testing.assert_allclose(path[-1].mean(0), truth[-1].mean(0), atol=0.02)
    np.testing.assert_allclose(path[-1].std(0), truth[-1].std(0), rtol=0.25)


def test_a_system_without_a_known_equation_is_told_so():
    with pytest.raises(ValueError, match="no equation of one particle is known; take 'galerkin'"):
        default_experiment(get_system("oscillator"), "mean-field")
    one = jnp.ones(1)
    scaling = Scaling(one, one, one, one, one, one, jnp.ones(()))
    frame = Frame(lambda mu: Domain.free(1), scaling, ((0.0, 1.0),), np.linspace(0, 1, 5))
    with pytest.raises(ValueError, match="`frame` must hold the equation of one particle"):
        mean_field(frame)


def test_training_keeps_no_particles_but_those_of_one_run(tmp_path, monkeypatch):
    monkeypatch.setattr(TwoStream, "truth_particles", 1_024)
    axes = (1.3, 1.35, 1.4, 1.45, 1.5)
    experiment = default_experiment(
        get_system("two-stream"), "mean-field", axes=(axes,), particles=1_024, t_end=2.0, n_times=9
    )
    stages = list(learn(experiment, tmp_path))
    (shown,) = [stage.data for stage in stages if stage.data is not None]
    assert shown.x.shape == (1, 9, 1_024, 2)
    assert float(shown.mu[0, 0]) == pytest.approx(1.4)
    ensemble = training_ensemble(experiment)
    model, again = stages[-1].model, load_model(tmp_path)
    # The scaling is that of all runs together, though each is measured alone.
    whole = Scaling.of(ensemble)
    for found, expected in zip(*map(jax.tree.leaves, (model.scaling, whole)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    known = model.method.learner.init(jax.random.key(0), ensemble)
    for name, array in known.items():
        np.testing.assert_allclose(again.params[name], array, rtol=1e-2, atol=1e-2)
    assert again.params["functions"].dtype == np.float16
    assert len(again.limits.growth) == len(axes)
    assert all(len(one["density"]) == 4 for one in again.errors)
    assert again.card()["knows_equations"]


def test_compressed_means_are_those_that_were_measured(key):
    smooth = jnp.linspace(0, 1, 9)[:, None, None] * jnp.linspace(1, 2, 7)[None, :, None]
    means = smooth ** jnp.arange(1, 4)[None, None] + 1e-9 * jax.random.normal(key, (9, 7, 3))
    found = compressed(means)
    assert found["weights"].shape[1] < 9
    again = jnp.tensordot(found["weights"], found["functions"].astype(means.dtype), 1)
    assert float(jnp.linalg.norm(again - means) / jnp.linalg.norm(means)) < 6e-3
    nothing = compressed(jnp.zeros((2, 3, 1)))
    assert bool(jnp.all(jnp.isfinite(nothing["functions"])))


def test_the_energy_of_a_run_is_that_of_the_field_that_moved_it(trained):
    """Whatever the number of particles: none of their noise is in the learned field."""
    run = trained.predict({"mu": 1.31}, particles=64, seed=2)
    learned = trained.learned_energy({"mu": 1.31}, run["time"].values)
    np.testing.assert_allclose(run["electric_energy"], learned, rtol=1e-6)
    total = run["kinetic_energy"] + 1.31**2 * run["electric_energy"]
    np.testing.assert_allclose(run["total_energy"], total, rtol=1e-6)
    ts = run["time"].values
    waves = trained.observe(jnp.asarray(run["state"].values), ts, jnp.array([1.31]))[1]
    # W = L / 4 sum |E_m|^2.
    energy = 12.5 * np.sum(np.abs(np.asarray(waves)) ** 2, axis=1)
    np.testing.assert_allclose(energy, learned, rtol=1e-4)


@pytest.mark.parametrize("system", ["strong-landau-6d", "strong-landau-6d-all-axes", "landau"])
def test_the_field_of_the_means_has_the_energy_of_the_particles(system, key):
    target = get_system(system)
    mu = target.vector({p.name: p.default for p in target.parameters})
    x = target.initial(key, mu, 16_384)
    law, seen = target.mean_field, target.observables(x, mu)
    modes = law.modes(law.means(x, mu)[None])[0]
    found, waves = target.in_field(seen, modes, mu)
    for name, value in seen.items():
        assert float(found[name]) == pytest.approx(float(value), rel=1e-3, abs=1e-6)
    theirs = np.asarray(target.field_modes(x, mu))
    # In three dimensions those of particles are seen on a finer grid.
    np.testing.assert_allclose(waves[:1], theirs[:1], rtol=2e-3)
