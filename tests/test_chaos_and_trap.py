"""Nine-dimensional chaos and the aharmonic trap against what is known about them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import get_system
from hoam_core.systems import chaos, trap


@pytest.mark.parametrize("r", [13.0, 13.65, 15.0])
def test_the_divergence_of_chaos_is_the_sum_of_its_lyapunov_exponents(key, r):
    c = jax.random.normal(key, (9,))
    mu = jnp.array([r])
    jacobian = jax.jacfwd(lambda c: chaos.drift(0.0, c[None], mu)[0])(c)
    assert float(jnp.trace(jacobian)) == pytest.approx(-46 / 3, abs=1e-10)


def test_rest_is_a_fixed_point_of_chaos_and_loses_stability():
    mu = jnp.array([13.65])
    np.testing.assert_array_equal(chaos.drift(0.0, jnp.zeros((1, 9)), mu), 0)
    jacobian = jax.jacfwd(lambda c: chaos.drift(0.0, c[None], mu)[0])(jnp.zeros(9))
    assert np.linalg.eigvals(np.asarray(jacobian)).real.max() > 0


def test_quadratic_terms_of_chaos_scale_quadratically(key):
    # f(c) = linear + quadratic part: f(2c) - 2 f(c) is twice the quadratic one, even in c.
    mu, c = jnp.array([14.0]), jax.random.normal(key, (5, 9))
    quadratic = chaos.drift(0.0, 2 * c, mu) - 2 * chaos.drift(0.0, c, mu)
    mirrored = chaos.drift(0.0, -2 * c, mu) - 2 * chaos.drift(0.0, -c, mu)
    np.testing.assert_allclose(quadratic, mirrored, atol=1e-10)


@pytest.mark.slow
def test_chaos_fills_an_attractor_from_nearly_one_point(key):
    system = get_system("chaos-9d")
    mu = system.vector({"r": 13.65})
    x0 = system.initial(key, mu, 512)
    x = system.simulate(key, mu, x0, np.array([0.0, 10.0]))[-1]
    assert float(jnp.std(x0)) == pytest.approx(0.02, rel=0.05)
    assert float(jnp.std(x[:, 8])) > 2
    assert float(jnp.abs(x).max()) < 20


def test_the_trap_moves_its_centre_along_the_stated_path():
    path = [float(trap.centre(jnp.asarray(t), jnp.array([0.6]))) for t in (0.0, 0.5, 1.0)]
    expected = [1.25 * np.sin(2.1), 1.25 * np.sin(np.pi / 2 + 0.9), 1.25 * np.sin(np.pi + 2.1)]
    np.testing.assert_allclose(path, expected, atol=1e-12)


def test_the_force_of_the_mean_cancels_in_the_sum(key):
    # sum_i (x_i - mean) = 0: the mean obeys the trap alone.
    x, mu = jax.random.normal(key, (3, 100)), jnp.array([0.6])
    a = trap.centre(jnp.asarray(0.3), mu)
    total = jnp.sum(trap.drift(jnp.asarray(0.3), x, mu), -1)
    np.testing.assert_allclose(total, jnp.sum((a - x) ** 3, -1), rtol=1e-10)


def test_the_trap_starts_with_a_staircase_of_means(key):
    system = get_system("trap")
    x0 = np.asarray(system.initial(key, system.vector({"mu": 0.6}), 4096))
    np.testing.assert_allclose(x0.mean(0), -0.1 * np.linspace(0.9, 3.0, 100), atol=0.01)
    np.testing.assert_allclose(x0.std(0), 0.1, rtol=0.1)
