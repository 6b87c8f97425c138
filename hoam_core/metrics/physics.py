"""Errors of curves and growth rates by fit."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hoam_core.checks import check_shape


class CurveError(NamedTuple):
    """Mean relative error over times and relative L2 norm over time."""

    mean: float
    l2: float


def curve_error(truth: Float[np.ndarray, " t"], model: Float[np.ndarray, " t"]) -> CurveError:
    """Errors of a positive curve such as the electric energy; the mean leaves the first time out.

    At t = 0 both populations are drawn from the same law, so that only their noise would count.
    """
    truth, model = np.asarray(truth, float), np.asarray(model, float)
    check_shape("model", model.shape, truth.shape)
    relative = np.abs(model - truth)[1:] / np.abs(truth[1:])
    return CurveError(
        float(relative.mean()), float(np.linalg.norm(model - truth) / np.linalg.norm(truth))
    )


class GrowthFit(NamedTuple):
    """Growth rate gamma of an energy that grows as exp(2 gamma t), and where it was fitted."""

    rate: float
    start: float
    end: float


def fit_growth(
    ts: Float[np.ndarray, " t"],
    energy: Float[np.ndarray, " t"],
    window: tuple[float, float] | None = None,
) -> GrowthFit | None:
    """Least-squares slope of log(energy) / 2 over `window`.

    Without a window the stretch is taken that ends at a third of the first maximum and starts four
    times above the first energies, where the growth is exponential. None if there is none.
    """
    ts, energy = np.asarray(ts, float), np.asarray(energy, float)
    if window is None:
        peak = _first_peak(energy)
        floor = np.median(energy[: max(3, peak // 8)])
        inside = (np.arange(len(ts)) <= peak) & (energy > 4 * floor) & (energy < energy[peak] / 3)
        if energy[peak] < 20 * floor:
            return None
        # Only the last unbroken stretch below the peak: before it the modes still compete.
        gaps = np.flatnonzero(~inside[: peak + 1] & (energy[: peak + 1] < energy[peak] / 3))
        if gaps.size:
            inside[: gaps[-1] + 1] = False
    else:
        inside = (ts >= window[0]) & (ts <= window[1])
    if inside.sum() < 4:
        return None
    slope = np.polyfit(ts[inside], 0.5 * np.log(energy[inside]), 1)[0]
    return GrowthFit(float(slope), float(ts[inside][0]), float(ts[inside][-1]))


def _first_peak(energy: np.ndarray) -> int:
    """Index of the first local maximum that reaches half of the global one."""
    rising = np.r_[True, np.diff(energy) > 0]
    falling = np.r_[np.diff(energy) <= 0, True]
    peaks = np.flatnonzero(rising & falling & (energy >= 0.5 * energy.max()))
    return int(peaks[0])
