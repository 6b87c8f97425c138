r"""Monomials and random waves: functions for populations in any number of dimensions.

    phi = y^e,  1 <= |e| <= degree (free components only),
    phi = cos(w . y), sin(w . y)  for given wave vectors w (whole numbers on periodic components),

in standardised coordinates y, where periodic components are angles. Monomials carry means, spreads
and skewness exactly; random Fourier features (Rahimi & Recht 2007) carry the shape.

The partial derivatives of all functions are combinations of few others, p = (1, lower monomials)
and the waves themselves. Each monomial that holds y_i is y_i times one lower monomial, so its
derivative is that lower monomial times the power of y_i. So the stiffness matrix

    A_kl = E[sum_i g_i d_i phi_k d_i phi_l]

is a sum of few entries of one Gram matrix E[(p, waves) (p, waves)^T], and the gradients of every
function at every particle are never computed.
"""

from itertools import combinations_with_replacement
from typing import NamedTuple, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hoam_core.numerics.angles import cos_sin


class FeatureValues(NamedTuple):
    """Functions at the particles: 1 with the lower monomials, all monomials, and waves."""

    lower_monomials: Float[Array, "l n"]
    monomials: Float[Array, "a n"]
    cos: Float[Array, "w n"]
    sin: Float[Array, "w n"]


def exponents(free: tuple[int, ...], degree: int) -> list[tuple[int, ...]]:
    """Monomials of degrees 0..degree as increasing tuples of their factors, by degree."""
    return [
        factors for d in range(degree + 1) for factors in combinations_with_replacement(free, d)
    ]


def random_waves(
    periodic: tuple[bool, ...], count: int, width: float, harmonics: int, seed: int = 0
) -> np.ndarray:
    """Wave vectors (count, b): Gaussian of that width, whole numbers on periodic components.

    Where there are periodic components the first ones are their pure harmonics 1..harmonics.
    """
    rng = np.random.default_rng(seed)
    circles = np.flatnonzero(periodic)
    pure = np.zeros((len(circles) * harmonics, len(periodic)))
    for row, (i, m) in enumerate((i, m) for i in circles for m in range(1, harmonics + 1)):
        pure[row, i] = m
    waves = width * rng.standard_normal((count, len(periodic)))
    waves[:, circles] = np.rint(waves[:, circles])
    return np.concatenate([pure, waves])[:count]


