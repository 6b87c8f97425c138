"""The interface of a method: pure functions from data to parameters, and from these to samples."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.data import Scaling
from hoam_core.numerics.compiled import Backend
from hoam_core.numerics.domain import Domain
from hoam_core.solvers.stepping import count_substeps
from hoam_core.systems.mean_field import MeanField

Params = Any
Batch = Any


class Frame(NamedTuple):
    """The setting of a method: domain, unit coordinates, training values and training times.

    `axes` holds the training values of each parameter; the training set is their product, the last
    parameter fastest. For lattices, the first `rates` parameters belong to the law of motion, and
    `sites` gives the number of sites. `mean_field` is the equation of one particle,
    where it is known.
    """

    domain: Callable[[Float[Array, " p"]], Domain]
    scaling: Scaling
    axes: tuple[tuple[float, ...], ...]
    times: np.ndarray
    rates: int = 0
    sites: Callable[[Float[Array, " p"]], Array] = jnp.ones_like
    mean_field: MeanField | None = None


class Sampler(Protocol):
    """A function from x0 (n, d) at ts[0] to samples (t, n, d) at all ts, in physical units.

    Periodic components are wrapped into [0, L).

    `steps` is the number of integration steps from 0 to the trained end time, or of the inner
    integration of a method that computes every saved time afresh; the default is the method's own.
    """

    def __call__(
        self, params: Params, x0: Array, ts: np.ndarray, mu: Array, key: PRNGKeyArray,
        *, steps: int | None = None,
    ) -> Float[Array, "t n d"]: ...  # fmt: skip


class Evaluations(Protocol):
    """A function that gives the number of field evaluations per particle of a sampler's run.

    It is a machine-independent cost of a roll-out, as compared in table 1 of Berman et al. 2024.
    """

    def __call__(self, ts: np.ndarray, steps: int | None = None) -> int: ...


def unchanged(state: Any) -> Any:
    """The state itself."""
    return state


class Learner(NamedTuple):
    """How parameters are learned, as pure functions.

    `prepare(data)` is computed once, from an `Ensemble` (or `Increments`); of what it returns,
    `init(key, prepared)` makes parameters and `draw(key, prepared)` a batch, of which
    `loss(params, batch)` is a scalar. Without a loss `init` alone fits, in closed form.
    `batch_axes` maps the arrays of a batch (a named tuple) that hold particles to their particle
    axis: the loss is a mean over particles, so that several devices can share a batch.
    """

    init: Callable[[PRNGKeyArray, Any], Params]
    draw: Callable[[PRNGKeyArray, Any], Batch] | None = None
    loss: Callable[[Params, Batch], Float[Array, ""]] | None = None
    batch_axes: Mapping[str, int] = {}
    prepare: Callable[[Any], Any] = unchanged


class Method(NamedTuple):
    """An algorithm as a tuple of pure functions: how it learns, and how it samples.

    `evaluations(ts, steps)` is the cost of `sample` per particle. `modes(params, ts, mu)` are
    density modes 1, 2, ... that a method knows without a roll-out; `coefficients(params, z, mu)`
    are drift (k,) and noise sigma (k, k) of a method that learns an SDE. `steps` is the default of
    `sample`. In a `smooth` method, a roll-out without noise in equal steps, states between two
    steps may be interpolated; in a `coupled` method the motion of a sample depends on all samples.
    `backend(particles)` names the compiler of a roll-out of so many particles.
    """

    learner: Learner
    sample: Sampler
    evaluations: Evaluations
    modes: Callable[[Params, np.ndarray, Array], Complex[Array, "t k"]] | None = None
    coefficients: Callable[[Params, Array, Array], tuple[Array, Array]] | None = None
    steps: int = 1
    smooth: bool = False
    coupled: bool = False
    backend: Callable[[int], Backend] = lambda particles: "xla"


def each(f: Callable, *examples: Array) -> Any:
    """Map f over the leading axis of its arguments.

    Examples are mapped one after another on a CPU, where XLA runs batched products of small
    matrices eight times slower than plain ones and an example fits the cache; all at once on an
    accelerator.
    """
    if jax.default_backend() == "cpu":
        return jax.lax.map(jax.checkpoint(lambda example: f(*example)), examples)
    return jax.vmap(f)(*examples)


State = TypeVar("State")
Step = Callable[[State, Array, Array, PRNGKeyArray], State]


def rollout(
    step: Step[State],
    start: State,
    ts: Float[Array, " t"],
    key: PRNGKeyArray,
    substeps: int,
    saved: Callable[[State], Float[Array, "n d"]] = unchanged,
) -> Float[Array, "t n d"]:
    """Repeat step(state, t, h, key) -> state from ts[0], with `substeps` equal steps per interval.

    A state is an array (n, d), or a tree of arrays of which `saved(state)` is returned.
    """

    def save(carry: tuple[State, Array, PRNGKeyArray], interval: Array):
        state, t, key = carry
        h = interval / substeps

        def substep(i: Array, state: State):
            return step(state, t + i * h, h, jax.random.fold_in(key, i))

        moved = jax.lax.fori_loop(0, substeps, substep, state)
        # Equal saved times have the same state, also where a step divides by its length.
        state = jax.tree.map(lambda new, old: jnp.where(interval > 0, new, old), moved, state)
        return (state, t + interval, jax.random.split(key, 1)[0]), saved(state)

    _, path = jax.lax.scan(save, (start, ts[0], key), jnp.diff(ts))
    return jnp.concatenate([saved(start)[None], path])


def afresh_sampler(
    end: Callable[[Params, Array, Array, Array, PRNGKeyArray, int], Array],
    frame: Frame,
    steps: int,
) -> Sampler:
    """A sampler that computes every saved time but the first independently of the others.

    `end(params, z0, tau, mu, key, steps)` are the samples (n, d) at time tau from the start z0, all
    in unit coordinates. Times are computed one by one on a CPU, several at once on an accelerator.
    """
    scaling, default_steps = frame.scaling, steps
    together = None if jax.default_backend() == "cpu" else 16

    @partial(jax.jit, static_argnames="steps")
    def run(params: Params, x0: Array, ts: Array, mu: Array, key: PRNGKeyArray, steps: int):
        domain, z0 = frame.domain(mu), scaling.unit(x0)

        def save(t: Array):
            # The same key at all times: particles then move smoothly from one to the next.
            z = end(params, z0, t / scaling.t_end, mu, key, steps)
            return jnp.where(t > ts[0], domain.wrap(scaling.physical(z)), x0)

        return jnp.concatenate([x0[None], jax.lax.map(save, ts[1:], batch_size=together)])

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, steps or default_steps)

    return sample


def rollout_evaluations(scaling: Scaling, steps: int, stages: int) -> Evaluations:
    """Field evaluations of one roll-out through all saved times, `stages` in each step."""
    default_steps = steps

    def evaluations(ts: np.ndarray, steps: int | None = None):
        substeps = count_substeps(ts, float(scaling.t_end) / (steps or default_steps))
        return stages * substeps * (len(ts) - 1)

    return evaluations


def afresh_evaluations(per_time: Callable[[int], int], steps: int) -> Evaluations:
    """Field evaluations of a method that takes per_time(steps) for every saved time but one."""
    default_steps = steps

    def evaluations(ts: np.ndarray, steps: int | None = None):
        return per_time(steps or default_steps) * (len(ts) - 1)

    return evaluations
