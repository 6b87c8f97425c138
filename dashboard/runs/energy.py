"""What the energy W of a field does: it grows by an instability, is damped, or stays as it is.

Linear theory says W ~ exp(2 gamma t). An unstable wave grows along that line until it saturates; a
damped one oscillates below it, so that its maxima, not its mean, are what the rate describes.
"""

import numpy as np

from dashboard.runs.memory import Run
from hoam_core.metrics.physics import TINY, GrowthFit, fit_damping, fit_growth, maxima

FIELD = "electric_energy"
FEWEST = 12
Line = tuple[np.ndarray, np.ndarray]


def growth(run: Run | None) -> GrowthFit | None:
    """The exponential stretch of the field energy of a run, growing or damped, if there is one."""
    if run is None or FIELD not in run.curves or len(run) < FEWEST:
        return None
    energy = np.maximum(run.curves[FIELD], TINY)
    return fit_growth(run.times, energy) or fit_damping(run.times, energy)


def theory_line(run: Run | None, fitted: GrowthFit | None, rate: float | None) -> Line:
    """W ~ exp(2 gamma t): through the middle of the growth, or along the first damped maxima."""
    nothing = np.array([]), np.array([])
    if run is None or rate is None or len(run) < FEWEST:
        return nothing
    t, energy = run.times, run.curves[FIELD]
    if rate < 0:
        at, height = (values[:2] for values in maxima(t, energy))
        if not at.size:
            return nothing
        ends = np.array([0.0, run.ts[-1]])
        return ends, np.exp(np.mean(np.log(height) - 2 * rate * at) + 2 * rate * ends)
    if fitted is None or fitted.rate < 0:
        return nothing
    inside = (t >= fitted.start) & (t <= fitted.end)
    middle, level = t[inside].mean(), np.log(energy[inside]).mean()
    length = fitted.end - fitted.start
    ends = np.array([max(fitted.start - 0.5 * length, 0.0), fitted.end + 0.35 * length])
    return ends, np.exp(level + 2 * rate * (ends - middle))
