"""The particle-in-cell solver in three dimensions against a straightforward numpy one.

Both take the same steps: cloud-in-cell on 16^3 points, the field of the modes |m_i| <= 4 with the
response of the spline divided out, kick-drift-kick. The numpy one follows the definition: eight
grid points a particle, each with its weight. `python -m benchmarks.particle_in_cell_3d` prints
times, rates and the ratio at 1,000,000 particles.
"""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.timing import compete, machine, show
from hoam_core.numerics.loading import quiet
from hoam_core.solvers import pic3d
from hoam_core.systems import get_system

LENGTH, CELLS, DT = 4 * np.pi, 16, 0.1


def corners(x: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Flat index of each of the eight grid points around the particles (3, n), and its weight."""
    s = x * (CELLS / LENGTH)
    left = np.floor(s).astype(int)
    shares = [1 - (s - left), s - left]
    for corner in np.ndindex(2, 2, 2):
        index, weight = 0, 1
        for axis, side in enumerate(corner):
            index = index * CELLS + (left[axis] + side) % CELLS
            weight = weight * shares[side][axis]
        yield index, weight


def field_weights() -> list[np.ndarray]:
    """Factor of a density mode in each component of the acceleration."""
    whole, half = np.fft.fftfreq(CELLS, 1 / CELLS), np.arange(CELLS // 2 + 1.0)
    m = np.meshgrid(whole, whole, half, indexing="ij")
    square = m[0] ** 2 + m[1] ** 2 + m[2] ** 2
    square[0, 0, 0] = np.inf
    for axis in m:
        square[np.abs(axis) > CELLS / 4] = np.inf
        square = square * np.sinc(axis / CELLS) ** 4
    return [-1j * LENGTH / (2 * np.pi) * axis / square for axis in m]


def numpy_leapfrog(x: np.ndarray, v: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The textbook loop in numpy, for positions and velocities (3, n)."""
    weights = field_weights()

    def accelerate(x: np.ndarray) -> np.ndarray:
        density = np.zeros(CELLS**3)
        for index, weight in corners(x):
            density += np.bincount(index, weight, CELLS**3)
        density *= CELLS**3 / x.shape[1]
        modes = np.fft.rfftn(density.reshape((CELLS,) * 3))
        field = np.stack([np.fft.irfftn(modes * w).ravel() for w in weights])
        field = field.astype(x.dtype)
        return sum(weight * field[:, index] for index, weight in corners(x))

    a = accelerate(x)
    for _ in range(steps):
        v = v + 0.5 * DT * a
        x = np.mod(x + DT * v, LENGTH)
        a = accelerate(x)
        v = v + 0.5 * DT * a
    return x, v


def main(particles: int = 1_000_000, steps: int = 10) -> float:
    """Print the comparison; returns how many times faster the project's solver is."""
    system = get_system("strong-landau-6d")
    state = system.load(quiet(jax.random.key(0), particles, 6), system.vector({"alpha": 0.5}))
    x, v = np.asarray(state[:, :3].T, order="C"), np.asarray(state[:, 3:].T, order="C")
    ts = np.array([0.0, DT * steps])

    def ours() -> jax.Array:
        return pic3d.simulate(state[:, :3], state[:, 3:], ts, length=LENGTH, coupling=1.0, dt=DT)

    theirs, _ = numpy_leapfrog(x.astype(float), v.astype(float), steps)
    energies = [
        float(pic3d.electric_energy(jnp.asarray(end), LENGTH, 1.0))
        for end in (ours()[-1, :, :3].T, theirs)
    ]
    print(f"{machine()}\nelectric energy after {steps} steps: {energies[0]:.6g}, {energies[1]:.6g}")
    times = compete(
        {
            "hoam_core.solvers.pic3d (JAX, float32)": ours,
            "numpy, float32": lambda: numpy_leapfrog(x, v, steps),
        },
        repeats=3,
    )
    title = f"Particle-in-cell 3D3V, {particles:,} particles, {steps} steps, cloud-in-cell"
    return show(title, times, "particle-steps", particles * steps)


if __name__ == "__main__":
    main()
