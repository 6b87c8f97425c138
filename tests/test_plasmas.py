"""The 1D1V plasmas beyond their contract: seeds, collisions and rates with known answers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import get_system
from hoam_core.metrics import fit_growth, maxima
from hoam_core.numerics.loading import cosine_quantile, quiet
from hoam_core.solvers import pic
from hoam_core.storage.datasets import observe
from hoam_core.systems.plasmas.vlasov import mixture_quantile


def energies(system, values, n, ts, seed=0):
    mu = system.vector(values)
    x0 = system.initial(jax.random.key(seed), mu, n)
    path = system.simulate(jax.random.key(seed + 1), mu, x0, ts)
    return np.asarray(observe(system, path, mu)["electric_energy"])


def test_strong_landau_damping_has_its_known_peaks():
    system = get_system("landau")
    ts = np.linspace(0, 6, 121)
    energy = energies(system, {"alpha": 0.5, "k": 0.5}, 65_536, ts)
    assert energy[0] == pytest.approx(np.pi, rel=2e-3)
    times, heights = maxima(ts, energy)
    np.testing.assert_allclose(times[:2], [2.438, 4.543], atol=0.01)
    np.testing.assert_allclose(heights[:2], [0.6207, 0.1818], rtol=0.01)


@pytest.mark.parametrize(("k", "gamma"), [(0.5, -0.153359), (0.4, -0.066128)])
def test_linear_landau_damping_has_the_rate_of_the_dispersion_relation(k, gamma):
    system = get_system("landau")
    assert system.growth_rate(system.vector({"alpha": 0.01, "k": k})) == pytest.approx(
        gamma, abs=1e-5
    )
    ts = np.linspace(0, 15, 151)
    energy = energies(system, {"alpha": 0.01, "k": k}, 131_072, ts)
    times, heights = maxima(ts, energy)
    slope = np.polyfit(times[:5], 0.5 * np.log(heights[:5]), 1)[0]
    assert slope == pytest.approx(gamma, rel=0.05)


def test_the_box_of_landau_damping_is_one_wavelength(key):
    system = get_system("landau")
    mu = system.vector({"alpha": 0.4, "k": 0.3})
    assert float(system.domain(mu).length[0]) == pytest.approx(2 * np.pi / 0.3)
    x = system.initial(key, mu, 65_536)[:, 0]
    modes = pic.density_modes(x, 2 * np.pi / 0.3, modes=2)
    # Density 1 + alpha cos(k x): the first mode is alpha / 2, the second nothing.
    np.testing.assert_allclose(modes, [0.2, 0.0], atol=2e-4)


def test_bump_on_tail_is_a_maxwellian_with_a_fast_beam(key):
    system = get_system("bump-on-tail")
    v = np.asarray(system.initial(key, system.vector({"mu": 1.35}), 65_536))[:, 1]
    assert np.mean(v > 2.9) == pytest.approx(0.1, abs=0.005)
    assert np.mean(v[v > 2.9]) == pytest.approx(4.0, abs=0.05)


def test_a_small_wave_on_the_bump_grows_at_its_fastest_rate(key):
    # The seed of the paper also excites Langmuir waves, which beat with the growing one; a wave of
    # 0.1 % in a box of one wavelength of the fastest mode (m = 2 at mu = 1) grows cleanly.
    system, length = get_system("bump-on-tail"), 25.0
    mu = system.vector({"mu": 1.0})
    u = quiet(key, 65_536, 2)
    x = cosine_quantile(u[:, 0], 1e-3) * length / (2 * np.pi)
    v = mixture_quantile(u[:, 1], system.beams(mu))
    ts = np.linspace(0, 28, 141)
    path = pic.simulate(x, v, ts, length=length, coupling=1.0)
    mode = np.abs([pic.density_modes(x, length, modes=1)[0] for x in path[..., 0]])
    fit = fit_growth(ts, mode**2, window=(18, 28))
    assert fit.rate == pytest.approx(0.17302, rel=0.03)


def test_collisions_relax_velocities_to_the_thermal_speed(key):
    collisions = pic.Collisions(rate=0.7, thermal_speed=1.3)
    v = jnp.full(200_000, 4.0)
    for step in range(4):
        v = pic.collide(jax.random.fold_in(key, step), v, jnp.asarray(0.25), collisions)
    # Ornstein-Uhlenbeck after t = 1: mean 4 e^(-eta), variance v_th^2 (1 - e^(-2 eta)).
    assert float(v.mean()) == pytest.approx(4 * np.exp(-0.7), abs=0.01)
    assert float(v.var()) == pytest.approx(1.69 * (1 - np.exp(-1.4)), rel=0.01)


def test_collisions_need_a_key(key):
    x = jnp.linspace(0, 1, 8, endpoint=False)
    with pytest.raises(ValueError, match="`key` is missing"):
        pic.simulate(
            x, x, np.array([0.0, 1.0]), length=1.0, coupling=1.0,
            collisions=pic.Collisions(1.0, 1.0),
        )  # fmt: skip


def test_the_beams_have_the_asked_drift_and_width(key):
    system = get_system("two-stream-beams")
    v = np.asarray(system.initial(key, system.vector({"drift": 4.0, "width": 0.4}), 65_536))[:, 1]
    assert np.mean(v[v > 0]) == pytest.approx(4.0, abs=0.01)
    assert np.mean(v[v < 0]) == pytest.approx(-4.0, abs=0.01)
    # The seed spreads the beams a little: 0.05 * 4 / sqrt(2) beside the thermal width.
    assert np.std(v[v > 0]) == pytest.approx(np.hypot(0.4, 0.2 / np.sqrt(2)), rel=0.01)
