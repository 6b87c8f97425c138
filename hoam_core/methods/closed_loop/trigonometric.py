r"""Trigonometric functions on a phase plane (x on a circle, v on a line) and their products.

    phi = {cos, sin}(m theta) cos(q eta),  m = 0..M, q = 0..Q,  without the constant,
    y = (theta, eta) = (2 pi x / L, pi (v - v_low) / (v_high - v_low)).

The product of two trigonometric functions is a sum of two others. All entries of the stiffness
matrix A_kl = E[grad phi_k . grad phi_l] are therefore fixed combinations of the moments
E[cos(p theta) cos(r eta)] and E[sin(p theta) cos(r eta)], p <= 2M, r <= 2Q: one product of
two thin matrices instead of n gradients of every function. Functions of multiples of an angle
follow from one sine and cosine by recurrence.
"""

from typing import NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hoam_core.numerics.angles import cos_sin


class Harmonics(NamedTuple):
    """cos(p angle), sin(p angle) for p = 0, 1, ...; axes p, n."""

    cos: Float[Array, "p n"]
    sin: Float[Array, "p n"]


def harmonics(angle: Float[Array, " n"], order: int) -> Harmonics:
    """Harmonics 0..order of an angle by the addition theorems, doubling their number each time."""
    cos, sin = cos_sin(angle)
    cos = jnp.stack([jnp.ones_like(angle), cos])
    sin = jnp.stack([jnp.zeros_like(angle), sin])
    while len(cos) <= order:
        # Otherwise XLA would fuse the doublings and recompute the first for every row of the last.
        cos, sin = jax.lax.optimization_barrier((cos, sin))
        more = slice(1, order + 2 - len(cos))
        c, s = cos[-1:], sin[-1:]
        cos, sin = (
            jnp.concatenate([cos, cos[more] * c - sin[more] * s]),
            jnp.concatenate([sin, sin[more] * c + cos[more] * s]),
        )
    return Harmonics(cos[: order + 1], sin[: order + 1])


class TrigonometricValues(NamedTuple):
    """What means, stiffness and field need of a population: harmonics and their moments.

    The moments are E[cos(p theta) cos(r eta)] and E[sin(p theta) cos(r eta)], axes (2, p, r).
    """

    theta: Harmonics
    eta: Harmonics
    moments: Float[Array, "2 p r"]


class _Tables(NamedTuple):
    """Indices and weights of the four moments in each entry of the stiffness matrix."""

    places: np.ndarray  # (4, k, k) into the flat moments
    x_weight: np.ndarray  # (4, k, k)
    v_weight: np.ndarray  # (4, k, k)


