"""The loop of characteristics.py, a block of particles through all steps at a time.

The field is known beforehand, so that nothing is exchanged between particles: a block stays in the
fastest cache from the start to the end, and threads share the blocks without waiting.
Needs numba (the extra `fast`).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from hoam_core.numerics.compiled import FAST, compiler
from hoam_core.solvers.pic_numba import BLOCK, kernels


@cache
def kernel():
    """The compiled loop over the steps of a block."""
    compiled = compiler(FAST - {"reassoc"})

    accelerate, move = kernels().accelerate, kernels().move

    @compiled
    def write(x, v, out):
        for i in range(len(x)):
            out[i, 0] = x[i]
            out[i, 1] = v[i]

    @compiled
    def follow(x, v, steps, fields, slopes, every, scale, length, path):
        write(x, v, path[0])
        half = steps.dtype.type(0.5)
        for step in range(len(steps)):
            h = steps[step]
            accelerate(x, v, fields[step], slopes[step], scale, half * h)
            move(x, v, length, h)
            accelerate(x, v, fields[step + 1], slopes[step + 1], scale, half * h)
            if (step + 1) % every == 0:
                write(x, v, path[(step + 1) // every])

    return follow


def run(
    x: np.ndarray, v: np.ndarray, times: np.ndarray, grids: np.ndarray, *, every: int, length: float
) -> np.ndarray:
    """States (t, n, 2) at every `every`-th of the times, of particles (n,) with x in [0, length).

    Positions outside the box, or undefined ones, are taken for zero.
    """
    follow, real, n = kernel(), x.dtype.type, len(x)
    x = np.where((x >= 0) & (x < length), x, real(0))
    v = v.copy()
    # A particle at the very end of the box touches one point beyond those of the grid.
    fields = np.concatenate([grids, grids[:, :2]], axis=1).astype(x.dtype)
    slopes, steps = np.diff(fields, axis=1), np.diff(times)
    scale, size = real(grids.shape[1] / length), real(length)
    path = np.empty((len(steps) // every + 1, n, 2), x.dtype)

    def work(start: int) -> None:
        own = slice(start, start + BLOCK)
        follow(x[own], v[own], steps, fields, slopes, every, scale, size, path[:, own])

    starts = range(0, n, BLOCK)
    if len(starts) == 1:
        work(0)
        return path
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(work, starts))
    return path
