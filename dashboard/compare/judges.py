"""The full model's runs that judge the columns of a comparison: two for each parameter set on show.

Two runs of different seeds give an error and its noise floor. They are asked for when the sliders
have rested, since they would take the cores from the answers of the learned models. No Panel.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from dashboard.runs.catalogue import Catalogue
from dashboard.runs.jobs import Reference, linear_theory, reference
from dashboard.runs.memory import Case, truths
from dashboard.runs.worker import Worker
from dashboard.session import REST
from dashboard.state import Exploration

ABSENT = "Nothing was recorded at these values, so there is no truth."


class Judges:
    """A `Reference` for each full-model case on show.

    `ask(worker, owner, job, take, delay=)` brings results here; `changed` hears of each.
    """

    def __init__(
        self, state: Exploration, catalogue: Catalogue, worker: Worker, ask: Callable[..., None],
        changed: Callable[[], None],
    ):  # fmt: skip
        self.state, self.catalogue = state, catalogue
        self._worker, self._ask, self._changed = worker, ask, changed
        self.found: dict[Case, Reference | None] = {}
        self.problems: dict[Case, str] = {}

    def ask(self, cases: list[Case], answers: float) -> None:
        """Have these cases and no others, those to compute after the `answers`' seconds."""
        for gone in [case for case in self.found if case not in cases]:
            self._worker.cancel((self, gone))
            self._drop(gone)
        for case in cases:
            if case not in self.found:
                self.found[case] = self._remembered(case)
                if not self.catalogue.systems[case.system].has_truth(np.asarray(case.mu)):
                    self.problems[case] = ABSENT
                elif not _complete(self.found[case]):
                    self._compute(case, REST + answers)

    def _drop(self, case: Case) -> None:
        del self.found[case]
        self.problems.pop(case, None)

    def _remembered(self, case: Case) -> Reference | None:
        end = float(self.state.ts[-1])
        first, second = (truths.get((c, end)) for c in (case, case._replace(seed=case.seed + 1)))
        if first is None or second is None:
            return Reference(first) if first is not None else None
        return Reference(first, second, linear_theory(self.catalogue.systems[case.system], case.mu))

    def _compute(self, case: Case, delay: float) -> None:
        system = self.catalogue.systems[case.system]
        job = partial(reference, case, system, self.state.ts, self.state.axes)
        self._ask(self._worker, (self, case), job, partial(self._take, case), delay=delay)

    def _take(self, case: Case, result: Reference | Exception) -> None:
        if case not in self.found:
            return
        if isinstance(result, Exception):
            self.problems[case] = str(result)
        else:
            self.found[case] = result
        self._changed()

    def cancel(self) -> None:
        """Compute nothing more; what is here stays."""
        for case in self.found:
            self._worker.cancel((self, case))

    def forget_unfinished(self) -> None:
        """What is not complete will be asked for again."""
        for case in [case for case, found in self.found.items() if not _complete(found)]:
            self._drop(case)

    @property
    def shares(self) -> list[float]:
        """How much of each run is done, of those that are awaited or here."""
        waited = [found for case, found in self.found.items() if case not in self.problems]
        return [found.done if found else 0.0 for found in waited]


def _complete(found: Reference | None) -> bool:
    return found is not None and found.second is not None and found.second.complete
