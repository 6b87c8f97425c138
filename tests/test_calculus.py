"""Derivatives of potentials whose derivatives are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.numerics.calculus import derivatives, gradient, laplacian

X, T = jnp.array([0.3, -1.2, 0.7]), jnp.array(0.4)


def polynomial(x, t):
    return t**2 * x[0] ** 3 + x[0] * x[1] * t + 2 * x[2] ** 2


def wavy(x, t):
    return jnp.sin(x[0] * x[1] + t) * jnp.exp(-x[2] * t)


def test_gradient_of_a_polynomial():
    x, y, z = X
    expected = [3 * T**2 * x**2 + y * T, x * T, 4 * z]
    np.testing.assert_allclose(gradient(polynomial, X, T), expected, rtol=1e-14)


def test_time_derivative_of_a_polynomial():
    grad, rate = derivatives(polynomial, X, T)
    assert float(rate) == pytest.approx(float(2 * T * X[0] ** 3 + X[0] * X[1]), rel=1e-14)
    np.testing.assert_array_equal(grad, gradient(polynomial, X, T))


def test_laplacian_of_a_polynomial():
    expected = float(6 * T**2 * X[0] + 4)
    assert float(laplacian(polynomial, X, T)) == pytest.approx(expected, rel=1e-14)


def test_laplacian_of_a_harmonic_function_vanishes():
    def harmonic(x, t):
        return jnp.exp(x[0]) * jnp.sin(x[1]) + t

    assert abs(float(laplacian(harmonic, X, T))) < 1e-14


def test_all_derivatives_agree_with_finite_differences():
    h, eye = 1e-4, jnp.eye(3)
    ahead = jnp.stack([wavy(X + h * e, T) for e in eye])
    behind = jnp.stack([wavy(X - h * e, T) for e in eye])
    grad, rate = derivatives(wavy, X, T)
    np.testing.assert_allclose(grad, (ahead - behind) / (2 * h), atol=1e-7)
    assert float(rate) == pytest.approx(
        float((wavy(X, T + h) - wavy(X, T - h)) / (2 * h)), abs=1e-7
    )
    second = float(jnp.sum(ahead + behind - 2 * wavy(X, T)) / h**2)
    assert float(laplacian(wavy, X, T)) == pytest.approx(second, abs=1e-6)


def test_derivatives_vectorise_over_particles():
    x = jnp.stack([X, 2 * X])
    rows = jax.vmap(lambda y: laplacian(wavy, y, T))(x)
    np.testing.assert_allclose(rows, [laplacian(wavy, y, T) for y in x], rtol=1e-13)
