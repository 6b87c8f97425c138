"""SI units with powers of a thousand, chosen so that numbers are of order one.

SI numbers such as 10^-24 kg m/s have squares that underflow in single precision. The power follows
from the span of the numbers, not from their size: steps of 0.5 fs stay femtoseconds at t = 1 ns.
"""

from math import floor, log10
from typing import NamedTuple

import numpy as np

PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M"}
# The key of the times where units are listed by component; no component has this name.
TIME = "(time)"
DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


# So many numbers suffice to measure a span.
MANY = 2**22


class Counted(NamedTuple):
    """The unit 10^`power` times the SI unit `base`; its str() is the unit as it is written."""

    base: str
    power: int

    def __str__(self) -> str:
        if self.base in ("m", "s") and self.power in PREFIXES:
            return PREFIXES[self.power] + self.base
        if not self.power:
            return self.base
        return f"10{str(self.power).translate(DIGITS)} {self.base}".strip()


def counted(base: str, span: float) -> Counted:
    """The unit, by powers of a thousand of `base`, in which a span of numbers is of order one."""
    # Up to a few thousand, numbers stay in the unit itself. A larger span has no smaller power.
    stays = not span > 1e-300 or 1e-2 <= span < 5e3
    return Counted(base, 0 if stays else 3 * floor(log10(span) / 3))


def recounted(value: float, factor: float) -> float:
    """A number in another unit, rounded so that equal numbers stay equal."""
    return float(f"{value * factor:.12g}")


def span_of(values: np.ndarray) -> float:
    """The width of the range in which nearly all numbers lie."""
    some = values[..., :: max(1, values.size // MANY)]
    low, high = np.percentile(some, (1, 99))
    return float(high - low) or float(np.ptp(values))
