"""The gauge-free loss: blind to functions of time, second-order accurate, right at its minimum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.methods import interval_loss

XI = jnp.array([1.0, -1.0])[:, None]


def path(t):
    return jnp.sin(2 * t) + (1 + 0.5 * t) * XI


def exact(x, t):
    away = x[0] - jnp.sin(2 * t)
    return 2 * jnp.cos(2 * t) * away + 0.25 / (1 + 0.5 * t) * away**2


def total(s, n):
    """Sum of dt_j L_j over n equal intervals of [0, 1]."""
    ts = jnp.linspace(0, 1, n + 1)

    @jax.jit
    @jax.vmap
    def one(a, b):
        mid = 0.5 * (a + b)
        return (b - a) * interval_loss(lambda z: s(z, mid), path(a), path(b) - path(a), b - a)

    return float(jnp.sum(one(ts[:-1], ts[1:])))


def test_a_function_of_time_changes_nothing():
    def shifted(x, t):
        return exact(x, t) + 100 * jnp.sin(7 * t)

    assert total(shifted, 16) == total(exact, 16)


def test_at_the_exact_potential_it_converges_to_the_action_with_second_order():
    # -1/2 int E|grad s|^2 = -1/2 int (m'^2 + c'^2) dt, m' = 2 cos 2t, c' = 1/2.
    action = -0.5 * (2 + np.sin(4) / 2 + 0.25)
    errors = [total(exact, n) - action for n in (16, 32, 64)]
    assert abs(errors[-1]) < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.02)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.02)


def test_the_exact_field_of_one_interval_minimises_its_loss():
    start, move, width = jnp.array([[0.0], [2.0]]), jnp.array([[0.3], [0.5]]), 0.1

    def loss(a):
        # grad s = a0 + a1 z; through both moves at the middles z = 0.15 and 2.25.
        return interval_loss(lambda z: a[0] * z[0] + 0.5 * a[1] * z[0] ** 2, start, move, width)

    slope = 2.0 / 2.1
    best = jnp.array([3 - slope * 0.15, slope])
    np.testing.assert_allclose(jax.grad(loss)(best), 0, atol=1e-12)
    assert float(loss(best)) == pytest.approx(-0.5 * (9 + 25) / 2)


def test_opposite_moves_cost_more_than_standing_still():
    start, width = jnp.zeros((1, 1)), 1.0
    right = float(interval_loss(lambda z: z[0], start, jnp.ones((1, 1)), width))
    wrong = float(interval_loss(lambda z: -z[0], start, jnp.ones((1, 1)), width))
    still = float(interval_loss(lambda z: 0 * z[0], start, jnp.ones((1, 1)), width))
    assert right < still < wrong
