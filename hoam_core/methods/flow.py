r"""Conditional flow matching (Lipman et al. 2023, arXiv 2210.02747), a baseline of HOAM.

For every saved time t and parameter mu separately, a field v(x, s; t, mu) of an inner time s in
[0, 1] transports rho_{0,mu} to rho_{t,mu}. Particles x_0 and x_t are joined by a straight line, and

    L(v) = E_{t,mu,s} E| v(x_s, s; t, mu) - (x_t - x_0) |^2,    x_s = x_0 + s (x_t - x_0),

is minimal for the mean velocity of all lines through a point, whose flow dx/ds = v has the law of
x_s at every s, and hence that of x_t at s = 1.

Both ends are drawn independently, as in the works cited: any pairing has the right law at both
ends, and this one needs snapshots only, no paths. (Pairing along the paths of the full model gives
another, equally valid field.) On a circle the line is the shorter arc (Chen & Lipman 2023,
arXiv 2302.03660).

Nothing is carried from one saved time to the next: each needs a whole integration from x_0 by the
classical Runge-Kutta rule, 4 * steps evaluations, whereas HOAM rolls out once.
"""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble
from hoam_core.methods.base import (
    Frame,
    Learner,
    Method,
    Params,
    afresh_evaluations,
    afresh_sampler,
    each,
)
from hoam_core.methods.neural import (
    block,
    init_network,
    later_populations,
    neural_field,
    stratified,
)
from hoam_core.networks.layers import time_features
from hoam_core.numerics.domain import along_last

# Cosines of the inner time that the network sees: its field changes slowly along straight lines.
INNER_FREQUENCIES = 4


class LineBatch(NamedTuple):
    """Straight lines of random populations in unit coordinates; axes g (population), n, d.

    All lines of a population are taken at one inner time, so that weights are merged only once.
    """

    mu: Float[Array, "g p"]
    tau: Float[Array, " g"]
    inner: Float[Array, " g"]
    start: Float[Array, "g n d"]
    move: Float[Array, "g n d"]


def line_loss(
    v: Callable[[Float[Array, " d"]], Float[Array, " d"]],
    start: Float[Array, "n d"],
    move: Float[Array, "n d"],
    s: Float[Array, ""],
) -> Float[Array, ""]:
    """E|v(x_s) - move|^2 over lines `start` + s `move`, for a field v(x) of one inner time s."""
    found = jax.vmap(v)(start + s * move)
    return jnp.mean(jnp.sum((found - move) ** 2, axis=-1))


def runge_kutta(
    v: Callable[[Float[Array, " d"], Float[Array, ""]], Float[Array, " d"]],
    start: Float[Array, "n d"],
    steps: int,
) -> Float[Array, "n d"]:
    """dx/ds = v(x, s) from s = 0 to 1 by the classical rule of fourth order in equal steps."""
    h = jnp.asarray(1.0 / steps, start.dtype)
    field = jax.vmap(v, in_axes=(0, None))

    def step(i: Array, x: Array):
        s = i * h
        k1 = field(x, s)
        k2 = field(x + 0.5 * h * k1, s + 0.5 * h)
        k3 = field(x + 0.5 * h * k2, s + 0.5 * h)
        k4 = field(x + h * k3, s + h)
        return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return jax.lax.fori_loop(0, steps, step, start)


def _lines(
    frame: Frame, populations: int, samples: int
) -> Callable[[PRNGKeyArray, Ensemble], LineBatch]:
    """The function that draws batches for flow matching."""
    scaling = frame.scaling

    def draw(key: PRNGKeyArray, ensemble: Ensemble):
        time_key, mu_key, inner_key, order_key, block_key = jax.random.split(key, 5)
        which_mu, which_time = later_populations(time_key, mu_key, populations, ensemble)
        inner = jax.random.permutation(order_key, stratified(inner_key, populations))

        def lines(i: Array, j: Array, key: PRNGKeyArray):
            n = ensemble.x.shape[2]
            start_key, end_key, pair_key = jax.random.split(key, 3)
            start = ensemble.x[i, 0, block(start_key, n, samples)]
            ends = jax.random.permutation(pair_key, block(end_key, n, samples))
            move = frame.domain(ensemble.mu[i]).displacement(start, ensemble.x[i, j, ends])
            return scaling.unit(start), move / along_last(scaling.scale, move)

        keys = jax.random.split(block_key, populations)
        start, move = jax.vmap(lines)(which_mu, which_time, keys)
        tau = ensemble.ts[which_time] / scaling.t_end
        return LineBatch(ensemble.mu[which_mu], tau, inner, start, move)

    return draw


def cfm(
    frame: Frame,
    network: nn.Module,
    *,
    populations: int = 512,
    samples: int = 32,
    frequencies: int = 16,
    steps: int = 100,
) -> Method:
    """Conditional flow matching; a training step takes `samples` lines at `populations` (t, mu).

    Populations are small and many, as gradients vary with t, mu and the inner time far more than
    with the lines. `steps` is the number of inner steps for every saved time.
    """
    network = network.clone(outputs=frame.scaling.scale.shape[0])
    field = neural_field(network, frame, frequencies)

    def velocity(params: Params, z: Array, s: Array, tau: Array, mu: Array):
        return field(params, z, tau, mu, time_features(s, INNER_FREQUENCIES))

    def end(params: Params, z0: Array, tau: Array, mu: Array, key: PRNGKeyArray, steps: int):
        return runge_kutta(lambda z, s: velocity(params, z, s, tau, mu), z0, steps)

    def loss(params: Params, batch: LineBatch):
        def one(mu: Array, tau: Array, s: Array, start: Array, move: Array):
            return line_loss(lambda z: velocity(params, z, s, tau, mu), start, move, s)

        return jnp.mean(each(one, *batch))

    return Method(
        Learner(
            init_network(network, frame, frequencies, inner=INNER_FREQUENCIES + 1),
            _lines(frame, populations, samples),
            loss,
            {"start": 1, "move": 1},
        ),
        afresh_sampler(end, frame, steps),
        afresh_evaluations(lambda steps: 4 * steps, steps),
        steps=steps,
    )
