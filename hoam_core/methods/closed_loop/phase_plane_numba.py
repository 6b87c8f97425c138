"""The roll-out of one phase plane as a single compiled loop over its steps.

It takes the steps of loop.py, in its order, with the functions of trigonometric_numba.py: a block
of particles is moved, and its contributions to the moments at its new place and at its next
midpoint are summed, before the next block is touched. XLA makes a dozen passes over memory for the
same and shares each of them among all cores; one core does this in two thirds of the time, and
leaves the other cores free for the page.
"""

# Numba infers the types of the loops' arguments.
# pyright: reportMissingParameterType=false

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hoam_core.methods.closed_loop.least_energy_numba import coefficients
from hoam_core.methods.closed_loop.trigonometric_numba import BLOCK, kernels
from hoam_core.numerics.compiled import backend, compiler


class PlaneRollOut(NamedTuple):
    """The arguments of one roll-out, in one precision.

    Angles (n, 2); learned means (s, k); lengths of steps and numbers of steps done (`StepTimes`);
    the metric (2,); the ridge; how many functions of each angle. Then how angles become components:
    their origins and slopes (2,), the length of the circle, and which two components they are.
    """

    angles: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    done: np.ndarray
    metric: np.ndarray
    ridge: np.floating
    shape: tuple[int, int]
    origin: np.ndarray
    slope: np.ndarray
    length: np.floating
    members: tuple[int, int]


_compiled: dict[np.dtype, Callable[..., None]] = {}


def roll_out(dtype: np.dtype) -> Callable[..., None] | None:
    """The compiled loop in that precision, or None if `compile_roll_out` was not called.

    It takes a `PlaneRollOut` and writes the plane's components into a path (t, n, d).
    """
    return _compiled.get(dtype)


def compile_roll_out(dtype: type[np.floating] = np.float32) -> bool:
    """Compile the numba roll-out of phase planes in that precision, to be used from now on.

    Compiling takes some seconds, once for all models and sizes, where XLA takes one or two for each
    of them: worth it for a long-lived process. False where XLA is used instead: numba (the extra
    `fast`) is not installed, or HOAM_BACKEND chooses XLA.
    """
    real = np.dtype(dtype)
    if real not in _compiled and backend() == "numba":
        roll, two = _roll_out(real), np.ones(2, real)
        idle = PlaneRollOut(
            np.ones((1, 2), real), np.ones((1, 1), real), np.ones(1, real), np.zeros(1, int), two,
            real.type(1), (1, 1), two, two, real.type(1), (0, 1),
        )  # fmt: skip
        roll(*idle, np.empty((1, 1, 2), real))
        _compiled[real] = roll
    return real in _compiled


def _roll_out(dtype: np.dtype) -> Callable[..., None]:
    compiled, loops, solve = compiler(), kernels(dtype), coefficients(dtype)
    harmonics, products = loops.harmonics, loops.products
    stiffness, field = loops.stiffness, loops.field
    zero, quarter, circle = (dtype.type(a) for a in (0, 0.25, 2 * np.pi))

    @compiled
    def inside(x, length):
        rest = x - length * np.floor(x / length)
        # By rounding; NaN stays NaN.
        return zero if rest < zero or rest >= length else rest

    @compiled
    def follow(now, v, u, velocity, weight, h, m):
        for k in range(m):
            u[k], v[k] = v[k], weight * velocity[k]
            now[k] += h * v[k]

    @compiled
    def save(y, n, origin, slope, length, members, out):
        for i in range(n):
            x, v = y[i // BLOCK, 0, i % BLOCK], y[i // BLOCK, 1, i % BLOCK]
            out[i, members[0]] = inside(origin[0] + x / slope[0], length)
            out[i, members[1]] = origin[1] + v / slope[1]

    @compiled
    def roll(
        angles, targets, lengths, done, metric, ridge, shape, origin, slope, length, members, path
    ):
        n, (groups, width), steps = len(angles), shape, done[-1]
        modes, size, high = groups // 2, groups * width, 2 * width - 1
        # Blocks of particles, both components, and within a block one after another.
        blocks = (n + BLOCK - 1) // BLOCK
        y = np.empty((blocks, 2, BLOCK), dtype)
        last, before = np.zeros_like(y), np.zeros_like(y)
        for i in range(n):
            for c in range(2):
                y[i // BLOCK, c, i % BLOCK] = angles[i, c]
        theta = np.empty((2, max(groups, 2), BLOCK), dtype)
        eta = np.empty((2, max(high, 2), BLOCK), dtype)
        point, velocity = np.empty((2, BLOCK), dtype), np.empty((2, BLOCK), dtype)
        matrix, work = np.empty((size, size), dtype), np.empty(BLOCK, dtype)
        # Moments at the present place and at the next midpoint.
        sums, rate = np.zeros((2, 2, groups, high), dtype), np.empty(size, dtype)
        saved = 0
        while saved < len(done) and done[saved] == 0:
            save(y, n, origin, slope, length, members, path[saved])
            saved += 1
        # The first turn only measures; the second finds the velocity of the start and stays there.
        for turn in range(steps + 2 if steps > 0 else 0):
            h = lengths[turn - 1] if turn > 0 else zero
            ahead = lengths[turn] if 0 < turn <= steps else zero
            if turn > 0:
                for k in range(1, size):
                    g, q = k // width, k % width
                    mean = sums[0, 0, g, q] if g <= modes else sums[0, 1, g - modes, q]
                    rate[k] = (targets[turn - 1, k - 1] - mean / n) / h
                for c in range(2):
                    for p in range(groups):
                        for r in range(high):
                            sums[1, c, p, r] /= n
                stiffness(sums[1], shape, metric, matrix)
                solve(matrix, rate, ridge)
                sums[:] = zero
            for block in range(blocks):
                m = min(BLOCK, n - block * BLOCK)
                # The midpoint of this step, where the field acts; the new place; the next midpoint.
                for stage in range(0 if turn > 0 else 1, 3 if turn <= steps else 1):
                    reach = quarter * (h if stage == 0 else ahead)
                    for c in range(2):
                        now, v, u, to = y[block, c], last[block, c], before[block, c], point[c]
                        for k in range(m):
                            to[k] = now[k] if stage == 1 else now[k] + reach * (v[k] + u[k])
                    twice = 2 if stage == 2 else 1
                    harmonics(point[0], twice * modes, m, theta)
                    harmonics(point[1], twice * (width - 1), m, eta)
                    if stage == 0:
                        field(theta, eta, rate, shape, m, work, velocity)
                        for c in range(2):
                            now, v, u = y[block, c], last[block, c], before[block, c]
                            # The velocity of the start stands for those of both steps before it.
                            for _ in range(2 if turn == 1 else 1):
                                follow(
                                    now, v, u, velocity[c], metric[c], h if turn > 1 else zero, m
                                )
                        x = y[block, 0]
                        for k in range(m):
                            x[k] = inside(x[k], circle)
                    else:
                        counts = (twice * modes + 1, twice * (width - 1) + 1)
                        for c in range(2):
                            products(theta[c], eta[0], counts, m, sums[stage - 1, c])
            while saved < len(done) and done[saved] == turn - 1:
                save(y, n, origin, slope, length, members, path[saved])
                saved += 1

    return roll
