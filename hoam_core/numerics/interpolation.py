"""Cubic splines as weights on the values at their knots.

A spline is linear in its values: s(x) = sum_j w_j(x) y_j. With the weights (the cardinal splines),
any array of values is interpolated by one product, inside `jit` and with a traced x. Over several
variables on a grid the weights multiply.
"""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.interpolate import CubicSpline


@final
class CardinalSpline(eqx.Module):
    """Not-a-knot cubic spline through increasing knots (k,); outside, the end pieces continue."""

    knots: Float[Array, " k"]
    coefficients: Float[Array, "4 pieces k"]

    @classmethod
    def through(cls, knots: Sequence[float] | np.ndarray) -> "CardinalSpline":
        """The spline with these knots; a single knot gives the constant."""
        knots = np.asarray(knots, float)
        if knots.size == 1:
            return cls(jnp.asarray(knots), jnp.asarray([[[0.0]]] * 3 + [[[1.0]]]))
        spline = CubicSpline(knots, np.eye(knots.size))
        return cls(jnp.asarray(knots), jnp.asarray(spline.c))

    def __call__(self, x: Float[Array, ""]) -> Float[Array, " k"]:
        """Weights of the values at the knots."""
        pieces = self.coefficients.shape[1]
        piece = jnp.clip(jnp.searchsorted(self.knots, x, side="right") - 1, 0, pieces - 1)
        a, b, c, d = self.coefficients[:, piece]
        r = x - self.knots[piece]
        return ((a * r + b) * r + c) * r + d


def grid_weights(splines: Sequence[CardinalSpline], x: Float[Array, " p"]) -> Float[Array, " m"]:
    """Weights of the values on the product grid of the splines' knots, last variable fastest."""
    weights = jnp.ones(1)
    for i, spline in enumerate(splines):
        weights = jnp.outer(weights, spline(x[i])).ravel()
    return weights
