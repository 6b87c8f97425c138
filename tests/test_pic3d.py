"""The solver in three dimensions against its definition, its invariants and plasma theory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtri

from hoam_core import get_system
from hoam_core.metrics import maxima
from hoam_core.numerics.loading import cosine_quantile, quiet, random
from hoam_core.solvers import pic, pic3d
from hoam_core.storage.datasets import observe

LENGTH = 4 * np.pi
PRESETS = ("strong-landau-6d", "strong-landau-6d-all-axes")


def uniform(key, n):
    """Independent positions (3, n) and velocities (n, 3)."""
    first, second = jax.random.split(key)
    return LENGTH * jax.random.uniform(first, (3, n)), jax.random.normal(second, (n, 3))


def wave(n: int, alpha: float, seed: int = 0) -> tuple[jax.Array, jax.Array]:
    """Quiet positions and velocities (n, 3) of a Maxwellian with a wave along the first axis."""
    u = quiet(jax.random.key(seed), n, 6)
    x = jnp.concatenate([cosine_quantile(u[:, :1], alpha) / 0.5, LENGTH * u[:, 1:3]], axis=1)
    return x % LENGTH, jax.scipy.special.ndtri(u[:, 3:])


def energy(path: jax.Array) -> np.ndarray:
    return np.asarray(
        jax.lax.map(lambda one: pic3d.electric_energy(one[:, :3].T, LENGTH, 1.0), path)
    )


def corners(x: np.ndarray, cells: int, length: float):
    """The definition of cloud-in-cell: the eight grid points of each particle and its weights."""
    s = x * cells / length
    left = np.floor(s).astype(int)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(
            [np.where(c, r, 1 - r) for c, r in zip(corner, s - left, strict=True)], axis=0
        )
        yield tuple((left[i] + corner[i]) % cells for i in range(3)), weight


def test_deposit_and_gather_are_trilinear(key):
    x, _ = uniform(key, 300)
    field = jax.random.normal(key, (2, 6, 6, 6))
    density, values = np.zeros((6, 6, 6)), np.zeros((2, 300))
    for points, weight in corners(np.asarray(x), 6, LENGTH):
        np.add.at(density, points, weight * 6**3 / 300)
        values += weight * np.asarray(field)[:, *points]
    found = pic3d.deposit(x, cells=6, length=LENGTH)
    np.testing.assert_allclose(found, density, atol=1e-12)
    np.testing.assert_allclose(pic3d.gather(field, x, length=LENGTH), values, atol=1e-12)


@pytest.mark.parametrize("cells", [5, 16])
def test_deposited_density_has_mean_one(key, cells):
    density = pic3d.deposit(uniform(key, 999)[0], cells=cells, length=LENGTH)
    assert float(density.mean()) == pytest.approx(1, abs=1e-13)
    assert float(density.min()) >= -1e-12


def test_gather_is_the_adjoint_of_deposit(key):
    x, _ = uniform(key, 500)
    field = jax.random.normal(key, (1, 8, 8, 8))
    deposited = jnp.mean(field[0] * pic3d.deposit(x, cells=8, length=LENGTH))
    gathered = jnp.mean(pic3d.gather(field, x, length=LENGTH))
    assert float(deposited) == pytest.approx(float(gathered), rel=1e-12)


def test_a_particle_at_the_edge_touches_both_ends_of_the_grid():
    density = np.asarray(pic3d.deposit(jnp.array([[7.75], [7.5], [0.0]]), cells=8, length=8.0))
    share = {(7, 7, 0): 1 / 8, (7, 0, 0): 1 / 8, (0, 7, 0): 3 / 8, (0, 0, 0): 3 / 8}
    expected = np.zeros((8, 8, 8))
    for point, weight in share.items():
        expected[point] = 8**3 * weight
    np.testing.assert_allclose(density, expected, atol=1e-12)


def test_positions_outside_the_box_act_as_their_images_inside(key):
    x, _ = uniform(key, 50)
    shifted = x + LENGTH * jnp.array([[1.0], [-1.0], [2.0]])
    field = jax.random.normal(key, (1, 8, 8, 8))
    np.testing.assert_allclose(
        pic3d.deposit(shifted, cells=8, length=LENGTH),
        pic3d.deposit(x, cells=8, length=LENGTH),
        atol=1e-11,
    )
    expected = pic3d.gather(field, x, length=LENGTH)
    np.testing.assert_allclose(pic3d.gather(field, shifted, length=LENGTH), expected, atol=1e-11)


def test_a_lost_particle_spoils_no_other():
    x = jnp.array([[np.nan, 1.0], [np.inf, 1.0], [1e30, 1.0]])
    found = pic3d.gather(jnp.ones((1, 8, 8, 8)), x, length=8.0)
    assert bool(jnp.isnan(found[0, 0]))
    assert float(found[0, 1]) == pytest.approx(1)


@pytest.mark.parametrize("mode", [(3, 0, 0), (0, 3, 0), (0, 0, 3), (1, -2, 4), (-4, 4, 4)])
def test_acceleration_solves_the_field_equation(mode):
    length, coupling, cells = 5.0, 2.25, 16
    k = 2 * np.pi / length * np.array(mode)
    phase = np.einsum("i,iabc->abc", k, np.indices((cells,) * 3) * length / cells)
    force = pic3d.acceleration(jnp.asarray(1 + 0.1 * np.cos(phase)), length, coupling)
    # c Laplace(phi) = n - 1, with the response of the spline divided out twice.
    response = np.prod(np.sinc(np.array(mode) / cells) ** 2)
    slope = 0.1 * np.sin(phase) / (coupling * k @ k) / response**2
    np.testing.assert_allclose(force, k[:, None, None, None] * slope, atol=1e-14)


@pytest.mark.parametrize("mode", [(5, 0, 0), (0, -5, 0), (1, 1, 8)])
def test_waves_shorter_than_four_cells_carry_no_force(mode):
    phase = np.einsum("i,iabc->abc", mode, np.indices((16,) * 3) * 2 * np.pi / 16)
    force = pic3d.acceleration(jnp.asarray(1 + 0.1 * np.cos(phase)), LENGTH, 1.0)
    assert float(jnp.abs(force).max()) < 1e-15


def test_a_wave_of_particles_feels_the_force_of_its_density(key):
    # Deposit, field and gather together: what the two splines damp is given back.
    n, alpha, k = 4096, 0.01, 0.5
    phase = cosine_quantile((jnp.arange(n) + 0.5) / n, alpha)
    other = LENGTH * (jnp.arange(8) + 0.5) / 8
    y, z = jnp.meshgrid(other, other)
    x = jnp.stack([jnp.repeat(phase / k, 64), jnp.tile(y.ravel(), n), jnp.tile(z.ravel(), n)])
    field = pic3d.acceleration(pic3d.deposit(x, cells=16, length=LENGTH), LENGTH, 1.0)
    force = np.asarray(pic3d.gather(field, x, length=LENGTH)).reshape(3, n, 64)
    np.testing.assert_allclose(force[1:], 0, atol=1e-12)
    exact = alpha * np.sin(phase) / k
    # A linear spline draws the wave by chords: its response is exact, its shape is not.
    assert np.abs(force[0] - exact[:, None]).max() < 0.02 * alpha / k
    assert np.mean(force[0, :, 0] * np.sin(phase)) == pytest.approx(alpha / k / 2, rel=2e-3)


def closed_form(alpha: float, preset: str) -> float:
    """W / L^2 of the initial density, from its modes: alpha / 2 for every perturbed axis."""
    half = alpha / 2
    if preset == "strong-landau-6d":
        modes = [(2, half, 1)]
    else:
        modes = [(6, half, 1), (12, half**2, 2), (8, half**3, 3)]
    return 0.5 * LENGTH * 4 * sum(count * size**2 / square for count, size, square in modes)


@pytest.mark.parametrize("preset", PRESETS)
def test_initial_electric_energy_in_closed_form(key, preset):
    system, alpha = get_system(preset), 0.5
    mu = system.vector({"alpha": alpha})
    x = system.initial(key, mu, 32_768)
    found = system.observables(x, mu)
    assert closed_form(0.5, "strong-landau-6d") == pytest.approx(np.pi)
    assert float(found["electric_energy"]) == pytest.approx(closed_form(alpha, preset), rel=1e-3)
    assert float(found["kinetic_energy"]) == pytest.approx(1.5 * LENGTH, rel=1e-3)
    assert float(found["momentum"]) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("preset", PRESETS)
def test_initial_positions_follow_the_waves_of_the_perturbed_axes(key, preset):
    system = get_system(preset)
    x = np.asarray(system.initial(key, system.vector({"alpha": 0.4}), 16_384))
    means = np.exp(-0.5j * x[:, :3]).mean(axis=0)
    np.testing.assert_allclose(means, 0.2 * np.array(system.perturbed), atol=1e-3)
    np.testing.assert_allclose(np.cov(x[:, 3:].T), np.eye(3), atol=0.01)


@pytest.mark.parametrize(
    ("mode", "square"),
    [((2, 0, 0), 4), ((-1, 1, 1), 3), ((0, -1, 1), 2), ((1, 2, 0), None), ((2, 2, 2), None)],
)
def test_electric_energy_of_a_mode_inside_and_outside_the_ball(mode, square):
    size, coupling = 0.01, 1.5
    modes = np.zeros((5, 5, 3), complex)
    for sign in (1, -1):
        x, y, z = sign * np.array(mode)
        if z >= 0:
            modes[2 + x, 2 + y, z] = size
    found = float(pic3d.energy_of_modes(jnp.asarray(modes), LENGTH, coupling))
    k_squared = 0.25 * (square or np.inf)
    assert found == pytest.approx(0.5 * LENGTH * 2 * size**2 / coupling**2 / k_squared)


def test_momentum_is_conserved_to_rounding(key):
    x, v = uniform(key, 2048)
    path = pic3d.simulate(x.T, v, np.linspace(0, 10, 5), length=LENGTH, coupling=1.0)
    drift = jnp.mean(path[..., 3:] - v[None], axis=1)
    assert float(jnp.abs(path[-1, :, 3:] - v).mean()) > 0.01
    assert float(jnp.abs(drift).max()) < 1e-13


def test_energy_drift_is_of_second_order_in_the_step():
    system = get_system("strong-landau-6d")
    mu = system.vector({"alpha": 0.5})
    x, v = wave(32_768, 0.5)

    def final(dt):
        path = pic3d.simulate(x, v, np.array([0.0, 2.0]), length=LENGTH, coupling=1.0, dt=dt)
        return float(system.observables(path[-1], mu)["total_energy"])

    # What is left without a time error is the grid's; the difference of two steps is free of it.
    coarse, middle, fine = final(0.2), final(0.1), final(0.05)
    assert 1e-3 < abs(coarse - fine) < 0.05
    assert (coarse - middle) / (middle - fine) == pytest.approx(4, rel=0.1)


def test_a_plane_wave_in_three_dimensions_is_that_of_one():
    # Copies of a one-dimensional plasma on a lattice of the other axes, at rest there: no kept mode
    # of the grid sees the lattice, so that nothing but the first axis moves.
    n, generator = 987, 610
    i = np.arange(n)
    x1 = jnp.asarray(cosine_quantile(jnp.asarray((i + 0.5) / n), 0.5) / 0.5 % LENGTH)
    v1 = jnp.asarray(ndtri((i * generator / n + 0.5 / n) % 1))
    lattice = LENGTH * np.arange(8) / 8
    y, z = (jnp.asarray(np.tile(axis.ravel(), n)) for axis in np.meshgrid(lattice, lattice))
    x = jnp.stack([jnp.repeat(x1, 64), y, z], axis=1)
    v = jnp.zeros_like(x).at[:, 0].set(jnp.repeat(v1, 64))
    ts = np.linspace(0, 6, 31)
    one = pic.simulate(x1, v1, ts, length=LENGTH, coupling=1.0, dt=0.1)
    three = pic3d.simulate(x, v, ts, length=LENGTH, coupling=1.0, dt=0.1)
    assert float(jnp.abs(three[..., 4:]).max()) < 1e-12
    expected = jax.lax.map(lambda p: pic.electric_energy(p[:, 0], LENGTH, 1.0, modes=2), one)
    found = energy(three)
    # The two grids differ, 16 points with the response divided out and 256 without.
    assert np.linalg.norm(found - expected) < 2e-3 * np.linalg.norm(expected)


def landau_peaks(n: int) -> tuple[np.ndarray, np.ndarray]:
    system = get_system("strong-landau-6d")
    mu, ts = system.vector({"alpha": 0.5}), system.times()
    path = system.simulate(jax.random.key(1), mu, system.initial(jax.random.key(0), mu, n), ts)
    curves = observe(system, path, mu)
    total = np.asarray(curves["total_energy"])
    assert np.abs(total - total[0]).max() < 1e-3 * total[0]
    times, heights = maxima(ts, np.asarray(curves["electric_energy"]))
    return times[:2], heights[:2]


@pytest.mark.slow
def test_strong_landau_damping_peaks():
    times, heights = landau_peaks(65_536)
    np.testing.assert_allclose(times, [2.438, 4.543], atol=0.01)
    np.testing.assert_allclose(heights, [0.6207, 0.1818], rtol=0.02)


@pytest.mark.slow
def test_strong_landau_damping_peaks_of_many_particles(float32):
    times, heights = landau_peaks(524_288)
    np.testing.assert_allclose(times, [2.438, 4.543], atol=0.002)
    np.testing.assert_allclose(heights, [0.6207, 0.1818], rtol=0.004)


def test_linear_landau_damping():
    ts, modes = np.linspace(0, 11, 111), []
    # What two runs of opposite waves share is noise and drops out.
    for alpha in (0.05, -0.05):
        path = pic3d.simulate(*wave(65_536, alpha), ts, length=LENGTH, coupling=1.0)
        one = jax.lax.map(lambda p: pic3d.density_modes(p[:, :3].T, LENGTH, modes=1), path)
        modes.append(np.asarray(one)[:, 2, 1, 0])
    times, heights = maxima(ts, np.abs(modes[0] - modes[1]) ** 2)
    # The first swing still holds the strongly damped roots; a wave of 5 % is slightly nonlinear.
    times, heights = times[1:5], heights[1:5]
    rate = np.polyfit(times, 0.5 * np.log(heights), 1)[0]
    frequency = np.pi / np.polyfit(np.arange(len(times)), times, 1)[0]
    assert rate == pytest.approx(-0.153359, rel=0.06)
    assert frequency == pytest.approx(1.415662, rel=0.01)


def test_a_rotation_of_the_axes_permutes_the_result():
    x, v = wave(2048, 0.4)
    turn = np.array([1, 2, 0])
    ts = np.linspace(0, 2, 5)
    path = pic3d.simulate(x, v, ts, length=LENGTH, coupling=1.0)
    turned = pic3d.simulate(x[:, turn], v[:, turn], ts, length=LENGTH, coupling=1.0)
    np.testing.assert_allclose(turned, path[..., [*turn, *(3 + turn)]], atol=1e-9)
    np.testing.assert_allclose(energy(turned), energy(path), rtol=1e-9)


def test_free_flight_lands_exactly_where_it_should():
    # Particles on the grid points leave the density uniform, and a uniform plasma has no field.
    x = jnp.asarray(np.indices((8,) * 3).reshape(3, 512).T * LENGTH / 8)
    v = jnp.array([3.0, -1.0, 0.5])
    ts = np.array([0.0, 0.013, 0.5, 7.77])
    path = pic3d.simulate(x, jnp.tile(v, (512, 1)), ts, length=LENGTH, coupling=1.0, cells=8)
    expected = (x[None] + v[None, None] * ts[:, None, None]) % LENGTH
    gap = (path[..., :3] - expected + LENGTH / 2) % LENGTH - LENGTH / 2
    np.testing.assert_allclose(gap, 0, atol=1e-9)


@pytest.mark.slow
def test_states_are_saved_exactly_at_uneven_times():
    x, v = wave(512, 0.5)
    ts = np.array([0.0, 0.3, 0.31, 1.0])
    path = pic3d.simulate(x, v, ts, length=LENGTH, coupling=1.0, dt=0.01)
    np.testing.assert_array_equal(path[0], jnp.concatenate([x, v], axis=1))
    for i, t in enumerate(ts[1:], start=1):
        end = pic3d.simulate(x, v, np.array([0.0, t]), length=LENGTH, coupling=1.0, dt=0.01)[-1]
        assert float(jnp.abs(path[i, :, 3:] - end[:, 3:]).max()) < 1e-4


def test_single_precision_stays_in_the_box_and_keeps_the_energy(float32):
    system = get_system("strong-landau-6d-all-axes")
    mu = system.vector({"alpha": 0.6})
    x = system.initial(jax.random.key(0), mu, 16_384)
    path = system.simulate(jax.random.key(1), mu, x, np.linspace(0, 6, 13))
    assert path.dtype == np.float32
    assert float(path[..., :3].min()) >= 0
    assert float(path[..., :3].max()) < np.float32(LENGTH)
    total = np.asarray(observe(system, path, mu)["total_energy"])
    assert np.abs(total - total[0]).max() < 5e-3 * total[0]
    drift = jnp.mean(path[-1, :, 3:] - path[0, :, 3:], axis=0)
    assert float(jnp.abs(drift).max()) < 1e-6


def test_random_loading_is_noisier_than_quiet_loading(key):
    system = get_system("strong-landau-6d")
    mu = system.vector({"alpha": 0.5})
    excess = [
        float(system.observables(system.initial(key, mu, 8192, loading), mu)["electric_energy"])
        - np.pi
        for loading in (quiet, random)
    ]
    assert abs(excess[0]) < 0.05 * abs(excess[1])


@pytest.mark.parametrize("dt", [0.0, -0.1, np.nan])
def test_a_step_must_be_positive(dt):
    with pytest.raises(ValueError, match="`dt` must be a positive number"):
        pic3d.simulate(jnp.zeros((2, 3)), jnp.zeros((2, 3)), np.array([0.0, 1.0]), length=1.0,
                       coupling=1.0, dt=dt)  # fmt: skip


def test_decreasing_times_are_refused():
    with pytest.raises(ValueError, match="never decrease"):
        pic3d.simulate(jnp.zeros((2, 3)), jnp.zeros((2, 3)), np.array([1.0, 0.0]), length=1.0,
                       coupling=1.0)  # fmt: skip
