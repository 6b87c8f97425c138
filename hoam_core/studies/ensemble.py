"""Trainings of methods on systems with many seeds: how far errors depend on chance.

All are judged by the same full-model runs, as the cells of table 1 are (studies/cells.py), so
that the spread over seeds is that of training alone. A worker trains in a folder of its own and
sends the model's files to the client, which may therefore be on another machine.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from hoam_core.checks import DivergedError, check_within
from hoam_core.learning import learn
from hoam_core.models.files import model_files
from hoam_core.models.model import Model
from hoam_core.studies.base import Study
from hoam_core.studies.cells import Budget, judged
from hoam_core.studies.cluster import Result, Stages
from hoam_core.studies.task_store import Layout, Variable
from hoam_core.systems import Lattice, get_system
from hoam_core.training.experiment import Experiment, default_experiment
from hoam_core.version import __version__

# Numbers of test parameters and of snapshots at which a model is judged.
TESTS, SNAPSHOTS = 2, 2
# Budgets of judging; without core-seconds, since experiments have their own numbers of steps.
FULL = Budget(core_seconds=0.0, tests=TESTS)
QUICK = replace(FULL, particles=500, times=6, truth_particles=16_384, tests=1)
QUICK_RUNS = 64

_ONE = {"units": "1"}
VARIABLES = {
    "w2": Variable(("test", "snapshot"), {**_ONE, "long_name": "W_2^2 to the full model"}),
    "w2_floor": Variable(("test", "snapshot"), {**_ONE, "long_name": "its noise floor"}),
    "energy": Variable(("test",), {**_ONE, "long_name": "relative L2 error of electric energy"}),
    "energy_floor": Variable(("test",), {**_ONE, "long_name": "its noise floor"}),
    "final_loss": Variable((), {**_ONE, "long_name": "mean of the last losses"}),
    "diverged": Variable((), {**_ONE, "long_name": "1 where training or prediction diverged"}),
    "seconds": Variable((), {"units": "s", "long_name": "training, data included"}),
}


def ensemble_study(
    systems: Sequence[str], methods: Sequence[str], seeds: Sequence[int], *, quick: bool = False
) -> Study:
    """A study that trains each method on each system with each seed, by default experiments.

    Variables over (system, method, seed): see VARIABLES; NaN where a system has no field or a
    training diverged. Snapshots are half and full time. `quick` is a short trial run. Raises
    ValueError for unknown names and for a method that cannot learn one of the systems.
    """
    for seed in seeds:
        check_within("seed", seed, 0, 2**32 - 1)
    axes = {"system": list(systems), "method": list(methods), "seed": [int(s) for s in seeds]}
    for name, axis in axes.items():
        if not axis or len(set(axis)) < len(axis):
            raise ValueError(
                f"Argument `{name}` must hold at least one value and none twice, but is {axis}."
            )
    precision = jnp.zeros(()).dtype.name
    plan = {"study": "ensemble", "grid": axes, "quick": quick, "precision": precision}
    about = {"test": {"long_name": "number of the test parameters"},
             "snapshot": {"long_name": "time / end time"}}  # fmt: skip
    layout = Layout(
        {**plan, "version": __version__}, axes, VARIABLES,
        {"test": range(TESTS), "snapshot": [0.5, 1.0]}, about,
    )  # fmt: skip
    tasks = (_experiment(quick=quick, **point) for point in layout.points())
    return Study(layout, tuple({"experiment": e.to_json(), "quick": quick} for e in tasks), train)


def _experiment(system: str, method: str, seed: int, quick: bool) -> Experiment:
    target = get_system(system)
    changes: dict[str, Any] = {"seed": seed}
    if quick:
        changes |= {"steps": 30, "particles": 2_048, "n_times": 51}
        if isinstance(target, Lattice):
            changes["particles"] = QUICK_RUNS
    return default_experiment(target, method, **changes)


def train(task: Mapping[str, Any]) -> Stages:
    """Train and judge one experiment."""
    experiment = Experiment.from_json(task["experiment"])
    name = f"{experiment.system}-{experiment.method}-seed{experiment.seed}"
    last = None
    try:
        with tempfile.TemporaryDirectory() as folder:
            for last in learn(experiment, folder, judge=False, name=name):
                yield f"{name}: {last.stage}", 0.8 * (last.stage == "training") * _share(last)
    except DivergedError:
        return Result({**_missing(), "diverged": 1.0})
    if last is None or last.model is None:
        raise RuntimeError("The training yielded no model.")
    yield f"{name}: judging", 0.8
    budget = QUICK if task["quick"] else FULL
    if isinstance(last.model.system, Lattice):
        budget = replace(budget, truth_particles=None)
    return _judged(last.model, budget, name)


def _share(state: Any) -> float:
    return state.done / state.total


def _judged(model: Model, budget: Budget, name: str) -> Result:
    found = judged(model, budget)
    errors = found.get("errors", [])
    model = replace(model, errors=tuple(errors))
    values = {**_missing(), "diverged": float(found["status"] == "diverged")}
    values["seconds"] = model.training["seconds"]
    if model.training["final_loss"] is not None:
        values["final_loss"] = model.training["final_loss"]
    for i, one in enumerate(errors):
        for j, row in enumerate(one["w2"]):
            values["w2"][i, j], values["w2_floor"][i, j] = row["value"], row["floor"]
        if "electric_energy" in one:
            values["energy"][i] = one["electric_energy"]["l2_error"]
            values["energy_floor"][i] = one["electric_energy"]["floor_l2"]
    return Result(values, model_files(model, name))


def _missing() -> dict[str, Any]:
    sizes = {"test": TESTS, "snapshot": SNAPSHOTS}
    return {
        name: np.full([sizes[dim] for dim in variable.dims], np.nan)
        for name, variable in VARIABLES.items()
    }
