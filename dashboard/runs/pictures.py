"""Pictures from counts: pure functions from arrays to arrays.

A picture is the density of a population in the plane of two components. Few particles make a noisy
histogram, so it is smoothed by a Gaussian of sigma cells, and the full model's picture by the same
Gaussian: only then is their difference a fair comparison. sigma follows Silverman's rule,
sigma ~ n^(-1/6) in two dimensions and n^(-1/5) in one. Smoothing closes on itself along a periodic
axis, whose range is the box of the run's own parameters.

The limits of the colours are taken once over a whole run, by percentiles, so that colours mean the
same at all times and a single crowded cell does not darken the rest. The same holds for the height
of the marginal densities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float, UInt8, UInt16
from scipy.ndimage import gaussian_filter1d

from hoam_core import System

CELLS = (144, 96)
SIGMA_AT = 4_096
SIGMA = 2.1
SIGMA_OF_A_CURVE = 2.0
LEVELS = 255


@final
@dataclass(frozen=True)
class Plane:
    """The plane that is drawn: two components, their ranges, and which of them are periodic."""

    axes: tuple[int, int]
    low: tuple[float, float]
    high: tuple[float, float]
    periodic: tuple[bool, bool]

    @property
    def cell_sides(self) -> tuple[float, float]:
        """Sides of one cell in the units of the components."""
        (x0, y0), (x1, y1) = self.low, self.high
        return (x1 - x0) / CELLS[0], (y1 - y0) / CELLS[1]

    @property
    def cell_area(self) -> float:
        """Area of one cell in the units of the components."""
        return float(np.prod(self.cell_sides))

    def centres(self, side: int) -> Float[np.ndarray, " c"]:
        """Middles of the cells along the horizontal (0) or vertical (1) side."""
        steps = np.arange(CELLS[side]) + 0.5
        return (self.low[side] + steps * self.cell_sides[side]).astype(np.float32)


@final
@dataclass(frozen=True)
class Ranges:
    """Where a system is drawn: each component's lowest and highest value, and if it is periodic."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    periodic: tuple[bool, ...]

    @classmethod
    def of(cls, system: System, mu: tuple[float, ...]) -> "Ranges":
        """The box where a component is periodic, else the range in which it is usually drawn."""
        domain = system.domain(np.asarray(mu, np.float32))
        lengths = np.asarray(domain.length).tolist()
        views = [
            (0.0, length) if closes else component.view
            for component, length, closes in zip(
                system.components, lengths, domain.periodic, strict=True
            )
        ]
        low, high = zip(*views, strict=True)
        return cls(low, high, domain.periodic)

    def plane(self, axes: tuple[int, int]) -> Plane:
        """The plane of two components, by their indices."""
        h, v = axes
        low, high, closes = self.low, self.high, self.periodic
        return Plane(axes, (low[h], low[v]), (high[h], high[v]), (closes[h], closes[v]))


def sigma_for(particles: int) -> float:
    """Width of the smoothing of a picture in cells."""
    return round(max(0.6, SIGMA * (SIGMA_AT / particles) ** (1 / 6)), 2)


def sigma_of_a_curve(particles: int) -> float:
    """Width of the smoothing of a marginal density in cells."""
    return round(max(0.6, SIGMA_OF_A_CURVE * (SIGMA_AT / particles) ** (1 / 5)), 2)


def _smooth(values: np.ndarray, sigma: float, axis: int, periodic: bool) -> np.ndarray:
    # Not as a matrix product, whose threads would wait for those of the running models.
    edge = "wrap" if periodic else "constant"
    return gaussian_filter1d(values, sigma, axis=axis, mode=edge, truncate=3.0)


def density(
    counts: UInt16[np.ndarray, "*t ny nx"], particles: int, plane: Plane, sigma: float
) -> Float[np.ndarray, "*t ny nx"]:
    """Smoothed density of a population of unit mass, per area of the plane."""
    smooth = counts.astype(np.float32)
    for axis, periodic in ((-1, plane.periodic[0]), (-2, plane.periodic[1])):
        smooth = _smooth(smooth, sigma, axis, periodic)
    area = particles * plane.cell_area
    # Own data may have units in which an area exceeds single precision.
    return smooth / (np.float32(area) if 1e-30 < area < 1e30 else np.float64(area))


def misplaced(
    one: Float[np.ndarray, "ny nx"], other: Float[np.ndarray, "ny nx"], plane: Plane
) -> float:
    """Share of the mass of two densities of mass one that lies in the wrong place, from 0 to 1.

    Everything outside the plane counts as one extra cell.
    """
    wrong = float(np.abs(one - other).sum()) + abs(float(one.sum()) - float(other.sum()))
    return 0.5 * plane.cell_area * wrong


def marginals(
    counts: UInt16[np.ndarray, "*t ny nx"], particles: int, plane: Plane, sigma: float
) -> tuple[Float[np.ndarray, "*t nx"], Float[np.ndarray, "*t ny"]]:
    """Marginal densities of the horizontal and the vertical component, of what the plane shows."""
    sums = (counts.sum(-2, dtype=np.float32), counts.sum(-1, dtype=np.float32))
    horizontal, vertical = (
        _smooth(values, sigma, -1, periodic) / np.float32(particles * side)
        for values, periodic, side in zip(sums, plane.periodic, plane.cell_sides, strict=True)
    )
    return horizontal, vertical


class DensityLimits(NamedTuple):
    """Limits for a whole run: density of the last colour, heights of both marginals."""

    density: float = 1.0
    heights: tuple[float, float] = (1.0, 1.0)


def limits(some: UInt16[np.ndarray, "t ny nx"], particles: int, plane: Plane) -> DensityLimits:
    """Limits from a few frames of a run; two digits, so that they rarely change.

    A distribution that starts as a point would make all later frames invisible, so its tallest
    frames may exceed them.
    """
    fields = density(some, particles, plane, sigma_for(particles))
    occupied = [field[field > 0.02 * field.max()] for field in fields if field.max() > 0]
    if not occupied:
        return DensityLimits()
    # As a percentile without interpolation, which takes four times as long.
    ranks = [(len(values) * 99) // 100 for values in occupied]
    top = _for_all([np.partition(v, k)[k] for v, k in zip(occupied, ranks, strict=True)], 1.6)
    sigma = sigma_of_a_curve(particles)
    first, second = (
        1.08 * _for_all(side.max(-1), 2.5) for side in marginals(some, particles, plane, sigma)
    )
    return DensityLimits(_two_digits(top), (_two_digits(first), _two_digits(second)))


def _for_all(tops: Sequence[float] | np.ndarray, most: float) -> float:
    """The highest of some heights, but at most `most` times the median."""
    return min(float(np.max(tops)), most * float(np.median(tops)))


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def to_levels(values: Float[np.ndarray, "ny nx"], limit: float) -> UInt8[np.ndarray, "ny nx"]:
    """Densities from 0 to `limit` as colour levels."""
    return (np.clip(values / limit, 0, 1) * LEVELS + 0.5).astype(np.uint8)


def to_signed_levels(
    values: Float[np.ndarray, "ny nx"], limit: float
) -> UInt8[np.ndarray, "ny nx"]:
    """Differences from -limit to limit as colour levels; zero is the middle one."""
    return to_levels(values + limit, 2 * limit)
