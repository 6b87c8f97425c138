"""CoLoRA: continuous low-rank adaptation (Berman & Peherstorfer 2024, arXiv 2402.14646).

Every layer adds to its weights a low-rank part whose strength alpha varies with time and parameter,

    y = x (W + A diag(alpha(t, mu)) B) + b,

alpha being the output of a small hypernetwork. The merged weights do not depend on x: under a
`vmap` over particles at one (t, mu) they are formed once, not once a particle.
"""

from typing import final

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from hoam_core.networks.layers import Stack


@final
class CoLoRALayer(nn.Module):
    """One dense layer with a low-rank part of strengths `alpha` (r,)."""

    width: int

    @nn.compact
    def __call__(self, x: Float[Array, " i"], alpha: Float[Array, " r"]) -> Float[Array, " o"]:
        inputs, rank = x.shape[0], alpha.shape[0]
        w = self.param("W", nn.initializers.lecun_normal(), (inputs, self.width))
        a = self.param("A", nn.initializers.lecun_normal(), (inputs, rank))
        b = self.param("B", nn.initializers.lecun_normal(), (rank, self.width))
        bias = self.param("b", nn.initializers.zeros, (self.width,))
        return x @ (w + (a * alpha[None]) @ b) + bias


@final
class CoLoRA(nn.Module):
    """`outputs` values of sample features x (f,) under conditions c (q,) of time and parameter.

    One output is a potential, d outputs are a vector field.
    """

    width: int = 64
    depth: int = 5
    rank: int = 6
    hyper_width: int = 64
    hyper_depth: int = 3
    outputs: int = 1

    @nn.compact
    def __call__(self, x: Float[Array, " f"], c: Float[Array, " q"]) -> Float[Array, " outputs"]:
        hyper = Stack(
            (self.hyper_width,) * self.hyper_depth + (self.depth * self.rank + self.rank,)
        )
        alpha = jnp.reshape(hyper(c), (self.depth + 1, self.rank))
        for layer in range(self.depth):
            x = nn.swish(CoLoRALayer(self.width)(x, alpha[layer]))
        return CoLoRALayer(self.outputs)(x, alpha[self.depth])
