"""A trained potential corrected by the closed loop.

The network is trained with the gauge-free loss (dice.py); its field moves the particles, and the
closed loop adds the least correction that keeps their moments on the learned ones. So the network
gives the fine structure that a small basis cannot resolve, and the loop removes the drift that a
network alone would accumulate.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import flax.linen as nn
from jaxtyping import Array, PRNGKeyArray

from hoam_core.data import Ensemble
from hoam_core.methods.base import Batch, Frame, Method, Params
from hoam_core.methods.closed_loop.galerkin import galerkin
from hoam_core.methods.dice import dice
from hoam_core.methods.neural import gradient_field, neural_potential, velocity_of


def hybrid(
    frame: Frame,
    network: nn.Module,
    *,
    frequencies: int = 16,
    steps: int = 200,
    training: Mapping[str, Any] | None = None,
    **basis: Any,
) -> Method:
    """DICE with options `training`, rolled out in the closed loop with options of `galerkin`."""
    learned = dice(frame, network, frequencies=frequencies, steps=steps, **(training or {})).learner
    velocity = velocity_of(gradient_field(neural_potential(network, frame, frequencies)), frame)

    def base(params: Params, x: Array, t: Array, mu: Array):
        return velocity(params["network"], x, t, mu)

    loop = galerkin(frame, steps=steps, base=base, **basis)

    def init(key: PRNGKeyArray, ensemble: Ensemble):
        return {"network": learned.init(key, ensemble), **loop.learner.init(key, ensemble)}

    inner = cast(Callable, learned.loss)

    def loss(params: Params, batch: Batch):
        return inner(params["network"], batch)

    return loop._replace(learner=learned._replace(init=init, loss=loss))
