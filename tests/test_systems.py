"""Contract over SYSTEMS, in the precision that users run and in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import SYSTEMS, get_system
from hoam_core.numerics.loading import random
from hoam_core.simulation import simulate_pieces
from hoam_core.systems import Lattice
from hoam_core.systems.plasmas.dispersion import Maxwellian
from hoam_core.systems.plasmas.vlasov import mixture_quantile

systems = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
# In single precision as users run them; in double, which compiles anew, among the slow tests.
precisions = pytest.mark.parametrize(
    "double", [pytest.param(True, marks=pytest.mark.slow), False], ids=["float64", "float32"]
)


def default_parameters(system):
    return {p.name: p.default for p in system.parameters}


def few(system):
    """A run of a lattice holds thousands of cells, and its law is checked elsewhere."""
    return 8 if isinstance(system, Lattice) else 64


def run(system, times=5, share=0.05, seed=0):
    start, key = jax.random.split(jax.random.key(seed))
    mu = system.vector(default_parameters(system))
    ts = np.linspace(0, share * system.t_end, times)
    x0 = system.initial(start, mu, few(system))
    return mu, ts, x0, system.simulate(key, mu, x0, ts)


@systems
def test_names_and_texts_are_complete(system):
    assert SYSTEMS[system.name] is system
    assert system.title
    assert system.reference
    assert system.equations
    assert system.t_end > 0
    # A run of a lattice holds thousands of cells.
    assert system.truth_particles >= (32 if isinstance(system, Lattice) else 1024)
    # The truth of a verdict: means over 200 runs, or five disjoint subsets of 2,000.
    judged = system.judged_particles or system.truth_particles
    assert judged >= (200 if isinstance(system, Lattice) else 10_000)
    for component in system.components:
        assert component.label
        assert component.view[0] < component.view[1]


@systems
def test_training_and_test_values_lie_within_the_bounds_and_apart(system):
    for p in system.parameters:
        assert p.low <= min(p.train) <= max(p.train) <= p.high
        assert min(p.train) < max(p.train) or p.optional
        assert list(p.train) == sorted(p.train)
        assert all(min(p.train) < value < max(p.train) for value in p.test)
        assert not set(p.train) & set(p.test)
        assert p.default in (p.test or p.train)
        assert p.test or p.optional


@systems
@precisions
def test_a_run_has_shape_precision_box_and_start(system, double):
    with jax.enable_x64(double):
        mu, ts, x0, path = run(system)
        d = len(system.components)
        assert x0.shape == (few(system), d)
        assert path.shape == (len(ts), few(system), d)
        assert path.dtype == (np.float64 if double else np.float32)
        assert bool(jnp.all(jnp.isfinite(path)))
        if isinstance(system, Lattice):
            # The state is hidden: it is drawn anew, with the observables that x0 is the mean of.
            np.testing.assert_allclose(path[0].mean(0), x0.mean(0), atol=0.1)
        else:
            np.testing.assert_array_equal(path[0], x0)
        np.testing.assert_array_equal(system.domain(mu).wrap(path), path)
        assert float(jnp.abs(path[-1] - path[0]).max()) > 1e-3


@systems
def test_a_run_is_a_function_of_its_key(system):
    first = run(system)[3]
    np.testing.assert_array_equal(first, run(system)[3])
    assert not np.array_equal(first, run(system, seed=1)[3])


@systems
@precisions
def test_observables_are_the_named_finite_scalars(system, double):
    with jax.enable_x64(double):
        mu, _, x0, _ = run(system, times=2, share=0.01)
        found = system.observables(x0, mu)
        # A compiled function returns its dictionary sorted: the set of names is the contract.
        assert set(found) == {o.name for o in system.observable_info}
        assert all(v.shape == () and bool(jnp.isfinite(v)) for v in found.values())


@systems
def test_named_is_the_inverse_of_vector_in_single_precision(system, float32):
    for p in system.parameters:
        for value in (*p.train, *p.test, p.low, p.high):
            values = {**default_parameters(system), p.name: value}
            assert system.named(system.vector(values)) == values


@systems
def test_parameters_outside_their_bounds_or_unknown_are_refused(system):
    good = default_parameters(system)
    p = system.parameters[0]
    for bad in (p.low - 0.01, p.high + 0.01, np.nan, np.inf):
        with pytest.raises(ValueError, match=rf"`{p.name}` must .*{p.low:g} to {p.high:g}"):
            system.vector({**good, p.name: bad})
    with pytest.raises(ValueError, match="Unknown parameter `nu`"):
        system.vector({**good, "nu": 1.0})
    with pytest.raises(ValueError, match=f"`{p.name}` is missing"):
        system.vector({})


@systems
@pytest.mark.parametrize("n", [0, -1, 2.5])
def test_a_population_needs_a_particle(system, key, n):
    mu = system.vector(default_parameters(system))
    with pytest.raises(ValueError, match="`particles` must be a whole number of at least 1"):
        system.initial(key, mu, n)


@systems
def test_times_are_equispaced_from_zero(system):
    ts = system.times()
    assert (ts[0], ts[-1], len(ts)) == (0, system.t_end, system.n_times)
    np.testing.assert_allclose(np.diff(ts), ts[1], rtol=1e-9)
    np.testing.assert_allclose(system.times(2.0, 3), [0, 1, 2])


@systems
@pytest.mark.parametrize("t_end", [0.0, -1.0, np.nan, np.inf])
def test_an_end_time_must_be_positive(system, t_end):
    with pytest.raises(ValueError, match=r"`t.end` must be a positive number"):
        system.times(t_end)


@systems
@pytest.mark.parametrize("n_times", [0, 1, 2.5])
def test_a_run_needs_two_times(system, n_times):
    with pytest.raises(ValueError, match="must be a whole number of at least 2"):
        system.times(1.0, n_times)


@systems
def test_pieces_of_a_run_join_to_all_its_times(system, key):
    mu = system.vector(default_parameters(system))
    ts = np.linspace(0, 0.05 * system.t_end, 13)
    x0 = system.initial(key, mu, few(system))
    pieces = list(simulate_pieces(system, key, mu, x0, ts, saves=5))
    np.testing.assert_array_equal(np.concatenate([p.ts for p in pieces]), ts)
    assert [len(p.ts) for p in pieces] == [1, 5, 5, 2]
    assert [p.done for p in pieces] == pytest.approx([0, 5 / 12, 10 / 12, 1])
    path = jnp.concatenate([p.x for p in pieces])
    assert path.shape == (13, few(system), len(system.components))
    np.testing.assert_array_equal(path[0], x0)
    np.testing.assert_array_equal(system.domain(mu).wrap(path), path)


def test_deterministic_pieces_equal_one_run(key):
    system = get_system("two-stream")
    mu, ts, x0, path = run(system, times=12)
    pieces = simulate_pieces(system, key, mu, x0, ts, saves=4)
    joined = jnp.concatenate([p.x for p in pieces])
    np.testing.assert_allclose(joined, path, atol=1e-10)


def test_pieces_of_an_oscillator_keep_its_hidden_velocity(key):
    # A piece that forgot the velocity would restart at rest and miss the mean.
    system = get_system("oscillator")
    mu = system.vector({"omega": 4.0})
    ts = np.linspace(0, 1, 7)
    x0 = system.initial(key, mu, 4096)
    *_, last = simulate_pieces(system, key, mu, x0, ts, saves=2)
    np.testing.assert_allclose(last.x[-1].mean(0), -np.cos(4.0), atol=0.01)


def test_two_stream_starts_as_two_perturbed_beams(key):
    system = get_system("two-stream")
    mu = system.vector({"mu": 1.5})
    x, v = np.asarray(system.initial(key, mu, 65_536)).T
    rest = v / (1 + 0.05 * np.cos(2 * np.pi * 1.5 * x / 50))
    assert np.histogram(x, 10, (0, 50))[0] == pytest.approx(6553.6, rel=1e-3)
    for beam, sign in ((rest[rest > 0], 1), (rest[rest < 0], -1)):
        assert len(beam) == pytest.approx(32_768, rel=2e-3)
        assert np.median(beam) == pytest.approx(3 * sign, abs=0.01)
    assert rest.var() == pytest.approx(10, rel=1e-3)
    assert abs(np.mean(x * rest) - x.mean() * rest.mean()) < 0.01


def test_mixture_quantiles_invert_the_distribution_of_the_mixture():
    beams = (Maxwellian(0.25, -2.0, 0.5), Maxwellian(0.75, 2.0, 1.0))
    u = (jnp.arange(200_000) + 0.5) / 200_000
    v = np.asarray(mixture_quantile(u, beams))
    assert np.all(np.isfinite(v))
    assert v.mean() == pytest.approx(0.25 * -2 + 0.75 * 2, abs=1e-3)
    assert (v**2).mean() == pytest.approx(0.25 * 4.25 + 0.75 * 5, abs=2e-3)


def test_random_loading_is_passed_on(key):
    system = get_system("two-stream")
    mu = jnp.array([1.25])
    assert not np.array_equal(system.initial(key, mu, 64), system.initial(key, mu, 64, random))


def test_two_stream_observables_in_closed_form():
    system = get_system("two-stream")
    n, alpha, k = 50_000, 0.02, 2 * np.pi / 50
    y = 50 * (np.arange(n) + 0.5) / n
    x = y - alpha / k * np.sin(k * y)
    state = jnp.stack([jnp.asarray(x % 50), jnp.full(n, 2.0)], axis=-1)
    found = {name: float(v) for name, v in system.observables(state, jnp.array([1.5])).items()}
    electric = 50 * (alpha / (2 * 1.5**2 * k)) ** 2
    assert found["electric_energy"] == pytest.approx(electric, rel=1e-3)
    assert found["kinetic_energy"] == pytest.approx(0.5 * 50 * 4)
    assert found["momentum"] == pytest.approx(100)
    assert found["total_energy"] == pytest.approx(100 + 1.5**2 * electric, rel=1e-6)


def test_unknown_system_suggests_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'two-stream'"):
        get_system("twostream")


def test_parameters_are_told_by_symbol_and_unit():
    told = {name: s.setting([p.default for p in s.parameters]) for name, s in SYSTEMS.items()}
    assert told["nbmota"] == "T = 2000 K, L = 16"
    assert told["landau"] == "α = 0.3, k = 0.42"
    assert told["two-stream-beams"] == "u = 2.9, w = 0.7"
    assert told["ising"].startswith("T = 2.5, h = 0.1, m0 = ")
    for s in SYSTEMS.values():
        for p in s.parameters:
            # What a slider is called holds both, where they are not the name.
            assert p.symbol in p.label
            assert p.unit in p.label
