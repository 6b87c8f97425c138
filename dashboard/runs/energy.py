"""What the energy W of a field does: it grows by an instability, is damped, or stays constant.

Linear theory says W ~ exp(2 gamma t). An unstable wave grows along that line until it saturates; a
damped one oscillates below it, so that its maxima, not its mean, are what the rate describes.
"""

import numpy as np

from dashboard.runs.run import Run
from hoam_core.metrics.physics import TINY, GrowthFit, fit_damping, fit_growth

FIELD = "electric_energy"
FEWEST = 12


def growth(run: Run | None) -> GrowthFit | None:
    """The exponential stretch of the field energy of a run, growing or damped, if there is one."""
    if run is None or FIELD not in run.curves or len(run) < FEWEST:
        return None
    energy = np.maximum(run.curves[FIELD], TINY)
    return fit_growth(run.times, energy) or fit_damping(run.times, energy)
