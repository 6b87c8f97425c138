"""Parts shared by the networks: stacks of dense layers, and features of time."""

from typing import final

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float


@final
class Stack(nn.Module):
    """Dense layers with swish between them and none after the last."""

    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, x: Float[Array, " i"]) -> Float[Array, " o"]:
        for width in self.widths[:-1]:
            x = nn.swish(nn.Dense(width)(x))
        return nn.Dense(self.widths[-1])(x)


def time_features(t: Float[Array, ""], frequencies: int) -> Float[Array, " f"]:
    """t in [0, 1] with the cosines of pi k t, k = 1..frequencies.

    Without them a network learns the first oscillations of a run long before the later ones.
    """
    k = jnp.arange(1, frequencies + 1)
    return jnp.concatenate([2 * t[None] - 1, jnp.cos(jnp.pi * k * t)])
