"""What a curve does, in words; each is defined here on the array y (t,).

A curve is cut into legs. It turns where it afterwards goes back by more than TURN = 15 % of its
whole range, and by more than four of its standard errors: noise is not a turn.

- stays: its range is at most a tenth of its largest size (STAYS), or too small to be worth an axis;
- rises, falls: one leg, from its first to its last value;
- rises to, then falls to (or the other way): two legs;
- swings: three legs or more, between its lowest and its highest value;
- crosses zero: once for each time that it goes from one side of zero to the other, outside a band
  of a fiftieth of its size (BAND) around zero. A start at zero does not count.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

TURN, STAYS, BAND = 0.15, 0.1, 0.02
# Thresholds of what is worth mentioning.
NOTHING = 0.005


class Course(NamedTuple):
    """What a curve does: the values at the ends of its legs, and how often it crosses zero.

    A single value is the one it stays near. Values below `nothing` are reported as zero; it scales
    with the curve, since own data come in any unit.
    """

    values: tuple[float, ...]
    low: float
    high: float
    crossings: int
    nothing: float = 0.0

    def sentence(self, label: str, unit: str = "") -> str:
        """The sentence, without its full stop."""
        after = f" {unit}" if unit else ""
        first, *others = map(self.plain, self.values)
        if not others:
            return f"{label} stays near {first}{after}"
        if len(others) > 2:
            words = f"swings between {self.plain(self.low)} and {self.plain(self.high)}{after}"
        else:
            up = self.values[1] > self.values[0]
            words = f"{'rises' if up else 'falls'} from {first} to {others[0]}{after}"
            if len(others) == 2:
                words += f" and then {'falls' if up else 'rises'} to {others[1]}{after}"
                words += "," * bool(self.crossings)
        return f"{label} {words}{often(self.crossings)}"

    def plain(self, value: float) -> str:
        """Two digits without a power of ten, for use in a sentence."""
        if abs(value) <= self.nothing:
            return "0"
        return f"{value:,.0f}" if 10 <= abs(value) < 1e6 else f"{value:.2g}"


def course(y: Float[np.ndarray, " t"], least: float = 0.0, noise: float = 0.0) -> Course | None:
    """What a curve does; None where a value is not finite.

    A range below `least` counts as none, and going back by `noise` or less is not a turn.
    """
    y = np.asarray(y, float)
    if not len(y) or not np.isfinite(y).all():
        return None
    low, high = float(y.min()), float(y.max())
    size = float(np.abs(y).max())
    if high - low <= max(STAYS * size, least, noise):
        return Course((float(y[-1]),), low, high, 0, NOTHING * least)
    ends = tuple(float(y[i]) for i in legs(y, max(TURN * (high - low), noise)))
    return Course(ends, low, high, crossings(y), NOTHING * NOTHING * size)


def legs(y: Float[np.ndarray, " t"], turn: float) -> list[int]:
    """Indices at which the legs of a curve begin and end; a change below `turn` is not a turn."""
    ends, up, low, high = [0], 0, 0, 0
    for i, value in enumerate(y):
        low, high = (i if value < y[low] else low), (i if value > y[high] else high)
        if up >= 0 and y[high] - value > turn:
            ends += [high] * (up > 0)
            up, low = -1, i
        elif up <= 0 and value - y[low] > turn:
            ends += [low] * (up < 0)
            up, high = 1, i
    return [*ends, len(y) - 1]


def crossings(y: Float[np.ndarray, " t"]) -> int:
    """How often a curve goes from one side of zero to the other."""
    sides = np.sign(y[np.abs(y) > BAND * np.abs(y).max()])
    return int(np.sum(sides[1:] != sides[:-1]))


def often(times: int) -> str:
    """Words for a number of crossings."""
    if not times:
        return ""
    return f" and crosses zero {'once' if times == 1 else f'{times} times'}"
