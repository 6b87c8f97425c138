"""What is kept of a run's states, so that its pictures can be drawn without running it again.

A full model has up to 262,144 particles at 101 times in up to 100 components: gigabytes as states.
What is kept has a bound instead.

- Two components: the counts in the cells of their only plane, of the whole population. 2.8 MB.
- More components: any plane may be asked for later, so the states of the first particles are kept,
  16,384 at most and fewer in many dimensions, each number quantised to one of 65,535 parts of the
  drawn range. 20 to 41 MB. The first 2^k points of a Sobol sequence are balanced by themselves, so
  that these particles are a fair and repeatable sample of the population. The counts of a plane at
  one time then take 0.2 ms, less than a picture takes to be smoothed, and are never stored.

Mean and standard deviation of each component are those of the whole population in either case. All
is computed in compiled code, with the ranges as arguments: a box that changes with a parameter at
every move of a slider compiles nothing.
"""

import abc
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt16

from dashboard.runs.pictures import CELLS, Ranges

PARTS = 65_535
MOST_KEPT = 16_384
MOST_BYTES = 48 * 2**20


@dataclass(frozen=True, eq=False)
class States(abc.ABC):
    """States of a run at its first `len` times, as an array with the times along `axis`."""

    array: np.ndarray
    particles: int
    axis: ClassVar[int]

    @abc.abstractmethod
    def counts(self, frame: int, axes: tuple[int, int]) -> UInt16[np.ndarray, "ny nx"]:
        """Particles in each cell of a plane; those outside it are not drawn."""

    def __len__(self) -> int:
        return self.array.shape[self.axis]

    def part(self, start: int, end: int) -> np.ndarray:
        """The array from one frame to another, in the same memory."""
        return self.array[(slice(None),) * self.axis + (slice(start, end),)]

    def until(self, frame: int) -> "States":
        """The same up to a frame, in the same memory."""
        return type(self)(self.part(0, frame), self.particles)

    def blank(self, times: int) -> "States":
        """An empty one like this for that many times."""
        shape = list(self.array.shape)
        shape[self.axis] = times
        return type(self)(np.zeros(shape, self.array.dtype), self.particles)


@final
class Cells(States):
    """The whole population of two components, as counts in cells (t, ny, nx)."""

    axis = 0

    def counts(self, frame: int, axes: tuple[int, int]) -> UInt16[np.ndarray, "ny nx"]:
        return self.array[frame]


@final
class Sample(States):
    """Some particles with all components (d, t, n), in parts of the range; PARTS is outside."""

    axis = 1

    def counts(self, frame: int, axes: tuple[int, int]) -> UInt16[np.ndarray, "ny nx"]:
        (nx, ny), (h, v) = CELLS, (self.array[i, frame] for i in axes)
        inside = (h < PARTS) & (v < PARTS)
        column, row = (
            side[inside].astype(np.uint32) * cells // PARTS for side, cells in ((h, nx), (v, ny))
        )
        found = np.bincount(row * nx + column, minlength=nx * ny)
        return found.astype(np.uint16).reshape(ny, nx)


class Moments(NamedTuple):
    """Mean and standard deviation of each component at each time."""

    mean: Float[np.ndarray, "t d"]
    spread: Float[np.ndarray, "t d"]


class Digest(NamedTuple):
    """All that is kept of some states; `finite` says whether every number was finite.

    `outside` is the largest share of samples, over times, that the range of a component misses.
    """

    states: States
    moments: Moments
    finite: bool
    outside: float


def most_kept(times: int, components: int, particles: int) -> int:
    """How many particles of a run are kept where there are more than two components."""
    room = MOST_BYTES // (2 * times * components)
    return min(particles, MOST_KEPT, 1 << max(room.bit_length() - 1, 0))


