"""Trigonometric functions of a phase plane, a block of particles at a time.

The same harmonics, moments, stiffness and field as trigonometric.py, as loops for numba: a block's
harmonics stay in the fastest cache from the angles to the moments or to the field, where array
operations would write all of them to memory and read them back. Functions come in groups, one for
each function of theta,

    F_g = cos(g theta), g = 0..M,    F_g = sin((g - M) theta), g = M + 1..2M,

times cos(q eta), q = 0..Q. The constant (g = q = 0) is among them; its gradient is zero.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from hoam_core.numerics.angles import COARSE, FINE
from hoam_core.numerics.compiled import compiler

# Particles whose harmonics stay in the fastest cache.
BLOCK = 256


class TrigonometricKernels(NamedTuple):
    """Loops in one precision; their last argument is the array that they write to.

    `harmonics(angle, order, n, table)`: cos and sin of multiples 0..order, axes (2, p, n).
    `products(rows, columns, shape, n, sums)` adds the first of rows (r, n) times columns (c, n),
    summed over n; `shape` = (r, c).
    `stiffness(moments, shape, metric, matrix)`: A (k, k) of 2M + 1 times Q + 1 functions (`shape`)
    out of E[cos(p theta) cos(r eta)] and E[sin(p theta) cos(r eta)], axes (2, p, r); lower half.
    `field(theta, eta, coefficients, shape, n, work, out)`: gradient (2, n) of sum_k c_k phi_k.
    """

    harmonics: Callable
    products: Callable
    stiffness: Callable
    field: Callable


@cache
def kernels(dtype: np.dtype) -> TrigonometricKernels:
    """The compiled loops for numbers of that type."""
    compiled, real = compiler(), dtype.type
    cos_sin = compiled(_cos_sin_single if dtype == np.float32 else _cos_sin_double)
    quarter = real(0.25)

    @compiled
    def harmonics(angle: np.ndarray, order: int, n: int, table: np.ndarray):
        # By index: the compiler does not know that arrays unpacked from a tuple are contiguous.
        cos, sin = table[0], table[1]
        for k in range(n):
            cos[0, k] = 1
            sin[0, k] = 0
        if order > 0:
            cos_sin(angle, n, cos[1], sin[1])
        for p in range(2, order + 1):
            c, s, ca, sa = cos[p], sin[p], cos[p // 2], sin[p // 2]
            cb, sb = cos[p - p // 2], sin[p - p // 2]
            # A loop for each: a joint loop would not be vectorised by the compiler.
            for k in range(n):
                c[k] = ca[k] * cb[k] - sa[k] * sb[k]
            for k in range(n):
                s[k] = sa[k] * cb[k] + ca[k] * sb[k]

    @compiled
    def products(
        rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], n: int, sums: np.ndarray
    ):
        # Four rows by three columns, so that loaded numbers are reused with all sums in registers.
        # Beyond the last row or column the last one is taken again, with the same result.
        last, end = shape[0] - 1, shape[1] - 1
        for i in range(0, last + 1, 4):
            i1, i2, i3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)
            r0, r1, r2, r3 = rows[i], rows[i1], rows[i2], rows[i3]
            s0, s1, s2, s3 = sums[i], sums[i1], sums[i2], sums[i3]
            for j in range(0, end + 1, 3):
                j1, j2 = min(j + 1, end), min(j + 2, end)
                c0, c1, c2 = columns[j], columns[j1], columns[j2]
                a0, a1, a2, b0, b1, b2 = s0[j], s0[j1], s0[j2], s1[j], s1[j1], s1[j2]
                d0, d1, d2, e0, e1, e2 = s2[j], s2[j1], s2[j2], s3[j], s3[j1], s3[j2]
                for k in range(n):
                    x, y, z = c0[k], c1[k], c2[k]
                    a0, a1, a2 = a0 + r0[k] * x, a1 + r0[k] * y, a2 + r0[k] * z
                    b0, b1, b2 = b0 + r1[k] * x, b1 + r1[k] * y, b2 + r1[k] * z
                    d0, d1, d2 = d0 + r2[k] * x, d1 + r2[k] * y, d2 + r2[k] * z
                    e0, e1, e2 = e0 + r3[k] * x, e1 + r3[k] * y, e2 + r3[k] * z
                s3[j2], s3[j1], s3[j], s2[j2], s2[j1], s2[j] = e2, e1, e0, d2, d1, d0
                s1[j2], s1[j1], s1[j], s0[j2], s0[j1], s0[j] = b2, b1, b0, a2, a1, a0

    @compiled
    def stiffness(
        moments: np.ndarray, shape: tuple[int, int], metric: np.ndarray, matrix: np.ndarray
    ):
        groups, width = shape
        modes = groups // 2
        along, across = np.empty(2 * width, dtype), np.empty(2 * width, dtype)
        for g in range(groups):
            sine, m = g > modes, (g - modes if g > modes else g)
            for h in range(g + 1):
                other, w = h > modes, (h - modes if h > modes else h)
                # Products of functions of theta are those of m - w and m + w; likewise of their
                # derivatives, whose product has other signs.
                same, turn = sine == other, (m > w) - (m < w)
                table = moments[0 if same else 1]
                near, far = table[abs(m - w)], table[m + w]
                minus = real(1 if same else (turn if sine else -turn))
                plus = real(1 if same and sine else -1)
                x_weight, v_weight = metric[0] * real(m * w) * quarter, metric[1] * quarter
                for r in range(2 * width - 1):
                    along[r] = x_weight * (minus * near[r] + plus * far[r])
                    across[r] = v_weight * (minus * near[r] - plus * far[r])
                for q in range(width):
                    row = matrix[g * width + q]
                    for s in range(width):
                        r = abs(q - s)
                        row[h * width + s] = (
                            along[r] + along[q + s] + real(q * s) * (across[r] - across[q + s])
                        )

    @compiled
    def project(weights: np.ndarray, functions: np.ndarray, count: int, n: int, out: np.ndarray):
        for k in range(n):
            out[k] = 0
        whole = count - count % 4
        for q in range(0, whole, 4):
            w0, w1, w2, w3 = weights[q], weights[q + 1], weights[q + 2], weights[q + 3]
            f0, f1, f2, f3 = functions[q], functions[q + 1], functions[q + 2], functions[q + 3]
            for k in range(n):
                out[k] += w0 * f0[k] + w1 * f1[k] + w2 * f2[k] + w3 * f3[k]
        for q in range(whole, count):
            w, f = weights[q], functions[q]
            for k in range(n):
                out[k] += w * f[k]

    @compiled
    def field(
        theta: np.ndarray,
        eta: np.ndarray,
        coefficients: np.ndarray,
        shape: tuple[int, int],
        n: int,
        work: np.ndarray,
        out: np.ndarray,
    ):
        groups, width = shape
        modes, weights = groups // 2, np.empty(width, dtype)
        for k in range(n):
            out[0, k] = 0
            out[1, k] = 0
        # d phi / d theta with the cosines of eta, d phi / d eta with its sines.
        for part in range(2):
            found = out[part]
            for g in range(groups):
                sine, m = g > modes, (g - modes if g > modes else g)
                for q in range(width):
                    factor = q if part else (-m if sine else m)
                    weights[q] = -real(factor) * coefficients[g * width + q]
                project(weights, eta[part], width, n, work)
                function = theta[1 if sine == bool(part) else 0, m]
                for k in range(n):
                    found[k] += function[k] * work[k]

    return TrigonometricKernels(harmonics, products, stiffness, field)


def _cos_sin_double(angle: np.ndarray, n: int, cos: np.ndarray, sin: np.ndarray):
    for i in range(n):
        cos[i], sin[i] = np.cos(angle[i]), np.sin(angle[i])


# The polynomials of angles.py, in single-precision constants that avoid promotion to double.
_TURN, _COARSE, _FINE = (np.float32(x) for x in (1 / (COARSE + FINE), COARSE, FINE))
_S3, _S5, _S7, _S9 = (np.float32(x) for x in (-1 / 6, 1 / 120, -1 / 5_040, 1 / 362_880))
_C2, _C4, _C6, _C8 = (np.float32(x) for x in (-1 / 2, 1 / 24, -1 / 720, 1 / 40_320))
_ONE, _TWO, _QUARTER = (np.float32(x) for x in (1, 2, 0.25))


def _cos_sin_single(angle: np.ndarray, n: int, cos: np.ndarray, sin: np.ndarray):
    for i in range(n):
        turns = np.rint(angle[i] * _TURN)
        a = _QUARTER * ((angle[i] - turns * _COARSE) - turns * _FINE)
        z = a * a
        s = a * (_ONE + z * (_S3 + z * (_S5 + z * (_S7 + z * _S9))))
        c = _ONE + z * (_C2 + z * (_C4 + z * (_C6 + z * _C8)))
        s, c = _TWO * s * c, _ONE - _TWO * s * s
        sin[i], cos[i] = _TWO * s * c, _ONE - _TWO * s * s
