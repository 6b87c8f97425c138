"""The particle-in-cell solver against plasma theory, its invariants and its splines."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtri

import hoam_core as hoam
from hoam_core import get_system
from hoam_core.metrics import maxima
from hoam_core.numerics.loading import quiet
from hoam_core.solvers import pic, pic_numba

LATTICE = (46_368, 28_657)  # consecutive Fibonacci numbers: an even lattice on the square


def lattice() -> np.ndarray:
    """Points (n, 2) of a Fibonacci lattice: the quietest start there is in two dimensions."""
    n, generator = LATTICE
    i = np.arange(n)
    return np.stack([(i + 0.5) / n, (i * generator / n + 0.5 / n) % 1], axis=-1)


def with_density_mode(y: np.ndarray, k: float, alpha: float, length: float) -> jnp.ndarray:
    """Positions of density 1 + alpha cos(k x) from uniform ones, by Newton's method."""
    x = y.copy()
    for _ in range(50):
        x -= (x + alpha / k * np.sin(k * x) - y) / (1 + alpha * np.cos(k * x))
    return jnp.asarray(x % length)


def maxwellian(k: float, alpha: float) -> tuple[jnp.ndarray, jnp.ndarray, float]:
    u, length = lattice(), 2 * np.pi / k
    return (
        with_density_mode(length * u[:, 0], k, alpha, length),
        jnp.asarray(ndtri(u[:, 1])),
        length,
    )


def density_mode(path: jnp.ndarray, length: float, mode: int) -> np.ndarray:
    """One complex density mode at all times of a path."""
    return np.asarray(
        jax.lax.map(lambda p: pic.density_modes(p[:, 0], length, modes=mode)[-1], path)
    )


