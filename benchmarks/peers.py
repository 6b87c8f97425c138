"""Our particle-in-cell solver beside JAX-in-Cell, if that is installed (`pip install jaxincell`).

They do not solve the same equations: JAX-in-Cell is electromagnetic in one dimension and three
velocities, moves ions too, computes in double precision and keeps the state of every step. What is
compared is what a user waits for: particle-steps a second of the solver as it is installed, at the
same number of particles, grid points and steps.

    python -m benchmarks.peers
"""

import contextlib
import importlib.util
import io

import jax
import numpy as np

from benchmarks.timing import compete, machine, show
from hoam_core.numerics.loading import quiet
from hoam_core.solvers import pic
from hoam_core.systems import get_system

PARTICLES, POINTS, STEPS, DT = 65_536, 256, 100, 0.05


def main() -> None:
    """Print both rates and their ratio."""
    if importlib.util.find_spec("jaxincell") is None:
        raise SystemExit("JAX-in-Cell is not installed: pip install jaxincell")
    system = get_system("two-stream")
    state = system.load(quiet(jax.random.key(0), PARTICLES, 2), system.vector({"mu": 1.25}))
    ts = np.array([0.0, DT * STEPS])

    def ours() -> jax.Array:
        return pic.simulate(
            state[:, 0], state[:, 1], ts, length=50.0, coupling=1.25**2, dt=DT, cells=POINTS
        )

    jax.block_until_ready(ours())
    # Importing it changes the precision of the whole process, to which ours is indifferent.
    from jaxincell import Simulation

    half = {"number_pseudoparticles": PARTICLES // 2}
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = Simulation(
            {
                "domain_parameters": {"total_steps": STEPS, "number_grid_points": POINTS},
                "electrons": {"electrons0": half},
                "ions": {"ions0": half},
            }
        )

    def run() -> jax.Array:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return theirs.run()["electric_field"]

    taken = theirs.run()["total_steps"]
    if taken != STEPS:
        raise RuntimeError(f"JAX-in-Cell took {taken} steps instead of {STEPS}.")
    times = compete({"hoam_core.solvers.pic (1D1V)": ours, "jaxincell (1D3V)": run}, repeats=3)
    print(machine())
    title = f"{PARTICLES:,} particles, {POINTS} grid points, {STEPS} steps"
    show(title, times, "particle-steps", PARTICLES * STEPS)


if __name__ == "__main__":
    main()
