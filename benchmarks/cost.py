"""What a run costs in time and memory, against particles and against training parameters.

Every point is measured in a process of its own, so that the peak of its memory is its own: the most
that the process ever held, less what it held before the run and its compilation. Times are the best
of three, compilation left out. Full-model runs save eleven times, as a training of the paper's kind
would; learned models are rolled out as the page does it, with 101.

    python -m benchmarks.cost
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable

import jax
import numpy as np
import psutil

from benchmarks.timing import compete, machine
from hoam_core import default_experiment, get_system, load_model
from hoam_core.data import Scaling
from hoam_core.simulation import training_ensemble
from hoam_core.training.experiment import build_method

PARTICLES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
# A roll-out keeps every frame: beyond this it would be an array of ten gigabytes.
MOST_ROLLED = 1_000_000
PARAMETERS = (2, 4, 8, 16, 32)
SYSTEM, MODEL = "two-stream", "two-stream-galerkin"


def full_model(particles: int) -> Callable[[], object]:
    """A run of the full model to t = 5, a hundred steps."""
    system = get_system(SYSTEM)
    mu, key = system.vector({"mu": 1.3}), jax.random.key(0)
    x0 = system.initial(key, mu, particles)
    return lambda: system.simulate(key, mu, x0, np.linspace(0.0, 5.0, 11))


def roll_out(particles: int) -> Callable[[], object]:
    """A roll-out of the shipped model, a hundred steps."""
    model, key = load_model(MODEL), jax.random.key(0)
    mu = model.system.vector({"mu": 1.3})
    x0, ts = model.system.initial(key, mu, particles), model.times(n_times=101)
    return lambda: model.sample(x0, ts, mu, key, steps=100)


def fit(parameters: int) -> Callable[[], object]:
    """The solution of the closed loop's least squares for so many training parameters."""
    system = get_system(SYSTEM)
    axes = (tuple(np.linspace(1.2, 1.9, parameters).tolist()),)
    experiment = default_experiment(system, "galerkin", axes=axes)
    ensemble = training_ensemble(experiment)

    def solve() -> object:
        method = build_method(experiment, Scaling.of(ensemble))
        return method.learner.init(jax.random.key(0), ensemble)

    return solve


KINDS = {
    "full model, 100 steps": (full_model, PARTICLES, "particles"),
    "roll-out, 100 steps": (roll_out, [n for n in PARTICLES if n <= MOST_ROLLED], "particles"),
    "least squares of a training": (fit, PARAMETERS, "parameters"),
}


def measure(kind: str, size: int) -> dict[str, float]:
    """Seconds and bytes of one point, in this process."""
    make, *_ = KINDS[kind]
    before = psutil.Process().memory_info().rss
    times = compete({kind: make(size)}, repeats=3)
    most = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": times[kind], "bytes": max(0, most - before)}


def main() -> None:
    """Print a line for every point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    if options.kind:
        print(json.dumps(measure(options.kind, options.size)))
        return
    print(machine())
    for kind, (_, sizes, unit) in KINDS.items():
        print(f"\n{kind}")
        for size in sizes:
            command = [sys.executable, "-m", "benchmarks.cost", "--kind", kind, "--size", str(size)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found = json.loads(told.splitlines()[-1])
            print(
                f"  {size:11,} {unit:10} {found['seconds']:9.3f} s {found['bytes'] / 2**20:8.0f} MB"
                f"   {1e9 * found['seconds'] / size:10.0f} ns each",
                flush=True,
            )


if __name__ == "__main__":
    main()
