"""Means and fields of a large population, a batch of particles at a time.

The values of a basis at all particles, some dozen numbers for each, do not fit the cache of a
processor beyond some ten thousand particles, nor any memory beyond some hundred million. Moments
and stiffness matrices are means over particles, so they are means over batches too; the field at a
particle needs the particle and the coefficients alone. So only one batch of functions exists at a
time, at the price that those at the middle of a step are computed twice.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hoam_core.methods.closed_loop.least_energy import Basis

# Half or twice as many are as fast, and up to twice this number so are all particles at once.
BATCH = 8_192


class Population(NamedTuple):
    """The view of a basis in batches: particles at which no function has been evaluated yet."""

    y: Float[Array, "n b"]
    with_products: bool


class InBatches(NamedTuple):
    """A basis equivalent to `basis` that works on `batch` particles at a time."""

    basis: Basis
    batch: int = BATCH

    @property
    def size(self) -> int:
        """Number of functions."""
        return self.basis.size

    def view(self, y: Float[Array, "n b"], with_products: bool = True) -> Population:
        """The particles themselves; functions are evaluated later, in batches."""
        return Population(y, with_products)

    def means(self, view: Population) -> Float[Array, " k"]:
        """E[phi_k]."""
        return self._mean(self.basis.means, view)

    def stiffness(self, view: Population, metric: Float[Array, " b"]) -> Float[Array, "k k"]:
        """A_kl = E[sum_i metric_i d_i phi_k d_i phi_l]."""
        return self._mean(lambda single: self.basis.stiffness(single, metric), view)

    def laplacians(self, view: Population, metric: Float[Array, " b"]) -> Float[Array, " k"]:
        """E[sum_i metric_i d_i^2 phi_k]."""
        return self._mean(lambda single: self.basis.laplacians(single, metric), view)

    def field(self, view: Population, coefficients: Float[Array, " k"]) -> Float[Array, "n b"]:
        """sum_k c_k grad_y phi_k at every particle."""

        def single(y: Float[Array, "m b"]) -> Float[Array, "m b"]:
            return self.basis.field(self.basis.view(y, with_products=False), coefficients)

        batches, rest = self._batches(view.y)
        whole = jax.lax.map(single, batches).reshape(-1, view.y.shape[1])
        return jnp.concatenate([whole, single(rest)]) if len(rest) else whole

    def _mean(self, of: Callable, view: Population) -> Array:
        """The mean over all particles of a quantity that is a mean over the particles of a view."""
        batches, rest = self._batches(view.y)

        def single(y: Float[Array, "m b"]) -> Array:
            return len(y) * of(self.basis.view(y, view.with_products))

        def add(total: Array, y: Float[Array, "m b"]) -> tuple[Array, None]:
            return total + single(y), None

        if len(rest):
            first, others = single(rest), batches
        else:
            first, others = single(batches[0]), batches[1:]
        return jax.lax.scan(add, first, others)[0] / len(view.y)

    def _batches(self, y: Float[Array, "n b"]) -> tuple[Float[Array, "g m b"], Float[Array, "r b"]]:
        """Whole batches, and the remaining particles."""
        whole = len(y) - len(y) % self.batch
        return y[:whole].reshape(-1, self.batch, y.shape[1]), y[whole:]


def in_batches(basis: Basis, particles: int) -> Basis:
    """The basis for so many particles: unchanged if they are few, otherwise in batches."""
    return InBatches(basis) if particles > 2 * BATCH else basis
