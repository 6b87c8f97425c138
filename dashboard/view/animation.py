"""What a view shows while it plays, as plain values: moving pictures, curves, times.

A film and an offline hand-out are made from it, so that neither knows what a run is. A picture is
asked for one frame at a time and never kept; colour levels are one byte per cell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float, UInt8


class Side(NamedTuple):
    """An axis of a picture: its label, and the values at both ends."""

    label: str
    low: float
    high: float


class Key(NamedTuple):
    """What a colour means: a level of the palette and its name."""

    level: int
    name: str


@final
@dataclass(frozen=True)
class Image:
    """A moving picture: colour levels (ny, nx) of a frame, lowest row first, and their palette.

    `light` and `dark` are the palettes "#rrggbb" of both themes; `scale` the densities that the
    first and the last colour stand for, `keys` the names of colours that stand for kinds instead;
    `note` is written below it, for example that it exceeds the scale.
    """

    title: str
    levels: Callable[[int], UInt8[np.ndarray, "ny nx"]]
    light: Sequence[str]
    dark: Sequence[str]
    x: Side
    y: Side
    scale: tuple[float, float] | None = None
    keys: tuple[Key, ...] = ()
    note: str = ""


@final
@dataclass(frozen=True)
class Lines:
    """Moving curves over a place x (n,): the rows (k, n) of a frame, and a name for each."""

    title: str
    x: Float[np.ndarray, " n"]
    rows: Callable[[int], Float[np.ndarray, "k n"]]
    names: tuple[str, ...]
    low: float
    high: float


class Curve(NamedTuple):
    """A curve against time; `kind` is its colour and dash in parts/colours.py."""

    kind: str
    name: str
    t: np.ndarray
    y: np.ndarray


@final
@dataclass(frozen=True)
class AnimatedChart:
    """Curves in one frame; `least` is the smallest range worth an axis."""

    title: str
    curves: tuple[Curve, ...]
    log: bool = False
    least: float = 0.0

    @property
    def heading(self) -> str:
        """The title, which says if heights are logarithmic."""
        return f"{self.title}, logarithmic" if self.log else self.title

    def limits(self) -> tuple[float, float]:
        """Lowest and highest value drawn; six decades at most on a logarithmic axis."""
        values = np.concatenate([np.asarray(c.y, float) for c in self.curves] or [np.zeros(1)])
        values = values[np.isfinite(values) & ((values > 0) | (not self.log))]
        if not values.size:
            return (0.1, 1.0) if self.log else (0.0, 1.0)
        low, high = float(values.min()), float(values.max())
        if self.log:
            return max(low, high * 1e-6) / 1.5, high * 1.5
        room = max(0.06 * (high - low), 0.5 * (self.least - (high - low)))
        room = room or 0.05 * abs(high) or 1.0
        return low - room, high + room


@final
@dataclass(frozen=True)
class Animation:
    """Everything that moves: times (t,), what is drawn at each, and curves with a cursor.

    `shown_at` is the time that the view shows; `about` gives the origin of everything as names and
    texts; `equations` are LaTeX of what is solved.
    """

    title: str
    ts: Float[np.ndarray, " t"]
    scenes: tuple[Image | Lines, ...]
    charts: tuple[AnimatedChart, ...] = ()
    shown_at: float = 0.0
    about: tuple[tuple[str, str], ...] = ()
    equations: str = ""

    @property
    def end(self) -> float:
        """Where the axes of time end: curves may have come further than the pictures."""
        lasts = [float(c.t[-1]) for chart in self.charts for c in chart.curves if len(c.t)]
        return max([float(self.ts[-1]), *lasts])
