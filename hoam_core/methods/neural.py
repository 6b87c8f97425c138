"""Networks as potentials s(z, tau; mu) or vector fields in unit coordinates, and their batches.

`field_sampler` rolls out a field, such as the gradient of a potential.
"""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble
from hoam_core.methods.base import Frame, Params, Sampler, rollout
from hoam_core.networks.layers import time_features
from hoam_core.numerics.calculus import gradient
from hoam_core.numerics.domain import Domain, along_last
from hoam_core.solvers.stepping import count_substeps

Potential = Callable[[Params, Array, Array, Array], Float[Array, ""]]
Field = Callable[..., Float[Array, " d"]]


def neural_field(network: nn.Module, frame: Frame, frequencies: int) -> Field:
    """field(params, z, tau, mu, *inner) of one sample: all outputs of the network.

    `inner` are features (k,) of further conditions, in addition to time and parameter.
    """

    def field(params: Params, z: Array, tau: Array, mu: Array, *inner: Array):
        domain = frame.scaling.unit_domain(frame.domain(mu))
        time = time_features(tau, _cosines(network, frequencies))
        condition = jnp.concatenate([time, *inner, frame.scaling.unit_mu(mu)])
        return jnp.asarray(network.apply(params, domain.features(z), condition))

    return field


def neural_potential(network: nn.Module, frame: Frame, frequencies: int) -> Potential:
    """potential(params, z, tau, mu) of one sample, with periodic features and time features."""
    field = neural_field(network, frame, frequencies)

    def potential(params: Params, z: Array, tau: Array, mu: Array):
        return field(params, z, tau, mu)[0]

    return potential


def init_network(
    network: nn.Module, frame: Frame, frequencies: int, inner: int = 0
) -> Callable[[PRNGKeyArray, Ensemble], Params]:
    """The `init` of a method whose parameters are those of one network, with `inner` features."""

    def init(key: PRNGKeyArray, ensemble: Ensemble):
        mu = ensemble.mu[0]
        features = frame.domain(mu).features(ensemble.x[0, 0, 0])
        time = time_features(jnp.zeros(()), _cosines(network, frequencies))
        condition = jnp.concatenate([time, jnp.zeros(inner), mu])
        return network.init(key, features, condition)

    return init


def _cosines(network: nn.Module, frequencies: int) -> int:
    """How many cosines of time a network is given: none where it makes waves itself."""
    return 0 if getattr(network, "makes_waves", False) else frequencies


def gradient_field(potential: Potential) -> Field:
    """field(params, z, tau, mu) = grad s of one sample."""

    def field(params: Params, z: Array, tau: Array, mu: Array):
        return gradient(lambda y, time: potential(params, y, time, mu), z, tau)

    return field


def velocity_of(
    field: Field, frame: Frame
) -> Callable[[Params, Array, Array, Array], Float[Array, "n d"]]:
    """velocity(params, x, t, mu): dx/dt of physical samples x (n, d) at time t, of dz/dtau."""
    scaling = frame.scaling

    def velocity(params: Params, x: Array, t: Array, mu: Array):
        found = jax.vmap(lambda z: field(params, z, t / scaling.t_end, mu))(scaling.unit(x))
        return found * along_last(scaling.scale, x) / scaling.t_end

    return velocity


def field_sampler(field: Field, frame: Frame, *, sigma: float = 0.0, steps: int = 200) -> Sampler:
    """A sampler of dz = field dtau (+ sigma dW): midpoint rule, or Euler-Maruyama with noise."""
    scaling, default_steps = frame.scaling, steps
    velocity = velocity_of(field, frame)

    @partial(jax.jit, static_argnames="substeps")
    def run(params: Params, x0: Array, ts: Array, mu: Array, key: PRNGKeyArray, substeps: int):
        domain = frame.domain(mu)

        def midpoint(x: Array, t: Array, h: Array, key: PRNGKeyArray):
            half = x + 0.5 * h * velocity(params, x, t, mu)
            return domain.wrap(x + h * velocity(params, half, t + 0.5 * h, mu))

        def euler_maruyama(x: Array, t: Array, h: Array, key: PRNGKeyArray):
            noise = jax.random.normal(key, x.shape, x.dtype) * jnp.sqrt(h / scaling.t_end)
            moved = x + h * velocity(params, x, t, mu)
            return domain.wrap(moved + sigma * along_last(scaling.scale, x) * noise)

        return rollout(euler_maruyama if sigma else midpoint, x0, ts, key, substeps)

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        substeps = count_substeps(ts, float(scaling.t_end) / (steps or default_steps))
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, substeps)

    return sample


