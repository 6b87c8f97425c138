"""FiLM: feature-wise linear modulation (Perez et al. 2018).

A hypernetwork of time and parameter scales and shifts the features of every hidden layer.
"""

from typing import final

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from hoam_core.networks.layers import Stack


@final
class FiLM(nn.Module):
    """`outputs` values of sample features x (f,) under conditions c (q,) of time and parameter.

    One output is a potential, d outputs are a vector field.
    """

    width: int = 64
    depth: int = 5
    hyper_width: int = 64
    hyper_depth: int = 3
    outputs: int = 1

    @nn.compact
    def __call__(self, x: Float[Array, " f"], c: Float[Array, " q"]) -> Float[Array, " outputs"]:
        hyper = Stack((self.hyper_width,) * self.hyper_depth + (2 * self.depth * self.width,))
        scale, shift = jnp.reshape(hyper(c), (2, self.depth, self.width))
        for layer in range(self.depth):
            x = nn.swish(nn.Dense(self.width)(x) * (1 + scale[layer]) + shift[layer])
        return nn.Dense(self.outputs)(x)
