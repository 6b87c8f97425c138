r"""Reproduce the studies of arXiv 2511.12842: models of large lattices learned from patches.

- `patches`: error of the learned transient against the side of the patch, for patches among frozen
  neighbours and for the baseline of small lattices alone. It is the error of the paper,
  sum_t (m - m_true)^2 / sum_t m_true^2, over times before the system has come to rest; beside it
  the largest errors of mean and spread.
- `starts`: mean and spread of the observables from starts that were not preferred in training.
- `share`: the maximum mean discrepancy of predators and prey against lambda, least at K.
- `scaling`: susceptibility and Binder cumulant of the Ising lattice at its critical point, and the
  exponents of their growth with L. One model of one side serves all, by its noise ~ 1 / N.
- `alloy`: short-range order at rest and its fluctuation, against temperature and size.

Truth is the full model (the master equation for Curie-Weiss), with a seed not used in training.
"""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from hoam_core.files.json_text import json_text
from hoam_core.learning import learn
from hoam_core.methods import with_share
from hoam_core.metrics import maximum_mean_discrepancy
from hoam_core.models.files import load_model, model_files
from hoam_core.models.model import Model
from hoam_core.reproduce.lattices_figure import draw
from hoam_core.simulation import simulate
from hoam_core.storage.datasets import whole_file, write_files
from hoam_core.studies.cluster import Result, Stages, run_tasks
from hoam_core.systems import get_system
from hoam_core.systems.lattices.curie_weiss import master_equation, moments
from hoam_core.systems.lattices.ising import CRITICAL
from hoam_core.training.experiment import default_experiment

if TYPE_CHECKING:
    from distributed import Client

SEED, PATHS, RUNS = 77, 4_096, 512
HERE = {"curie-weiss": {"T": 1.1, "h": 0.1}, "ising": {"T": 2.5, "h": 0.1}}
TRANSIENT = {"curie-weiss": 10.0, "ising": 100.0}
STARTS = {"curie-weiss": (-0.5, 0.0, 0.9), "ising": (-0.75, 0.0, 0.9)}
SHARES = (1.0, 2.5, 5.0, 10.0, 20.0)
SIDES, ALLOY_SIDES = (16, 32, 64), (8, 16)
TEMPERATURES = (1_000.0, 1_500.0, 2_000.0, 3_000.0)

Progress = tuple[str, float]
Row = dict[str, Any]
Task = tuple[str, Callable[..., Row | Result], tuple]


def lattices(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None,
    client: "Client | None" = None,
) -> Iterator[Progress]:  # fmt: skip
    """Fill `folder`/lattices.json row by row, then draw lattices.png; can be resumed.

    Quick rows and full ones are kept side by side; neither replaces the other.
    """
    if core_seconds is not None:
        raise ValueError(
            "Option `--core-seconds` must be left out for `lattices`: each training has its steps."
        )
    path = folder / "lattices.json"
    found = json.loads(path.read_text()) if path.is_file() else []
    rows: list[Row] = [row for row in found if "quick" in row]
    tasks, known = list(_tasks(quick)), {row["name"] for row in rows if row["quick"] is quick}
    missing = [task for task in tasks if task[0] not in known]
    done = len(tasks) - len(missing)
    for report in run_tasks(one_row, missing, client):
        name = missing[report.task][0]
        if report.result is not None:
            done += 1
            write_files(folder, report.result.files)
            rows.append({"name": name, "quick": quick, **report.result.values})
            with whole_file(path) as part:
                part.write_text(json_text(rows, indent=1) + "\n")
        yield f"{name}: {report.note}", done / len(tasks)
    if not quick:
        draw([row for row in rows if not row["quick"]], folder / "lattices.png")
    yield "done", 1.0


def one_row(task: Task) -> Stages:
    """Compute one row of the table."""
    _, function, arguments = task
    yield "running", 0.0
    found = function(*arguments)
    return found if isinstance(found, Result) else Result(found)


def _tasks(quick: bool) -> Iterator[Task]:
    """Name of a row, the function that makes it, and its arguments."""
    sides = (8,) if quick else (8, 16, 32)
    for system in ("curie-weiss",) if quick else ("curie-weiss", "ising"):
        for method in ("partial", "naive"):
            for patch in sides:
                name = f"patches {system} {method} {patch}"
                yield name, patches, (system, method, patch, quick)
        for start in STARTS[system]:
            yield f"starts {system} {start:g}", starts, (system, start)
    if quick:
        return
    yield "share predator-prey", shares, ()
    for side in SIDES:
        yield f"scaling ising {side}", scaling, (side,)
    for side in ALLOY_SIDES:
        for temperature in TEMPERATURES:
            yield f"alloy {temperature:g} {side}", alloy, (temperature, side)


def truth(system: str, values: dict[str, float], ts: np.ndarray, runs: int = RUNS) -> xr.Dataset:
    """Mean and spread of the first observable of the full model at equispaced times."""
    if system != "curie-weiss":
        return simulate(system, values, particles=runs, seed=SEED, t_end=ts[-1], n_times=len(ts))
    lattice = get_system(system)
    filled = lattice.complete(values)
    laws = master_equation(int(filled["L"]) ** 2, filled["T"], filled["h"], filled["m0"], ts)
    mean, spread = moments(laws)
    return xr.Dataset({
        "magnetisation": ("time", mean), "magnetisation_spread": ("time", spread)
    })  # fmt: skip


