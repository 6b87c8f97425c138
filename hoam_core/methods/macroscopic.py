r"""A learned stochastic differential equation of a few observables z of a large system,

    dz = f(z; mu) dt + sigma(z; mu) dW,        Sigma = sigma sigma',

fitted by the likelihood of increments whose covariance is lambda times that of dz
(macro/increments.py),

    L = E[ r' C^-1 r / dt + log det C ],      C = lambda Sigma,      r = dz_I - f dt

(arXiv 2511.12842, eq. 8 and theorem 1; lambda = 1 for increments of the whole system). Only C
enters: lambda plays no part in training, but divides Sigma when paths are sampled. Nor does the
number N of sites, as long as drift and patches do not depend on it: Sigma ~ 1 / N, so that a model
of one size serves the others. sigma is lower triangular with a positive diagonal, bounded from
below by 1e-3 of the measured noise: the bound is part of the model, so that the likelihood and the
samples use the same Sigma. Paths are sampled by the Euler-Maruyama rule.
"""

from functools import partial
from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import lookup
from hoam_core.data import Increments
from hoam_core.methods.base import Frame, Learner, Method, Params, rollout
from hoam_core.networks import MLP
from hoam_core.solvers.stepping import count_substeps

LEAST_NOISE = 1e-3
# Options of an experiment that say how its increments were made, in addition to `dt`.
PLANNED = ("patch", "small", "snapshots", "repeats", "starts")


def measured_units(data: Increments) -> dict[str, Array]:
    """Means and spreads of the training data; drift and noise of a patch per unit of time.

    Drift is the part of the increments that a linear fit explains, noise is its residual.
    """
    z_mean, z_scale = jnp.mean(data.z, 0), _spread(data.z)
    mu_mean, mu_scale = jnp.mean(data.mu, 0), _spread(data.mu)
    z, mu = _standard(data.z, z_mean, z_scale), _standard(data.mu, mu_mean, mu_scale)
    inputs = jnp.concatenate([jnp.ones((len(z), 1)), z, mu], axis=1)
    line = inputs @ jnp.linalg.lstsq(inputs, data.dz)[0]
    return {
        "z_mean": z_mean, "z_scale": z_scale, "mu_mean": mu_mean, "mu_scale": mu_scale,
        "drift": _spread(line) / data.dt, "noise": _spread(data.dz - line) / np.sqrt(data.dt),
        "share": jnp.asarray(data.share, z_mean.dtype),
        "sites": jnp.asarray(data.sites, z_mean.dtype),
    }  # fmt: skip


def _standard(values: Array, mean: Array, scale: Array) -> Array:
    return (values - mean[None]) / scale[None]


def _spread(values: Float[Array, "s k"]) -> Float[Array, " k"]:
    spread = jnp.std(values, axis=0)
    # Values that vary by rounding only count as constant.
    constant = spread < 1e-5 * jnp.max(jnp.abs(values), axis=0, initial=0.0)
    return jnp.where(constant | (spread == 0), jnp.ones_like(spread), spread)


def with_share(params: dict[str, Any], share: Float[Array, ""] | float) -> dict[str, Any]:
    """Parameters whose paths assume another lambda of the increments; no retraining is needed."""
    units = params["units"]
    return {**params, "units": {**units, "share": jnp.full_like(units["share"], share)}}


def monomials(x: Float[Array, " a"]) -> Float[Array, " b"]:
    """The monomials 1, x_i and x_i x_j (i <= j)."""
    return jnp.concatenate([jnp.ones(1, x.dtype), x, jnp.outer(x, x)[np.triu_indices(len(x))]])


def start_value(start: dict[str, Array], values: Float[Array, " a"]) -> Float[Array, " q"]:
    """Learned observables at t = 0 for the parameters of the start: a quadratic polynomial."""
    return monomials((values - start["mean"]) / start["scale"]) @ start["coefficients"]


