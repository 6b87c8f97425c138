"""Cardinal cubic splines: exact on cubics, one at their own knot, products over grids."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from hoam_core.numerics.interpolation import CardinalSpline, grid_weights

KNOTS = np.array([1.2, 1.3, 1.5, 1.55, 1.9])


def cubic(x):
    return 2 * x**3 - x**2 + 0.3 * x - 5


@pytest.mark.parametrize("x", [1.2, 1.234, 1.52, 1.9, 2.1, 1.0])
def test_cubics_are_reproduced_inside_and_outside(x):
    value = CardinalSpline.through(KNOTS)(jnp.array(x)) @ cubic(KNOTS)
    assert float(value) == pytest.approx(cubic(x), rel=1e-11)


def test_weights_at_a_knot_are_a_unit_vector():
    spline = CardinalSpline.through(KNOTS)
    weights = jax.vmap(spline)(jnp.asarray(KNOTS))
    np.testing.assert_allclose(weights, np.eye(KNOTS.size), atol=1e-13)


def test_weights_agree_with_scipy_on_arbitrary_values(key):
    values = np.asarray(jax.random.normal(key, (KNOTS.size,)))
    at = np.linspace(1.2, 1.9, 23)
    ours = jax.vmap(CardinalSpline.through(KNOTS))(jnp.asarray(at)) @ values
    np.testing.assert_allclose(ours, CubicSpline(KNOTS, values)(at), atol=1e-12)


@pytest.mark.parametrize(("knots", "degree"), [([0.0, 2.0], 1), ([0.0, 1.0, 3.0], 2)])
def test_two_knots_give_the_line_and_three_the_parabola(knots, degree):
    weights = CardinalSpline.through(knots)(jnp.array(0.7))
    assert float(weights @ np.array(knots) ** degree) == pytest.approx(0.7**degree, rel=1e-12)


def test_one_knot_gives_the_constant():
    weights = CardinalSpline.through([1.5])(jnp.array(99.0))
    np.testing.assert_array_equal(weights, [1.0])


def test_grid_weights_are_the_product_with_the_last_variable_fastest():
    first, second = CardinalSpline.through(KNOTS), CardinalSpline.through([0.0, 1.0, 2.0, 4.0])
    x = jnp.array([1.41, 3.3])
    weights = grid_weights([first, second], x)
    np.testing.assert_allclose(weights, np.kron(first(x[0]), second(x[1])), rtol=1e-13)
    a, b = np.meshgrid(KNOTS, second.knots, indexing="ij")
    assert float(weights @ (a**3 * b**2).ravel()) == pytest.approx(1.41**3 * 3.3**2, rel=1e-10)
