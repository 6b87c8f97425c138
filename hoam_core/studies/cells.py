"""One cell of a comparison: a method trained on a system for a given time, and judged.

Budgets are equal: every method of a system learns from the same full-model runs, trains for the
same core-seconds on the same machine (steps are timed first, so that the learning rate decays over
exactly that time) and is judged at the same particles, times and seeds. Core-seconds, two per
second on two cores, depend less than seconds on what else runs on a shared machine, but waiting
threads count, too: at a load of seven a step took twice as many. So cells that are compared need an
otherwise idle machine. On an accelerator they are seconds.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from hoam_core.checks import DivergedError
from hoam_core.data import Ensemble, Scaling
from hoam_core.evaluation import (
    FullModelRuns,
    affordable_times,
    evaluate,
    quarters,
    reference,
    report,
)
from hoam_core.judgement.judging import parameters_to_judge
from hoam_core.methods.base import Learner, Params
from hoam_core.metrics import sinkhorn_divergence, transport_distance
from hoam_core.models.model import Model
from hoam_core.seeds import seed_key
from hoam_core.simulation import training_ensemble
from hoam_core.systems import System, get_system
from hoam_core.training.experiment import Experiment, build_method, default_experiment
from hoam_core.training.fit import fit
from hoam_core.training.optimizers import OPTIMIZERS, Optimizer

SEED = 1


@final
@dataclass(frozen=True)
class Budget:
    """Core-seconds of training; particles and saved times of training and of judging.

    `steps` replaces the core-seconds in trial runs, so that no time is spent on timing a step.
    """

    core_seconds: float
    train_particles: int = 16_384
    train_times: int = 201
    particles: int = 4_096
    times: int = 51
    truth_particles: int | None = None
    closed_loop_particles: int | None = None
    steps: int | None = None
    tests: int = 2


@final
@dataclass(frozen=True)
class Cell:
    """The result of a cell: a row of the table, the losses over training, and the model."""

    row: dict[str, Any]
    losses: np.ndarray
    model: Model | None


@lru_cache(maxsize=1)
def training_data(
    system: str, axes: tuple[tuple[float, ...], ...], budget: Budget
) -> tuple[Ensemble, Scaling]:
    """The full-model runs of a system, shared by all neural methods."""
    experiment = experiment_for(system, "dice", budget, axes=axes)
    ensemble = training_ensemble(experiment)
    return ensemble, Scaling.of(ensemble)


@lru_cache(maxsize=4)
def truths(
    system: str, parameters: tuple[tuple[str, float], ...], t_end: float, budget: Budget
) -> FullModelRuns:
    """The full-model runs against which every method is judged at one parameter set, to `t_end`."""
    target = get_system(system)
    mu, ts = target.vector(dict(parameters)), target.times(t_end, budget.times)
    truth, second = (
        reference(target, mu, ts, seed, quarters(ts), budget.truth_particles)
        for seed in (SEED, SEED + 1)
    )
    return FullModelRuns(truth, second)


def experiment_for(system: str, method: str, budget: Budget, **changes: Any) -> Experiment:
    """The experiment of a cell; the closed loop keeps its own recipe, which takes less time.

    The others learn at the training values of the system, also where a recipe has more.
    """
    target = get_system(system)
    if method == "galerkin" and budget.closed_loop_particles is None:
        return default_experiment(target, method, **changes)
    # Memory grows with the number of components, so particles are fewer for many components.
    particles = max(1_024, min(budget.train_particles, 2**18 // len(target.components)))
    if method == "galerkin":
        particles = budget.closed_loop_particles
    shared = {"axes": tuple(p.train for p in target.parameters)}
    values = {"particles": particles, "n_times": budget.train_times, **shared, **changes}
    return default_experiment(target, method, **values)


class Trained(NamedTuple):
    """The state of a training: the experiment with its number of steps, parameters, all losses."""

    share: float
    experiment: Experiment
    params: Params
    losses: np.ndarray
    finite: bool = True


def train_for(
    experiment: Experiment, ensemble: Ensemble, scaling: Scaling, budget: Budget
) -> Iterator[Trained]:
    """Train for the core-seconds of a budget, excluding compilation."""
    learner = build_method(experiment, scaling).learner
    key, optimizer = seed_key(experiment.seed, "fit"), OPTIMIZERS[experiment.optimizer]
    if learner.loss is None:
        params = jax.block_until_ready(learner.init(key, learner.prepare(ensemble)))
        yield Trained(1.0, replace(experiment, steps=1), params, np.zeros(0))
        return
    steps = budget.steps
    if steps is None:
        steps = max(
            20, int(budget.core_seconds / _core_seconds_a_step(learner, optimizer, ensemble, key))
        )
    experiment = replace(experiment, steps=steps)
    losses = []
    every = max(1, min(100, steps // 20))
    chosen = optimizer(steps, experiment.rate)
    for state in fit(learner, ensemble, chosen, key, steps=steps, every=every):
        losses.append(state.losses)
        so_far = np.concatenate(losses)
        yield Trained(state.step / steps, experiment, state.params, so_far, state.finite)


def _core_seconds_a_step(
    learner: Learner, optimizer: Optimizer, ensemble: Ensemble, key: PRNGKeyArray
) -> float:
    # The first chunk compiles; the others are timed.
    trial = fit(learner, ensemble, optimizer(1_000, 2e-3), key, steps=30, every=10)
    next(trial)
    clock = time.process_time if jax.default_backend() == "cpu" else time.perf_counter
    started = clock()
    for _ in trial:
        pass
    return (clock() - started) / 20


def cell(system: str, method: str, budget: Budget, **changes: Any) -> Iterator[tuple[str, Any]]:
    """Train and judge; yields (current step, share done), and at the end ("done", Cell)."""
    experiment = experiment_for(system, method, budget, **changes)
    yield "full-model runs", 0.0
    if method == "galerkin":
        ensemble = training_ensemble(experiment)
        scaling = Scaling.of(ensemble)
    else:
        ensemble, scaling = training_data(system, experiment.axes, budget)
    started, trained = time.perf_counter(), None
    for trained in train_for(experiment, ensemble, scaling, budget):
        yield "training", trained.share
        if not trained.finite:
            break
    if trained is None:
        raise RuntimeError("The training yielded no state.")
    losses = trained.losses
    about = {
        "steps": trained.experiment.steps,
        "seconds": round(time.perf_counter() - started, 1),
        "final_loss": float(np.mean(losses[-100:])) if losses.size and trained.finite else None,
    }
    row = {"method": method, "system": system, "network": experiment.network, "training": about,
           "budget": asdict(budget), "device": jax.devices()[0].device_kind}  # fmt: skip
    if not trained.finite:
        yield "done", Cell({**row, "status": "diverged"}, losses[np.isfinite(losses)], None)
        return
    model = Model.build(trained.experiment, scaling, trained.params, training=about)
    yield "judging", 0.0
    yield "done", Cell({**row, **judged(model, budget)}, losses, model)


def judged(model: Model, budget: Budget) -> dict[str, Any]:
    """Errors at unseen parameters, time of a roll-out and field evaluations per particle.

    Methods that integrate anew for every saved time are judged at few times.
    """
    ts = model.times(n_times=budget.times)
    n_times = min(budget.times, affordable_times(model) or budget.times)
    distances = {"w2": transport_distance(len(model.system.components))}
    if "electric_energy" not in [o.name for o in model.system.observable_info]:
        distances["sinkhorn"] = sinkhorn_divergence
    errors = []
    for values in parameters_to_judge(model)[: budget.tests]:
        try:
            result = evaluate(
                model, values, particles=budget.particles, seed=SEED, n_times=n_times,
                references=truths(
                    model.system.name, tuple(values.items()), model.experiment.t_end,
                    replace(budget, times=n_times),
                ),
                distances=distances,
            )  # fmt: skip
        except DivergedError as error:
            return {"status": "diverged", "reason": str(error)}
        errors.append(report(result, model))
    return {
        "status": "done",
        "errors": errors,
        "inference_seconds": rollout_seconds(model, ts, budget.particles),
        "evaluations": model.method.evaluations(ts, None),
    }


def rollout_seconds(model: Model, ts: np.ndarray, particles: int) -> float:
    """Seconds of a roll-out at the first test parameters, after a first one that compiles.

    Where every saved time is computed afresh at the same cost, a tenth of them is timed.
    """
    mu, x0 = _start(model.system, particles)
    timed = ts if affordable_times(model) is None else ts[:: max(1, (len(ts) - 1) // 5)]

    def run():
        return model.sample(x0, timed, mu, jax.random.key(SEED))

    jax.block_until_ready(run())
    return _shortest(run) * (len(ts) - 1) / (len(timed) - 1)


def full_model_seconds(system: System, ts: np.ndarray, particles: int) -> float:
    """Seconds of the full model for the same saved times, after a first run that compiles."""
    mu, x0 = _start(system, particles)
    jax.block_until_ready(system.simulate(jax.random.key(SEED), mu, x0, ts))
    return _shortest(lambda: system.simulate(jax.random.key(SEED), mu, x0, ts))


def _start(system: System, particles: int) -> tuple[Array, Array]:
    mu = system.vector({p.name: p.default for p in system.parameters})
    return mu, system.initial(jax.random.key(SEED), mu, particles)


def _shortest(run: Callable[[], Array]) -> float:
    """The shortest time of three runs, or of fewer if they take seconds, where noise is small."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < 2.0:
        started = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - started)
    return min(times)
