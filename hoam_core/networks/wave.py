r"""Waves in time and parameter that adapt a small network of low rank.

A hypernetwork whose first layer is a set of waves gives the adaptation of a small network,

    h = tanh(V sin(W [t, nu, t nu] + b) + c),    alpha = C h + d,
    y = tanh(x (W_l + A_l diag(alpha_l) B_l) + b_l)  twice,    output = y (H + alpha_H),

with t the time and nu the parameters, both in [-1, 1]. It joins the sine layers of SIREN (Sitzmann
et al. 2020, arXiv 2006.09661) to the adaptation of CoLoRA (arXiv 2402.14646), and frees the last
layer, so that every (t, nu) has output weights of its own. Waves of up to `turns` radians start out
as fast in t as a population moves, and slow in nu, where training values are few: faster ones would
fit them and vary wildly between. A step costs a quarter of that of the network `colora`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, final

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.networks.colora import CoLoRALayer

# Radians that the fastest first wave may turn between neighbouring training values: nine tenths
# interpolated well, four fitted the values and failed between them.
USUAL_TURN, MOST_TURN = 0.9, 1.5


@final
class Wave(nn.Module):
    """`outputs` values of sample features x (f,) under conditions c (q,) of time and parameter.

    c starts with the time in [-1, 1]. One output is a potential, d outputs are a vector field.
    `turns` and `parameter_turns` bound the first angular frequencies in t and in nu, in radians.
    """

    makes_waves: ClassVar[bool] = True

    width: int = 24
    depth: int = 2
    rank: int = 4
    hyper_width: int = 48
    turns: float = 30.0
    parameter_turns: float = 3.0
    outputs: int = 1

    @nn.compact
    def __call__(self, x: Float[Array, " f"], c: Float[Array, " q"]) -> Float[Array, " outputs"]:
        low_rank, head = self.depth * self.rank, (self.width + 1) * self.outputs
        wave = jnp.sin(nn.Dense(self.hyper_width, kernel_init=self._frequencies)(_products(c)))
        alpha = nn.Dense(low_rank + head)(jnp.tanh(nn.Dense(self.hyper_width)(wave)))
        for strengths in jnp.reshape(alpha[:low_rank], (self.depth, self.rank)):
            x = jnp.tanh(CoLoRALayer(self.width)(x, strengths))
        shape = (self.width + 1, self.outputs)
        shared = self.param("H", nn.initializers.lecun_normal(), shape)
        weights = shared + jnp.reshape(alpha[low_rank:], shape)
        return x @ weights[:-1] + weights[-1]

    def _frequencies(
        self, key: PRNGKeyArray, shape: tuple[int, int], dtype: jnp.dtype = jnp.float32
    ) -> Float[Array, "q h"]:
        most = jnp.full(shape, self.parameter_turns, dtype).at[0].set(self.turns)
        return jax.random.uniform(key, shape, dtype, -1, 1) * most


def _products(c: Float[Array, " q"]) -> Float[Array, " r"]:
    """[t, nu, t nu] of c = [t, nu]."""
    return jnp.concatenate([c, c[0] * c[1:]])


def widest_gap(axes: Sequence[Sequence[float]]) -> tuple[float, int]:
    """The widest gap between neighbouring training values, in nu, and the axis that has it."""
    gaps = [
        2 * max(b - a for a, b in pairwise(axis)) / ((axis[-1] - axis[0]) or 1.0)
        if len(axis) > 1
        else 0.0
        for axis in axes
    ]
    return max(((gap, i) for i, gap in enumerate(gaps)), default=(0.0, 0))


def suitable_turns(axes: Sequence[Sequence[float]]) -> float:
    """The `parameter_turns` for training values: the default, or fewer where they are few."""
    gap, _ = widest_gap(axes)
    usual = Wave.parameter_turns
    return usual if usual * gap <= MOST_TURN else float(f"{USUAL_TURN / gap:.3g}")


def check_gaps(network: Wave, axes: Sequence[Sequence[float]], names: Sequence[str]) -> None:
    """Raises ValueError where neighbouring training values are too far apart for the network."""
    gap, i = widest_gap(axes)
    if network.parameter_turns * gap > MOST_TURN:
        raise ValueError(
            f"Network 'wave' turns by {network.parameter_turns * gap:.2g} radians between "
            f"neighbouring training values of {names[i]!r}, at most {MOST_TURN:g} may be; add "
            f"values in the widest gap of {list(axes[i])}, or take the network option "
            f"`parameter_turns` = {suitable_turns(axes):g}, or the network 'colora'."
        )
