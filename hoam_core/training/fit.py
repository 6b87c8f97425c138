"""The training loop as a generator, whose caller may print, plot, save or stop at any state."""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import PRNGKeyArray

from hoam_core.checks import check_count
from hoam_core.data import Ensemble, Increments, Means
from hoam_core.methods.base import Learner, Method, Params
from hoam_core.training.devices import check_sharable, replicated, shared_loss


class TrainState(NamedTuple):
    """Everything needed to continue from `step`; `losses` are those since the last yield."""

    step: int
    params: Params
    optimizer_state: optax.OptState | None
    losses: np.ndarray

    @property
    def finite(self) -> bool:
        """Whether losses and parameters are finite; an infinite gradient spoils parameters only."""
        leaves = map(np.asarray, jax.tree.leaves((self.losses, self.params)))
        return all(bool(np.all(np.isfinite(leaf))) for leaf in leaves)


def fit(
    method: Method | Learner,
    ensemble: Ensemble | Increments | Means,
    optimizer: optax.GradientTransformation,
    key: PRNGKeyArray,
    *,
    steps: int,
    every: int = 100,
    state: TrainState | None = None,
    mesh: Mesh | None = None,
) -> Iterator[TrainState]:
    """Train a method: yields a state every `every` steps until `steps`, continuing from `state`.

    A learner without a sampler, such as a closure, is given as a bare `Learner`. Step i uses the
    key fold_in(key, i), so that a resumed training equals an uninterrupted one. Without a loss
    there is one state. The devices of a `mesh` share the particles of every batch, which changes
    results by rounding only; ValueError where they cannot.
    """
    steps = check_count("steps", steps)
    every = check_count("every", every)
    learner = method.learner if isinstance(method, Method) else method
    ensemble = learner.prepare(ensemble)
    several = mesh if mesh is not None and mesh.size > 1 else None
    if several is not None:
        check_sharable(learner, several)
    if learner.loss is None or learner.draw is None:
        yield TrainState(steps, learner.init(key, ensemble), None, np.zeros(0))
        return
    loss, draw = learner.loss, learner.draw
    if state is None:
        params = learner.init(key, ensemble)
        state = TrainState(0, params, optimizer.init(params), np.zeros(0))
    carry = (state.params, state.optimizer_state)
    if several is not None:
        loss = shared_loss(loss, learner.batch_axes, jax.eval_shape(draw, key, ensemble), several)
        carry, ensemble = replicated((carry, ensemble), several)

    def update(carry, i, ensemble):
        params, optimizer_state = carry
        value, grads = jax.value_and_grad(loss)(params, draw(jax.random.fold_in(key, i), ensemble))
        updates, optimizer_state = optimizer.update(grads, optimizer_state, params)
        return (optax.apply_updates(params, updates), optimizer_state), value

    @jax.jit
    def many(carry, indices, ensemble):
        return jax.lax.scan(lambda c, i: update(c, i, ensemble), carry, indices)

    while state.step < steps:
        end = min(state.step + every, steps)
        carry, losses = many(carry, np.arange(state.step, end), ensemble)
        state = TrainState(end, carry[0], carry[1], np.asarray(losses))
        yield state
