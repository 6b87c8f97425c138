"""A path of the learned macroscopic equation against a run of the full Ising lattice.

Both go through the same physical time, in batches of 1,024 paths or runs, on all cores there are.
"""

from functools import partial

import jax
import numpy as np

from benchmarks.timing import compete, machine
from hoam_core.models.files import load_model
from hoam_core.seeds import seed_key

PATHS, RUNS = 1_024, {64: 256, 128: 64}
TIMES = 11


def compare(model: str = "ising-partial") -> dict[int, float]:
    """Ratio of the times a path, for each side of the lattice."""
    learned = load_model(model)
    system, ts = learned.system, learned.times(n_times=TIMES)
    print(f"{machine()}; time 0 to {ts[-1]:g}")
    key, ratios = seed_key(0, "truth"), {}
    for side, runs in RUNS.items():
        mu = system.vector({"T": 2.5, "h": 0.1, "L": side})
        z0 = {n: system.initial(jax.random.key(0), mu, n) for n in (PATHS, runs)}
        times = compete({
            "learned": partial(learned.sample, z0[PATHS], ts, mu, key),
            "full": partial(system.simulate, key, mu, z0[runs], ts),
        }, repeats=3)  # fmt: skip
        each = {"learned": times["learned"] / PATHS, "full": times["full"] / runs}
        ratios[side] = each["full"] / each["learned"]
        figures = ", ".join(f"{name} {1e6 * t:,.0f} us a path" for name, t in each.items())
        print(f"  L = {side}: {figures}: {ratios[side]:.0f} times")
    return ratios


if __name__ == "__main__":
    assert np.all(np.isfinite(list(compare().values())))
