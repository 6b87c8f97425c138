r"""Coordinates in which a closed loop works, and blocks of components that do not mix.

A chart is y = slope (x - origin), with one slope and one origin for every component; periodic
components become angles in [0, 2 pi). A phase plane has a fixed chart. A population of any other
kind is standardised by its own mean and spread, which are learned with the moments and may change
in time: a population that spreads, shrinks or travels then looks the same at all times.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hoam_core.methods.base import Frame


class Chart(NamedTuple):
    """Coordinates y = slope (x - origin) of all components (d,) at one time."""

    origin: Float[Array, " d"]
    slope: Float[Array, " d"]

    def inward(self, x: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """y of physical samples."""
        return (x - self.origin[None]) * self.slope[None]

    def outward(self, y: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """Physical samples of y."""
        return self.origin[None] + y / self.slope[None]


class Charts(NamedTuple):
    """How charts are learned and made.

    `measure(path, mu)` learns arrays (t, ...) from a path (t, n, d); `at(arrays, mu)` is the chart
    from such arrays at one time.
    """

    measure: Callable[[Array, Array], dict[str, Array]]
    at: Callable[[dict[str, Array], Array], Chart]


def phase_planes(frame: Frame, periodic: tuple[bool, ...]) -> Charts:
    """Charts of angles: positions go round their circle, the range of velocities to half a turn."""
    circle = jnp.array(periodic)
    # The cosines in v are even about both ends: leave room beyond the fastest particle.
    room = 0.05 * (frame.scaling.high - frame.scaling.low)
    low, high = frame.scaling.low - room, frame.scaling.high + room

    def at(arrays: dict[str, Array], mu: Array):
        around = 2 * jnp.pi / frame.domain(mu).length
        origin, slope = (
            jnp.where(circle, 0.0, low),
            jnp.where(circle, around, jnp.pi / (high - low)),
        )
        return Chart(origin, slope)

    return Charts(lambda path, mu: {}, at)


def standardised(frame: Frame, periodic: tuple[bool, ...]) -> Charts:
    """Charts with angles on circles, and free components standardised by mean and spread."""
    circle = jnp.array(periodic)

    def measure(path: Array, mu: Array):
        return {"mean": jnp.mean(path, axis=1), "variance": jnp.var(path, axis=1)}

    def at(arrays: dict[str, Array], mu: Array):
        around = 2 * jnp.pi / frame.domain(mu).length
        # Variances and not spreads are interpolated: they are smooth where a population is focused
        # nearly to a point. There interpolation may fall below zero, hence the bound.
        variance = jnp.maximum(arrays["variance"], 1e-6 * frame.scaling.scale**2)
        return Chart(
            jnp.where(circle, 0.0, arrays["mean"]),
            jnp.where(circle, around, jax.lax.rsqrt(variance)),
        )

    return Charts(measure, at)


class Blocks(NamedTuple):
    """A division of the components into blocks of equal size."""

    members: tuple[tuple[int, ...], ...]

    def split(self, y: Float[Array, "*n d"]) -> Float[Array, "g *n b"]:
        """The components of each block along a new first axis."""
        # By whole rows: on a CPU gathering single numbers costs more than the step itself.
        return jnp.moveaxis(jnp.moveaxis(y, -1, 0)[np.array(self.members)], 1, -1)

    def join(self, y: Float[Array, "g *n b"]) -> Float[Array, "*n d"]:
        """The inverse of `split`."""
        rows = jnp.moveaxis(y, -1, 1).reshape(-1, *y.shape[1:-1])
        return jnp.moveaxis(rows[np.argsort(np.array(self.members).ravel())], 0, -1)

    def map(self, f: Callable, *arguments: Any) -> Any:
        """f applied to every block, with results along a new first axis."""
        # Batched products of small matrices are slow on CPUs: one by one where blocks are few.
        if len(self.members) > 8:
            return jax.vmap(f)(*arguments)
        each = [f(*jax.tree.map(lambda a, g=g: a[g], arguments)) for g in range(len(self.members))]
        return jax.tree.map(lambda *results: jnp.stack(results), *each)


def default_blocks(periodic: tuple[bool, ...]) -> Blocks:
    """The default division into blocks.

    Phase planes where each position on a circle has its velocity; single components above twelve
    dimensions, where functions of all would be too many; otherwise one block of everything.
    """
    d, positions = len(periodic), sum(periodic)
    if is_phase_space(periodic):
        return Blocks(tuple((i, positions + i) for i in range(positions)))
    if d > 12:
        return Blocks(tuple((i,) for i in range(d)))
    return Blocks((tuple(range(d)),))


def is_phase_space(periodic: tuple[bool, ...]) -> bool:
    """Whether components are positions on circles followed by as many velocities."""
    half = len(periodic) // 2
    return half > 0 and periodic == (True,) * half + (False,) * half
