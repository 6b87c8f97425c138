"""An experiment from its data to a saved model, as a generator that reports progress.

The folder holds `checkpoint.safetensors` while training goes on (the arrays of parameters and
optimiser, the step and the experiment), so that a training that was cut off is resumed and ends
where an uninterrupted one would; then `model.json` and `model.safetensors`.
"""

import dataclasses
import json
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PRNGKeyArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from hoam_core.checks import DivergedError
from hoam_core.config import Experiment, build_method, parameter_grid
from hoam_core.data import Ensemble, Increments, Scaling
from hoam_core.evaluate import affordable_times, evaluate, report
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
from hoam_core.methods.base import Method
from hoam_core.models import Model, save_model
from hoam_core.seeds import seed_key
from hoam_core.simulate import as_ensemble, training_runs
from hoam_core.store import check_folder, whole_file
from hoam_core.systems import PatchedLattice
from hoam_core.train import TrainState, adam, fit

CHECKPOINT = "checkpoint.safetensors"


class Progress(NamedTuple):
    """Stage of a training, its share done, the last losses, and at the end the model."""

    stage: str
    done: int
    total: int
    losses: np.ndarray = np.zeros(0)
    model: Model | None = None


def learn(
    experiment: Experiment,
    folder: str | Path,
    *,
    resume: bool = False,
    every: int = 100,
    judge: bool = True,
) -> Iterator[Progress]:
    """Make the data, fit, judge at the system's test parameters and save into `folder`.

    With `resume` goes on from the checkpoint in the folder; ValueError if that belongs to another
    experiment. Raises DivergedError when the loss is no longer finite.
    """
    folder = check_folder(folder)
    started = time.perf_counter()
    is_lattice = METHODS[experiment.method].of_lattices
    data, scaling = yield from (_patches if is_lattice else _populations)(experiment)
    state = None
    for state in _fit(experiment, data, scaling, folder / CHECKPOINT, resume, every):
        yield Progress("training", state.step, experiment.steps, state.losses)
    if state is None:
        raise RuntimeError("The training yielded no state.")
    about = {
        "seconds": round(time.perf_counter() - started, 1),
        "device": jax.devices()[0].device_kind,
        "jax": jax.__version__,
        "final_loss": float(np.mean(state.losses)) if state.losses.size else None,
    }
    model = Model.build(experiment, scaling, state.params, training=about)
    save_model(model, folder)
    tests = parameters_to_judge(model) if judge else []
    errors = []
    for values in tests:
        yield Progress("judging", len(errors), len(tests))
        result = evaluate(model, values, seed=experiment.seed + 1, n_times=affordable_times(model))
        errors.append(report(result, model))
    model = dataclasses.replace(model, errors=tuple(errors))
    save_model(model, folder)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    yield Progress("saved", 1, 1, state.losses, model)


def _populations(experiment: Experiment) -> Generator[Progress, None, tuple[Ensemble, Scaling]]:
    runs = []
    total = len(parameter_grid(experiment.axes))
    for run in training_runs(experiment):
        runs.append(run)
        yield Progress("full-model runs", len(runs), total)
    ensemble = as_ensemble(experiment, runs)
    return ensemble, Scaling.of(ensemble)


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
        lattice = Closed(lattice, closure)
    for part in increments_of(experiment, lattice):
        parts.append(part)
        yield Progress("patches", len(parts), plan.parts)
    data = joined(parts)._replace(closure=closure)
    axes = parameter_grid(experiment.axes)
    scaling = Scaling.of_samples(data.z[:, :given], axes, jnp.asarray(experiment.t_end))
    return data, scaling


def _closure(experiment: Experiment, lattice: PatchedLattice) -> Generator[Progress, None, Closure]:
    """Observables that an experiment learns before its increments are made."""
    seen = []
    plan = plan_of(experiment)
    seen_key, fit_key = jax.random.split(seed_key(experiment.seed, "closure"))
    for one in patches_seen(lattice, plan, experiment.axes, seen_key):
        seen.append(one)
        yield Progress("snapshots", len(seen), plan.parts // plan.repeats)
    together = jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *seen)
    state = None
    for state in train_closure(together, fit_key, closures=experiment.options["closures"]):
        yield Progress("closure", state.step, CLOSURE_STEPS, state.losses)
    if state is None:
        raise RuntimeError("The training of the closure yielded no state.")
    return with_start(state.params, seen[0], lattice.rates)


def parameters_to_judge(model: Model) -> list[dict[str, float]]:
    """The system's own test values, those of several parameters taken together in turn."""
    chosen = [p for p in model.system.parameters if not p.optional]
    names, tests = [p.name for p in chosen], [p.test for p in chosen]
    return [dict(zip(names, values, strict=True)) for values in zip(*tests, strict=False)]


def _fit(
    experiment: Experiment, data: Ensemble | Increments, scaling: Scaling, checkpoint: Path,
    resume: bool, every: int,
) -> Iterator[TrainState]:  # fmt: skip
    """`fit` with a checkpoint after every yield; at least the finished state of a resumed one."""
    method = build_method(experiment, scaling)
    optimizer = adam(experiment.steps, experiment.rate)
    key = seed_key(experiment.seed, "fit")
    state = None
    if resume and method.loss is not None:
        state = _read_checkpoint(checkpoint, experiment, method, optimizer, data, key)
    if state is not None and state.step >= experiment.steps:
        yield state
    for now in fit(method, data, optimizer, key, steps=experiment.steps, every=every, state=state):
        if not np.all(np.isfinite(now.losses)):
            raise DivergedError(
                f"The training diverged before step {now.step}: its loss is not finite. Lower the "
                "learning rate, or take more nodes; the last checkpoint is kept."
            )
        if method.loss is not None:
            _write_checkpoint(checkpoint, experiment, now)
        yield now


def _leaves(state: TrainState) -> list[np.ndarray]:
    return [np.array(a, order="C") for a in jax.tree.leaves((state.params, state.optimizer_state))]


def _write_checkpoint(path: Path, experiment: Experiment, state: TrainState) -> None:
    about = {"step": str(state.step), "experiment": json.dumps(experiment.to_json())}
    arrays = {f"{i:05d}": leaf for i, leaf in enumerate(_leaves(state))}
    with whole_file(path) as part:
        part.write_bytes(save_arrays(arrays, metadata=about))


def _read_checkpoint(
    path: Path, experiment: Experiment, method: Method,
    optimizer: optax.GradientTransformation, data: Ensemble | Increments, key: PRNGKeyArray,
) -> TrainState | None:  # fmt: skip
    if not path.is_file():
        return None
    stored = path.read_bytes()
    cure = f"remove {str(path)!r} to start anew"
    try:
        arrays = load_arrays(stored)
        length = int.from_bytes(stored[:8], "little")
        about = json.loads(stored[8 : 8 + length])["__metadata__"]
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"The checkpoint is damaged; {cure}.") from error
    if json.loads(about["experiment"]) != json.loads(json.dumps(experiment.to_json())):
        raise ValueError(
            "The checkpoint belongs to another experiment; use the same options as before, or "
            f"{cure}."
        )
    params = method.init(key, data)
    structure = jax.tree.structure((params, optimizer.init(params)))
    leaves = [jnp.asarray(arrays[name]) for name in sorted(arrays)]
    params, optimizer_state = jax.tree.unflatten(structure, leaves)
    return TrainState(int(about["step"]), params, optimizer_state, np.zeros(0))
