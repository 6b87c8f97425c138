"""The particle-in-cell solver against a straightforward numpy one of the same order.

Times, rates and ratios at 131,072 particles, with and without numba, beside what the memory could
do: a step reads and writes position and velocity once, 16 bytes a particle in single precision. And
beside what it costs to wake the other threads, which each step does once. Then the rate of more
particles. Target: 0.4 G particle-steps/s on two cores, of 131,072 and more.

    python -m benchmarks.particle_in_cell
"""

import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.timing import compete, machine, show
from hoam_core.numerics.loading import quiet
from hoam_core.solvers import pic
from hoam_core.systems import get_system

LENGTH, CELLS, DT, COUPLING = 50.0, 256, 0.05, 1.25**2
MORE = (262_144, 524_288, 1_048_576)


def numpy_leapfrog(
    x: np.ndarray, v: np.ndarray, steps: int, coupling: float
) -> tuple[np.ndarray, np.ndarray]:
    """Order-1 deposit and gather, spectral solve, kick-drift-kick: the textbook loop in numpy."""
    n = len(x)
    k = 2 * np.pi / LENGTH * np.arange(CELLS // 2 + 1)
    k[0] = 1.0

    def accelerate(x: np.ndarray) -> np.ndarray:
        s = x * (CELLS / LENGTH)
        left = np.floor(s).astype(int)
        right_weight = s - left
        left, right = left % CELLS, (left + 1) % CELLS
        density = np.bincount(left, 1 - right_weight, CELLS)
        density += np.bincount(right, right_weight, CELLS)
        modes = np.fft.rfft(density * CELLS / n)
        modes[[0, -1]] = 0
        field = np.fft.irfft(-1j * modes / (coupling * k), CELLS)
        return (1 - right_weight) * field[left] + right_weight * field[right]

    a = accelerate(x)
    for _ in range(steps):
        v = v + 0.5 * DT * a
        x = np.mod(x + DT * v, LENGTH)
        a = accelerate(x)
        v = v + 0.5 * DT * a
    return x, v


def loaded(particles: int) -> jax.Array:
    """Two-stream particles (n, 2) at the start."""
    system = get_system("two-stream")
    return system.load(quiet(jax.random.key(0), particles, 2), system.vector({"mu": 1.25}))


def simulated(state: jax.Array, steps: int) -> jax.Array:
    """What is measured: the states at the start and at the end."""
    x, v, ts = state[:, 0], state[:, 1], np.array([0.0, DT * steps])
    return pic.simulate(x, v, ts, length=LENGTH, coupling=COUPLING, dt=DT)


def main(particles: int = 131_072, steps: int = 100) -> float:
    """Print the comparison; returns how many times faster the project's solver is."""
    state = loaded(particles)
    x, v = np.asarray(state[:, 0]), np.asarray(state[:, 1])
    theirs, _ = numpy_leapfrog(x.astype(float), v.astype(float), steps, COUPLING)
    energies = [
        float(pic.electric_energy(jnp.asarray(end), LENGTH, COUPLING))
        for end in (simulated(state, steps)[-1, :, 0], theirs)
    ]
    print(f"{machine()}\nelectric energy after {steps} steps: {energies[0]:.6g}, {energies[1]:.6g}")

    def by_xla() -> jax.Array:
        with mock.patch("hoam_core.numerics.compiled.is_installed", return_value=False):
            return simulated(state, steps)

    times = compete(
        {
            "hoam_core.solvers.pic (numba, float32)": lambda: simulated(state, steps),
            "the same without numba (XLA)": by_xla,
            "numpy, float32": lambda: numpy_leapfrog(x, v, steps, COUPLING),
        }
    )
    title = f"Particle-in-cell 1D1V, {particles:,} particles, {steps} steps, order 1"
    ratio = show(title, times, "particle-steps", particles * steps)
    bound = copied_bytes() / 16
    rate = particles * steps / min(times.values())
    print(
        f"  memory moves 16 bytes a particle and step at {bound / 1e9:.2f} G/s: {rate / bound:.0%}"
    )
    share = woken() * steps / min(times.values())
    print(f"  to wake a thread and hear of its end takes {share:.0%} of the time")
    for more in MORE:
        state = loaded(more)
        (seconds,) = compete({"": lambda state=state: simulated(state, steps)}).values()
        print(f"  {more:9,} particles: {more * steps / seconds / 1e6:.0f} M particle-steps/s")
    return ratio


def woken() -> float:
    """Seconds until another thread has done nothing; the median of many."""
    with ThreadPoolExecutor(1) as pool:
        took = []
        for _ in range(200):
            start = time.perf_counter()
            pool.submit(lambda: None).result()
            took.append(time.perf_counter() - start)
    return float(np.median(took))


def copied_bytes(size: int = 64 * 2**20) -> float:
    """Bytes a second that numpy copies, read and written, beyond the caches; the best of ten."""
    source, target = np.ones(size // 8), np.empty(size // 8)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * size / best


if __name__ == "__main__":
    main()
