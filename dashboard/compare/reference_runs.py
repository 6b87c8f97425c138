"""The full model's runs that judge the columns of a comparison: two for each parameter set on show.

They are requested once the sliders have stopped, since they would take the cores from the answers
of the learned models. No Panel.
"""

from collections.abc import Callable
from typing import final

import numpy as np

from dashboard.compute.question import Schedule
from dashboard.compute.references import (
    REST,
    ReferenceQuestion,
    ask_reference,
    reference_question,
)
from dashboard.concurrency.worker import Worker
from dashboard.runs.catalogue import Offer
from dashboard.runs.references import Reference
from dashboard.runs.run import Case
from dashboard.state.exploration import Exploration

ABSENT = "Nothing was recorded at these values, so there is no truth to compare with."


@final
class ReferenceRuns:
    """A `Reference` for each full-model case on show; `changed` is called for each."""

    def __init__(
        self, state: Exploration, catalogue: Offer, worker: Worker, schedule: Schedule,
        changed: Callable[[], None],
    ):  # fmt: skip
        self.state, self.catalogue = state, catalogue
        self._worker, self._schedule, self._changed = worker, schedule, changed
        self._asked: dict[Case, ReferenceQuestion] = {}

    def ask(self, cases: list[Case], answers: float) -> None:
        """Request only these cases; those to compute start after the `answers`' seconds."""
        for gone in [case for case in self._asked if case not in cases]:
            self._asked.pop(gone).forget()
        for case in cases:
            if case not in self._asked:
                self._asked[case] = reference_question(self._schedule, self._changed)
            if self._has_truth(case):
                ask_reference(
                    self._asked[case], self._worker, case, self.catalogue.systems[case.system],
                    self.state.ts, self.state.axes, REST + answers,
                )  # fmt: skip

    def _has_truth(self, case: Case) -> bool:
        return self.catalogue.systems[case.system].has_truth(np.asarray(case.mu))

    def found(self, case: Case) -> Reference | None:
        """What is available of a case."""
        question = self._asked.get(case)
        return question.value if question else None

    def problem(self, case: Case) -> str:
        """Why a case has no result; empty if it has one or will have one."""
        if not self._has_truth(case):
            return ABSENT
        question = self._asked.get(case)
        return question.problem if question else ""

    def stop(self) -> None:
        """Compute nothing more; keep what is available."""
        for question in self._asked.values():
            question.stop()

    def rest(self) -> None:
        """Pause while nobody is looking; incomplete runs will be requested again."""
        for question in self._asked.values():
            question.rest()

    @property
    def shares(self) -> list[float]:
        """The completed share of each run that is expected or available."""
        waited = [case for case in self._asked if not self.problem(case)]
        return [found.done if (found := self.found(case)) else 0.0 for case in waited]
