"""What is known of each column of a comparison: its name, errors, rates and costs. No Panel."""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from dashboard.compare.jobs import evaluations
from dashboard.compare.runs import Comparing
from dashboard.parts.colours import COLUMNS
from dashboard.runs.errors import ErrorRow, errors
from dashboard.runs.rates import Rates, rates
from dashboard.runs.run import Axes, Case, Run
from dashboard.runs.verdict import Verdict, doubts_of, judge
from hoam_core import System
from hoam_core.numerics.compiled import Backend

FULL = "full model"


class ColumnSummary(NamedTuple):
    """What is known of a column; `rows` is empty and there is no `verdict` for the full model.

    Its `rates` are those of its learned model and of the full one; `judge` is the full model's run
    at its parameters, as far as it is here.
    """

    letter: str
    name: str
    where: str
    rows: list[ErrorRow]
    run: Run | None = None
    rates: Rates | None = None
    evaluations: int | None = None
    verdict: Verdict | None = None
    judge: Run | None = None
    pinned: bool = False
    knows_equations: bool | None = None

    @property
    def label(self) -> str:
        """Letter and name, and the parameters of a pinned column."""
        at = f" at {self.where}" if self.pinned else ""
        return f"{self.letter} {self.name}{at}"


@final
@dataclass(frozen=True)
class Compared:
    """A moment of the view: what is known of each column, its case and its run.

    `slow` holds the number of times of a model that can afford a few only, `backends` who compiled
    each run.
    """

    system: System
    axes: Axes
    summaries: list[ColumnSummary]
    cases: list[Case]
    slow: list[int | None]
    backends: list[Backend]
    ts: np.ndarray
    time: float
    log: bool


def name_of(model: str, system: str) -> str:
    """How the page calls a model among those of its system."""
    return model.removeprefix(f"{system}-") if model else FULL


def summaries_of(runs: Comparing) -> list[ColumnSummary]:
    """What is known of every column now."""
    return [_summary(runs, slot) for slot in range(len(runs.columns))]


def where(runs: Comparing, slot: int) -> str:
    """The parameters of a column, such as "k = 0.4"."""
    return runs.catalogue.systems[runs.state.system].setting(runs.mu(slot))


def _summary(runs: Comparing, slot: int) -> ColumnSummary:
    model, run, found = runs.columns[slot].model, runs.run(slot), runs.judge(slot)
    system, axes = runs.catalogue.systems[runs.state.system], runs.state.axes
    if run is not None and run.case != runs.case(slot):
        # An older picture, while the slider moves: its errors would belong to other parameters.
        found = None
    complete = run if run is not None and run.complete else None
    rows = errors(complete, found, system, axes) if model else []
    return ColumnSummary(
        COLUMNS[slot], name_of(model, system.name), where(runs, slot), rows,
        run, rates(system, complete if model else None, found),
        evaluations(model, runs.catalogue) if model else None,
        _verdict(runs, slot, rows) if model else None, runs.truth(slot),
        runs.columns[slot].pinned is not None,
        runs.catalogue.models[model].entry.knows_equations if model else None,
    )  # fmt: skip


def _verdict(runs: Comparing, slot: int, rows: list[ErrorRow]) -> Verdict:
    model, run = runs.catalogue.models[runs.columns[slot].model], runs.run(slot)
    mu = dict(zip((p.name for p in model.system.parameters), runs.mu(slot), strict=True))
    return judge(model, mu, rows, doubts_of(run, runs.problem(slot)))


def warnings(runs: Comparing, slot: int) -> list[str]:
    """Warnings about the run of a column: extrapolation and impossible results."""
    model = runs.catalogue.models.get(runs.columns[slot].model)
    if model is None:
        return []
    names = [p.name for p in model.system.parameters]
    run = runs.run(slot)
    doubts = run.doubts if run is not None and run.case == runs.case(slot) else ()
    return [*model.outside(dict(zip(names, runs.mu(slot), strict=True))), *doubts]


def standing(runs: Comparing, slot: int) -> tuple[str, float | None]:
    """The state of a column's run in words, and the completed share if one has to wait for it."""
    run = runs.run(slot)
    long = not runs.columns[slot].model or (run is not None and not run.complete)
    if run is not None and run.complete:
        return f"{run.case.particles:,} {_unit(runs)}", None
    if runs.stopped and long:
        return "cancelled", None
    if run is None:
        return "waiting for its turn" if long else "computing …", 0.0 if long else None
    return f"computing … t = {run.times[-1]:.3g}", run.done


def _unit(runs: Comparing) -> str:
    return runs.catalogue.systems[runs.state.system].population
