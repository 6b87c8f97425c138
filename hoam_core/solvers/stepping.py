"""How many equal steps an integration takes between two saved times.

The number is part of a compiled program, so that every interval takes as many.
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
