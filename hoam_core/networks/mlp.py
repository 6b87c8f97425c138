"""The plain network: sample features, time and parameter in one input vector."""

from typing import final

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from hoam_core.networks.layers import Stack


@final
class MLP(nn.Module):
    """`outputs` values of sample features x (f,) under conditions c (q,) of time and parameter.

    One output is a potential, d outputs are a vector field.
    """

    width: int = 64
    depth: int = 5
    outputs: int = 1

    @nn.compact
    def __call__(self, x: Float[Array, " f"], c: Float[Array, " q"]) -> Float[Array, " outputs"]:
        return Stack((self.width,) * self.depth + (self.outputs,))(jnp.concatenate([x, c]))
