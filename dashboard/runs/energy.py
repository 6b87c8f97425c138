"""What the energy W of a field does: it grows by an instability, is damped, or stays as it is.

Linear theory says W ~ exp(2 gamma t). An unstable wave grows along that line until it saturates; a
damped one oscillates below it, so that its maxima, not its mean, are what the rate describes.
"""

import numpy as np

from dashboard.runs.memory import Run
from dashboard.runs.units import with_unit
from hoam_core.metrics.physics import TINY, GrowthFit, fit_damping, fit_growth, maxima

FIELD = "electric_energy"
FEWEST = 12


def growth(run: Run | None) -> GrowthFit | None:
    """The exponential stretch of the field energy of a run, growing or damped, if there is one."""
    if run is None or FIELD not in run.curves or len(run) < FEWEST:
        return None
    energy = np.maximum(run.curves[FIELD], TINY)
    return fit_growth(run.times, energy) or fit_damping(run.times, energy)


def sentence(run: Run, unit: str) -> str:
    """What the field energy did, in one sentence."""
    ts, energy = run.times, np.asarray(run.curves[FIELD], float)
    if len(run) < FEWEST:
        return "The field energy is being computed."
    early = float(np.median(energy[1 : max(4, len(run.ts) // 16)]))
    peak = int(np.argmax(energy))
    if early > 0 and energy[peak] > 5 * early and peak > 3:
        return _grown(run, energy, energy[peak] / early, unit)
    return _damped(ts, energy) or _steady(energy, unit)


def _grown(run: Run, energy: np.ndarray, ratio: float, unit: str) -> str:
    ts, peak = run.times, int(np.argmax(energy))
    fitted = growth(run)
    times = _rounded(ratio)
    if fitted is None or fitted.rate < 0:
        return (
            f"The field energy grew {times}-fold, up to {energy[peak]:.3g} at t = {ts[peak]:.3g}."
        )
    first = int(np.argmax(energy >= 0.5 * energy.max()))
    while first + 1 < len(energy) and energy[first + 1] > energy[first]:
        first += 1
    level = with_unit(f"{energy[first]:.3g}", unit).replace("[", "").replace("]", "")
    return f"The field energy grew {times}-fold and saturated at t = {ts[first]:.1f}, near {level}."


def _damped(ts: np.ndarray, energy: np.ndarray) -> str:
    """Of a wave whose maxima fall to a third at least; empty if they do not."""
    t, height = maxima(ts, energy)
    if not t.size or energy[0] <= 0:
        return ""
    lowest = int(np.argmin(height))
    ratio = energy[0] / height[lowest]
    if ratio < 3:
        return ""
    words = f"The field energy fell to 1/{_rounded(ratio)} by t = {t[lowest]:.1f}"
    later = height[lowest:]
    back = lowest + int(np.argmax(later))
    if height[back] > 2 * height[lowest]:
        return f"{words} and then bounced back to 1/{_rounded(energy[0] / height[back])}."
    if lowest < len(t) - 1:
        return f"{words} and then oscillates near that level."
    return f"{words}: the wave is damped."


def _steady(energy: np.ndarray, unit: str) -> str:
    low, high = energy[1:].min(), energy.max()
    if high < 3 * max(low, TINY):
        return "The field energy stays near its first level: nothing grows."
    level = with_unit(f"{high:.2g}", unit).replace("[", "").replace("]", "")
    return f"The field energy oscillates below {level}: nothing grows, nothing is damped."


def _rounded(ratio: float) -> str:
    """Two digits of a large number, one of a huge one."""
    if ratio < 100:
        return f"{ratio:.0f}"
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio < 1e4 else f"{float(f'{ratio:.1g}'):,.0f}"
