r"""First-order trajectory matching (Jha, Schorlepp, Berman, Geissler, Peherstorfer 2026,
arXiv 2606.11138).

The field v(x, t; mu) is the regression of the symmetric increments of single particles,

    L(v) = E_{t,mu} E | v(x_t, t) - (x_{t+h} - x_{t-h}) / 2h |^2,

whose minimum is the velocity of the probability current, with or without noise: its flow has the
law of the particles at every time. For the Vlasov equation it is (v, phi_x). It is no gradient in
general, so it keeps circulations that the least-energy field of HOAM leaves out, at the price of
trajectories: particle i must be known again at the next saved time. With `gradient` the field is
grad s, and the minimum is that of HOAM.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble
from hoam_core.methods.base import Frame, Learner, Method, Params, each, rollout_evaluations
from hoam_core.methods.neural import (
    along_paths,
    balanced,
    block,
    field_sampler,
    gradient_field,
    init_network,
    neural_field,
    neural_potential,
    random_populations,
    weights_of,
)
from hoam_core.numerics.domain import along_last


class MotionBatch(NamedTuple):
    """Particles of random populations and their velocities, in unit coordinates; axes i, n, d."""

    mu: Float[Array, "i p"]
    tau: Float[Array, " i"]
    weight: Float[Array, " i"]
    state: Float[Array, "i n d"]
    velocity: Float[Array, "i n d"]


def ftm(
    frame: Frame,
    network: nn.Module,
    *,
    populations: int = 64,
    samples: int = 64,
    frequencies: int = 16,
    gradient: bool = False,
    balance: bool = False,
    steps: int = 200,
) -> Method:
    """Regression of velocities; a step takes `samples` particles at `populations` (t, mu).

    `balance` counts all training values of mu alike, however fast their particles move.
    """
    scaling = frame.scaling
    if gradient:
        field = gradient_field(neural_potential(network, frame, frequencies))
    else:
        network = network.clone(outputs=scaling.scale.shape[0])
        field = neural_field(network, frame, frequencies)

    def draw(key: PRNGKeyArray, ensemble: Ensemble):
        mu_key, time_key, block_key = jax.random.split(key, 3)
        m, t, n = ensemble.x.shape[:3]
        which_mu, before = random_populations(time_key, mu_key, populations, m, t - 2)
        tau = ensemble.ts / scaling.t_end

        def motion(i: Array, j: Array, key: PRNGKeyArray):
            three = j + jnp.arange(3)
            path = ensemble.x[i, three[:, None], block(key, n, samples)[None]]
            # At the middle one of three times that are equally far apart, the slope of the parabola
            # is the symmetric increment.
            times, domain = tau[three], frame.domain(ensemble.mu[i])
            (now,), (slope,) = along_paths(path, times, times[1:2], domain)
            return scaling.unit(now), slope / along_last(scaling.scale, slope)

        keys = jax.random.split(block_key, populations)
        state, velocity = jax.vmap(motion)(which_mu, before, keys)
        weight = weights_of(ensemble)[which_mu]
        return MotionBatch(ensemble.mu[which_mu], tau[before + 1], weight, state, velocity)

    def loss(params: Params, batch: MotionBatch):
        def one(mu: Array, tau: Array, state: Array, velocity: Array):
            found = jax.vmap(lambda z: field(params, z, tau, mu))(state)
            return jnp.mean(jnp.sum((found - velocity) ** 2, axis=-1))

        return jnp.mean(batch.weight * each(one, batch.mu, batch.tau, batch.state, batch.velocity))

    learner = Learner(
        init_network(network, frame, frequencies), draw, loss, {"state": 1, "velocity": 1}
    )
    return Method(
        learner._replace(prepare=balanced(frame)) if balance else learner,
        field_sampler(field, frame, steps=steps),
        rollout_evaluations(scaling, steps, stages=2),
        steps=steps,
        smooth=True,
    )
