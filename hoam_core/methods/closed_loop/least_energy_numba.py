"""The field of least energy of a phase plane, solved by a numba loop.

It solves the equations of least_energy.py, for all functions of trigonometric_numba.py. A matrix of
a few hundred rows is factored here as fast as by LAPACK, without its threads.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from hoam_core.numerics.compiled import compiler


@cache
def coefficients(dtype: np.dtype) -> Callable:
    """The compiled function (matrix, rate, ridge) that solves A c = rate and writes c into `rate`.

    `matrix` holds the lower half of A (k, k), which is overwritten. c is NaN if A has no factor.
    """
    compiled, zero, thousandth = compiler(), dtype.type(0), dtype.type(1e-3)
    factored = compiled(_factored)

    @compiled
    def solve(matrix: np.ndarray, rate: np.ndarray, ridge: float):
        size, trace = len(rate), zero
        for i in range(size):
            trace += matrix[i, i]
        # Relative to each function, and a little to all; the constant moves nothing.
        least = thousandth * trace / (size - 1)
        for i in range(size):
            matrix[i, i] += ridge * (matrix[i, i] + least)
        matrix[0, 0], rate[0] = 1, 0
        sound = factored(matrix)
        for i in range(size):
            row, known = matrix[i], zero
            for k in range(i):
                known += row[k] * rate[k]
            rate[i] = (rate[i] - known) / row[i] if sound else np.nan
        for i in range(size - 1, -1, -1):
            row = matrix[i]
            rate[i] /= row[i]
            x = rate[i]
            for k in range(i):
                rate[k] -= x * row[k]

    return solve


def _factored(a: np.ndarray):
    """Replace the lower half of A in `a` by its Cholesky factor L, A = L L^T; False if none."""
    last, zero = len(a) - 1, a[0, 0] - a[0, 0]
    for j in range(len(a)):
        row, total = a[j], zero
        for k in range(j):
            total += row[k] * row[k]
        rest = row[j] - total
        if not rest > 0:
            return False
        pivot = np.sqrt(rest)
        row[j] = pivot
        # Four rows at a time, so that a loaded number is used four times. Beyond the last row the
        # last one is taken again, with the same result.
        for i in range(j + 1, len(a), 4):
            r0, r1 = a[i], a[min(i + 1, last)]
            r2, r3 = a[min(i + 2, last)], a[min(i + 3, last)]
            s0, s1, s2, s3 = zero, zero, zero, zero
            for k in range(j):
                x = row[k]
                s0, s1, s2, s3 = s0 + r0[k] * x, s1 + r1[k] * x, s2 + r2[k] * x, s3 + r3[k] * x
            e0, e1, e2, e3 = r0[j] - s0, r1[j] - s1, r2[j] - s2, r3[j] - s3
            r0[j], r1[j], r2[j], r3[j] = e0 / pivot, e1 / pivot, e2 / pivot, e3 / pivot
    return True
