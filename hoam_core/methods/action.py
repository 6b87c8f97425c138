r"""Higher-order action matching (Berman, Blickhan, Peherstorfer 2024, arXiv 2410.12000).

Among all fields that transport rho_t, the one of least kinetic energy is a gradient grad s, whose
potential minimises (eq. 5 there)

    E(s) = int_0^1 E_{rho_t}[ 1/2 |grad s|^2 + d_t s + (sigma^2/2) Lap s ] dt
           + E_{rho_0}[ s(., 0) ] - E_{rho_1}[ s(., 1) ],

averaged over parameters. Adding f(t) to s does not change the exact integral, but changes the
discrete one by the quadrature error, which an optimiser exploits; hence a higher-order rule in
time. Plain action matching (Neklyudov et al. 2023) is the same loss with a Monte Carlo rule.

Along the path of a particle with velocity u, d_t s + grad s . u is the total derivative of s, whose
integral cancels the boundary terms. Where paths are known, the same action without noise is

    E(s) = int_0^1 E_{rho_t}[ 1/2 |grad s|^2 - grad s . u ] dt,

which no f(t) changes at any rule, and which needs no derivative in time: the option `gauge_free`.
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
    along_paths,
    balanced,
    block,
    field_sampler,
    gradient_field,
    init_network,
    neural_potential,
    weights_of,
)
from hoam_core.numerics.calculus import derivatives, gradient, laplacian
from hoam_core.numerics.domain import along_last
from hoam_core.numerics.quadrature import Quadrature, Rule


class ActionBatch(NamedTuple):
    """Populations at the nodes and both ends, in unit coordinates; axes m, q, n, d.

    `velocity` is dz/dtau of the particles at the nodes.
    """

    mu: Float[Array, "m p"]
    weight: Float[Array, " m"]
    nodes: Float[Array, "m q n d"]
    velocity: Float[Array, "m q n d"]
    start: Float[Array, "m n d"]
    end: Float[Array, "m n d"]
    quadrature: Quadrature


def action_loss(
    s: Callable[[Float[Array, " d"], Float[Array, ""]], Float[Array, ""]],
    nodes: Float[Array, "q n d"],
    start: Float[Array, "n d"],
    end: Float[Array, "n d"],
    quadrature: Quadrature,
    sigma: float = 0.0,
) -> Float[Array, ""]:
    """The discrete action of a potential s(z, tau) on one population.

    `nodes` are samples at the nodes of the rule; `start` and `end` those at 0 and 1. At the exact
    potential it equals -1/2 int E|grad s|^2 dt.
    """

    def integrand(z: Array, tau: Array):
        grad, rate = derivatives(s, z, tau)
        value = 0.5 * grad @ grad + rate
        return value + 0.5 * sigma**2 * laplacian(s, z, tau) if sigma else value

    def at_node(z: Array, tau: Array):
        return jnp.mean(jax.vmap(integrand, in_axes=(0, None))(z, tau))

    q = each(at_node, nodes, quadrature.nodes)
    value = jax.vmap(s, in_axes=(0, None))
    boundary = jnp.mean(value(start, jnp.zeros(()))) - jnp.mean(value(end, jnp.ones(())))
    return quadrature.weights @ q + boundary


def path_loss(
    s: Callable[[Float[Array, " d"], Float[Array, ""]], Float[Array, ""]],
    nodes: Float[Array, "q n d"],
    velocity: Float[Array, "q n d"],
    quadrature: Quadrature,
) -> Float[Array, ""]:
    """The action of s along paths, whose `velocity` is known at the nodes of the rule."""

    def at_node(z: Array, u: Array, tau: Array):
        field = jax.vmap(lambda y: gradient(s, y, tau))(z)
        return jnp.mean(jnp.sum(field * (0.5 * field - u), axis=-1))

    return quadrature.weights @ each(at_node, nodes, velocity, quadrature.nodes)


def hoam(
    frame: Frame,
    network: nn.Module,
    rule: Rule,
    *,
    samples: int = 16,
    populations: int = 1,
    frequencies: int = 2,
    sigma: float = 0.0,
    gauge_free: bool = False,
    balance: bool = False,
    steps: int = 200,
) -> Method:
    """Action matching with the given quadrature rule in time.

    A batch holds `samples` particles of each of `populations` parameter sets at every node; the
    same particles at all nodes, so that the telescoping terms of the action nearly cancel. Many
    steps with few particles learn faster than few steps with many. `gauge_free` takes the action
    along paths, which has no `sigma`; `balance` counts all training values of mu alike, however
    fast their particles move. ValueError for `gauge_free` with noise.
    """
    if gauge_free and sigma:
        raise ValueError(
            f"Option `sigma` must be 0 with `gauge_free`, but is {sigma:g}: the action along paths "
            "holds for a field without noise; take `gauge_free` = 0."
        )
    potential = neural_potential(network, frame, frequencies)
    scaling = frame.scaling

    def draw(key: PRNGKeyArray, ensemble: Ensemble):
        rule_key, mu_key, block_key = jax.random.split(key, 3)
        quadrature = rule(rule_key)
        m, n = ensemble.x.shape[0], ensemble.x.shape[2]
        # All parameter sets in each step if they fit, otherwise a random subset of them.
        chosen = jax.random.permutation(mu_key, m)[: min(populations, m)]

        def population(i: Array, key: PRNGKeyArray):
            path = ensemble.x[i][:, block(key, n, samples)]
            domain = frame.domain(ensemble.mu[i])
            nodes, rates = along_paths(path, ensemble.ts, quadrature.nodes * scaling.t_end, domain)
            velocity = rates * scaling.t_end / along_last(scaling.scale, rates)
            return scaling.unit(nodes), velocity, scaling.unit(path[0]), scaling.unit(path[-1])

        keys = jax.random.split(block_key, chosen.shape[0])
        populations_at = jax.vmap(population)(chosen, keys)
        weight = weights_of(ensemble)[chosen]
        return ActionBatch(ensemble.mu[chosen], weight, *populations_at, quadrature)

    def loss(params: Params, batch: ActionBatch):
        def one(mu: Array, nodes: Array, velocity: Array, start: Array, end: Array):
            def s(z: Array, tau: Array):
                return potential(params, z, tau, mu)

            if gauge_free:
                return path_loss(s, nodes, velocity, batch.quadrature)
            return action_loss(s, nodes, start, end, batch.quadrature, sigma)

        losses = each(one, batch.mu, batch.nodes, batch.velocity, batch.start, batch.end)
        return jnp.mean(batch.weight * losses)

    sample = field_sampler(gradient_field(potential), frame, sigma=sigma, steps=steps)
    # The midpoint rule, or Euler-Maruyama where there is noise.
    evaluations = rollout_evaluations(scaling, steps, stages=1 if sigma else 2)
    init = init_network(network, frame, frequencies)
    axes = {"nodes": 2, "velocity": 2, "start": 1, "end": 1}
    learner = Learner(init, draw, loss, axes)
    if balance:
        learner = learner._replace(prepare=balanced(frame))
    return Method(learner, sample, evaluations, steps=steps, smooth=not sigma)
