"""The run of a recorded system: its snapshots, played back as if a full model had made them."""

import numpy as np

from dashboard.runs.pictures import Ranges
from dashboard.runs.run import Axes, Case, Run, truths
from dashboard.runs.states import digest
from hoam_core.storage.datasets import observe
from hoam_core.systems import Recorded


def playback(case: Case, system: Recorded, axes: Axes) -> Run:
    """Half of the recording at the parameters of a case, the other half for the next seed.

    Raises ValueError where nothing was recorded.
    """
    ts = system.times()
    key = (case, float(ts[-1]))
    if (known := truths.get(key)) is not None:
        return known
    mu = np.asarray(case.mu, np.float32)
    x = system.playback(mu, case.seed)
    ranges = Ranges.of(system, case.mu)
    found = digest(x, ranges, len(ts))
    curves = {name: np.asarray(values) for name, values in observe(system, x, mu).items()}
    run = Run(case, ts, found.states, ranges, found.moments, curves)
    run.limits(axes)
    truths.put(key, run)
    return run
