"""Populations to learn from, and the unit coordinates in which they are learned.

Methods work in z = (x - shift) / scale, tau = t / t_end and nu in [-1, 1]; the potential s there
moves samples by dz/dtau = grad_z s (+ sigma dW, sigma in these units).
"""

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

    Divided by them numbers lie from 1/2 to 1 and keep all their digits. NumPy for NumPy's arrays.
    """
    xp: Any = jnp if isinstance(values, jax.Array) else np
    return xp.ldexp(xp.ones_like(values), xp.frexp(values)[1])


@final
class Ensemble(eqx.Module):
    """Samples x (m, t, n, d) of m populations, one a parameter set mu (m, p), at times ts (t,).

    Sample i of a population is the same particle at all times where the full model has paths.
    """

    mu: Float[Array, "m p"]
    ts: Float[Array, " t"]
    x: Float[Array, "m t n d"]

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
    """Observables z of s states of a large system of `sites` sites, and what they change by in dt.

    `share` is lambda: how many times the covariance of dz is that of the large system's increments
    (arXiv 2511.12842, section 3.2). mu holds the parameters that the law of motion depends on.
    `closure` is what made the learned ones among the observables, which stand last (macro/closure).
    """

    mu: Float[Array, "s p"]
    z: Float[Array, "s k"]
    dz: Float[Array, "s k"]
    dt: float
    share: float
    sites: float
    closure: dict[str, Any] | None = None


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
        """The same of samples of any times and parameters."""
        axes = tuple(range(x.ndim - 1))
        low, high = jnp.min(x, axes), jnp.max(x, axes)
        # Neither sums nor squares leave the numbers, whatever the unit.
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
        """The domain of z; its circles have their length divided by the scale."""
        return Domain(domain.length / self.scale, domain.periodic)
