"""Bases of the closed loop against brute-force differentiation, on one block of components."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.methods.closed_loop.batches import InBatches
from hoam_core.methods.closed_loop.features import FeatureBasis, exponents, random_waves
from hoam_core.methods.closed_loop.trigonometric import TrigonometricBasis, harmonics

TRIGONOMETRIC = TrigonometricBasis(2, 3)
FREE = (False, False, False)
MIXED = (True, False)
FEATURES = FeatureBasis(FREE, 3, random_waves(FREE, 4, 1.0, 0))
PHASES = FeatureBasis(MIXED, 2, random_waves(MIXED, 6, 1.0, 2))
LINE = FeatureBasis((False,), 4, random_waves((False,), 0, 1.0, 0))
CASES = {"trigonometric": (TRIGONOMETRIC, 2), "features": (FEATURES, 3), "mixed": (PHASES, 2),
         "one component": (LINE, 1)}  # fmt: skip
cases = pytest.mark.parametrize(("basis", "dimension"), CASES.values(), ids=CASES)


def functions(basis, y):
    """All functions of a basis at one sample, written out from their definition."""
    if isinstance(basis, TrigonometricBasis):
        return jnp.stack(
            [
                (jnp.sin if sine else jnp.cos)(m * y[0]) * jnp.cos(q * y[1])
                for sine, m, q in basis.labels
            ]
        )
    free = tuple(i for i, circle in enumerate(basis.periodic) if not circle)
    monomials = [
        jnp.prod(jnp.stack([y[i] for i in factors]))
        for factors in exponents(free, basis.degree)[1:]
    ]
    phases = jnp.asarray(basis.waves) @ y
    return jnp.concatenate([jnp.stack(monomials), jnp.cos(phases), jnp.sin(phases)])


@pytest.fixture
def y(key, dimension):
    return 1.3 * jax.random.normal(key, (200, dimension))


@pytest.fixture
def metric(dimension):
    return jnp.array([0.5, 2.0, 1.2])[:dimension]


@cases
def test_means_are_the_means_of_the_functions(basis, y):
    brute = jax.vmap(lambda one: functions(basis, one))(y).mean(0)
    assert brute.shape == (basis.size,)
    np.testing.assert_allclose(basis.means(basis.view(y)), brute, atol=1e-12)


@cases
def test_stiffness_equals_the_products_of_all_gradients(basis, y, metric):
    gradients = jax.vmap(jax.jacfwd(lambda one: functions(basis, one)))(y)
    brute = jnp.einsum("nkd,nld,d->kl", gradients, gradients, metric) / len(y)
    np.testing.assert_allclose(basis.stiffness(basis.view(y), metric), brute, atol=1e-10)
    assert float(jnp.abs(brute).max()) > 0.1


@cases
def test_field_equals_the_gradient_of_the_potential(key, basis, y):
    coefficients = jax.random.normal(key, (basis.size,))
    brute = jax.vmap(jax.grad(lambda one: coefficients @ functions(basis, one)))(y)
    np.testing.assert_allclose(basis.field(basis.view(y), coefficients), brute, atol=1e-11)


@cases
def test_laplacians_equal_the_traces_of_all_hessians(basis, y, metric):
    def weighted(one):
        return jnp.einsum("kii,i->k", jax.hessian(lambda y: functions(basis, y))(one), metric)

    brute = jax.vmap(weighted)(y).mean(0)
    np.testing.assert_allclose(basis.laplacians(basis.view(y), metric), brute, atol=1e-11)


@cases
@pytest.mark.parametrize("batch", [50, 64])
def test_batches_of_particles_give_what_all_of_them_do(key, basis, y, metric, batch):
    whole, cut = basis.view(y), InBatches(basis, batch)
    coefficients = jax.random.normal(key, (basis.size,))
    parts = cut.view(y)
    assert cut.size == basis.size
    np.testing.assert_allclose(cut.means(parts), basis.means(whole), atol=1e-12)
    for name, given in (("stiffness", metric), ("laplacians", metric), ("field", coefficients)):
        expected = getattr(basis, name)(whole, given)
        np.testing.assert_allclose(getattr(cut, name)(parts, given), expected, atol=1e-10)


@pytest.mark.slow
def test_the_full_phase_plane_in_single_precision_agrees_with_double(key):
    basis = TrigonometricBasis(6, 16)
    u = np.asarray(jax.random.uniform(key, (2000, 2))) * np.pi * np.array([[2.0, 1.0]])

    def stiffness(dtype):
        view = basis.view(jnp.asarray(u, dtype))
        return np.asarray(basis.stiffness(view, jnp.asarray([3.2, 0.4], dtype)))

    exact, rounded = stiffness(np.float64), stiffness(np.float32)
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, exact, atol=1e-5 * np.abs(exact).max())


def test_labels_name_every_function_once_and_no_constant():
    labels = TRIGONOMETRIC.labels
    assert len(set(labels)) == TRIGONOMETRIC.size == 5 * 4 - 1
    assert (False, 0, 0) not in labels
    assert TrigonometricBasis(6, 16).size == 220


def test_monomials_of_nine_components_up_to_degree_three_are_219():
    assert len(exponents(tuple(range(9)), 3)) == 220
    assert exponents((0, 2), 2) == [(), (0,), (2,), (0, 0), (0, 2), (2, 2)]


def test_waves_are_whole_on_circles_and_start_with_their_harmonics():
    waves = random_waves((True, False, True), 50, 1.5, 3)
    assert waves.shape == (50, 3)
    np.testing.assert_array_equal(waves[:3, 0], [1, 2, 3])
    np.testing.assert_array_equal(waves[3:6, 2], [1, 2, 3])
    np.testing.assert_array_equal(waves[:, [0, 2]], np.rint(waves[:, [0, 2]]))
    assert np.std(waves[6:, 1]) == pytest.approx(1.5, rel=0.3)


def test_harmonics_are_cosines_and_sines_of_multiples():
    angle = jnp.linspace(-4, 9, 7)
    found = harmonics(angle, 32)
    k = jnp.arange(33.0)[:, None]
    np.testing.assert_allclose(found.cos, jnp.cos(k * angle[None]), atol=1e-12)
    np.testing.assert_allclose(found.sin, jnp.sin(k * angle[None]), atol=1e-12)


@pytest.mark.slow
def test_harmonics_in_single_precision_stay_accurate_to_order_32(float32):
    angle = jnp.linspace(0, 6.28, 50)
    found = harmonics(angle, 32)
    exact = np.cos(np.arange(33.0)[:, None] * np.asarray(angle, float)[None])
    assert found.cos.dtype == np.float32
    np.testing.assert_allclose(found.cos, exact, atol=3e-5)
