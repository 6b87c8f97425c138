"""Errors of curves, and fits of growth and damping rates."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.signal import find_peaks

from hoam_core.checks import check_finite, check_shape

# Energies are clipped to this from below before their logarithm is taken.
TINY = 1e-30


class CurveError(NamedTuple):
    """Mean relative error over times and relative L2 norm over time."""

    mean: float
    l2: float


def curve_error(truth: Float[np.ndarray, " t"], model: Float[np.ndarray, " t"]) -> CurveError:
    """Errors of a positive curve such as the electric energy; the mean leaves out the first time.

    At t = 0 both populations are drawn from the same law, so that only their noise would count.
    Raises DivergedError where a curve is not finite.
    """
    truth, model = np.asarray(truth, float), np.asarray(model, float)
    check_shape("model", model.shape, truth.shape)
    check_finite("The curves that are compared", (truth, model))
    relative = np.abs(model - truth)[1:] / np.abs(truth[1:])
    return CurveError(
        float(relative.mean()), float(np.linalg.norm(model - truth) / np.linalg.norm(truth))
    )


class GrowthFit(NamedTuple):
    """Rate gamma of an energy proportional to exp(2 gamma t), and the window of the fit."""

    rate: float
    start: float
    end: float


def fit_growth(
    ts: Float[np.ndarray, " t"],
    energy: Float[np.ndarray, " t"],
    window: tuple[float, float] | None = None,
) -> GrowthFit | None:
    """Growth rate: the least-squares slope of log(energy) / 2 over `window`.

    The default window ends at a third of the first maximum and starts four times above the first
    energies, where the growth is exponential. None if there is no such window.
    """
    ts, energy = np.asarray(ts, float), np.asarray(energy, float)
    check_finite("The energy whose growth is fitted", energy)
    if window is None:
        peak = _first_peak(energy)
        floor = np.median(energy[: max(3, peak // 8)])
        inside = (np.arange(len(ts)) <= peak) & (energy > 4 * floor) & (energy < energy[peak] / 3)
        if energy[peak] < 20 * floor:
            return None
        # Only the last contiguous stretch below the peak: before it the modes still compete.
        gaps = np.flatnonzero(~inside[: peak + 1] & (energy[: peak + 1] < energy[peak] / 3))
        if gaps.size:
            inside[: gaps[-1] + 1] = False
    else:
        inside = (ts >= window[0]) & (ts <= window[1])
    if inside.sum() < 4:
        return None
    slope = np.polyfit(ts[inside], 0.5 * np.log(energy[inside]), 1)[0]
    return GrowthFit(float(slope), float(ts[inside][0]), float(ts[inside][-1]))


def maxima(
    ts: Float[np.ndarray, " t"], energy: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Times and heights of the maxima after the start, refined by a parabola of the logarithm."""
    check_finite("The energy whose maxima are looked for", energy)
    level = np.log(np.maximum(energy, TINY))
    found, _ = find_peaks(level, prominence=np.log(2))
    before, here, after = level[found - 1], level[found], level[found + 1]
    curvature = before - 2 * here + after
    # The middle of a flat top needs no refinement, and has no curvature to take it from.
    shift = 0.5 * (before - after) / np.where(curvature < 0, curvature, -1.0)
    return ts[found] + shift * (ts[1] - ts[0]), np.exp(here - 0.25 * (before - after) * shift)


def fit_damping(ts: Float[np.ndarray, " t"], energy: Float[np.ndarray, " t"]) -> GrowthFit | None:
    """Damping rate: the least-squares slope of log(W) / 2 through the first, decreasing maxima.

    At most four maxima are used: later ones show trapped particles, or the remaining noise.
    """
    t, height = (values[:4] for values in maxima(ts, energy))
    rises = np.flatnonzero(np.diff(height) >= 0)
    stop = int(rises[0]) + 1 if rises.size else len(t)
    # Two maxima give a rate only if they differ much; three or more may differ less.
    if stop < 2 or height[0] < (2.0 if stop == 2 else 1.3) * height[stop - 1]:
        return None
    slope = np.polyfit(t[:stop], 0.5 * np.log(height[:stop]), 1)[0]
    return GrowthFit(float(slope), float(t[0]), float(t[stop - 1]))


def _first_peak(energy: np.ndarray) -> int:
    """Index of the first local maximum that reaches half of the global one."""
    rising = np.r_[True, np.diff(energy) > 0]
    falling = np.r_[np.diff(energy) <= 0, True]
    peaks = np.flatnonzero(rising & falling & (energy >= 0.5 * energy.max()))
    return int(peaks[0])