def macroscopic(
    frame: Frame, network: None = None, *, dt: float = 0.1, step: float | None = None,
    closures: int = 0, width: int = 64, batch: int = 4_096, **data: float,
) -> Method:  # fmt: skip
    """A method that learns an SDE of the observables from increments over `dt`.

    Paths take steps of `step`, by default `dt`: measuring drift and noise needs short increments,
    whereas a path need only resolve its relaxation.
    `closures` of the observables are learned: their initial values follow from the parameters of
    the start by a polynomial, and paths are returned without them. The other options, in `data`,
    are those of the plan by which the increments were made.
    """
    for name in data:
        lookup(name, dict.fromkeys(PLANNED), "option")
    given, rates, sites = frame.scaling.scale.shape[0], frame.rates, frame.sites
    k = given + closures
    drift_net, noise_net = MLP(width, 3, k), MLP(width, 3, k * (k + 1) // 2)
    t_end = float(frame.times[-1])

    def parts(params: Params, z: Array, mu: Array) -> tuple[Array, Array]:
        """Drift (k,) per unit of time, and the lower triangular root of C in units of `noise`."""
        units = jax.lax.stop_gradient(params["units"])
        inputs = (
            (z - units["z_mean"]) / units["z_scale"],
            (mu - units["mu_mean"]) / units["mu_scale"],
        )
        drift = cast(Array, drift_net.apply(params["drift"], *inputs))
        entries = cast(Array, noise_net.apply(params["noise"], *inputs))
        lower = jnp.zeros((k, k), entries.dtype).at[np.tril_indices(k)].set(entries)
        # Zero entries stand for the measured noise: softplus(0.54) = 1.
        diagonal = nn.softplus(jnp.diag(lower) + 0.5413) + LEAST_NOISE
        return units["drift"] * drift, lower - jnp.diag(jnp.diag(lower)) + jnp.diag(diagonal)

    def coefficients(params: Params, z: Array, mu: Array) -> tuple[Array, Array]:
        units = params["units"]
        # Learned observables that are not given are at their mean.
        z = jnp.concatenate([z, jnp.zeros(k - len(z), z.dtype)])
        drift, root = parts(params, z, mu[:rates])
        scale = units["noise"] * jnp.sqrt(units["sites"] / (units["share"] * sites(mu)))
        return drift, scale[:, None] * root

    def init(key: PRNGKeyArray, data: Increments):
        units = measured_units(data)
        inputs = jnp.zeros_like(units["z_mean"]), jnp.zeros_like(units["mu_mean"])
        keys = jax.random.split(key)
        drift, noise = (
            net.init(one, *inputs) for one, net in zip(keys, (drift_net, noise_net), strict=True)
        )
        params = {"units": units, "drift": drift, "noise": noise}
        return params | ({"closure": data.closure} if closures else {})

    def draw(key: PRNGKeyArray, data: Increments):
        which = jax.random.randint(key, (batch,), 0, data.z.shape[0])
        return data._replace(mu=data.mu[which], z=data.z[which], dz=data.dz[which])

    def loss(params: Params, data: Increments):
        unit = params["units"]["noise"] * jnp.sqrt(data.dt)

        def one(mu: Array, z: Array, dz: Array):
            drift, root = parts(params, z, mu)
            left = (dz - drift * data.dt) / jax.lax.stop_gradient(unit)
            white = solve_triangular(root, left, lower=True)
            return white @ white + 2 * jnp.sum(jnp.log(jnp.diag(root)))

        return jnp.mean(jax.vmap(one)(data.mu, data.z, data.dz))

    @partial(jax.jit, static_argnames="substeps")
    def run(params: Params, z0: Array, ts: Array, mu: Array, key: PRNGKeyArray, substeps: int):
        def step(z: Array, t: Array, h: Array, key: PRNGKeyArray):
            drift, sigma = jax.vmap(lambda z: coefficients(params, z, mu))(z)
            noise = jax.random.normal(key, z.shape, z.dtype)
            return z + h * drift + jnp.sqrt(h) * jnp.einsum("nij,nj->ni", sigma, noise)

        if closures:
            learned = start_value(params["closure"]["start"], mu[rates:-1])
            z0 = jnp.concatenate([z0, jnp.tile(learned[None], (len(z0), 1))], axis=1)
        return rollout(step, z0, ts, key, substeps)[..., :given]

    def substeps_for(ts: np.ndarray, steps: int | None):
        return count_substeps(ts, t_end / steps if steps else step or dt)

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, substeps_for(ts, steps))

    def evaluations(ts: np.ndarray, steps: int | None = None):
        return substeps_for(ts, steps) * (len(ts) - 1)

    return Method(
        Learner(init, draw, loss, {"mu": 0, "z": 0, "dz": 0}), sample, evaluations,
        coefficients=coefficients,
        steps=count_substeps(np.array([0.0, t_end]), step or dt),
    )  # fmt: skip
