r"""The gauge-free loss of DICE (Blickhan, Berman, Stuart, Peherstorfer 2025, arXiv 2507.05107).

Over an interval [t_j, t_j+1] the weak form of the continuity equation gives, with one field s at
the midpoint,

    L_j = dt_j E[ 1/2 |grad s(x_mid, t_mid)|^2 ] - E[ s(x_{j+1}, t_mid) - s(x_j, t_mid) ],

which does not change when a function f(t) is added to s, and which contains no time derivative.
With the same particles at both ends, the difference of the expectations has little variance. A
random subset of the intervals gives an unbiased estimate of the sum over all of them, which
converges to the action.
"""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble
from hoam_core.methods.base import Frame, Learner, Method, Params, each, rollout_evaluations
from hoam_core.methods.neural import (
    balanced,
    block,
    field_sampler,
    gradient_field,
    init_network,
    neural_potential,
    random_populations,
    weights_of,
)
from hoam_core.numerics.domain import along_last


class IntervalBatch(NamedTuple):
    """Random intervals of random populations in unit coordinates; axes i (interval), n, d."""

    mu: Float[Array, "i p"]
    tau: Float[Array, " i"]
    width: Float[Array, " i"]
    weight: Float[Array, " i"]
    start: Float[Array, "i n d"]
    move: Float[Array, "i n d"]


def interval_loss(
    s: Callable[[Array], Array],
    start: Float[Array, "n d"],
    move: Float[Array, "n d"],
    width: Float[Array, ""],
) -> Float[Array, ""]:
    """L_j / dt_j of one interval for a potential s(z) at its midpoint.

    The change of s along a particle's path is grad s at its midpoint times the move, to third
    order: one gradient serves both terms.
    """
    field = jax.vmap(jax.grad(s))(start + 0.5 * move)
    return jnp.mean(jnp.sum(field * (0.5 * field - move / width), axis=-1))


def dice(
    frame: Frame,
    network: nn.Module,
    *,
    intervals: int = 64,
    samples: int = 64,
    frequencies: int = 16,
    balance: bool = False,
    steps: int = 200,
) -> Method:
    """Gauge-free action matching; a step takes `intervals` random ones of `samples` particles.

    `balance` counts all training values of mu alike, however fast their particles move.
    """
    potential = neural_potential(network, frame, frequencies)
    scaling = frame.scaling

    def draw(key: PRNGKeyArray, ensemble: Ensemble):
        mu_key, time_key, block_key = jax.random.split(key, 3)
        m, t, n = ensemble.x.shape[:3]
        which_mu, which_time = random_populations(time_key, mu_key, intervals, m, t - 1)

        def interval(i: Array, j: Array, key: PRNGKeyArray):
            particles = block(key, n, samples)
            start = ensemble.x[i, j, particles]
            move = frame.domain(ensemble.mu[i]).displacement(start, ensemble.x[i, j + 1, particles])
            return scaling.unit(start), move / along_last(scaling.scale, move)

        start, move = jax.vmap(interval)(
            which_mu, which_time, jax.random.split(block_key, intervals)
        )
        ts = ensemble.ts / scaling.t_end
        width = ts[which_time + 1] - ts[which_time]
        tau = 0.5 * (ts[which_time + 1] + ts[which_time])
        weight = weights_of(ensemble)[which_mu]
        return IntervalBatch(ensemble.mu[which_mu], tau, width, weight, start, move)

    def loss(params: Params, batch: IntervalBatch):
        def one(mu: Array, tau: Array, width: Array, start: Array, move: Array):
            return interval_loss(lambda z: potential(params, z, tau, mu), start, move, width)

        losses = each(one, batch.mu, batch.tau, batch.width, batch.start, batch.move)
        # Intervals are drawn with equal chance, so unequal ones count by their width.
        return jnp.sum(batch.width * batch.weight * losses) / jnp.sum(batch.width)

    learner = Learner(
        init_network(network, frame, frequencies), draw, loss, {"start": 1, "move": 1}
    )
    return Method(
        learner._replace(prepare=balanced(frame)) if balance else learner,
        field_sampler(gradient_field(potential), frame, steps=steps),
        rollout_evaluations(scaling, steps, stages=2),
        steps=steps,
        smooth=True,
    )
