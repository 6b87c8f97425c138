"""The particle loop of the 1D1V particle-in-cell code in one pass over the memory.

A leapfrog step gathers the force, kicks, drifts and deposits. As separate array operations, as
compiled by XLA, each of these reads and writes all particles; here a particle is loaded once per
step. Half kicks of neighbouring steps are merged, so that velocities lag half a step behind
positions and are synchronised at saved times only.

Needs numba (the extra `fast`); without it pic.py does the same by XLA. Order 1, without collisions.
Particles are divided into chunks with a density each, whose number does not depend on the machine,
and threads share the chunks: sums have the same order, and results the same bits, everywhere.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple, final

import numpy as np

from hoam_core.numerics.compiled import FAST, compiler

CHUNK = 16_384
# Particles whose positions and velocities stay in the fastest cache from one loop to the next.
BLOCK = 2_048


class ParticleKernels(NamedTuple):
    """`push` moves particles by a step and deposits them; `write` saves them at a full step.

    `accelerate` and `move` are the parts of a push that need no deposit.
    """

    push: Callable
    write: Callable
    accelerate: Callable
    move: Callable


@cache
def kernels() -> ParticleKernels:
    """The compiled loops, which threads can share."""
    compiled = compiler(FAST - {"reassoc"})

    # Three loops instead of one, as the compiler vectorises those without a scatter.
    @compiled
    def accelerate(x, v, field, slope, scale, kick):
        for i in range(len(x)):
            s = x[i] * scale
            j = np.uint32(np.int32(s))  # unsigned: no test for negative indices
            v[i] += kick * (field[j] + (s - np.floor(s)) * slope[j])

    @compiled
    def move(x, v, length, drift):
        zero = length - length  # in the numbers' own precision
        for i in range(len(x)):
            moved = x[i] + drift * v[i]
            moved -= length * np.floor(moved / length)
            # Never outside the grid, whatever the rounding or the velocity.
            x[i] = moved if zero <= moved < length else zero

    @compiled
    def deposit(x, scale, grid):
        one = scale / scale
        for i in range(len(x)):
            s = x[i] * scale
            j = np.uint32(np.int32(s))
            w = s - np.floor(s)
            grid[j] += one - w
            grid[j + 1] += w

    @compiled
    def push(x, v, field, slope, scale, length, kick, drift, density):
        density[:] = 0
        for start in range(0, len(x), BLOCK):
            xs, vs = x[start : start + BLOCK], v[start : start + BLOCK]
            accelerate(xs, vs, field, slope, scale, kick)
            move(xs, vs, length, drift)
            deposit(xs, scale, density)

    @compiled
    def write(x, v, field, scale, kick, out):
        for i in range(len(x)):
            s = x[i] * scale
            j = int(s)
            out[i, 0] = x[i]
            w = s - np.floor(s)
            out[i, 1] = v[i] + kick * (field[j] + w * (field[j + 1] - field[j]))

    return ParticleKernels(push, write, accelerate, move)


@final
class Threads:
    """Particles in chunks, and threads that share them.

    Each takes another chunk whenever it has finished one, since a sleeping thread may need as long
    to wake up as for a chunk. The last chunk is left to the calling thread, which would otherwise
    fall asleep while others finish theirs.
    """

    def __init__(self, n: int, pool: ThreadPoolExecutor, count: int):
        ends = np.linspace(0, n, max(1, n // CHUNK) + 1).astype(int).tolist()
        self.chunks = list(map(slice, ends, ends[1:]))
        self._pool, self._others = pool, min(count, len(self.chunks)) - 1

    def each(self, work: Callable[[int, slice], None]) -> None:
        """Call work(number, chunk) for every chunk, some of them in the calling thread."""
        left = deque(enumerate(self.chunks))

        def some(take: Callable[[], tuple[int, slice]], leave: int = 0) -> None:
            while len(left) > leave:
                try:
                    number, chunk = take()
                except IndexError:  # another thread took the last chunk
                    return
                work(number, chunk)

        # From both ends, so that a core is likely to get the chunks that are in its cache.
        others = [self._pool.submit(some, left.pop, 1) for _ in range(self._others)]
        some(left.popleft)
        for other in others:
            if not other.cancel():
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
    # A particle at the very end of the box touches one point beyond the grid.
    density = np.zeros((len(threads.chunks), cells + 2), x.dtype)
    scale, size = real(cells / length), real(length)
    push, write, *_ = kernels()

    def step(force: np.ndarray, kick: float, drift: float) -> np.ndarray:
        slope, kick, drift = np.diff(force), real(kick), real(drift)

        def work(number: int, chunk: slice) -> None:
            push(x[chunk], v[chunk], force, slope, scale, size, kick, drift, density[number])

        threads.each(work)
        total = density.sum(0, dtype=float)
        total[:2] += total[cells:]
        modes = transfer * np.fft.rfft(total[:cells]) * (cells / n)
        force = np.fft.irfft(modes, cells).astype(x.dtype)
        return np.concatenate([force, force[:2]])

    def save(force: np.ndarray, kick: float, out: np.ndarray) -> None:
        kick = real(kick)
        threads.each(lambda _, one: write(x[one], v[one], force, scale, kick, out[one]))

    path, before = np.empty((len(ts), n, 2), x.dtype), 0.0
    force = step(np.zeros(cells + 2, x.dtype), 0.0, 0.0)
    save(force, 0.0, path[0])
    for interval, out in zip(np.diff(ts), path[1:], strict=True):
        h = interval / substeps
        # The second half kick of the previous interval and the first one of this.
        force = step(force, 0.5 * (before + h), h)
        for _ in range(substeps - 1):
            force = step(force, h, h)
        save(force, 0.5 * h, out)
        before = h
    return path
