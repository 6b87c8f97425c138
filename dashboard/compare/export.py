"""What a comparison exports: all curves and errors as one dataset, and Python that makes them.

Everything is taken from the runs when it is requested; runs never change, so a worker may
write the files while the page goes on.
"""

import re
from functools import partial

import numpy as np
import xarray as xr

from dashboard.compare.animation import animation
from dashboard.compare.jobs import is_slow, times_of
from dashboard.compare.runs import Comparing
from dashboard.compare.summary import ColumnSummary, Compared, summaries_of
from dashboard.exports.script import docstring, model_in_python
from dashboard.runs import describe
from dashboard.runs.jobs import SAVES
from dashboard.runs.run import Case, named
from dashboard.view.base import Exportable
from hoam_core import __version__
from hoam_core.files.json_text import json_text

HEAD = '''import numpy as np

import hoam_core as hoam
from hoam_core.simulation import simulate_pieces, start_truth
from hoam_core.storage.datasets import observe

system = hoam.get_system({system!r})


def learned(model, parameters, **options):
    """Observables of a learned model."""
    run = hoam.load_model(model).predict(parameters, **options)
    return {{o.name: run[o.name].values for o in system.observable_info}}


def full_model(parameters, seed, n_times, t_end):
    """Observables of the full model, in the pieces that the page takes."""
    mu, ts = system.vector(parameters), system.times(t_end, n_times)
    x0, key = start_truth(system, mu, system.truth_particles, seed)
    pieces = simulate_pieces(system, key, mu, x0, ts, saves={saves})
    found = [observe(system, piece.x, mu) for piece in pieces]
    return {{name: np.concatenate([one[name] for one in found]) for name in found[0]}}


columns = {{}}
'''
TAIL = """for label, curves in columns.items():
    for name, values in curves.items():
        print(f"{label}: {name} ends at {float(values[-1]):.6g}")
"""


def exportable(runs: Comparing, description: str) -> Exportable | None:
    """What can be exported now; None before the first run is available."""
    summaries = summaries_of(runs)
    if all(one.run is None for one in summaries):
        return None
    cases = [runs.case(slot) for slot in range(len(summaries))]
    models = [runs.catalogue.models.get(case.model) for case in cases]
    few = [
        len(times_of(case.model, runs.catalogue)) if model is not None and is_slow(model) else None
        for case, model in zip(cases, models, strict=True)
    ]
    system = runs.catalogue.systems[runs.state.system]
    now = Compared(
        system,
        runs.state.axes,
        summaries,
        cases,
        few,
        [
            (system if model is None else model.method).backend(case.particles)
            for case, model in zip(cases, models, strict=True)
        ],
        runs.state.ts,
        runs.state.time,
        runs.state.log_scale,
    )
    moves = any(one.run is not None and one.run.complete for one in summaries)
    return Exportable(
        f"compare-{system.name}-seed{runs.state.seed}", description, script(now),
        partial(dataset, now),
        animation=partial(animation, now) if moves and len(system.components) > 1 else None,
        title=f"{system.title}, t = {runs.state.time:.4g}, seed {runs.state.seed}",
    )  # fmt: skip


def script(now: Compared) -> str:
    """Python that makes the observables of every column again."""
    labels = [one.label for one in now.summaries]
    text = docstring(f"{now.system.title}: {', '.join(labels)} on one clock")
    text += HEAD.format(system=now.system.name, saves=SAVES)
    for label, case, few in zip(labels, now.cases, now.slow, strict=True):
        text += f"columns[{label!r}] = {_call(now, case, few)}\n"
    return text + TAIL


def _call(now: Compared, case: Case, few: int | None) -> str:
    parameters, frames = json_text(named(now.system, case)), len(now.ts)
    if not case.model:
        options = f"seed={case.seed}, n_times={frames}, t_end={float(now.ts[-1])!r}"
        return f"full_model(\n    {parameters}, {options}\n)"
    options = f"particles={case.particles}, seed={case.seed}, n_times={few or frames}"
    return f"learned(\n    {model_in_python(case.model)}, {parameters},\n    {options}\n)"


def dataset(now: Compared) -> xr.Dataset:
    """Every curve of every column over the time, named `<curve>_<letter>_<model>`.

    Times that a run has not reached are NaN; a run at few times has a time coordinate of its own.
    `error` and `noise_floor` (column, measure) hold what the table shows.
    """
    about = [
        {"label": one.label, "model": case.model or "none", "seed": case.seed,
         "parameters": named(now.system, case), "particles": case.particles, "backend": backend}
        for one, case, backend in zip(now.summaries, now.cases, now.backends, strict=True)
    ]  # fmt: skip
    said = [
        f"{one.label}: {sentence}"
        for one in now.summaries if one.run is not None for sentence in one.run.doubts
    ]  # fmt: skip
    made = xr.Dataset(attrs={
        "warnings": json_text(said, ensure_ascii=False),
        "title": f"{now.system.title}: {', '.join(one.label for one in now.summaries)}",
        "system": now.system.name, "columns": json_text(about), "seed": now.cases[0].seed,
        "parameters": json_text(about[0]["parameters"]), "version": __version__,
        "model": ", ".join(one["model"] for one in about),
    })  # fmt: skip
    for one, column in zip(now.summaries, about, strict=True):
        made = _with_curves(made, now, one, column)
    return _with_errors(made, now.summaries)


def _with_curves(made: xr.Dataset, now: Compared, one: ColumnSummary, column: dict) -> xr.Dataset:
    if one.run is None:
        return made
    run, suffix = one.run, re.sub(r"\W+", "_", one.label).strip("_")
    time = "time" if len(run.ts) == len(now.ts) else f"time_{one.letter}"
    if time not in made.coords:
        made = made.assign_coords({time: (time, run.ts, now.system.time_attributes)})
    curves = {o.name: (o.label, o.unit, run.curves[o.name]) for o in now.system.observable_info}
    for curve in describe.shown(now.system, now.axes):
        curves.setdefault(curve.name, (curve.label, curve.unit, curve.of(run)))
    for name, (label, unit, values) in curves.items():
        full = np.full(len(run.ts), np.nan)
        full[: len(values)] = values
        attributes = {
            "units": unit or "1", "long_name": f"{label}, {one.label}", "model": column["model"],
            "parameters": json_text(column["parameters"]), "seed": column["seed"],
            "particles": column["particles"],
        }  # fmt: skip
        made[f"{name}_{suffix}"] = (time, full, attributes)
    return made


def _with_errors(made: xr.Dataset, summaries: list[ColumnSummary]) -> xr.Dataset:
    judged = [one for one in summaries if one.rows]
    labels = list(dict.fromkeys(row.label for one in judged for row in one.rows))
    if not labels:
        return made
    values = np.full((2, len(judged), len(labels)), np.nan)
    for i, one in enumerate(judged):
        for row in one.rows:
            for which, value in enumerate((row.error, row.floor)):
                values[which, i, labels.index(row.label)] = np.nan if value is None else value
    made = made.assign_coords(column=[one.label for one in judged], measure=labels)
    about = {"units": "1", "long_name": "relative error against the full model"}
    made["error"] = (("column", "measure"), values[0], about)
    floor = about | {"long_name": "relative error between two full-model runs"}
    made["noise_floor"] = (("column", "measure"), values[1], floor)
    return made