def judged(model: Model, values: dict[str, float], t_end: float) -> Row:
    """Errors of mean and spread of the first observable over a transient."""
    system, ts = model.experiment.system, np.linspace(0, t_end, 51)
    first = model.system.components[0].name
    known = truth(system, values, ts)
    found = model.predict(values, particles=PATHS, seed=SEED, t_end=t_end, n_times=len(ts))
    mean, spread = known[first].values, known[f"{first}_spread"].values
    error = found[first].values - mean
    return {
        "parameters": values, "times": ts[::5].tolist(),
        "truth": mean[::5].tolist(), "truth_spread": spread[::5].tolist(),
        "model": found[first].values[::5].tolist(),
        "model_spread": found[f"{first}_spread"].values[::5].tolist(),
        "error": float(np.sum(error**2) / np.sum(mean**2)),
        "largest": float(np.abs(error).max()),
        "spread_ratio": float(found[f"{first}_spread"].values[-1] / spread[-1]),
    }  # fmt: skip


def patches(system: str, method: str, patch: int, quick: bool) -> Result:
    """Train on patches of that side; returns the errors and the files of the model."""
    lattice = get_system(system)
    usual = default_experiment(lattice, method)
    # As many patches whatever their side, with the same number of steps.
    changes: dict[str, Any] = {"particles": max(256, int(1_024 * min(1.0, (patch / 16) ** 2)))}
    if quick:
        changes = {"particles": 128, "steps": 200}
    changes["options"] = {**usual.options, "patch": patch}
    with tempfile.TemporaryDirectory() as folder:
        experiment = dataclasses.replace(usual, **changes)
        *_, last = learn(experiment, folder, judge=False, every=1_000)
    if last.model is None:
        raise RuntimeError("The training yielded no model.")
    row = judged(last.model, HERE[system], TRANSIENT[system])
    seconds = last.model.training["seconds"]
    row |= {"system": system, "method": method, "patch": patch, "seconds": seconds}
    name = f"{system}-{method}-{patch}" + ("-quick" if quick else "")
    return Result(row, model_files(last.model, f"models/{name}"))


def starts(system: str, start: float) -> Row:
    """Errors of the shipped model from another start."""
    model = load_model(f"{system}-partial")
    values = {**HERE[system], "m0": start}
    return {"system": system, "m0": start, **judged(model, values, TRANSIENT[system])}


def shares() -> Row:
    """MMD of (prey, predators), mean over times, for paths whose noise assumes lambda."""
    model = load_model("predator-prey-partial")
    system, ts = model.system, np.linspace(0, model.experiment.t_end, 16)
    values = {"a": 3.0, "b": 0.4}
    known = [
        simulate(
            system, values, particles=1_000, seed=seed, t_end=ts[-1], n_times=len(ts)
        )["state"].values
        for seed in (SEED, SEED + 1)
    ]  # fmt: skip
    mu = system.vector(values)
    scale = known[0].std(axis=(0, 1))

    def discrepancy(other: np.ndarray) -> float:
        pairs = zip(known[0][1:], other[1:], strict=True)
        return float(
            np.mean([maximum_mean_discrepancy(a, b, system.domain(mu), scale) for a, b in pairs])
        )

    right = float(model.params["units"]["share"])
    found = {}
    for share in SHARES:
        other = dataclasses.replace(model, params=with_share(model.params, share))
        run = other.predict(values, particles=1_000, seed=SEED, n_times=len(ts), t_end=ts[-1])
        found[share] = discrepancy(run["state"].values)
    return {
        "shares": list(found), "mmd": list(found.values()), "floor": discrepancy(known[1]),
        "right": right,
    }  # fmt: skip


def scaling(side: int) -> Row:
    """chi = N var|m| / T and the Binder cumulant at rest at the critical point, h = 0.

    One model is used for all sides, with a drift learned on patches of a single side. It lacks
    correlations longer than a patch, so that its susceptibility does not diverge.
    """
    model = load_model("ising-partial")
    values = {"T": CRITICAL, "h": 0.0, "m0": 0.8, "L": float(side)}
    t_end = model.experiment.t_end
    row: Row = {"L": side, "T": CRITICAL}
    runs = {
        "model": model.predict(values, particles=PATHS, seed=SEED, n_times=2)["state"].values,
        # The slowest relaxation takes about L^2.17 units of time.
        "truth": simulate(
            "ising", values, particles=RUNS, seed=SEED, t_end=max(t_end, 0.5 * side**2.17),
            n_times=2,
        )["state"].values,
    }  # fmt: skip
    for name, states in runs.items():
        m = states[-1, :, 0].astype(float)
        second, fourth = np.mean(m**2), np.mean(m**4)
        row[name] = {
            "magnetisation": float(np.abs(m).mean()),
            "susceptibility": float(side**2 * (second - np.abs(m).mean() ** 2) / CRITICAL),
            "binder": float(1 - fourth / (3 * second**2)),
        }
    return row


def alloy(temperature: float, side: int) -> Row:
    """Short-range order at the last time: mean and deviation over runs."""
    model = load_model("nbmota-partial")
    values = {"T": temperature, "L": float(side)}
    runs = {
        "model": model.predict(values, particles=1_024, seed=SEED, n_times=2),
        "truth": simulate(
            "nbmota", values, particles=256, seed=SEED, n_times=2, t_end=model.experiment.t_end
        ),
    }
    names = [c.name for c in model.system.components]
    return {"T": temperature, "L": side} | {
        kind: {name: [float(run[name][-1]), float(run[f"{name}_spread"][-1])] for name in names}
        for kind, run in runs.items()
    }  # fmt: skip
