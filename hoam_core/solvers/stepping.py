"""Which steps an integration takes to its saved times.

How many lie between two of them is part of a compiled program, so that every interval takes as
many. What must not depend on how many times somebody saves takes its own steps instead, between
which its states are interpolated.
"""

import math

import numpy as np

from hoam_core.checks import check_positive, check_times


def count_substeps(ts: np.ndarray, dt: float) -> int:
    """Equal steps of at most `dt` in the longest interval of `ts`; every interval takes as many.

    Raises ValueError for times that decrease or a step that is not positive.
    """
    check_times(np.asarray(ts))
    check_positive("dt", dt)
    longest = float(np.max(np.diff(ts), initial=0.0))
    # A step that fits a whole number of times must not gain one more by rounding.
    return max(1, math.ceil(longest / dt - 1e-6))


def step_times(ts: np.ndarray, dt: float) -> np.ndarray:
    """Times at which steps of exactly `dt` from ts[0] to ts[-1] lead to all of `ts`.

    `ts` itself where its intervals are one and the same whole number of steps; else the end of
    every step, the last of them not before ts[-1].
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
