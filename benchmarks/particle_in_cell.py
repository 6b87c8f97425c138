"""The particle-in-cell solver against a straightforward numpy one of the same order.

Times, rates and ratios at 131,072 particles, with and without numba, beside what the memory could
do: a step reads and writes position and velocity once, 16 bytes a particle in single precision.
Target: 0.4 G particle-steps/s on two cores.

    python -m benchmarks.particle_in_cell
"""

import time
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.timing import compete, machine, show
from hoam_core.loading import quiet
from hoam_core.solvers import pic, pic_fused
from hoam_core.systems import get_system

LENGTH, CELLS, DT = 50.0, 256, 0.05


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


def main(particles: int = 131_072, steps: int = 100) -> float:
    """Print the comparison; returns how many times faster the project's solver is."""
    system = get_system("two-stream")
    mu = system.vector({"mu": 1.25})
    state = system.load(quiet(jax.random.key(0), particles, 2), mu)
    x, v = np.asarray(state[:, 0]), np.asarray(state[:, 1])
    ts = np.array([0.0, DT * steps])
    coupling = 1.25**2
    ours = pic.simulate(state[:, 0], state[:, 1], ts, length=LENGTH, coupling=coupling, dt=DT)
    theirs, _ = numpy_leapfrog(x.astype(float), v.astype(float), steps, coupling)
    energies = [
        float(pic.electric_energy(jnp.asarray(end), LENGTH, coupling))
        for end in (ours[-1, :, 0], theirs)
    ]
    print(f"{machine()}\nelectric energy after {steps} steps: {energies[0]:.6g}, {energies[1]:.6g}")

    def plain() -> jax.Array:
        return pic.simulate(state[:, 0], state[:, 1], ts, length=LENGTH, coupling=coupling, dt=DT)

    def by_xla() -> jax.Array:
        with mock.patch.object(pic_fused, "is_installed", return_value=False):
            return plain()

    times = compete(
        {
            "hoam_core.solvers.pic (numba, float32)": plain,
            "the same without numba (XLA)": by_xla,
            "numpy, float32": lambda: numpy_leapfrog(x, v, steps, coupling),
        }
    )
    title = f"Particle-in-cell 1D1V, {particles:,} particles, {steps} steps, order 1"
    ratio = show(title, times, "particle-steps", particles * steps)
    bound = copied_bytes() / 16
    rate = particles * steps / min(times.values())
    print(
        f"  memory moves 16 bytes a particle and step at {bound / 1e9:.2f} G/s: {rate / bound:.0%}"
    )
    return ratio


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
