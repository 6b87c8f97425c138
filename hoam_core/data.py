"""Training data, and the unit coordinates in which methods work.

Methods work in z = (x - shift) / scale, tau = t / t_end and nu in [-1, 1]; the potential s there
moves samples by dz/dtau = grad_z s (+ sigma dW, sigma in these units).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hoam_core.checks import check_shape, check_times
from hoam_core.numerics.domain import Domain, along_last

Numbers = TypeVar("Numbers", Array, np.ndarray)


def power_of_two(values: Numbers) -> Numbers:
    """The powers of two just above positive values, and one for zero.

    Numbers divided by them lie in [1/2, 1) and keep all their digits. NumPy in, NumPy out.
    """
    xp: Any = jnp if isinstance(values, jax.Array) else np
    return xp.ldexp(xp.ones_like(values), xp.frexp(values)[1])


@final
class Ensemble(eqx.Module):
    """Samples x (m, t, n, d) of m populations, one per parameter set mu (m, p), at times ts (t,).

    Sample i of a population is the same particle at all times where the full model has paths.
    `weights` (m,) say how much a population counts in a loss; without them all count alike.
    """

    mu: Float[Array, "m p"]
    ts: Float[Array, " t"]
    x: Float[Array, "m t n d"]
    weights: Float[Array, " m"] | None = None

    def check(self) -> None:
        """Raises ValueError where shapes or values do not fit together."""
        check_times(np.asarray(self.ts))
        m, t = self.mu.shape[0], self.ts.shape[0]
        check_shape("x", self.x.shape, (m, t, None, None))
        if not bool(jnp.all(jnp.isfinite(self.x))):
            raise ValueError(
                "Argument `x` must hold finite samples, but holds a NaN or an infinity; "
                "remove those samples or repeat the run with a smaller step."
            )


class Increments(NamedTuple):
    """Observables z of s states of a large system of `sites` sites, and their changes dz in dt.

    `share` is lambda: the ratio of the covariance of dz to that of the large system's increments
    (arXiv 2511.12842, section 3.2). mu holds the parameters that the law of motion depends on.
    `closure` made the learned observables, which come last in z (macro/closure).
    """

    mu: Float[Array, "s p"]
    z: Float[Array, "s k"]
    dz: Float[Array, "s k"]
    dt: float
    share: float
    sites: float
    closure: dict[str, Any] | None = None


class Means(NamedTuple):
    """What a mean-field method learns from: means (m, t, k) of m runs, without their particles.

    Runs of many particles at many parameters fill no memory in this way. `example` is one of them.
    """

    mu: Float[Array, "m p"]
    ts: Float[Array, " t"]
    values: Float[Array, "m t k"]
    example: Ensemble


@final
class Scaling(eqx.Module):
    """Physical <-> unit coordinates: statistics of the training data, pooled over mu and t."""

    shift: Float[Array, " d"]
    scale: Float[Array, " d"]
    low: Float[Array, " d"]
    high: Float[Array, " d"]
    mu_low: Float[Array, " p"]
    mu_high: Float[Array, " p"]
    t_end: Float[Array, ""]

    @classmethod
    def of(cls, ensemble: Ensemble) -> "Scaling":
        """Mean, standard deviation and range of an ensemble; parameters by their range."""
        return cls.of_samples(ensemble.x, ensemble.mu, ensemble.ts[-1])

    @classmethod
    @partial(jax.jit, static_argnums=0)
    def of_samples(
        cls, x: Float[Array, "*s d"], mu: Float[Array, "m p"], t_end: Float[Array, ""]
    ) -> "Scaling":
        """The same, from samples at any times and parameters."""
        axes = tuple(range(x.ndim - 1))
        low, high = jnp.min(x, axes), jnp.max(x, axes)
        # Scaled so that neither sums nor squares overflow or underflow, whatever the unit.
        unit = power_of_two(jnp.maximum(jnp.abs(low), jnp.abs(high)))
        small = x / along_last(unit, x)
        return cls(
            shift=jnp.mean(small, axes) * unit,
            scale=jnp.std(small, axes) * unit,
            low=low,
            high=high,
            mu_low=jnp.min(mu, 0),
            mu_high=jnp.max(mu, 0),
            t_end=t_end,
        )

    @classmethod
    def joined(cls, parts: Sequence["Scaling"]) -> "Scaling":
        """The scaling of populations of equal size from the scalings of each."""
        each = [jnp.stack(values) for values in zip(*map(jax.tree.leaves, parts), strict=True)]
        shift, scale, low, high, mu_low, mu_high, t_end = each
        mean = jnp.mean(shift, 0)
        return cls(
            shift=mean,
            scale=jnp.sqrt(jnp.mean(scale**2 + (shift - mean[None]) ** 2, 0)),
            low=jnp.min(low, 0),
            high=jnp.max(high, 0),
            mu_low=jnp.min(mu_low, 0),
            mu_high=jnp.max(mu_high, 0),
            t_end=t_end[0],
        )

    def unit(self, x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
        """z of physical samples."""
        return (x - along_last(self.shift, x)) / along_last(self.scale, x)

    def physical(self, z: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
        """Physical samples of z."""
        return along_last(self.shift, z) + along_last(self.scale, z) * z

    def unit_mu(self, mu: Float[Array, "*b p"]) -> Float[Array, "*b p"]:
        """nu in [-1, 1] over the training range."""
        span = jnp.where(self.mu_high > self.mu_low, self.mu_high - self.mu_low, 1.0)
        return 2 * (mu - along_last(self.mu_low, mu)) / along_last(span, mu) - 1

    def unit_domain(self, domain: Domain) -> Domain:
        """The domain of z: the lengths of periodic coordinates are divided by the scale."""
        return Domain(domain.length / self.scale, domain.periodic)
