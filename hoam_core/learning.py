"""Carry out an experiment, from its data to a saved model, as a generator that reports progress.

During training the folder holds a checkpoint, so that an interrupted training can be resumed and
ends where an uninterrupted one would; afterwards it holds `model.json` and `model.safetensors`.
"""

import dataclasses
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from hoam_core.checks import DivergedError
from hoam_core.data import Ensemble, Increments, Means, Scaling
from hoam_core.judgement.convergence import with_growth
from hoam_core.judgement.judging import judge_steps
from hoam_core.macro.closure import (
    CLOSURE_STEPS,
    Closed,
    Closure,
    patches_seen,
    train_closure,
    with_start,
)
from hoam_core.macro.increments import increments_of, joined, lattice_of, plan_of
from hoam_core.methods import METHODS
from hoam_core.methods.mean_field import means_of
from hoam_core.models.files import save_model
from hoam_core.models.model import Model
from hoam_core.seeds import seed_key
from hoam_core.simulation import as_ensemble, training_runs
from hoam_core.storage.datasets import check_folder
from hoam_core.systems import PatchedLattice, get_system
from hoam_core.training.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from hoam_core.training.devices import mesh_of
from hoam_core.training.experiment import Experiment, build_method, parameter_grid
from hoam_core.training.fit import TrainState, fit
from hoam_core.training.optimizers import OPTIMIZERS


class Progress(NamedTuple):
    """Stage of a training, its progress, the last losses, and the current model.

    There is a model from the stage "training" on, and in that stage the `data` it learns from.
    All models of one training share their method, so that sampling from them compiles once.
    """

    stage: str
    done: int
    total: int
    losses: np.ndarray = np.zeros(0)
    model: Model | None = None
    data: Ensemble | Increments | None = None


def check_buildable(experiment: Experiment) -> None:
    """Raises ValueError for options that do not fit the method, before any data are made."""
    if get_system(experiment.system).family.from_patches:
        plan_of(experiment)
    one, axes = jnp.ones(len(get_system(experiment.system).components)), experiment.axes
    low, high = (jnp.asarray([f(axis) for axis in axes]) for f in (min, max))
    end = jnp.asarray(experiment.t_end)
    build_method(experiment, Scaling(0 * one, one, -one, one, low, high, end))


def learn(
    experiment: Experiment,
    folder: str | Path,
    *,
    resume: bool = False,
    every: int = 100,
    judge: bool = True,
    ensemble: Ensemble | None = None,
    name: str | None = None,
    devices: int = 1,
) -> Generator[Progress]:
    """Make the data, fit, save into `folder`, then judge at the system's test parameters.

    The model is called `<system>-<method>` unless a name is given.

    If an `ensemble` is given, such as recorded snapshots on the experiment's grid and times, the
    model learns from it in place of full-model runs.
    `devices` devices share every batch of a network's training (training/devices.py).
    With `resume` the training continues from the checkpoint in the folder; ValueError if that
    belongs to another experiment. Raises DivergedError when the loss is no longer finite.
    """
    mesh, folder = mesh_of(devices), check_folder(folder)
    started = time.perf_counter()
    system = get_system(experiment.system)
    if ensemble is None:
        way = _patches if system.family.from_patches else _populations
        if METHODS[experiment.method].knows_equations:
            way = _means
        data, scaling = yield from way(experiment)
    else:
        ensemble.check()
        data, scaling = ensemble, Scaling.of(ensemble)
    about = {} if name is None else {"name": name}
    model = Model.build(experiment, scaling, None, **about)
    state = None
    for state in _fit(model, data, folder / CHECKPOINT, resume, every, mesh):
        model = dataclasses.replace(model, params=state.params)
        seen = data.example if isinstance(data, Means) else data
        yield Progress("training", state.step, experiment.steps, state.losses, model, seen)
    if state is None:
        raise RuntimeError("The training yielded no state.")
    told = {
        "seconds": round(time.perf_counter() - started, 1),
        "device": jax.devices()[0].device_kind,
        "jax": jax.__version__,
        "final_loss": float(np.mean(state.losses)) if state.losses.size else None,
    }
    model = dataclasses.replace(model, training=told)
    if not isinstance(data, Increments):
        model = with_growth(model, data.x if isinstance(data, Ensemble) else None)
    save_model(model, folder)
    if judge:
        # Judging takes this seed and the next; after the highest seed it wraps round to the lowest.
        seed = (experiment.seed + 1) % (2**32 - 1)
        for judged in judge_steps(model, folder, seed):
            yield Progress("judging", judged.done, judged.total, model=judged.model)
            model = judged.model
    (folder / CHECKPOINT).unlink(missing_ok=True)
    yield Progress("saved", 1, 1, state.losses, model)


