"""Time and field evaluations of a prediction: HOAM, flow matching, scores, and the full model.

All at the same particles and saved times, in one run. The networks are untrained: their time does
not depend on their weights. The six-dimensional plasma is told against this project's own compiled
particle-in-cell solver with a million particles.
"""

import jax

from benchmarks.timing import compete
from hoam_core import default_experiment, get_system, load_model
from hoam_core.data import Scaling
from hoam_core.simulation import training_ensemble
from hoam_core.training.experiment import build_method

PARTICLES, TIMES = 1_024, 26
METHODS = ("hoam-gauss", "dice", "galerkin", "mean-field", "cfm", "ncsm")
FULL = "full model"


def compare_methods(name: str = "two-stream") -> dict[str, float]:
    """Times of an untrained model of each method, and of the full model."""
    system = get_system(name)
    ts, key = system.times(n_times=TIMES), jax.random.key(1)
    axes = tuple(p.train[:2] for p in system.parameters)
    mu = system.vector({p.name: p.train[0] for p in system.parameters})
    x0 = system.initial(jax.random.key(0), mu, PARTICLES)
    contenders, evaluations = {}, {}
    for name in METHODS:
        experiment = default_experiment(
            system, name, axes=axes, particles=PARTICLES, n_times=TIMES, steps=1
        )
        ensemble = training_ensemble(experiment)
        method = build_method(experiment, Scaling.of(ensemble))
        params = method.learner.init(jax.random.key(0), ensemble)
        contenders[name] = lambda m=method, p=params: m.sample(p, x0, ts, mu, key)
        evaluations[name] = method.evaluations(ts, None)
    contenders[FULL] = lambda: system.simulate(key, mu, x0, ts)
    times = compete(contenders, repeats=2)
    print(f"\n{system.name}: {PARTICLES:,} particles, {TIMES} saved times, ratios to {METHODS[0]}")
    for name, seconds in times.items():
        cost = evaluations.get(name, 0)
        print(
            f"  {name:<12} {seconds:9.3f} s {seconds / times[METHODS[0]]:8.1f} x"
            f" {cost:10,d} evaluations {cost / evaluations[METHODS[0]]:8.1f} x"
        )
    return times


def compare_with_the_full_model(particles: int = 1_000_000) -> dict[str, float]:
    """Closed loop and mean field in six dimensions beside the compiled 3D3V solver, in one run."""
    model = load_model("strong-landau-6d-galerkin")
    system, ts, key = model.system, model.times(n_times=31), jax.random.key(1)
    mu = system.vector({"alpha": 0.375})
    x0 = {n: system.initial(jax.random.key(0), mu, n) for n in (4_096, 16_384, particles)}
    contenders = {
        f"closed loop, {n:,} particles": lambda n=n: model.sample(x0[n], ts, mu, key, steps=30)
        for n in (4_096, 16_384)
    }
    known = load_model("strong-landau-6d-mean-field")
    contenders["mean field, 4,096 particles"] = lambda: known.sample(x0[4_096], ts, mu, key)
    contenders[FULL] = lambda: system.simulate(key, mu, x0[particles], ts)
    times = compete(contenders, repeats=6)
    print(f"\n{system.name}: {FULL}, compiled 3D3V particle-in-cell, {particles:,} particles")
    for name, seconds in times.items():
        print(f"  {name:<34} {seconds:8.3f} s, {times[FULL] / seconds:7.1f} times as fast")
    return times


def compare_pictures(name: str = "two-stream", particles: int = 131_072) -> dict[str, float]:
    """The mean field beside the full model that gives the same picture, at five saved times."""
    model = load_model(f"{name}-mean-field")
    system, ts, key = model.system, model.times(n_times=5), jax.random.key(1)
    mu = system.vector({p.name: p.default for p in system.parameters})
    x0 = system.initial(jax.random.key(0), mu, particles)
    contenders = {
        "mean field": lambda: model.sample(x0, ts, mu, key, steps=100),
        FULL: lambda: system.simulate(key, mu, x0, ts),
    }
    times = compete(contenders, repeats=6)
    print(f"\n{name}: {particles:,} particles, {FULL}: {system.backend(particles)}")
    for kind, seconds in times.items():
        print(f"  {kind:<34} {seconds:8.3f} s, {times[FULL] / seconds:7.1f} times as fast")
    return times


def main() -> None:
    """All comparisons."""
    compare_methods()
    compare_pictures()
    compare_with_the_full_model()


if __name__ == "__main__":
    main()