def linear_response(k: float, t_end: float, alpha: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """|n_k(t)|^2 from two runs of opposite seeds: what both share is noise and drops out."""
    ts = np.linspace(0, t_end, int(t_end / 0.1) + 1)
    modes = []
    for sign in (1, -1):
        x, v, length = maxwellian(k, sign * alpha)
        path = pic.simulate(x, v, ts, length=length, coupling=1.0, dt=0.1, cells=64, order=2)
        modes.append(density_mode(path, length, 1))
    return ts, np.abs(modes[0] - modes[1]) ** 2


@pytest.mark.parametrize(
    ("k", "omega", "gamma", "t_end"),
    [
        (0.5, 1.415662, -0.153359, 15.0),
        pytest.param(0.4, 1.285057, -0.066128, 18.0, marks=pytest.mark.slow),
    ],
)
def test_linear_landau_damping(k, omega, gamma, t_end):
    times, heights = maxima(*linear_response(k, t_end))
    # The first swing still holds the strongly damped roots.
    times, heights = times[1:6], heights[1:6]
    assert len(times) == 5
    rate = np.polyfit(times, 0.5 * np.log(heights), 1)[0]
    frequency = np.pi / np.polyfit(np.arange(5), times, 1)[0]
    assert rate == pytest.approx(gamma, rel=0.025)
    assert frequency == pytest.approx(omega, rel=0.005)


def test_strong_landau_damping_peaks():
    x, v, length = maxwellian(0.5, 0.5)
    ts = np.linspace(0, 6, 121)
    path = pic.simulate(x, v, ts, length=length, coupling=1.0, cells=64, order=2)
    energy = np.asarray(jax.lax.map(lambda p: pic.electric_energy(p[:, 0], length, 1.0), path))
    times, heights = maxima(ts, energy)
    assert energy[0] == pytest.approx(np.pi, rel=1e-3)
    np.testing.assert_allclose(times[:2], [2.438, 4.543], atol=0.01)
    np.testing.assert_allclose(heights[:2], [0.6207, 0.1818], rtol=0.02)


def growth(positions, v, length, coupling, mode, ts, window) -> float:
    """Growth rate of one density mode over a window, from runs of opposite seeds as above."""
    modes = []
    for x in positions:
        path = pic.simulate(x, v, ts, length=length, coupling=coupling)
        modes.append(density_mode(path, length, mode))
    inside = (ts >= window[0]) & (ts <= window[1])
    size = np.abs(modes[0] - modes[1])
    return np.polyfit(ts[inside], np.log(size[inside]), 1)[0]


def seeded(y: np.ndarray, k: float, size: float, length: float) -> list[jnp.ndarray]:
    """Positions displaced by a clean density mode, and by its opposite."""
    return [jnp.asarray((y + sign * size * np.sin(k * y)) % length) for sign in (1, -1)]


def test_cold_two_stream_growth():
    drift, n = 1.0, 10_000
    k = np.sqrt(3 / 8) / drift
    length = 2 * np.pi / k
    y = length * (np.arange(n) + 0.5) / n
    positions = seeded(np.concatenate([y, y]), k, 1e-6, length)
    v = jnp.repeat(jnp.array([drift, -drift]), n)
    rate = growth(positions, v, length, 1.0, 1, np.linspace(0, 22, 111), (12, 22))
    assert rate == pytest.approx(1 / (2 * np.sqrt(2)), rel=0.01)


@pytest.mark.parametrize(
    ("mu", "mode", "gamma", "window"),
    [(0.5, 3, 0.56504, (7, 12)), (1.0, 2, 0.27428, (18, 30)), (1.5, 1, 0.18835, (27, 43))],
)
def test_two_stream_grows_at_its_fastest_mode(mu, mode, gamma, window):
    length, u = 50.0, lattice()
    k = 2 * np.pi * mode / length
    upper = u[:, 1] >= 0.5
    v = np.where(upper, 3, -3) + ndtri(2 * u[:, 1] - upper)
    # A small seed leaves time for the oscillations beside the growing root to fall behind.
    positions = seeded(length * u[:, 0], k, 2e-4, length)
    ts = np.linspace(0, window[1], 101)
    rate = growth(positions, jnp.asarray(v), length, mu**2, mode, ts, window)
    assert rate == pytest.approx(gamma, rel=0.02)


def two_stream_start(key, n=4096):
    system = get_system("two-stream")
    x = system.initial(key, jnp.array([1.2]), n)
    return x[:, 0], x[:, 1], {"length": 50.0, "coupling": 1.44}


@pytest.mark.parametrize("order", [1, 2])
def test_momentum_is_conserved_to_rounding(key, order):
    x, v, box = two_stream_start(key)
    path = pic.simulate(x, v, np.linspace(0, 20, 5), order=order, **box)
    drift = jnp.mean(path[..., 1], axis=1) - jnp.mean(v)
    assert float(jnp.abs(path[-1, :, 1] - v).mean()) > 0.1
    assert float(jnp.abs(drift).max()) < 1e-12


def test_energy_drift_is_of_second_order_in_the_step():
    def drift(dt):
        x, v, length = maxwellian(0.5, 0.4)
        path = pic.simulate(x, v, np.array([0.0, 4.0]), length=length, coupling=1.0, dt=dt,
                            cells=32, order=2)  # fmt: skip

        def total(p):
            # Every mode of the grid, with the density of the solver's own spline.
            density = pic.deposit(p[:, 0], cells=32, length=length, order=2)
            field = pic.acceleration(density, length, 1.0)
            return 0.5 * length * (jnp.mean(p[:, 1] ** 2) + jnp.mean(field**2))

        return float(total(path[-1]) - total(path[0]))

    # What is left without a time error is the grid's; the difference of two steps is free of it.
    coarse, middle, fine = drift(0.2), drift(0.1), drift(0.05)
    assert abs(coarse) < 0.05
    assert (coarse - middle) / (middle - fine) == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("order", [1, 2])
def test_deposited_density_has_mean_one(key, order):
    x = 7.0 * jax.random.uniform(key, (999,))
    density = pic.deposit(x, cells=16, length=7.0, order=order)
    assert float(density.mean()) == pytest.approx(1, abs=1e-13)
    assert float(density.min()) >= 0


@pytest.mark.parametrize("order", [1, 2])
def test_splines_are_a_partition_of_unity_and_gather_lines_exactly(order):
    x = jnp.linspace(1.0, 5.0, 41)
    ones = pic.gather(jnp.ones(8), x, length=8.0, order=order)
    np.testing.assert_allclose(ones, 1, atol=1e-14)
    line = pic.gather(jnp.arange(8.0), x, length=8.0, order=order)
    np.testing.assert_allclose(line, x, atol=1e-13)


@pytest.mark.parametrize("order", [1, 2])
def test_gather_is_the_adjoint_of_deposit(key, order):
    first, second = jax.random.split(key)
    x = 3.0 * jax.random.uniform(first, (500,))
    field = jax.random.normal(second, (12,))
    deposited = jnp.mean(field * pic.deposit(x, cells=12, length=3.0, order=order))
    gathered = jnp.mean(pic.gather(field, x, length=3.0, order=order))
    assert float(deposited) == pytest.approx(float(gathered), rel=1e-12)


def test_a_particle_at_the_edge_touches_both_ends_of_the_grid():
    density = pic.deposit(jnp.array([7.75]), cells=8, length=8.0)
    np.testing.assert_allclose(density, [6, 0, 0, 0, 0, 0, 0, 2], atol=1e-14)
    density = pic.deposit(jnp.array([0.0]), cells=8, length=8.0, order=2)
    np.testing.assert_allclose(density, [6, 1, 0, 0, 0, 0, 0, 1], atol=1e-14)


def test_other_orders_are_refused():
    with pytest.raises(ValueError, match="`order` must be 1 or 2, but is 3"):
        pic.deposit(jnp.array([0.0]), cells=8, length=8.0, order=3)


def test_acceleration_solves_the_field_equation():
    length, coupling, k = 5.0, 2.25, 2 * np.pi * 3 / 5.0
    x = np.arange(64) * length / 64
    force = pic.acceleration(jnp.asarray(1 + 0.1 * np.cos(k * x)), length, coupling)
    np.testing.assert_allclose(force, 0.1 * np.sin(k * x) / (coupling * k), atol=1e-14)


@pytest.mark.parametrize("mode", [1, 4, 12])
def test_electric_energy_of_a_density_mode_in_closed_form(mode):
    length, mu, alpha, n = 50.0, 1.3, 0.02, 100_000
    k = 2 * np.pi * mode / length
    x = with_density_mode(length * (np.arange(n) + 0.5) / n, k, alpha, length)
    # A linear spline damps a mode by sinc^2 of half its phase over a cell.
    attenuation = np.sinc(mode / 256) ** 2
    density = np.asarray(pic.density_modes(x, length, modes=12))
    np.testing.assert_allclose(density[mode - 1], alpha / 2 * attenuation, rtol=1e-4)
    assert np.abs(np.delete(density, mode - 1)).max() < 1e-4 * alpha
    expected = length * (alpha * attenuation / (2 * mu**2 * k)) ** 2
    found = float(pic.electric_energy(x, length, mu**2))
    assert found == pytest.approx(expected, rel=3e-4)


def test_electric_energy_drops_the_modes_above_those_asked():
    x = with_density_mode(50 * (np.arange(50_000) + 0.5) / 50_000, 2 * np.pi * 5 / 50, 0.1, 50.0)
    assert float(pic.electric_energy(x, 50.0, 1.0, modes=4)) < 1e-6
    assert float(pic.electric_energy(x, 50.0, 1.0, modes=5)) > 0.1


def test_states_are_saved_exactly_at_uneven_times(key):
    x, v, box = two_stream_start(key, 512)
    ts = np.array([0.0, 0.3, 0.31, 1.0])
    path = pic.simulate(x, v, ts, dt=0.005, **box)
    for i, t in enumerate(ts[1:], start=1):
        direct = pic.simulate(x, v, np.array([0.0, t]), dt=0.005, **box)[-1]
        assert float(jnp.abs(path[i] - direct).max()) < 1e-4
    assert float(jnp.abs(path[2] - path[1]).max()) > 0.01


def test_free_flight_lands_exactly_where_it_should():
    # Particles on the grid points leave the density uniform, and a uniform plasma has no field.
    x = jnp.arange(256.0) * 50 / 256
    ts = np.array([0.0, 0.013, 0.5, 7.77])
    path = pic.simulate(x, jnp.full(256, 3.0), ts, length=50.0, coupling=1.0)
    np.testing.assert_allclose(path[..., 0], (x[None] + 3 * ts[:, None]) % 50, atol=1e-9)


def test_repeated_times_are_one_state(key):
    x, v, box = two_stream_start(key, 512)
    path = pic.simulate(x, v, np.array([0.0, 0.0, 0.5, 0.5, 0.5]), **box)
    np.testing.assert_array_equal(path[0], path[1])
    np.testing.assert_array_equal(path[2], path[4])


def test_the_first_state_is_the_given_one_and_all_lie_in_the_box(key):
    x, v, box = two_stream_start(key, 512)
    path = pic.simulate(x, v, np.linspace(0, 5, 11), **box)
    np.testing.assert_array_equal(path[0], jnp.stack([x, v], axis=-1))
    assert float(path[..., 0].min()) >= 0
    assert float(path[..., 0].max()) < 50.0


def test_a_particle_just_left_of_the_edge_stays_in_the_box_in_single_precision(float32):
    x, v = jnp.array([0.0, 25.0]), jnp.array([-1e-8, 0.0])
    path = pic.simulate(x, v, np.array([0.0, 0.05]), length=50.0, coupling=1.0)
    assert path.dtype == np.float32
    assert 0 <= float(path[-1, 0, 0]) < 50.0


@pytest.mark.parametrize("dt", [0.0, -0.1, np.nan])
def test_a_step_must_be_positive(dt):
    with pytest.raises(ValueError, match="`dt` must be a positive number"):
        pic.simulate(
            jnp.zeros(2), jnp.zeros(2), np.array([0.0, 1.0]), length=1.0, coupling=1.0, dt=dt
        )


def test_decreasing_times_are_refused():
    with pytest.raises(ValueError, match="never decrease"):
        pic.simulate(jnp.zeros(2), jnp.zeros(2), np.array([1.0, 0.0]), length=1.0, coupling=1.0)


def two_streams(n: int, dtype: type) -> tuple[jnp.ndarray, jnp.ndarray]:
    system = get_system("two-stream")
    mu = system.vector({"mu": 1.25})
    state = system.load(quiet(jax.random.key(3), n, 2), mu).astype(dtype)
    return state[:, 0], state[:, 1]


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-11), (np.float32, 2e-4)])
def test_one_pass_over_the_memory_gives_what_array_operations_give(dtype, error, monkeypatch):
    x, v = two_streams(40_000, dtype)
    # Unequal intervals, and one of no length.
    ts, options = np.array([0.0, 1.0, 1.0, 1.4, 5.0]), {"length": 50.0, "coupling": 1.25**2}
    fused = pic.simulate(x, v, ts, **options)
    monkeypatch.setattr("hoam_core.numerics.compiled.is_installed", lambda: False)
    plain = pic.simulate(x, v, ts, **options)
    assert fused.dtype == plain.dtype == dtype
    distance = np.array(fused - plain)
    distance[..., 0] -= 50 * np.rint(distance[..., 0] / 50)
    assert 0 < np.abs(distance).max() < error


