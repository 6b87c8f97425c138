r"""A noise-conditional score network (Song & Ermon 2019, arXiv 1907.05600), a baseline of HOAM.

For every saved time t and parameter mu separately, s(x, sigma; t, mu) is the score of rho_{t,mu}
blurred by Gaussian noise of strength sigma (unit coordinates), learned by denoising,

    L(s) = E_{t,mu,sigma} sigma^2 E| s(x + sigma eps, sigma; t, mu) + eps / sigma |^2,

eps ~ N(0, 1), over geometric levels sigma_1 > ... > sigma_L; the network is sigma s, of order one
at every level (Song & Ermon 2020, arXiv 2006.09011). Annealed Langevin dynamics takes `steps` steps
per level,

    x <- x + (alpha_i / 2) s(x, sigma_i) + sqrt(alpha_i) eps,    alpha_i = step * sigma_i^2,

which is their epsilon (sigma_i / sigma_L)^2 with epsilon = step * sigma_L^2. On a Gaussian of
spread c a step multiplies deviations by 1 - lambda, lambda = alpha_i / (2 (c^2 + sigma_i^2)), and
the variance settles at (c^2 + sigma_i^2) / (1 - lambda / 2): a small step leaves noise of levels a
little below c behind, a large one overshoots. With 100 steps per level the recursion ends
within 2 % of c for step = 0.5 and c >= 2 sigma_L, and 3 % above for the 0.2 of the reference.

The last step is x + (sigma_L^2 / 2) s(x, sigma_L), half of the usual denoising: it subtracts the
variance sigma_L^2 of the noise from that of the population; a whole one would subtract it twice.

The dynamics start at x_0 + sigma_1 eps: at small t this is nearly the blurred rho_t itself, and
where modes of rho_t lie too far apart for sigma_1 to mix them, it is a better guess than a broad
Gaussian. A circle needs no wrapped noise: the network's inputs are periodic, so that the loss over
unwrapped eps is least at the mean over all windings, the score of the circle's blurred density.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_within
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

# Cosines of log sigma that the network sees.
INNER_FREQUENCIES = 4

Score = Callable[[Float[Array, " d"], Float[Array, ""]], Float[Array, " d"]]


class NoisyBatch(NamedTuple):
    """Random populations in unit coordinates, their noise and its level; axes g, n, d.

    All samples of a population are at one level, so that its weights are merged once.
    """

    mu: Float[Array, "g p"]
    tau: Float[Array, " g"]
    sigma: Float[Array, " g"]
    clean: Float[Array, "g n d"]
    noise: Float[Array, "g n d"]


def denoising_loss(
    score: Score,
    clean: Float[Array, "n d"],
    noise: Float[Array, "n d"],
    sigma: Float[Array, ""],
) -> Float[Array, ""]:
    """sigma^2 E|score(x + sigma eps, sigma) + eps / sigma|^2 of samples x and noise eps."""
    found = jax.vmap(score, in_axes=(0, None))(clean + sigma * noise, sigma)
    return jnp.mean(jnp.sum((sigma * found + noise) ** 2, axis=-1))


def annealed_langevin(
    score: Score,
    start: Float[Array, "n d"],
    sigmas: Float[Array, " l"],
    key: PRNGKeyArray,
    *,
    steps: int,
    step: float = 0.5,
) -> Float[Array, "n d"]:
    """Samples of the density whose blurred scores are given, by `steps` steps at each noise level.

    `sigmas` decrease; noise of the first level is added to `start`, and a half denoising step at
    the last level ends the run.
    """
    field = jax.vmap(score, in_axes=(0, None))
    start_key, key = jax.random.split(key)

    def level(x: Array, inputs: tuple[Array, PRNGKeyArray]):
        sigma, key = inputs
        alpha = step * sigma**2

        def langevin(i: Array, x: Array):
            noise = jax.random.normal(jax.random.fold_in(key, i), x.shape, x.dtype)
            return x + 0.5 * alpha * field(x, sigma) + jnp.sqrt(alpha) * noise

        return jax.lax.fori_loop(0, steps, langevin, x), None

    x = start + sigmas[0] * jax.random.normal(start_key, start.shape, start.dtype)
    x, _ = jax.lax.scan(level, x, (sigmas, jax.random.split(key, sigmas.shape[0])))
    return x + 0.5 * sigmas[-1] ** 2 * field(x, sigmas[-1])


def _noisy_populations(
    frame: Frame, sigmas: np.ndarray, populations: int, samples: int
) -> Callable[[PRNGKeyArray, Ensemble], NoisyBatch]:
    """The function that draws batches for denoising."""
    scaling, levels = frame.scaling, len(sigmas)

    def draw(key: PRNGKeyArray, ensemble: Ensemble):
        time_key, mu_key, level_key, order_key, noise_key, block_key = jax.random.split(key, 6)
        which_mu, which_time = later_populations(time_key, mu_key, populations, ensemble)
        place = jax.random.permutation(order_key, stratified(level_key, populations))
        which_level = jnp.minimum((place * levels).astype(int), levels - 1)

        def population(i: Array, j: Array, key: PRNGKeyArray):
            return scaling.unit(ensemble.x[i, j, block(key, ensemble.x.shape[2], samples)])

        keys = jax.random.split(block_key, populations)
        clean = jax.vmap(population)(which_mu, which_time, keys)
        noise = jax.random.normal(noise_key, clean.shape, clean.dtype)
        sigma = jnp.asarray(sigmas, clean.dtype)[which_level]
        tau = ensemble.ts[which_time] / scaling.t_end
        return NoisyBatch(ensemble.mu[which_mu], tau, sigma, clean, noise)

    return draw


def ncsm(
    frame: Frame,
    network: nn.Module,
    *,
    populations: int = 512,
    samples: int = 32,
    frequencies: int = 16,
    levels: int = 10,
    sigma_max: float = 1.0,
    sigma_min: float = 1e-2,
    steps: int = 100,
    step: float = 0.5,
) -> Method:
    """A noise-conditional score; a training step denoises `samples` at `populations` (t, mu).

    Populations are small and many, as gradients vary with t, mu and level far more than with the
    particles. `levels` noise levels fall from `sigma_max` to `sigma_min` (unit coordinates); every
    saved time takes `steps` Langevin steps of length `step` (relative to sigma^2) at each. Raises
    ValueError for levels that do not fall.
    """
    levels = check_count("levels", levels, 2)
    check_within("sigma_min", sigma_min, 1e-6 * sigma_max, 0.99 * sigma_max)
    sigmas = np.geomspace(sigma_max, sigma_min, levels)
    network = network.clone(outputs=frame.scaling.scale.shape[0])
    field = neural_field(network, frame, frequencies)

    def at(params: Params, tau: Array, mu: Array, z: Array, sigma: Array):
        fallen = jnp.log(sigma_max / sigma) / math.log(sigma_max / sigma_min)
        return field(params, z, tau, mu, time_features(fallen, INNER_FREQUENCIES)) / sigma

    def end(params: Params, z0: Array, tau: Array, mu: Array, key: PRNGKeyArray, steps: int):
        score, falling = partial(at, params, tau, mu), jnp.asarray(sigmas, z0.dtype)
        return annealed_langevin(score, z0, falling, key, steps=steps, step=step)

    def loss(params: Params, batch: NoisyBatch):
        def one(mu: Array, tau: Array, sigma: Array, clean: Array, noise: Array):
            return denoising_loss(partial(at, params, tau, mu), clean, noise, sigma)

        return jnp.mean(each(one, *batch))

    return Method(
        Learner(
            init_network(network, frame, frequencies, inner=INNER_FREQUENCIES + 1),
            _noisy_populations(frame, sigmas, populations, samples),
            loss,
            {"clean": 1, "noise": 1},
        ),
        afresh_sampler(end, frame, steps),
        afresh_evaluations(lambda steps: levels * steps + 1, steps),
        steps=steps,
    )
