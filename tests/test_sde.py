"""The stochastic integrator against processes with known moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import get_system
from hoam_core.solvers import sde

N = 20_000


def stay(t, x, mu):
    return jnp.zeros_like(x)


def decay(t, x, mu):
    return -mu[0] * x


def rotate(t, x, mu):
    return mu[0] * jnp.stack([x[:, 1], -x[:, 0]], axis=-1)


def test_brownian_motion_has_variance_t(key):
    ts = np.array([0.0, 0.25, 1.0])
    path = sde.simulate(stay, (2.0,), key, jnp.ones(1), jnp.zeros((N, 1)), ts, dt=0.1)
    np.testing.assert_allclose(path.var(1)[:, 0], 4 * ts, rtol=0.04)
    np.testing.assert_allclose(path.mean(1)[:, 0], 0, atol=0.05)
    # Increments over disjoint intervals are independent.
    steps = np.diff(np.asarray(path[..., 0]), axis=0)
    assert abs(np.corrcoef(steps)[0, 1]) < 0.03


def test_ornstein_uhlenbeck_reaches_its_stationary_variance(key):
    rate, noise = 1.5, 0.8
    ts = np.array([0.0, 0.4, 4.0])
    path = sde.simulate(decay, (noise,), key, jnp.array([rate]), jnp.full((N, 1), 2.0), ts, dt=0.02)
    np.testing.assert_allclose(path.mean(1)[:, 0], 2 * np.exp(-rate * ts), atol=0.02)
    variance = noise**2 / (2 * rate) * (1 - np.exp(-2 * rate * ts))
    np.testing.assert_allclose(path.var(1)[:, 0], variance, rtol=0.04)


def test_without_noise_a_rotation_converges_with_second_order(key):
    x0, ts = jnp.array([[1.0, 0.0]]), np.array([0.0, 2.0])
    exact = np.array([np.cos(6.0), -np.sin(6.0)])

    def error(dt):
        end = sde.simulate(rotate, (0.0, 0.0), key, jnp.array([3.0]), x0, ts, dt=dt)[-1, 0]
        return np.linalg.norm(end - exact)

    assert error(0.02) < 0.01
    assert error(0.02) / error(0.01) == pytest.approx(4, rel=0.1)


def test_times_are_exact_however_uneven(key):
    ts = np.array([0.0, 0.1, 0.11, 0.9])
    path = sde.simulate(decay, (0.0,), key, jnp.array([2.0]), jnp.ones((1, 1)), ts, dt=0.001)
    np.testing.assert_allclose(path[:, 0, 0], np.exp(-2 * ts), rtol=1e-5)


def test_repeated_times_are_one_state(key):
    ts = np.array([0.0, 0.0, 0.5, 0.5])
    path = sde.simulate(decay, (1.0,), key, jnp.array([2.0]), jnp.ones((3, 1)), ts, dt=0.1)
    np.testing.assert_array_equal(path[0], path[1])
    np.testing.assert_array_equal(path[2], path[3])
    assert bool(jnp.all(jnp.isfinite(path)))


@pytest.mark.parametrize("dt", [0.0, np.inf])
def test_a_step_must_be_positive(key, dt):
    with pytest.raises(ValueError, match="`dt` must be a positive number"):
        sde.simulate(decay, (0.0,), key, jnp.ones(1), jnp.ones((1, 1)), np.array([0.0, 1.0]), dt=dt)


@pytest.mark.parametrize("omega", [2.0, 8.25, 18.0])
def test_oscillator_moments_in_closed_form(key, omega):
    system = get_system("oscillator")
    mu, ts = system.vector({"omega": omega}), np.array([0.0, 0.17, 0.5, 1.0])
    start, run = jax.random.split(key)
    path = system.simulate(run, mu, system.initial(start, mu, 4096), ts)
    mean, variance = system.moments(mu, jnp.asarray(ts))
    # Both dimensions have the same law.
    found = np.asarray(path).reshape(len(ts), -1)
    np.testing.assert_allclose(found.mean(1), mean, atol=4e-3)
    np.testing.assert_allclose(found.var(1), variance, rtol=0.05)


def test_oscillator_noise_term_solves_its_lyapunov_equation():
    system, omega = get_system("oscillator"), 3.0
    ts = np.linspace(0, 1, 2001)
    _, variance = system.moments(jnp.array([omega]), jnp.asarray(ts))
    # dV/dt for the covariance of (x, v), stepped by the trapezoidal rule with fine steps.
    a = np.array([[0, 1], [-(omega**2), 0]])
    noise = np.diag([0, 0.05**2])
    step = np.linalg.solve(np.eye(2) - a * 0.00025, np.eye(2) + a * 0.00025)
    covariance, found = 0.01 * np.eye(2), [0.01]
    for _ in ts[1:]:
        covariance = step @ (covariance + 0.00025 * noise) @ step.T + 0.00025 * noise
        found.append(covariance[0, 0])
    np.testing.assert_allclose(variance, found, rtol=1e-5)
