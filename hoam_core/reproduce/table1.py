"""Table 1 of Berman et al. 2024: every method on every system, beside its noise floor.

There is one row per cell, with the keys method and system; rows of the full model hold its run
time. Cells that were not run or that diverged are marked. Finished cells of the same budget are
kept, so that an interrupted run continues; those of another budget are run again and replaced.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hoam_core.checks import lookup
from hoam_core.files.json_text import json_text
from hoam_core.methods import METHODS
from hoam_core.models.files import model_files
from hoam_core.storage.datasets import whole_file, write_files
from hoam_core.studies.cells import Budget, Cell, cell, full_model_seconds
from hoam_core.studies.cluster import Result, Stages, run_tasks
from hoam_core.systems import SYSTEMS, get_system

if TYPE_CHECKING:
    from distributed import Client

PAPER = ("oscillator", "two-stream", "bump-on-tail", "strong-landau-6d", "chaos-9d", "trap")
# Ten minutes on two cores.
FULL = Budget(core_seconds=1_200.0)
QUICK = Budget(
    core_seconds=4.0, steps=30, train_particles=2_048, train_times=51, particles=500, times=6,
    truth_particles=16_384, closed_loop_particles=8_192, tests=1,
)  # fmt: skip
QUICK_SYSTEMS = ("oscillator", "two-stream")
# Particles of the full model whose run time is the baseline, where not the system's own number.
BASELINE_PARTICLES = {"strong-landau-6d": 1_000_000}

# Methods that learn a population from its samples alone; lattices have a table of their own.
PAPER_METHODS = [
    name
    for name, entry in METHODS.items()
    if entry.family == "population" and not entry.knows_equations
]

Progress = tuple[str, float]


def table1(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None,
    systems: Sequence[str] = (), methods: Sequence[str] = (), client: "Client | None" = None,
) -> Iterator[Progress]:  # fmt: skip
    """Fill `folder`/table1.json and .csv cell by cell; models go to `folder`/models.

    With a `client`, its workers run the cells.
    """
    budget = QUICK if quick else FULL if core_seconds is None else Budget(core_seconds)
    systems = [lookup(s, SYSTEMS, "system").name for s in systems] or list(
        QUICK_SYSTEMS if quick else PAPER
    )
    methods = [m for m in (methods or PAPER_METHODS) if lookup(m, METHODS, "method")]
    path = folder / "table1.json"
    cells = [(s, m) for s in systems for m in ("full-model", *methods)]
    missing = [(s, m) for s, m in cells if not finished(read_rows(path), s, m, budget)]
    done = len(cells) - len(missing)
    for report in run_tasks(table_cell, [(s, m, budget) for s, m in missing], client):
        if report.result is not None:
            write_files(folder, report.result.files)
            write_row(path, report.result.values)
            done += 1
        system, method = missing[report.task]
        unfinished = 0.0 if report.result is not None else report.share
        yield f"{system}, {method}: {report.note}", (done + unfinished) / len(cells)
    write_csv(folder / "table1.csv", read_rows(path))
    yield "done", 1.0


def table_cell(task: tuple[str, str, Budget]) -> Stages:
    """Compute one cell: its row, and the files of its model."""
    system, method, budget = task
    if method == "full-model":
        yield "runs", 0.0
        return Result(_full_model(system, budget))
    found = None
    for stage, value in cell(system, method, budget):
        if isinstance(value, Cell):
            found = value
        else:
            yield stage, 0.9 * value
    if found is None:
        raise RuntimeError("The cell yielded no row.")
    model = found.model
    return Result(found.row, {} if model is None else model_files(model, f"models/{model.name}"))


def finished(rows: list[dict[str, Any]], system: str, method: str, budget: Budget) -> bool:
    """Whether that cell was run with exactly that budget."""
    return any(
        row["system"] == system
        and row["method"] == method
        and row["status"] != "not run"
        and row["budget"] == asdict(budget)
        for row in rows
    )


def _full_model(system: str, budget: Budget) -> dict[str, Any]:
    target = get_system(system)
    particles = budget.particles if budget == QUICK else BASELINE_PARTICLES.get(
        system, target.truth_particles
    )  # fmt: skip
    seconds = full_model_seconds(target, target.times(n_times=budget.times), particles)
    return {
        "method": "full-model", "system": system, "status": "done", "particles": particles,
        "inference_seconds": seconds, "budget": asdict(budget),
    }  # fmt: skip


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of an existing table; empty if there is none."""
    return json.loads(path.read_text()) if path.is_file() else []


def write_row(path: Path, row: dict[str, Any]) -> None:
    """Put one row in its place in the table; cells not yet run are listed as "not run"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {(r["system"], r["method"]): r for r in read_rows(path)}
    rows[row["system"], row["method"]] = row
    wanted = [(s, m) for s in PAPER for m in ("full-model", *PAPER_METHODS)]
    extra = [key for key in rows if key not in wanted]
    missing = {"status": "not run", "budget": {"core_seconds": 0.0}}
    table = [rows.get((s, m), {"method": m, "system": s, **missing}) for s, m in wanted + extra]
    with whole_file(path) as part:
        part.write_text(json_text(table, indent=1) + "\n")


def summary(row: dict[str, Any]) -> dict[str, Any]:
    """A row in brief, for one line: means over parameters and snapshots."""
    line = {key: row.get(key) for key in ("system", "method", "status", "inference_seconds")}
    line["evaluations"] = row.get("evaluations")
    line["training_seconds"] = row.get("training", {}).get("seconds")
    errors = row.get("errors", [])
    energies = [e["electric_energy"] for e in errors if "electric_energy" in e]
    for name in ("mean_error", "floor_mean", "l2_error", "floor_l2"):
        line[f"energy_{name}"] = float(np.mean([e[name] for e in energies])) if energies else None
    for name in ("w2", "sinkhorn"):
        found = [one for e in errors for one in e.get(name, [])]
        for part in ("value", "floor"):
            values = [one[part] for one in found]
            line[f"{name}_{part}"] = float(np.mean(values)) if values else None
        worst = [one["ratio"] for one in found]
        line[f"{name}_worst_ratio"] = max(worst) if worst else None
    return line


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the summaries of all rows as CSV, one line per cell."""
    lines = [summary(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in line.items()} for line in lines
    )
    with whole_file(path) as part:
        part.write_text(text.getvalue())
