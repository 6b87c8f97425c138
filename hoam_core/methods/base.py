"""What a method is: pure functions from an ensemble to parameters, and from those to samples."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.data import Ensemble, Scaling
from hoam_core.domain import Domain

Params = Any
Batch = Any


class Frame(NamedTuple):
    """Where a method works: the domain, the unit coordinates, the training values and times.

    `axes` holds the training values of each parameter; the training set is their product, the last
    parameter fastest.
    """

    domain: Callable[[Float[Array, " p"]], Domain]
    scaling: Scaling
    axes: tuple[tuple[float, ...], ...]
    times: np.ndarray


class Sampler(Protocol):
    """From x0 (n, d) at ts[0] to samples (t, n, d) at all ts, in physical units, wrapped.

    `steps` is the number of integration steps from 0 to the trained end time, or of the inner
    integration of a method that makes every saved time afresh; the method's own choice unless
    given.
    """

    def __call__(
        self, params: Params, x0: Array, ts: np.ndarray, mu: Array, key: PRNGKeyArray,
        *, steps: int | None = None,
    ) -> Float[Array, "t n d"]: ...  # fmt: skip


class Evaluations(Protocol):
    """How many evaluations of its field a sampler spends on each particle, `steps` as given to it.

    The cost of a roll-out that knows no machine: table 1 of Berman et al. 2024 compares by it.
    """

    def __call__(self, ts: np.ndarray, steps: int | None = None) -> int: ...


class Method(NamedTuple):
    """An algorithm as a tuple of pure functions.

    `init(key, ensemble)` makes parameters; `evaluations(ts, steps)` is what `sample` costs a
    particle; `draw(key, ensemble)` makes a batch; `loss(params, batch)` a scalar. A method without
    a loss is fitted by `init` alone, in closed form.
    `modes(params, ts, mu)` are density modes 1, 2, ... that a method knows without a roll-out.
    """

    init: Callable[[PRNGKeyArray, Ensemble], Params]
    sample: Sampler
    evaluations: Evaluations
    draw: Callable[[PRNGKeyArray, Ensemble], Batch] | None = None
    loss: Callable[[Params, Batch], Float[Array, ""]] | None = None
    modes: Callable[[Params, np.ndarray, Array], Complex[Array, "t k"]] | None = None


def each(f: Callable, *examples: Array) -> Any:
    """Map f over the leading axis of its arguments.

    One after another on a CPU, where XLA runs batched products of small matrices eight times slower
    than plain ones and an example fits the cache; all at once on an accelerator.
    """
    if jax.default_backend() == "cpu":
        return jax.lax.map(jax.checkpoint(lambda example: f(*example)), examples)
    return jax.vmap(f)(*examples)


Step = Callable[[Array, Array, Array, PRNGKeyArray], Array]


def rollout(
    step: Step, x0: Float[Array, "n d"], ts: Float[Array, " t"], key: PRNGKeyArray, substeps: int
) -> Float[Array, "t n d"]:
    """Repeat step(x, t, h, key) -> x from ts[0], `substeps` equal steps between two saved times."""

    def save(carry, interval):
        x, t, key = carry
        h = interval / substeps

        def substep(i, x):
            return step(x, t + i * h, h, jax.random.fold_in(key, i))

        moved = jax.lax.fori_loop(0, substeps, substep, x)
        # Two equal saved times are one state, also where a step divides by its length.
        x = jnp.where(interval > 0, moved, x)
        return (x, t + interval, jax.random.split(key, 1)[0]), x

    _, path = jax.lax.scan(save, (x0, ts[0], key), jnp.diff(ts))
    return jnp.concatenate([x0[None], path])


def afresh(
    at_time: Callable[[Array], Array], x0: Float[Array, "n d"], ts: Float[Array, " t"]
) -> Float[Array, "t n d"]:
    """x0 at ts[0] and at_time(t) (n, d) at every later time, each from the start anew.

    One time after another on a CPU, several at once on an accelerator.
    """

    def save(t):
        return jnp.where(t > ts[0], at_time(t), x0)

    together = None if jax.default_backend() == "cpu" else 16
    return jnp.concatenate([x0[None], jax.lax.map(save, ts[1:], batch_size=together)])


def rollout_evaluations(scaling: Scaling, steps: int, stages: int) -> Evaluations:
    """The evaluations of one roll-out through all saved times, `stages` in each step."""
    default_steps = steps

    def evaluations(ts, steps=None):
        substeps = substeps_for(ts, float(scaling.t_end), steps or default_steps)
        return stages * substeps * (len(ts) - 1)

    return evaluations


def afresh_evaluations(per_time: Callable[[int], int], steps: int) -> Evaluations:
    """The evaluations of a method that spends per_time(steps) on every saved time but the first."""
    default_steps = steps

    def evaluations(ts, steps=None):
        return per_time(steps or default_steps) * (len(ts) - 1)

    return evaluations


def substeps_for(ts: np.ndarray, t_end: float, steps: int) -> int:
    """Steps between two saved times so that none is longer than t_end / steps."""
    longest = float(np.max(np.diff(np.asarray(ts)), initial=0.0))
    return max(1, math.ceil(longest * steps / t_end - 1e-6))
