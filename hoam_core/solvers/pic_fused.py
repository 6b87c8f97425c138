"""The particle loop of the 1D1V particle-in-cell code in one pass over the memory.

A leapfrog step gathers the force, kicks, drifts and deposits. As separate array operations, which
is what XLA makes of them, each of these reads and writes all particles; here a particle is loaded
once a step. Half kicks of neighbouring steps are one kick, so that velocities stand half a step
behind positions and are synchronised for a saved time only.

Needs numba (the extra `fast`); without it pic.py does the same by XLA. Order 1, without collisions.
Particles are cut into chunks with a density each, whose number does not depend on the machine, and
threads share the chunks: the sums have the same order, and the results the same bits, everywhere.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import NamedTuple

import numpy as np

CHUNK = 16_384


class Kernels(NamedTuple):
    """`push` moves particles by a step and deposits them; `write` saves them at a full step."""

    push: Callable
    write: Callable


def is_installed() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


@cache
def kernels() -> Kernels:
    """The compiled loops; `nogil` lets threads share them."""
    import numba

    compiled = numba.njit(nogil=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})

    @compiled
    def push(x, v, field, scale, length, kick, drift, density, starts):
        one, zero = scale / scale, scale - scale  # in the numbers' own precision
        for c in range(len(starts) - 1):
            grid = density[c]
            grid[:] = 0
            for i in range(starts[c], starts[c + 1]):
                s = x[i] * scale
                j = int(s)
                w = s - np.floor(s)
                v[i] += kick * (field[j] + w * (field[j + 1] - field[j]))
                moved = x[i] + drift * v[i]
                if moved < zero or moved >= length:
                    moved -= length * np.floor(moved / length)
                    # By rounding, or of a velocity beyond all bounds: never outside the grid.
                    if not zero <= moved < length:
                        moved = zero
                x[i] = moved
                s = moved * scale
                j = int(s)
                w = s - np.floor(s)
                grid[j] += one - w
                grid[j + 1] += w

    @compiled
    def write(x, v, field, scale, kick, out, starts):
        for i in range(starts[0], starts[-1]):
            s = x[i] * scale
            j = int(s)
            out[i, 0] = x[i]
            w = s - np.floor(s)
            out[i, 1] = v[i] + kick * (field[j] + w * (field[j + 1] - field[j]))

    return Kernels(push, write)


class Threads:
    """Particles in chunks, and threads that share them."""

    def __init__(self, n: int, pool: ThreadPoolExecutor, count: int):
        self.starts = np.linspace(0, n, max(1, n // CHUNK) + 1).astype(np.int64)
        ends = np.linspace(0, self.chunks, min(count, self.chunks) + 1).astype(int)
        self._pool, self._shares = pool, [slice(*two) for two in pairwise(map(int, ends))]

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return len(self.starts) - 1

    def each(self, work: Callable[[slice, np.ndarray], None]) -> None:
        """work(chunks, starts) for every share of the chunks; the first one here."""

        def one(share: slice) -> None:
            work(share, self.starts[share.start : share.stop + 1])

        others = [self._pool.submit(one, share) for share in self._shares[1:]]
        one(self._shares[0])
        for other in others:
            other.result()


def run(
    x: np.ndarray, v: np.ndarray, ts: np.ndarray, *, length: float, transfer: np.ndarray,
    substeps: int,
) -> np.ndarray:  # fmt: skip
    """States (t, n, 2) at the times ts, of finite particles (n,) with x in [0, length).

    `transfer` (c // 2 + 1,) takes Fourier modes of the density on c cells to those of dv/dt.
    """
    count = os.cpu_count() or 1
    with ThreadPoolExecutor(max(1, count - 1)) as pool:
        threads = Threads(len(x), pool, count)
        return _run(x.copy(), v.copy(), np.asarray(ts, float), length, transfer, substeps, threads)


def _run(x, v, ts, length, transfer, substeps, threads: Threads) -> np.ndarray:
    real, cells, n = x.dtype.type, 2 * (len(transfer) - 1), len(x)
    # A particle at the very end of the box touches one point beyond those of the grid.
    density = np.zeros((threads.chunks, cells + 2), x.dtype)
    scale, size = real(cells / length), real(length)
    push, write = kernels()

    def step(force: np.ndarray, kick: float, drift: float) -> np.ndarray:
        threads.each(
            lambda share, starts: push(
                x, v, force, scale, size, real(kick), real(drift), density[share], starts
            )
        )
        total = density.sum(0, dtype=float)
        total[:2] += total[cells:]
        modes = transfer * np.fft.rfft(total[:cells]) * (cells / n)
        force = np.fft.irfft(modes, cells).astype(x.dtype)
        return np.concatenate([force, force[:2]])

    def save(force: np.ndarray, kick: float, out: np.ndarray) -> None:
        threads.each(lambda _, starts: write(x, v, force, scale, real(kick), out, starts))

    path, before = np.empty((len(ts), n, 2), x.dtype), 0.0
    force = step(np.zeros(cells + 2, x.dtype), 0.0, 0.0)
    save(force, 0.0, path[0])
    for interval, out in zip(np.diff(ts), path[1:], strict=True):
        h = interval / substeps
        # The second half kick of the interval before and the first one of this.
        force = step(force, 0.5 * (before + h), h)
        for _ in range(substeps - 1):
            force = step(force, h, h)
        save(force, 0.5 * h, out)
        before = h
    return path
