"""The oscillator's action in closed form, against sampling, differences and its own bound."""

import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.systems.oscillator import Oscillator
from hoam_core.systems.oscillator_action import (
    integral,
    integrand,
    law,
    least_action,
    monte_carlo_error,
    sampled_integrand,
    sampling_variance,
)

TIMES = np.array([0.0, 0.1, 0.37, 0.9, 1.0])


@pytest.mark.parametrize("omega", [2.0, 8.0, 20.0])
def test_derivatives_are_those_of_the_law(omega):
    h, system, mu = 1e-5, Oscillator(), jnp.array([omega])
    mean, variance = (np.asarray(v) for v in system.moments(mu, jnp.asarray(TIMES)))
    at, before, after = (law(omega, TIMES + step) for step in (0.0, -h, h))
    means = [np.asarray(system.moments(mu, jnp.asarray(TIMES + s))[0]) for s in (-h, h)]
    assert at.variance == pytest.approx(variance, rel=1e-12)
    assert at.speed == pytest.approx((means[1] - means[0]) / (2 * h), abs=1e-6 * omega**2)
    assert at.acceleration == pytest.approx(-(omega**2) * mean, rel=1e-12)
    assert at.slope == pytest.approx((after.variance - before.variance) / (2 * h), abs=1e-8)
    assert at.curvature == pytest.approx((after.slope - before.slope) / (2 * h), abs=1e-5)


def test_averages_of_particles_scatter_about_the_integrand():
    rng, t = np.random.default_rng(3), np.repeat(TIMES, 20_000)
    found = sampled_integrand(rng, 6.0, t, 16).reshape(len(TIMES), -1)
    error = found.std(axis=1) / np.sqrt(found.shape[1])
    assert np.all(np.abs(found.mean(axis=1) - integrand(6.0, TIMES)) < 4.5 * error)
    wanted = np.sqrt(sampling_variance(6.0, TIMES) / 16)
    assert found.std(axis=1) == pytest.approx(wanted, rel=0.03)


def test_the_error_of_random_times_is_their_spread():
    rng, q, n = np.random.default_rng(4), 9, 16
    t = rng.random((20_000, q))
    assert monte_carlo_error(6.0, q) == pytest.approx(integrand(6.0, t).mean(1).std(), rel=0.03)
    found = sampled_integrand(rng, 6.0, t, n).mean(axis=1).std()
    assert monte_carlo_error(6.0, q, n) == pytest.approx(found, rel=0.03)
    assert monte_carlo_error(6.0, 4 * q) == pytest.approx(monte_carlo_error(6.0, q) / 2)


def test_a_single_particle_is_drawn_too_and_none_is_refused():
    rng = np.random.default_rng(0)
    assert np.isfinite(sampled_integrand(rng, 6.0, TIMES, 1)).all()
    with pytest.raises(ValueError, match="`samples` must be a whole number of at least 1"):
        sampled_integrand(rng, 6.0, TIMES, 0)


@pytest.mark.parametrize("omega", [1.0, 6.0, 20.0])
def test_the_integral_is_exact_and_the_action_of_the_exact_potential(omega):
    x = np.linspace(0, 1, 1_000_001)
    assert integral(omega) == pytest.approx(np.trapezoid(integrand(omega, x), x), rel=1e-6)
    # The boundary terms of the action: E s(., t) = c c' = V'/2 in two dimensions.
    start, end = (float(law(omega, t).slope) / 2 for t in (0.0, 1.0))
    assert least_action(omega) == pytest.approx(integral(omega) + start - end, rel=1e-9)
    halved = least_action(omega, np.array([2.0, 2.0]))
    assert halved == pytest.approx(least_action(omega) / 4)