def test_a_run_says_who_compiled_it_and_the_choice_is_free(monkeypatch):
    run = partial(hoam.simulate, "two-stream", {"mu": 1.25}, t_end=1.0, n_times=2, seed=3)
    fast, few = run(particles=pic_numba.CHUNK), run(particles=64)
    assert (fast.attrs["backend"], few.attrs["backend"]) == ("numba", "xla")
    monkeypatch.setenv("HOAM_BACKEND", "xla")
    chosen = run(particles=pic_numba.CHUNK)
    assert chosen.attrs["backend"] == "xla"
    monkeypatch.delenv("HOAM_BACKEND")
    monkeypatch.setattr("hoam_core.numerics.compiled.is_installed", lambda: False)
    # The same digits as where numba is not installed, which are others than those of numba.
    without = run(particles=pic_numba.CHUNK)
    xr.testing.assert_identical(chosen, without)
    assert not np.array_equal(without["state"], fast["state"])
    monkeypatch.setenv("HOAM_BACKEND", "fortran")
    with pytest.raises(ValueError, match=r"HOAM_BACKEND.*'fortran'.*numba, xla"):
        run(particles=pic_numba.CHUNK)


def test_threads_do_not_change_a_bit(monkeypatch):
    x, v = two_streams(5 * pic_numba.CHUNK + 17, np.float32)
    found = []
    for cores in (1, 2, 3, 8):
        monkeypatch.setattr(pic_numba.os, "cpu_count", lambda cores=cores: cores)
        found.append(pic.simulate(x, v, np.array([0.0, 1.0]), length=50.0, coupling=1.25**2))
    for one in found[1:]:
        np.testing.assert_array_equal(one, found[0])


@pytest.mark.parametrize("velocity", [1e6, -3e30])
def test_particles_of_any_velocity_stay_in_the_box(velocity):
    x, v = two_streams(pic_numba.CHUNK, np.float32)
    path = pic.simulate(x, v.at[5].set(velocity), np.array([0.0, 1.0]), length=50.0, coupling=1.0)
    assert bool(jnp.all((path[..., 0] >= 0) & (path[..., 0] < 50)))


def test_what_is_no_number_goes_the_slow_way_and_is_seen():
    x, v = two_streams(pic_numba.CHUNK, np.float32)
    path = pic.simulate(x, v.at[5].set(np.nan), np.array([0.0, 1.0]), length=50.0, coupling=1.0)
    assert not bool(jnp.all(jnp.isfinite(path)))