@final
class TrigonometricBasis(eqx.Module):
    """The basis of trigonometric functions in the module's docstring."""

    modes_x: int = eqx.field(static=True)
    modes_v: int = eqx.field(static=True)

    @property
    def labels(self) -> list[tuple[bool, int, int]]:
        """(is sine, m, q) of every function."""
        cosines = [(False, m, q) for m in range(self.modes_x + 1) for q in range(self.modes_v + 1)]
        sines = [(True, m, q) for m in range(1, self.modes_x + 1) for q in range(self.modes_v + 1)]
        return cosines[1:] + sines

    @property
    def size(self) -> int:
        """Number of functions."""
        return (2 * self.modes_x + 1) * (self.modes_v + 1) - 1

    def view(self, y: Float[Array, "n 2"], with_products: bool = True) -> TrigonometricValues:
        """Harmonics up to the orders of the basis, or twice as high for products of functions."""
        times = 2 if with_products else 1
        theta = harmonics(y[:, 0], times * self.modes_x)
        eta = harmonics(y[:, 1], times * self.modes_v)
        rows = jnp.concatenate([theta.cos, theta.sin])
        moments = rows @ eta.cos.T / y.shape[0]
        return TrigonometricValues(theta, eta, moments.reshape(2, len(theta.cos), len(eta.cos)))

    def means(self, view: TrigonometricValues) -> Float[Array, " k"]:
        """E[phi_k] from the moments."""
        own = view.moments[:, : self.modes_x + 1, : self.modes_v + 1]
        # In the order of the labels: without the constant and the sines of zero.
        return jnp.concatenate([own[0].ravel()[1:], own[1, 1:].ravel()])

    def _tables(self) -> _Tables:
        sine, m, q = (np.array(column) for column in zip(*self.labels, strict=True))
        i, j = np.meshgrid(np.arange(self.size), np.arange(self.size), indexing="ij")
        same = sine[i] == sine[j]
        turn = np.sign(m[i] - m[j])
        # Signs of the moments of m - m' and m + m' in the product of two functions of theta ...
        plain_minus = np.where(same, 1, np.where(sine[i], turn, -turn))
        plain_plus = np.where(same & sine[i], -1, 1)
        # ... and in the product of their derivatives.
        slope_minus = np.where(same, 1, np.where(sine[i], turn, -turn))
        slope_plus = np.where(same & sine[i], 1, -1)
        index, x_weight, v_weight = [], [], []
        for p, plain, slope in (
            (np.abs(m[i] - m[j]), plain_minus, slope_minus),
            (m[i] + m[j], plain_plus, slope_plus),
        ):
            for r, sign in ((np.abs(q[i] - q[j]), 1), (q[i] + q[j], -1)):
                row = np.where(same, 0, 2 * self.modes_x + 1) + p
                index.append(row * (2 * self.modes_v + 1) + r)
                x_weight.append(0.25 * m[i] * m[j] * slope)
                v_weight.append(0.25 * q[i] * q[j] * plain * sign)
        return _Tables(np.stack(index), np.stack(x_weight), np.stack(v_weight))

    def stiffness(
        self, view: TrigonometricValues, metric: Float[Array, " 2"]
    ) -> Float[Array, "k k"]:
        """A_kl = E[sum_i metric_i d_i phi_k d_i phi_l], derivatives by y."""
        tables = self._tables()
        dtype, flat = view.moments.dtype, view.moments.ravel()
        total = jnp.zeros((self.size, self.size), dtype)
        for index, wx, wv in zip(*tables, strict=True):
            weight = metric[0] * jnp.asarray(wx, dtype) + metric[1] * jnp.asarray(wv, dtype)
            total = total + weight * flat[index]
        return total

    def laplacians(
        self, view: TrigonometricValues, metric: Float[Array, " 2"]
    ) -> Float[Array, " k"]:
        """E[sum_i metric_i d_i^2 phi_k]; every function is an eigenfunction of the Laplacian."""
        _, m, q = (np.array(column, float) for column in zip(*self.labels, strict=True))
        eigenvalues = metric[0] * jnp.asarray(m**2) + metric[1] * jnp.asarray(q**2)
        return -eigenvalues.astype(view.moments.dtype) * self.means(view)

    def field(
        self, view: TrigonometricValues, coefficients: Float[Array, " k"]
    ) -> Float[Array, "n 2"]:
        """sum_k c_k grad_y phi_k at every particle."""
        mx, mv = self.modes_x + 1, self.modes_v + 1
        first = jnp.concatenate([jnp.zeros(1, coefficients.dtype), coefficients[: mx * mv - 1]])
        cosines = first.reshape(mx, mv)
        sines = coefficients[mx * mv - 1 :].reshape(mx - 1, mv)
        theta = Harmonics(*(part[:mx] for part in view.theta))
        eta = Harmonics(*(part[:mv] for part in view.eta))
        m = jnp.arange(mx, dtype=coefficients.dtype)[:, None]
        q = jnp.arange(mv, dtype=coefficients.dtype)[None, :]
        along = jnp.concatenate([m * cosines, m[1:] * sines]) @ eta.cos
        across = jnp.concatenate([q * cosines, q * sines]) @ eta.sin
        dx = jnp.sum(theta.cos[1:] * along[mx:], 0) - jnp.sum(theta.sin * along[:mx], 0)
        dv = -jnp.sum(theta.cos * across[:mx], 0) - jnp.sum(theta.sin[1:] * across[mx:], 0)
        return jnp.stack([dx, dv], axis=-1)