def _populations(experiment: Experiment) -> Generator[Progress, None, tuple[Ensemble, Scaling]]:
    runs = []
    total = len(parameter_grid(experiment.axes))
    for run in training_runs(experiment):
        runs.append(run)
        yield Progress("full-model runs", len(runs), total)
    ensemble = as_ensemble(experiment, runs)
    ensemble.check()
    return ensemble, Scaling.of(ensemble)


def _means(experiment: Experiment) -> Generator[Progress, None, tuple[Means, Scaling]]:
    """Means of full-model runs, of which only the one in the middle is kept."""
    system, grid, ts = get_system(experiment.system), parameter_grid(experiment.axes), None
    law = system.mean_field
    if law is None:
        raise ValueError(f"System {system.name!r} must have a `mean_field`, but has none.")
    means, parts, example = [], [], None
    for i, run in enumerate(training_runs(experiment)):
        ts = jnp.asarray(experiment.times, run.dtype)
        one = Ensemble(grid[i : i + 1], ts, run[None])
        one.check()
        means.append(means_of(law, one)[0])
        parts.append(Scaling.of(one))
        if i == len(grid) // 2:
            example = one
        yield Progress("full-model runs", i + 1, len(grid))
    if ts is None or example is None:
        raise RuntimeError("The full model yielded no run.")
    return Means(grid, ts, jnp.stack(means), example), Scaling.joined(parts)


def _patches(experiment: Experiment) -> Generator[Progress, None, tuple[Increments, Scaling]]:
    parts, plan, lattice = [], plan_of(experiment), lattice_of(experiment)
    given, closure = len(lattice.components), None
    if experiment.options.get("closures"):
        if not isinstance(lattice, PatchedLattice):
            raise ValueError(
                f"Option `closures` must be 0 for {experiment.system!r}, whose patches have no "
                "description to learn from."
            )
        closure = yield from _closure(experiment, lattice)
        lattice = Closed(lattice, closure, plan.patch)
    for part in increments_of(experiment, lattice):
        parts.append(part)
        yield Progress("patches", len(parts), plan.parts)
    data = joined(parts)._replace(closure=closure)
    axes = parameter_grid(experiment.axes)
    scaling = Scaling.of_samples(data.z[:, :given], axes, jnp.asarray(experiment.t_end))
    return data, scaling


def _closure(experiment: Experiment, lattice: PatchedLattice) -> Generator[Progress, None, Closure]:
    """The closure: observables that are learned before the increments are made."""
    seen = []
    plan = plan_of(experiment)
    seen_key, fit_key = jax.random.split(seed_key(experiment.seed, "closure"))
    for one in patches_seen(lattice, plan, experiment.axes, seen_key):
        seen.append(one)
        yield Progress("snapshots", len(seen), plan.parts // plan.repeats)
    together = jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *seen)
    state = None
    for state in train_closure(together, fit_key, closures=experiment.options["closures"]):
        if not state.finite:
            raise DivergedError(
                f"The training of the closure diverged before step {state.step}: take other "
                "patches, or option `closures` = 0."
            )
        yield Progress("closure", state.step, CLOSURE_STEPS, state.losses)
    if state is None:
        raise RuntimeError("The training of the closure yielded no state.")
    return with_start(state.params, seen[0], lattice.rates)


def _fit(
    model: Model, data: Ensemble | Increments | Means, checkpoint: Path, resume: bool, every: int,
    mesh: Mesh,
) -> Iterator[TrainState]:  # fmt: skip
    """`fit` with a checkpoint at every yield; a finished training that is resumed yields once."""
    experiment, learner = model.experiment, model.method.learner
    optimizer = OPTIMIZERS[experiment.optimizer](experiment.steps, experiment.rate)
    key = seed_key(experiment.seed, "fit")
    state = None
    if resume and learner.loss is not None:
        state = read_checkpoint(checkpoint, experiment, learner, optimizer, data, key)
    if state is not None and state.step >= experiment.steps:
        yield state
    states = fit(
        learner, data, optimizer, key, steps=experiment.steps, every=every, state=state, mesh=mesh
    )
    for now in states:
        # Losses are those before each update: parameters may not be finite although losses are.
        if not now.finite:
            what = "parameters are" if np.all(np.isfinite(now.losses)) else "loss is"
            kept = "; the last checkpoint is kept" if checkpoint.is_file() else ""
            raise DivergedError(
                f"The training diverged before step {now.step}: its {what} not finite. Lower the "
                f"learning rate, or take more nodes{kept}."
            )
        if learner.loss is not None:
            write_checkpoint(checkpoint, experiment, now)
        yield now