def digest(x: Float[Array | np.ndarray, "t n d"], ranges: Ranges, times: int) -> Digest:
    """What is kept of the states of (a piece of) a run of that many times."""
    low, high = (np.asarray(side, np.float32) for side in (ranges.low, ranges.high))
    n, d = x.shape[1:]
    x = jnp.asarray(x, jnp.float32)
    if d == 2:
        cells, *rest = _count(x, low, high)
        states: States = Cells(np.asarray(cells), n)
    else:
        most = most_kept(times, d, n)
        parts, *rest = _sample(x, low, high, most)
        states = Sample(np.asarray(parts), most)
    outside, mean, spread, finite = (np.asarray(one) for one in rest)
    return Digest(states, Moments(mean, spread), bool(finite), float(outside))


def _summary(x, width):
    # In one pass, and from the first particle: the squares of a small spread lose no digits beside
    # those of a large mean. In parts of the range that is drawn: squares of 1e-24 or 1e24 would be
    # none in single precision. A value that is not finite makes its sums so, too.
    away = (x - x[:, :1]) * (1 / width)[None, None]
    mean, square = _mean(away), _mean(away * away)
    spread = jnp.sqrt(jnp.maximum(square - mean**2, 0))
    finite = jnp.all(jnp.isfinite(spread))
    return x[:, 0] + mean * width[None], spread * width[None], finite


def _mean(x):
    if x.shape[-1] > 2:
        return jnp.mean(x, axis=1)
    # Interleaved pairs do not vectorise: a product of rows takes a third of the time.
    return (jnp.moveaxis(x, -1, 0) @ jnp.full(x.shape[1], 1 / x.shape[1], x.dtype)).T


@jax.jit
def _count(x, low, high):
    # Compiled: the same in numpy takes ten temporaries of the size of the run, and as many times
    # longer, on the way from a slider to its picture.
    (nx, ny), (times, n) = CELLS, x.shape[:2]
    cell, inside = jnp.zeros((times, n), jnp.int32), jnp.ones((times, n), bool)
    for i, (cells, stride) in enumerate(zip(CELLS, (1, nx), strict=True)):
        u = (x[..., i] - low[i]) * (cells / (high[i] - low[i]))
        # The range is closed: a fully ordered magnet lies on its end.
        inside &= (x[..., i] >= low[i]) & (x[..., i] <= high[i])
        cell += jnp.clip(jnp.nan_to_num(u), 0, cells - 1).astype(jnp.int32) * stride
    cell += jnp.arange(times, dtype=jnp.int32)[:, None] * (nx * ny)
    found = jnp.zeros(times * nx * ny, jnp.int32).at[cell.ravel()].add(inside.ravel())
    most = np.iinfo(np.uint16).max
    cells = jnp.minimum(found, most).astype(jnp.uint16).reshape(times, ny, nx)
    return cells, 1 - jnp.min(jnp.mean(inside, axis=1)), *_summary(x, high - low)


@partial(jax.jit, static_argnames="most")
def _sample(x, low, high, most):
    some = jnp.moveaxis(x[:, :most], -1, 0)
    width = high - low
    u = (some - low[:, None, None]) * (PARTS / width)[:, None, None]
    inside = (some >= low[:, None, None]) & (some <= high[:, None, None])
    outside = 1 - jnp.min(jnp.mean(inside, axis=-1))
    return (
        jnp.where(inside, jnp.clip(u, 0, PARTS - 1), PARTS).astype(jnp.uint16),
        outside,
        *_summary(x, width),
    )


@final
class Growing:
    """Collects what is kept of a run piece by piece, in memory that is allocated once."""

    def __init__(self, times: int):
        self._times, self._filled = times, 0
        self._all: States | None = None

    def add(self, piece: States) -> States:
        """Returns everything so far. Arrays returned earlier are never written to again."""
        if self._all is None:
            self._all = piece.blank(self._times)
        start, self._filled = self._filled, self._filled + len(piece)
        self._all.part(start, self._filled)[:] = piece.array
        return self._all.until(self._filled)
