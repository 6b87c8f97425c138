r"""How far apart two populations are as densities on the planes in which one looks at them.

W_2^2 over a few thousand samples is mostly the noise of so few: of a visibly lumpy phase space it
says that it is as near to the truth as another run. The density error sees what the eye sees,

    e = sum |f - g| / sum g,

with f and g the densities of model and truth in 64 x 64 bins over the drawn ranges, smoothed by a
Gaussian of 1.5 bins (round the box where it is periodic). Two runs of the full model with 131,072
particles each differ by 0.004 to 0.02. Samples outside the drawn ranges are missing from f and g.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float
from scipy.ndimage import gaussian_filter1d

from hoam_core.checks import check_shape
from hoam_core.systems import System

BINS, WIDTH = 64, 1.5


class Marginal(NamedTuple):
    """One or two components whose joint density is compared, with ranges; circles are periodic."""

    components: tuple[int, ...]
    names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    periodic: tuple[bool, ...]


def marginals(system: System, mu: Float[Array | np.ndarray, " p"]) -> tuple[Marginal, ...]:
    """The phase planes of a phase space; of other populations (1, 2), (3, 4), ...

    The last component of an odd number of them stands with the one before it, or alone.
    """
    domain, d = system.domain(mu), len(system.components)
    half = d // 2
    if domain.periodic == (True,) * half + (False,) * half and d == 2 * half:
        pairs = [(i, i + half) for i in range(half)]
    else:
        pairs = [(max(i - 1, 0), i) if i + 1 == d else (i, i + 1) for i in range(0, d, 2)]
    length = np.asarray(domain.length, float)

    def marginal(pair: tuple[int, ...]) -> Marginal:
        own = [system.components[i] for i in pair]
        ranges = tuple(
            (0.0, float(length[i])) if domain.periodic[i] else c.view
            for i, c in zip(pair, own, strict=True)
        )
        circles = tuple(domain.periodic[i] for i in pair)
        return Marginal(pair, tuple(c.name for c in own), ranges, circles)

    return tuple(marginal(tuple(dict.fromkeys(pair))) for pair in pairs)


def density(x: Float[Array | np.ndarray, "n d"], marginal: Marginal) -> Float[np.ndarray, "b ..."]:
    """Share of the samples in each bin of a plane, smoothed."""
    check_shape("x", x.shape, (None, None))
    flat, inside = np.zeros(len(x), int), np.ones(len(x), bool)
    for i, (low, high) in zip(marginal.components, marginal.ranges, strict=True):
        bins = np.floor((np.asarray(x[:, i], float) - low) * (BINS / (high - low)))
        inside &= (bins >= 0) & (bins < BINS)
        flat = flat * BINS + np.where(inside, bins, 0).astype(int)
    shape = (BINS,) * len(marginal.components)
    counts = np.bincount(flat[inside], minlength=BINS ** len(shape)).reshape(shape)
    found = counts / len(x)
    for axis, circle in enumerate(marginal.periodic):
        found = gaussian_filter1d(found, WIDTH, axis, mode="wrap" if circle else "constant")
    return np.asarray(found)


def density_error(
    a: Float[Array | np.ndarray, "n d"], b: Float[Array | np.ndarray, "k d"], marginal: Marginal
) -> float:
    """Relative L1 distance of the density of samples a from that of samples b, on a plane.

    From 0 to 2 where all samples are inside the ranges of the plane; 1 where a has none there.
    """
    f, g = density(a, marginal), density(b, marginal)
    total = g.sum()
    return float(np.abs(f - g).sum() / total) if total > 0 else float("nan")
