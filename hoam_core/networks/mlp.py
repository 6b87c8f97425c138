"""The plain network: sample features, time and parameter in one input vector."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from hoam_core.networks.layers import Stack


class MLP(nn.Module):
    """Scalar potential of sample features x (f,) under conditions c (q,) of time and parameter."""

    width: int = 64
    depth: int = 5

    @nn.compact
    def __call__(self, x: Float[Array, " f"], c: Float[Array, " q"]) -> Float[Array, ""]:
        return Stack((self.width,) * self.depth + (1,))(jnp.concatenate([x, c]))[0]
