"""The steps that an integration takes to its saved times.

The number of steps between two saved times is part of a compiled program, so it is the same for
every interval. Where the result must not depend on the number of saved times, the integration takes
steps of its own, and states are interpolated between these.
"""

import math

import numpy as np

from hoam_core.checks import check_positive, check_times


def count_substeps(ts: np.ndarray, dt: float) -> int:
    """The number of equal steps of at most `dt` in the longest interval of `ts`, used for all.

    Raises ValueError for times that decrease or a step that is not positive.
    """
    check_times(np.asarray(ts))
    check_positive("dt", dt)
    longest = float(np.max(np.diff(ts), initial=0.0))
    # Where a whole number of steps fits, rounding must not add one more.
    return max(1, math.ceil(longest / dt - 1e-6))


def step_times(ts: np.ndarray, dt: float) -> np.ndarray:
    """Times at which to compute states, in steps of exactly `dt`, so that those at `ts` follow.

    These are `ts` itself if all its intervals are the same whole number of steps; otherwise the
    ends of all steps from ts[0] on, the last of them not before ts[-1].
    """
    ts = np.asarray(ts, float)
    check_times(ts)
    check_positive("dt", dt)
    whole = np.round(np.diff(ts) / dt)
    exact = np.all(np.abs(np.diff(ts) - whole * dt) < 1e-6 * dt)
    if exact and np.all(whole == whole[:1]) and np.all(whole > 0):
        return ts
    count = max(1, math.ceil((ts[-1] - ts[0]) / dt - 1e-6))
    return ts[0] + dt * np.arange(count + 1)
