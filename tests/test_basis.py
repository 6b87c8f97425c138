"""The trigonometric basis: products by sums against brute-force differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.methods.basis import TrigonometricBasis, harmonics

KX, KV, V_LOW = 2 * np.pi / 5.0, np.pi / 7.0, -3.5
BASIS = TrigonometricBasis(2, 3)


def phi(x):
    """All functions of the basis at one sample, written out from its definition."""
    theta, eta = KX * x[0], KV * (x[1] - V_LOW)
    return jnp.stack(
        [
            (jnp.sin if sine else jnp.cos)(m * theta) * jnp.cos(q * eta)
            for sine, m, q in BASIS.labels
        ]
    )


@pytest.fixture
def x(key):
    return jnp.array([[5.0, 7.0]]) * jax.random.uniform(key, (300, 2)) + jnp.array([[0.0, V_LOW]])


@pytest.fixture
def population(x):
    return BASIS.population(KX * x[:, 0], KV * (x[:, 1] - V_LOW))


def test_labels_name_every_function_once_and_no_constant():
    assert len(set(BASIS.labels)) == BASIS.size == 5 * 4 - 1
    assert (False, 0, 0) not in BASIS.labels
    assert TrigonometricBasis(6, 16).size == 220


def test_harmonics_are_cosines_and_sines_of_multiples():
    angle = jnp.linspace(-4, 9, 7)
    found = harmonics(angle, 32)
    k = jnp.arange(33.0)[:, None]
    np.testing.assert_allclose(found.cos, jnp.cos(k * angle[None]), atol=1e-12)
    np.testing.assert_allclose(found.sin, jnp.sin(k * angle[None]), atol=1e-12)


def test_harmonics_in_single_precision_stay_accurate_to_order_32(float32):
    angle = jnp.linspace(0, 6.28, 50)
    found = harmonics(angle, 32)
    exact = np.cos(np.arange(33.0)[:, None] * np.asarray(angle, float)[None])
    assert found.cos.dtype == np.float32
    np.testing.assert_allclose(found.cos, exact, atol=3e-5)


def test_means_are_the_means_of_the_functions(x, population):
    means = BASIS.means(BASIS.moments(population))
    np.testing.assert_allclose(means, jax.vmap(phi)(x).mean(0), atol=1e-13)


def test_stiffness_equals_the_products_of_all_gradients(x, population):
    gradients = jax.vmap(jax.jacfwd(phi))(x)
    brute = jnp.einsum("nkd,nld->kl", gradients, gradients) / len(x)
    found = BASIS.stiffness(BASIS.moments(population), KX, KV)
    np.testing.assert_allclose(found, brute, atol=1e-12)
    assert float(jnp.abs(brute).max()) > 0.1


def test_field_equals_the_gradient_of_the_potential(key, x, population):
    coefficients = jax.random.normal(key, (BASIS.size,))
    brute = jax.vmap(jax.grad(lambda y: coefficients @ phi(y)))(x)
    np.testing.assert_allclose(BASIS.field(population, coefficients, KX, KV), brute, atol=1e-12)


def test_laplacians_equal_the_traces_of_all_hessians(x, population):
    brute = jax.vmap(lambda y: jnp.trace(jax.hessian(phi)(y), axis1=1, axis2=2))(x).mean(0)
    means = BASIS.means(BASIS.moments(population))
    np.testing.assert_allclose(BASIS.laplacians(means, KX, KV), brute, atol=1e-12)


def test_the_full_basis_in_single_precision_agrees_with_double(key):
    basis = TrigonometricBasis(6, 16)
    u = np.asarray(jax.random.uniform(key, (2000, 2)))

    def stiffness(dtype):
        angles = jnp.asarray(2 * np.pi * u[:, 0], dtype), jnp.asarray(np.pi * u[:, 1], dtype)
        moments = basis.moments(basis.population(*angles))
        return np.asarray(
            basis.stiffness(moments, jnp.asarray(1.8, dtype), jnp.asarray(0.6, dtype))
        )

    exact, rounded = stiffness(np.float64), stiffness(np.float32)
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, exact, atol=1e-5 * np.abs(exact).max())
