"""Spins drawn anew a second: this project's Ising lattices against mcising's, one core each.

mcising (a Rust library, `pip install mcising`) sweeps one lattice by Metropolis; here 1,024 runs of
the same lattice go together. Both are told in attempts a second. Pin the run to one core
(`taskset -c 0`) for a fair comparison.
"""

import importlib.util

import jax
import jax.numpy as jnp

from benchmarks.timing import compete
from hoam_core.systems import get_system

SIZE, RUNS, SWEEPS = 64, 1_024, 8
TEMPERATURE, FIELD = 2.5, 0.1


def compare() -> dict[str, float]:
    """Attempts a second of each, and the ratio."""
    lattice = get_system("ising")
    mu = jnp.tile(jnp.array([[TEMPERATURE, FIELD, 0.7, SIZE]]), (RUNS, 1))
    state = lattice.start(jax.random.key(0), mu, SIZE)
    contenders = {"hoam_core": lambda: lattice.evolve(jax.random.key(1), mu, state, SWEEPS)}
    attempts = {"hoam_core": SIZE**2 * SWEEPS * RUNS}
    if importlib.util.find_spec("mcising"):
        import mcising  # type: ignore[import-not-found]

        one = mcising.IsingSimulation(SIZE, 1.0, 0.0, 0.0, FIELD, 3, "metropolis", "square")
        contenders["mcising"] = lambda: one.sweep(SWEEPS * RUNS, temperature=TEMPERATURE)[0]
        attempts["mcising"] = SIZE**2 * SWEEPS * RUNS
    times = compete(contenders)
    rates = {name: attempts[name] / seconds for name, seconds in times.items()}
    for name, rate in rates.items():
        print(f"  {name:<12} {rate / 1e6:8.1f} M attempts/s")
    if "mcising" in rates:
        print(f"  ratio {rates['hoam_core'] / rates['mcising']:.2f}")
    else:
        print("  mcising is not installed: pip install mcising compares with it.")
    return rates


if __name__ == "__main__":
    compare()
