"""The closed loop: the time of a roll-out beside the full model's, and of a training from nothing.

The page asks for roll-outs of 4,096 particles in 100 steps; 2,048 in 50 would be a coarse answer. A
training is all that `hoam train two-stream --method galerkin` does before it judges: eight runs of
the full model, their moments, the model on the disk.

    python -m benchmarks.closed_loop
"""

import tempfile
import time

import jax
import numpy as np

from benchmarks.timing import compete, machine
from hoam_core import default_experiment, get_system, load_model
from hoam_core.learning import learn
from hoam_core.simulation import start_truth

TARGETS = {"two-stream-galerkin": 0.1, "chaos-9d-galerkin": 3.0}
TRAINING_TARGET = 8.0


def roll_outs(name: str) -> dict[str, float]:
    """Seconds of roll-outs of a shipped model, and of the full model as the page runs it."""
    model = load_model(name)
    system, key = model.system, jax.random.key(1)
    mu = system.vector({p.name: p.train[0] for p in system.parameters})
    contenders = {}
    for particles, steps in ((4_096, 100), (2_048, 50)):
        ts = np.linspace(0.0, model.experiment.t_end, steps + 1)
        x0 = system.initial(jax.random.key(0), mu, particles)
        contenders[f"{particles:,} particles, {steps} steps"] = lambda x0=x0, ts=ts, steps=steps: (
            model.sample(x0, ts, mu, key, steps=steps)
        )
    ts = np.linspace(0.0, model.experiment.t_end, 101)
    x0, run_key = start_truth(system, mu, system.truth_particles, 0)
    contenders[f"full model, {len(x0):,} particles"] = lambda: system.simulate(run_key, mu, x0, ts)
    return compete(contenders)


def training() -> float:
    """Seconds of a training from nothing to the saved model, compiled programs included."""
    start = time.perf_counter()
    experiment = default_experiment(get_system("two-stream"), "galerkin")
    with tempfile.TemporaryDirectory() as folder:
        for _ in learn(experiment, folder, judge=False):
            pass
    return time.perf_counter() - start


def main() -> None:
    """Print times, targets and ratios."""
    print(f"{machine()}\n")
    seconds = training()
    print(f"training of two-stream-galerkin: {seconds:.1f} s (target {TRAINING_TARGET:g} s)")
    for name, target in TARGETS.items():
        times = roll_outs(name)
        (first, own), *_, (full, theirs) = times.items()
        print(f"\n{name} (target {target:g} s for {first})")
        for what, took in times.items():
            print(f"  {what:<36} {took:8.3f} s")
        print(f"  the first is {theirs / own:.1f} times faster than the {full}")


if __name__ == "__main__":
    main()
