"""Pictures from populations: pure functions from arrays to arrays.

A picture is the density of a population in the plane of two components. Few particles make a noisy
histogram, so it is smoothed by a Gaussian of sigma cells, and the full model's picture by the same
Gaussian: only then does their difference compare the same thing. sigma follows Silverman's rule,
sigma ~ n^(-1/6) in two dimensions. Smoothing closes on itself along a periodic axis.

The limits of the colours are taken once over a whole run, by percentiles, so that colours mean the
same at all times and a single crowded cell does not darken the rest.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8, UInt16
from scipy.ndimage import gaussian_filter1d

from hoam_core import System

CELLS = (144, 96)
SIGMA_AT = 4_096
SIGMA = 2.1
LEVELS = 255


@dataclass(frozen=True)
class Plane:
    """The plane that is drawn: two components, their ranges, and which of them are periodic."""

    axes: tuple[int, int]
    low: tuple[float, float]
    high: tuple[float, float]
    periodic: tuple[bool, bool]

    @classmethod
    def of(cls, system: System) -> "Plane":
        """The first two components of a system, in the ranges in which they are usually drawn."""
        mu = system.vector({p.name: p.default for p in system.parameters})
        periodic = system.domain(mu).periodic
        shown = [system.components[i].view for i in (0, 1)]
        return cls(
            (0, 1), (shown[0][0], shown[1][0]), (shown[0][1], shown[1][1]), tuple(periodic[:2])
        )

    @property
    def cell_area(self) -> float:
        """Area of one cell in the units of the components."""
        sides = (h - low for low, h in zip(self.low, self.high, strict=True))
        return float(np.prod([side / cells for side, cells in zip(sides, CELLS, strict=True)]))


def count(x: Float[Array, "t n d"], plane: Plane) -> UInt16[np.ndarray, "t ny nx"]:
    """Particles in each cell at each time; those outside the plane are not drawn."""
    return np.asarray(_count(jnp.asarray(x), plane))


@partial(jax.jit, static_argnames="plane")
def _count(x, plane):
    # Compiled: the same in numpy takes ten temporaries of the size of the run, and as many times
    # longer, on the way from a slider to its picture.
    (nx, ny), (times, n) = CELLS, x.shape[:2]
    cell, inside = jnp.zeros((times, n), jnp.int32), jnp.ones((times, n), bool)
    for axis, low, high, cells, stride in zip(
        plane.axes, plane.low, plane.high, CELLS, (1, nx), strict=True
    ):
        u = (x[..., axis] - low) * (cells / (high - low))
        inside &= (u >= 0) & (u < cells)
        cell += jnp.clip(jnp.nan_to_num(u), 0, cells - 1).astype(jnp.int32) * stride
    cell += jnp.arange(times, dtype=jnp.int32)[:, None] * (nx * ny)
    found = jnp.zeros(times * nx * ny, jnp.int32).at[cell.ravel()].add(inside.ravel())
    most = np.iinfo(np.uint16).max
    return jnp.minimum(found, most).astype(jnp.uint16).reshape(times, ny, nx)


def sigma_for(particles: int) -> float:
    """Width of the smoothing in cells."""
    return round(max(0.6, SIGMA * (SIGMA_AT / particles) ** (1 / 6)), 2)


def density(
    counts: UInt16[np.ndarray, "*t ny nx"], particles: int, plane: Plane, sigma: float
) -> Float[np.ndarray, "*t ny nx"]:
    """Smoothed density of a population of unit mass, per area of the plane."""
    smooth = counts.astype(np.float32)
    # Not as a product of matrices: its threads would wait for those of the running models.
    for axis, periodic in ((-1, plane.periodic[0]), (-2, plane.periodic[1])):
        edge = "wrap" if periodic else "constant"
        smooth = gaussian_filter1d(smooth, sigma, axis=axis, mode=edge, truncate=3.0)
    return smooth / np.float32(particles * plane.cell_area)


def colour_limit(counts: UInt16[np.ndarray, "t ny nx"], particles: int, plane: Plane) -> float:
    """The density that the last colour stands for: a high percentile over the run, two digits."""
    some = density(counts[:: max(1, len(counts) // 8)], particles, plane, sigma_for(particles))
    occupied = some[some > 0.02 * some.max()]
    top = float(np.percentile(occupied, 99.0)) if occupied.size else 1.0
    return float(f"{top:.1e}")


def to_levels(values: Float[np.ndarray, "ny nx"], limit: float) -> UInt8[np.ndarray, "ny nx"]:
    """Densities from 0 to `limit` as colour levels."""
    return (np.clip(values / limit, 0, 1) * LEVELS + 0.5).astype(np.uint8)


def to_signed_levels(
    values: Float[np.ndarray, "ny nx"], limit: float
) -> UInt8[np.ndarray, "ny nx"]:
    """Differences from -limit to limit as colour levels; zero is the middle one."""
    return to_levels(values + limit, 2 * limit)
