r"""Comoving coordinates, in which a population in free space keeps its mean and covariance.

The mean m(t; mu) and covariance S(t; mu) of the training data give coordinates y of zero mean and
unit covariance,

    x = m + S^(1/2) y.

A method that works in y learns only what is left: in these coordinates a population that is
Gaussian at all times does not change at all, so that its law is exact at the training values,
whatever the network. The symmetric root is smooth wherever S is, and unique; so m and S^(1/2) are
interpolated by splines over the training values and over time, without an integration, whose errors
would accumulate. A field in y moves x by

    dx/dt = m' + (S^(1/2))' y + S^(1/2) dy/dt.

Noise of a method acts in y. Of more than MOST_COMPONENTS components only the variances are taken,
without correlations.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble, Scaling
from hoam_core.methods.base import Batch, Frame, Method, Params
from hoam_core.numerics.domain import Domain
from hoam_core.numerics.interpolation import CardinalSpline, grid_weights

MOST_COMPONENTS = 16
# Times of mean and root; between them they are splines.
MOST_TIMES = 101
# The least standard deviation, as a share of the largest one of its component over time: directions
# in which nothing varies are not stretched to unit variance.
LEAST_SPREAD = 1e-3


class GaussianMoments(NamedTuple):
    """Mean and root of the covariance at knots in time, in unit coordinates of the data."""

    mean: Float[Array, "m k d"]
    root: Float[Array, "m k d *d"]


class Comoving(NamedTuple):
    """What a method in these coordinates learns from: its own data, and the moments."""

    inner: Any
    moments: GaussianMoments


def roots_of(covariance: Float[Array, "k d d"]) -> Float[Array, "k d d"]:
    """The symmetric positive roots."""
    values, vectors = jnp.linalg.eigh(covariance)
    return (vectors * jnp.sqrt(jnp.maximum(values, 0))[:, None]) @ jnp.swapaxes(vectors, 1, 2)


def moments_of(z: Float[Array, "k n d"]) -> tuple[Float[Array, "k d"], Float[Array, "k d *d"]]:
    """Mean and root of one population at all knots; of many components standard deviations."""
    mean, variance = jnp.mean(z, axis=1), jnp.var(z, axis=1)
    least = (LEAST_SPREAD**2) * jnp.max(variance, axis=0) + 1e-12
    if z.shape[2] > MOST_COMPONENTS:
        return mean, jnp.sqrt(variance + least[None])
    centred = z - mean[:, None]
    covariance = jnp.einsum("kni,knj->kij", centred, centred) / z.shape[1]
    return mean, roots_of(covariance + jnp.diag(least)[None])


def spread(
    y: Float[Array, "n d"], mean: Float[Array, " d"], root: Float[Array, " d *d"]
) -> Float[Array, "n d"]:
    """z = m + S^(1/2) y."""
    return mean[None] + (y @ root if root.ndim == 2 else y * root[None])


def gathered(
    z: Float[Array, "n d"], mean: Float[Array, " d"], root: Float[Array, " d *d"]
) -> Float[Array, "n d"]:
    """y of z = m + S^(1/2) y."""
    centred = z - mean[None]
    return jnp.linalg.solve(root, centred.T).T if root.ndim == 2 else centred / root[None]


def in_comoving(build: Callable[[Frame], Method], frame: Frame) -> Method:
    """The method that `build` makes of a frame, in comoving coordinates.

    Raises ValueError where a component is periodic, and for a method without batches.
    """
    scaling, times = frame.scaling, np.asarray(frame.times, float)
    if any(frame.domain(scaling.mu_low).periodic):
        raise ValueError(
            "Option `comoving` must be left out where a component is periodic: a circle has no "
            "mean to follow."
        )
    chosen = np.linspace(0, len(times) - 1, min(len(times), MOST_TIMES)).round().astype(int)
    knots = times[chosen]
    over_time = CardinalSpline.through(knots)
    over_mu = [CardinalSpline.through(axis) for axis in frame.axes]
    dimension = scaling.scale.shape[0]
    one = jnp.ones(dimension)
    # Mean zero and unit variance; hardly any sample lies four deviations away.
    inner = build(
        frame._replace(
            domain=lambda mu: Domain.free(dimension),
            scaling=Scaling(
                0 * one, one, -4 * one, 4 * one, scaling.mu_low, scaling.mu_high, scaling.t_end
            ),
        )
    )
    learner = inner.learner
    draw_inner, loss_inner = learner.draw, learner.loss
    if draw_inner is None or loss_inner is None:
        raise ValueError(
            "Option `comoving` must be left out for this method, which trains no network."
        )

    def at(
        moments: GaussianMoments, mu: Float[Array, " p"], ts: Float[Array, " t"]
    ) -> tuple[Float[Array, "t d"], Float[Array, "t d *d"]]:
        """Mean and root at any parameters and times; after the last knot they stay as they are."""
        weights = grid_weights(over_mu, mu)
        in_time = jax.vmap(lambda t: over_time(jnp.clip(t, knots[0], knots[-1])))(ts)
        mean, root = (
            jnp.tensordot(in_time, jnp.tensordot(weights, values, 1), 1) for values in moments
        )
        return mean, root

    def prepare(data: Ensemble) -> Comoving:
        moments = GaussianMoments(
            *jax.lax.map(lambda path: moments_of(scaling.unit(path[chosen])), data.x)
        )

        def still(one: tuple[Array, Array]):
            mean, root = at(moments, one[0], data.ts)
            return jax.vmap(gathered)(scaling.unit(one[1]), mean, root)

        y = jax.lax.map(still, (data.mu, data.x))
        return Comoving(learner.prepare(Ensemble(data.mu, data.ts, y, data.weights)), moments)

    def init(key: PRNGKeyArray, data: Comoving) -> Params:
        return {"inner": learner.init(key, data.inner), "moments": data.moments._asdict()}

    def draw(key: PRNGKeyArray, data: Comoving) -> Batch:
        return draw_inner(key, data.inner)

    def loss(params: Params, batch: Batch) -> Float[Array, ""]:
        return loss_inner(params["inner"], batch)

    @jax.jit
    def begin(moments: GaussianMoments, mu: Array, x0: Array, t0: Array) -> Float[Array, "n d"]:
        mean, root = at(moments, mu, t0[None])
        return gathered(scaling.unit(x0), mean[0], root[0])

    @jax.jit
    def physical(moments: GaussianMoments, mu: Array, x0: Array, y: Array, ts: Array):
        mean, root = at(moments, mu, ts)
        x = scaling.physical(jax.vmap(spread)(y, mean, root))
        return jnp.where((ts > ts[0])[:, None, None], x, x0[None])

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ) -> Float[Array, "t n d"]:
        moments, saved = GaussianMoments(**params["moments"]), jnp.asarray(ts, x0.dtype)
        y0 = begin(moments, mu, x0, saved[0])
        y = inner.sample(params["inner"], y0, ts, mu, key, steps=steps)
        return physical(moments, mu, x0, y, saved)

    learns = learner._replace(prepare=prepare, init=init, draw=draw, loss=loss)
    return inner._replace(learner=learns, sample=sample)
