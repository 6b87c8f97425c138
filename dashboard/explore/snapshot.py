"""A moment of the view "explore" as plain values, from which its exports are made.

Runs are immutable, so that a worker may read a snapshot while the page goes on.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from dashboard.compute.session import Session
from dashboard.runs.catalogue import Offer
from dashboard.runs.errors import errors
from dashboard.runs.rates import USUAL, ModeChoice, Rates, rates
from dashboard.runs.references import Reference
from dashboard.runs.run import Axes, Case, Run, named
from dashboard.runs.speaker import described, headline_of
from dashboard.runs.verdict import Verdict, doubts_of, judge
from dashboard.state.exploration import Exploration
from hoam_core import System
from hoam_core.systems import Lattice


@final
@dataclass(frozen=True)
class ViewSnapshot:
    """A moment of the view: which case at which time, and the available runs."""

    system: System
    catalogue: Offer
    case: Case
    axes: Axes
    ts: np.ndarray
    time: float
    log: bool
    answer: Run | None
    truth: Run | None
    cells: np.ndarray | None = None
    second: Run | None = None
    rates: Rates | None = None

    @property
    def run(self) -> Run | None:
        """The run that the view is about."""
        return self.answer if self.case.model else self.truth

    @property
    def warnings(self) -> list[str]:
        """Warnings about the learned model's run."""
        if not self.case.model:
            return []
        model = self.catalogue.models[self.case.model]
        doubts = self.answer.doubts if self.answer is not None else ()
        return [*model.outside(named(self.system, self.case), symbols=True), *doubts]

    @property
    def lattice(self) -> Lattice | None:
        """The system, where it has cells to show."""
        return self.system if isinstance(self.system, Lattice) else None

    @property
    def is_plane(self) -> bool:
        """Whether its pictures are densities over a plane rather than cells of a lattice."""
        return self.system.family.has_plane

    @property
    def name(self) -> str:
        """Stem of file names."""
        values = [f"{key}{value:g}" for key, value in named(self.system, self.case).items()]
        who = self.case.model or f"{self.system.name}-full-model"
        return "-".join([who, *values, f"seed{self.case.seed}"])

    @property
    def values(self) -> str:
        """The parameters by their symbols."""
        return self.system.setting(self.case.mu)

    @property
    def verdict(self) -> Verdict:
        """Whether the learned model's answer is to be trusted."""
        found = Reference(self.truth, self.second) if self.truth is not None else None
        rows = errors(self.answer, found, self.system, self.axes)
        model = self.catalogue.models.get(self.case.model)
        return judge(model, named(self.system, self.case), rows, doubts_of(self.answer))

    @property
    def text(self) -> str:
        """The headline of the view and the verdict."""
        verdict = self.verdict
        sentence = headline_of(self.answer, self.truth, self.system, self.axes, verdict)
        return described(sentence, verdict)

    @property
    def title(self) -> str:
        """System and parameters in words."""
        return f"{self.system.title}, {self.values}"


def snapshot(
    state: Exploration, session: Session, catalogue: Offer, wanted: ModeChoice = USUAL
) -> ViewSnapshot:
    """What the view shows now; runs of any other case are left out."""
    answer, reference, lattice = session.answer, session.reference, session.lattice
    truth = reference.truth if reference is not None else None
    mu, system = session.case.mu, catalogue.systems[state.system]
    answer = answer if answer is not None and answer.case == session.case else None
    truth = truth if truth is not None and truth.case == session.truth_case else None
    return ViewSnapshot(
        system, catalogue,
        session.case if state.model else session.truth_case,
        state.axes, state.ts, state.time, state.log_scale,
        answer=answer, truth=truth,
        cells=lattice.cells if lattice is not None and lattice.case.mu == mu else None,
        second=reference.second if reference is not None else None,
        rates=rates(system, answer, reference, wanted) if truth is not None else None,
    )  # fmt: skip
