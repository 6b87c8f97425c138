"""All frames of two runs as a scene draws them, for a browser that plays them by itself.

A playing page would otherwise request ten frames a second from its server, a megabyte every two
seconds, each assembled separately for every visitor. A flipbook holds them all: the colour levels
of the pictures and the densities of both sides, compressed once for everybody who looks at these
runs. Playing and scrubbing then cost the server nothing.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from dashboard.runs.cache import LIMITS, Memory
from dashboard.runs.colours import colour_limit
from dashboard.runs.pictures import to_levels, to_signed_levels
from dashboard.runs.run import Axes, Run, Smoothed

DIFFERENCE = "difference"
# For smooth pictures, more effort saves little and takes three times as long.
EFFORT = 1

Part = str | tuple[str, int]
Sides = tuple[Float[np.ndarray, " nx"], Float[np.ndarray, " ny"]]


def _smoothed(runs: Mapping[str, Run], axes: Axes, frame: int) -> dict[str, Smoothed]:
    # All are smoothed alike, or their difference would show the smoothing.
    particles = [run.states.particles for run in runs.values()][:1]
    return {
        kind: run.smoothed(frame, axes, *particles)
        for kind, run in runs.items() if frame < len(run)
    }  # fmt: skip


def levels(
    runs: Mapping[str, Run], axes: Axes, frame: int
) -> dict[str, UInt8[np.ndarray, "ny nx"]]:
    """Pictures of the runs, "model" or "truth", that have reached a frame, and how they differ."""
    limit = colour_limit(runs.values(), axes)
    fields = {kind: found.density for kind, found in _smoothed(runs, axes, frame).items()}
    pictures = {kind: to_levels(field, limit) for kind, field in fields.items()}
    if len(fields) == 2 and len({run.case.mu for run in runs.values()}) == 1:
        difference = fields["model"] - fields["truth"]
        pictures[DIFFERENCE] = to_signed_levels(difference, limit / 2)
    return pictures


def sides(runs: Mapping[str, Run], axes: Axes, frame: int) -> dict[str, Sides]:
    """Densities of both components alone, of the runs that have reached a frame."""
    return {kind: found.sides for kind, found in _smoothed(runs, axes, frame).items()}


class Strip(NamedTuple):
    """All frames of one part: which one, and shape and type of its numbers (frames, ...)."""

    part: Part
    shape: tuple[int, ...]
    dtype: str


class Flipbook(NamedTuple):
    """Strips whose numbers stand one behind the other in `data`, compressed by zlib.

    A part is the name of a picture, or a run and one of its two sides.
    """

    strips: tuple[Strip, ...]
    data: bytes

    @property
    def nbytes(self) -> int:
        """Memory of the numbers."""
        return len(self.data)


books: Memory[Flipbook] = Memory(LIMITS["flipbooks"])
Runs = tuple[tuple[str, Run], ...]


def bound(runs: Runs, axes: Axes) -> Iterator[Flipbook | None]:
    """The flipbook of complete runs, after some Nones at which other jobs may run."""
    key = (*(run.mark for _, run in runs), axes)
    if (known := books.get(key)) is None:
        columns: dict[Part, list[np.ndarray]] = {}
        for frame in range(min(len(run) for _, run in runs)):
            for part, values in _parts(dict(runs), axes, frame):
                columns.setdefault(part, []).append(values)
            if frame % 20 == 0:
                yield None
        known = _pressed(columns)
        books.put(key, known)
    yield known


def _parts(runs: Mapping[str, Run], axes: Axes, frame: int) -> Iterator[tuple[Part, np.ndarray]]:
    # Four-byte numbers first: in the browser they must begin at a multiple of four.
    for kind, both in sides(runs, axes, frame).items():
        for side, values in enumerate(both):
            yield (kind, side), np.asarray(values, np.float32)
    yield from levels(runs, axes, frame).items()


def _pressed(columns: Mapping[Part, list[np.ndarray]]) -> Flipbook:
    stacks = {part: np.stack(column) for part, column in columns.items()}
    strips = tuple(Strip(part, one.shape, str(one.dtype)) for part, one in stacks.items())
    squeeze = zlib.compressobj(EFFORT)
    pieces = [squeeze.compress(one.data) for one in stacks.values()]
    return Flipbook(strips, b"".join([*pieces, squeeze.flush()]))