def block(key: PRNGKeyArray, n: int, samples: int) -> Array:
    """Indices of a random aligned block of samples.

    Every aligned block of a Sobol sequence is itself balanced, so that batches stay quiet.
    """
    samples = min(samples, n)
    start = jax.random.randint(key, (), 0, n // samples) * samples
    return start + jnp.arange(samples)


def stratified(key: PRNGKeyArray, count: int) -> Float[Array, " c"]:
    """One random point in each of `count` equal parts of [0, 1), in order."""
    return (jnp.arange(count) + jax.random.uniform(key, (count,))) / count


def random_populations(
    time_key: PRNGKeyArray, mu_key: PRNGKeyArray, count: int, m: int, intervals: int
) -> tuple[Array, Array]:
    """`count` random parameter sets out of m, and as many intervals, for one batch.

    Stratified in time and parameter: every batch sees the whole run and all populations.
    """
    which = (stratified(time_key, count) * intervals).astype(int)
    # A random sequence of all populations, as often as needed, independent of time.
    sequence = jax.random.permutation(mu_key, -(-count // m) * m)
    # Rounding may bring the last point of a stratum to one.
    return sequence[:count] % m, jnp.minimum(which, intervals - 1)


def later_populations(
    time_key: PRNGKeyArray, mu_key: PRNGKeyArray, count: int, ensemble: Ensemble
) -> tuple[Array, Array]:
    """`count` random parameter sets and saved times, without the first time, which is known."""
    m, t = ensemble.x.shape[:2]
    which_mu, interval = random_populations(time_key, mu_key, count, m, t - 1)
    return which_mu, interval + 1


def weights_of(ensemble: Ensemble) -> Float[Array, " m"]:
    """How much each population counts in a loss: alike, unless the ensemble says otherwise."""
    return jnp.ones(len(ensemble.mu)) if ensemble.weights is None else ensemble.weights


def balanced(frame: Frame) -> Callable[[Ensemble], Ensemble]:
    """A preparation by which every population counts by 1 / E|u|^2, u = dz/dtau of its particles.

    A loss grows with the square of speeds; without weights the fastest populations are learned
    first, and slow ones hardly. The mean weighted loss is that without weights.
    """

    def prepare(ensemble: Ensemble):
        width = jnp.diff(ensemble.ts) / frame.scaling.t_end

        def energy(mu: Array, path: Array):
            move = frame.domain(mu).displacement(path[:-1], path[1:])
            u = move / along_last(frame.scaling.scale, move)
            return jnp.sum(jnp.mean(jnp.sum(u**2, axis=-1), axis=-1) / width)

        energies = jax.lax.map(lambda one: energy(*one), (ensemble.mu, ensemble.x))
        # A population at rest has no speed to learn, and must not outweigh the others.
        weights = jnp.mean(energies) / jnp.maximum(energies, 1e-6 * jnp.max(energies))
        return Ensemble(ensemble.mu, ensemble.ts, ensemble.x, weights)

    return prepare


def at_times(
    path: Float[Array, "t n d"],
    ts: Float[Array, " t"],
    nodes: Float[Array, " q"],
    domain: Domain,
) -> Float[Array, "q n d"]:
    """Samples between saved times, linearly along the shortest way round."""
    upper = jnp.clip(jnp.searchsorted(ts, nodes), 1, ts.shape[0] - 1)
    start, end = path[upper - 1], path[upper]
    fraction = (nodes - ts[upper - 1]) / (ts[upper] - ts[upper - 1])
    return start + fraction[:, None, None] * domain.displacement(start, end)


def along_paths(
    path: Float[Array, "t n d"],
    ts: Float[Array, " t"],
    nodes: Float[Array, " q"],
    domain: Domain,
) -> tuple[Float[Array, "q n d"], Float[Array, "q n d"]]:
    """Samples and velocities between saved times, on the parabola through the nearest three."""
    middle = jnp.clip(jnp.round(jnp.interp(nodes, ts, jnp.arange(ts.shape[0]))), 1, ts.shape[0] - 2)
    i = middle.astype(int)
    back, ahead = ((ts[k + 1] - ts[k])[:, None, None] for k in (i - 1, i))
    before = domain.displacement(path[i - 1], path[i]) / back
    after = domain.displacement(path[i], path[i + 1]) / ahead
    bend = (after - before) / (back + ahead)
    offset = (nodes - ts[i])[:, None, None]
    slope = before + back * bend
    return path[i] + offset * (slope + offset * bend), slope + 2 * offset * bend