@final
class FeatureBasis(eqx.Module):
    """The basis of monomials and waves in the module's docstring, on a block of b components."""

    periodic: tuple[bool, ...] = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    waves: np.ndarray  # (w, b)

    @property
    def _monomials(self) -> list[tuple[int, ...]]:
        free = tuple(i for i, circle in enumerate(self.periodic) if not circle)
        return exponents(free, self.degree)[1:]

    @property
    def _lower_monomials(self) -> list[tuple[int, ...]]:
        return [(), *(f for f in self._monomials if len(f) < self.degree)]

    @property
    def size(self) -> int:
        """Number of functions."""
        return len(self._monomials) + 2 * len(self.waves)

    def _raised(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Free components (f,), and two tables (f, l) for each times each lower monomial: which
        monomial the product is, and the power of the component in it.
        """
        known = {factors: row for row, factors in enumerate(self._monomials)}
        free = [i for i, circle in enumerate(self.periodic) if not circle]
        lower_monomials = self._lower_monomials if self.degree else []
        raised = [[tuple(sorted((*low, i))) for low in lower_monomials] for i in free]
        which = np.array([[known[one] for one in row] for row in raised], int)
        powers = [[one.count(i) for one in row] for i, row in zip(free, raised, strict=True)]
        shape = len(free), len(lower_monomials)
        powers = np.array(powers, float).reshape(shape)
        return np.array(free, int), which.reshape(shape), powers

    def view(self, y: Float[Array, "n b"], with_products: bool = True) -> FeatureValues:
        """All functions at all particles; their products follow from them."""
        columns, monomials = y.T, self._monomials
        rows = jnp.ones_like(columns[:1])
        known: list[tuple[int, ...]] = [()]
        for degree in range(1, self.degree + 1):
            # A degree at a time: hundreds of single products would take long to compile.
            own = [factors for factors in monomials if len(factors) == degree]
            first = np.array([known.index(factors[:-1]) for factors in own], int)
            last = np.array([factors[-1] for factors in own], int)
            rows = jnp.concatenate([rows, rows[first] * columns[last]])
            known += own
        phase = jnp.asarray(self.waves, y.dtype) @ columns
        return FeatureValues(rows[: len(self._lower_monomials)], rows[1:], *cos_sin(phase))

    def means(self, view: FeatureValues) -> Float[Array, " k"]:
        """E[phi_k]: monomials, cosines, sines."""
        return jnp.concatenate(
            [jnp.mean(rows, -1) for rows in (view.monomials, view.cos, view.sin)]
        )

    def stiffness(self, view: FeatureValues, metric: Float[Array, " b"]) -> Float[Array, "k k"]:
        """A_kl = E[sum_i metric_i d_i phi_k d_i phi_l], derivatives by y."""
        dtype = view.cos.dtype
        free, which, powers = self._raised()
        powers, waves = jnp.asarray(powers, dtype), jnp.asarray(self.waves, dtype)
        # Derivatives of cosines and sines are -sin and cos, times their wave vector.
        slopes = jnp.concatenate([-view.sin, view.cos])
        rows = jnp.concatenate([view.lower_monomials, slopes])
        gram = rows @ rows.T / rows.shape[1]
        low = len(self._lower_monomials)
        both = jnp.concatenate([waves, waves])
        weighted = metric[free, None] * powers
        number = len(self._monomials)
        products = weighted[:, :, None] * powers[:, None, :] * gram[None, :low, :low]
        polynomial = jnp.zeros((number, number), dtype)
        polynomial = polynomial.at[which[:, :, None], which[:, None, :]].add(products)
        products = weighted[:, :, None] * both.T[free, None, :] * gram[None, :low, low:]
        mixed = jnp.zeros((number, len(both)), dtype).at[which].add(products)
        wave = ((both * metric[None]) @ both.T) * gram[low:, low:]
        return jnp.block([[polynomial, mixed], [mixed.T, wave]])

    def laplacians(self, view: FeatureValues, metric: Float[Array, " b"]) -> Float[Array, " k"]:
        """E[sum_i metric_i d_i^2 phi_k]."""
        dtype = view.cos.dtype
        free, which, powers = self._raised()
        powers, waves = jnp.asarray(powers, dtype), jnp.asarray(self.waves, dtype)
        number = len(self._monomials)
        # Lower monomials are 1, whose derivative is zero, and the first of all monomials.
        mean = powers * jnp.mean(view.lower_monomials, -1)[None]
        slopes = jnp.zeros((len(free), 1 + number), dtype)
        slopes = slopes.at[np.arange(len(free))[:, None], 1 + which].add(mean)
        second = metric[free, None] * powers * slopes[:, : len(self._lower_monomials)]
        polynomial = jnp.zeros(number, dtype).at[which].add(second)
        eigenvalues = (waves**2) @ metric
        return jnp.concatenate(
            [
                polynomial,
                -eigenvalues * jnp.mean(view.cos, -1),
                -eigenvalues * jnp.mean(view.sin, -1),
            ]
        )

    def field(self, view: FeatureValues, coefficients: Float[Array, " k"]) -> Float[Array, "n b"]:
        """sum_k c_k grad_y phi_k at every particle."""
        dtype, count, number = view.cos.dtype, len(self.waves), len(self._monomials)
        free, which, powers = self._raised()
        waves = jnp.asarray(self.waves, dtype)
        c, cosines, sines = jnp.split(coefficients, [number, number + count])
        wave = waves.T @ (sines[:, None] * view.cos - cosines[:, None] * view.sin)
        polynomial = (jnp.asarray(powers, dtype) * c[which]) @ view.lower_monomials[
            : powers.shape[1]
        ]
        return wave.at[free].add(polynomial).T
