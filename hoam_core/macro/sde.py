r"""A learned stochastic differential equation of a few observables z of a large system,

    dz = f(z; mu) dt + sigma(z; mu) dW,        Sigma = sigma sigma',

by the likelihood of increments whose covariance is lambda times that of dz (increments.py),

    L = E[ r' (lambda Sigma dt)^-1 r + log det(lambda Sigma dt) ],      r = dz_I - f dt

(arXiv 2511.12842, eq. 8 and theorem 1; lambda = 1 for increments of the whole system). sigma is
lower triangular with a positive diagonal, bounded from below by 1e-3 of the measured noise: the
bound belongs to the model, so that the likelihood and the samples know the same Sigma. Paths are
sampled by the Euler-Maruyama rule.
"""

from functools import partial
from typing import NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from hoam_core.macro.increments import Increments
from hoam_core.methods.base import Method, rollout
from hoam_core.solvers.stepping import count_substeps

LEAST_NOISE = 1e-3


class Units(NamedTuple):
    """Means and spreads of what is learned from; drift and noise in physical units of z and t."""

    z_mean: Float[Array, " k"]
    z_scale: Float[Array, " k"]
    mu_mean: Float[Array, " p"]
    mu_scale: Float[Array, " p"]
    drift: Float[Array, " k"]
    noise: Float[Array, " k"]

    @classmethod
    def of(cls, data: Increments) -> "Units":
        """Noise is what a straight line leaves of the increments, drift what it explains."""
        z_mean, z_scale = jnp.mean(data.z, 0), _spread(data.z)
        mu_mean, mu_scale = jnp.mean(data.mu, 0), _spread(data.mu)
        z, mu = _standard(data.z, z_mean, z_scale), _standard(data.mu, mu_mean, mu_scale)
        inputs = jnp.concatenate([jnp.ones((len(z), 1)), z, mu], axis=1)
        line = inputs @ jnp.linalg.lstsq(inputs, data.dz)[0]
        noise = _spread(data.dz - line) / np.sqrt(data.share * data.dt)
        return cls(z_mean, z_scale, mu_mean, mu_scale, _spread(line) / data.dt, noise)


def _standard(values: Array, mean: Array, scale: Array) -> Array:
    return (values - mean[None]) / scale[None]


def _spread(values: Float[Array, "s k"]) -> Float[Array, " k"]:
    spread = jnp.std(values, axis=0)
    # What does not vary but by rounding is one value.
    constant = spread < 1e-5 * jnp.max(jnp.abs(values), axis=0, initial=0.0)
    return jnp.where(constant | (spread == 0), jnp.ones_like(spread), spread)


class Coefficients(nn.Module):
    """Drift (k,) and the lower triangle of sigma (k, k), both in their units."""

    observables: int
    width: int = 64

    @nn.compact
    def __call__(self, inputs: Array) -> tuple[Array, Array]:
        k = self.observables

        def tower(outputs):
            h = inputs
            for _ in range(3):
                h = nn.silu(nn.Dense(self.width)(h))
            return nn.Dense(outputs)(h)

        drift, entries = tower(k), tower(k * (k + 1) // 2)
        rows, columns = np.tril_indices(k)
        lower = jnp.zeros((k, k), entries.dtype).at[rows, columns].set(entries)
        # Zero entries stand for the measured noise: softplus(0.54) = 1.
        diagonal = nn.softplus(jnp.diag(lower) + 0.5413) + LEAST_NOISE
        return drift, lower - jnp.diag(jnp.diag(lower)) + jnp.diag(diagonal)


def macroscopic(units: Units, *, width: int = 64, batch: int = 4_096, dt: float = 0.1) -> Method:
    """The method of the module's docstring; `sample` takes z0 (n, k) for x0 and steps of `dt`."""
    network = Coefficients(len(units.z_mean), width)

    def coefficients(params, z, mu) -> tuple[Array, Array]:
        inputs = jnp.concatenate([
            (z - units.z_mean) / units.z_scale, (mu - units.mu_mean) / units.mu_scale,
        ])  # fmt: skip
        drift, sigma = cast(tuple[Array, Array], network.apply(params, inputs))
        return units.drift * drift, sigma

    def init(key, data):
        return network.init(key, jnp.concatenate([units.z_mean, units.mu_mean]))

    def draw(key, data):
        which = jax.random.randint(key, (batch,), 0, data.z.shape[0])
        return data._replace(mu=data.mu[which], z=data.z[which], dz=data.dz[which])

    def loss(params, data):
        def one(mu, z, dz):
            drift, sigma = coefficients(params, z, mu)
            left = (dz - drift * data.dt) / (units.noise * jnp.sqrt(data.share * data.dt))
            white = solve_triangular(sigma, left, lower=True)
            return white @ white + 2 * jnp.sum(jnp.log(jnp.diag(sigma)))

        return jnp.mean(jax.vmap(one)(data.mu, data.z, data.dz))

    @partial(jax.jit, static_argnames="substeps")
    def run(params, z0, ts, mu, key, substeps):
        def step(z, t, h, key):
            drift, sigma = jax.vmap(lambda z: coefficients(params, z, mu))(z)
            noise = jax.random.normal(key, z.shape, z.dtype)
            kick = jnp.einsum("nij,nj->ni", sigma, noise) * units.noise[None]
            return z + h * drift + jnp.sqrt(h) * kick

        return rollout(step, z0, ts, key, substeps)

    def substeps_for(ts, steps):
        return count_substeps(ts, float(ts[-1] - ts[0]) / steps if steps else dt)

    def sample(params, x0, ts, mu, key, *, steps=None):
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, substeps_for(ts, steps))

    def evaluations(ts, steps=None):
        return substeps_for(ts, steps) * (len(ts) - 1)

    return Method(init, sample, evaluations, draw, loss)
