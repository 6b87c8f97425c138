"""Keeps the runs of a comparison in step with its columns.

Every column makes its own requests, newest first, so that a slow one never holds up another. The
full model's runs, which judge them, are asked for in reference_runs.py. As in compute/session.py,
results arrive on the visitor's own loop. No Panel.
"""

from functools import partial
from typing import final

import param

from dashboard.compare.choice import MOST, Comparison
from dashboard.compare.jobs import at_times, is_slow, known, learned
from dashboard.compare.reference_runs import ReferenceRuns
from dashboard.compute.question import Question, Schedule
from dashboard.compute.session import REST
from dashboard.concurrency.worker import Worker
from dashboard.runs.catalogue import Offer
from dashboard.runs.jobs import expected, may_take_long
from dashboard.runs.references import Reference
from dashboard.runs.run import Case, Run, truth_case
from dashboard.state.exploration import Exploration

# A place for a column.
Slot = Question[Case, Run]
# Seconds within which an answer is worth waiting for before anything is drawn.
SOON = 0.5


@final
class Comparing(param.Parameterized):
    """The slots of the columns, and the `ReferenceRuns` of what is in them."""

    version = param.Integer(doc="Counts the changes of what is here.")

    def __init__(
        self, state: Exploration, choice: Comparison, catalogue: Offer,
        workers: tuple[Worker, Worker], schedule: Schedule,
    ):  # fmt: skip
        super().__init__()
        self.state, self.choice, self.catalogue = state, choice, catalogue
        self._models, self._truths = workers
        self.slots = [self._slot(schedule) for _ in range(MOST)]
        self.references = ReferenceRuns(state, catalogue, self._truths, schedule, self._changed)
        self._wanted: tuple[Case, ...] = ()
        self.stopped = False
        self.asleep = True

    def _slot(self, schedule: Schedule) -> Slot:
        slot: Slot = Question(
            schedule, self._changed,
            # A slightly older answer is better than none, unless it is of another model.
            near=lambda old, new: old[:2] == new[:2],
            complete=lambda run: run.case == slot.key and run.complete,
        )  # fmt: skip
        return slot

    def _changed(self) -> None:
        self.version += 1

    @property
    def columns(self):
        """The columns on show."""
        return self.choice.columns

    def mu(self, slot: int) -> tuple[float, ...]:
        """The physics parameters of a column, which may be pinned."""
        return self.columns[slot].pinned or tuple(self.state.mu.values())

    def truth_case(self, slot: int) -> Case:
        """The full-model run that judges a column, or is one."""
        system = self.catalogue.systems[self.state.system]
        return truth_case(system, self.mu(slot), self.state.seed)

    def case(self, slot: int) -> Case:
        """The case that a column requests."""
        model, state = self.columns[slot].model, self.state
        if not model:
            return self.truth_case(slot)
        return Case(state.system, model, self.mu(slot), state.seed, state.particles)

    def refresh(self) -> None:
        """Request whatever the columns need and do not have."""
        if self.asleep or not self.state.settled or self.choice.system != self.state.system:
            return
        wanted = tuple(map(self.case, range(len(self.columns))))
        if self.stopped and wanted != self._wanted:
            self._rest()
        self._wanted = wanted
        for i, slot in enumerate(self.slots):
            self._ask_model(slot, wanted[i] if i < len(wanted) else None)
        answers = sum(expected(slot.key) for slot in self.slots if slot.key)
        self.references.ask(list(dict.fromkeys(map(self.truth_case, range(len(wanted))))), answers)
        if not self._soon:
            self.version += 1

    @property
    def _soon(self) -> bool:
        """Whether another picture of the same models is a moment away, in all columns that wait.

        Until then the full model's column need not be emptied: its picture would go first.
        """
        waiting = self._waiting
        return bool(waiting) and all(
            slot.value is not None and 0 < expected(key) < SOON for slot, key in waiting
        )

    def _ask_model(self, slot: Slot, case: Case | None) -> None:
        if case is None or not case.model:
            slot.forget()
        elif case == slot.key:
            pass
        elif (remembered := known(case, self.catalogue)) is not None:
            slot.tell(case, remembered)
        else:
            job = partial(learned, case, self.catalogue, self.state.axes)
            # A slow one starts when the sliders have stopped, on the worker of the full models.
            slow = self._is_slow(case)
            worker = self._truths if slow else self._models
            slot.ask(worker, case, job, delay=REST if slow else 0.0, finish=not slow)

    def _is_slow(self, case: Case) -> bool:
        return bool(case.model) and is_slow(self.catalogue.models[case.model])

    @property
    def answer_is_coming(self) -> bool:
        """Whether an answer that takes a moment is on its way to a column, with all particles."""
        return not self.asleep and not all(self._is_slow(key) for _, key in self._waiting)

    @property
    def _waiting(self) -> list[tuple[Slot, Case]]:
        """The places of learned models that lack what they ask for, and what that is."""
        asked = [(slot, slot.key) for slot in self.slots if slot.key and not slot.problem]
        return [(slot, key) for slot, key in asked if slot.value is None or slot.value.case != key]

    def is_late(self, slot: int) -> bool:
        """Whether the picture of a column is to be replaced by one that may take long."""
        one = self.slots[slot]
        keys = [key for waiting, key in self._waiting if waiting is one]
        return one.value is not None and any(map(may_take_long, keys))

    @property
    def progress(self) -> float | None:
        """How much of the long runs is done, from 0 to 1; None if there is nothing to wait for."""
        shares = self.references.shares
        slow = [slot for slot in self.slots if slot.key and self._is_slow(slot.key)]
        shares += [slot.value.done if slot.value else 0.0 for slot in slow if not slot.problem]
        return None if all(share == 1.0 for share in shares) else sum(shares) / len(shares)

    def stop(self) -> None:
        """Stop the long runs; what is available so far stays on show."""
        self.references.stop()
        for slot in self.slots:
            if slot.key and self._is_slow(slot.key):
                slot.stop()
        self.stopped = True
        self.version += 1

    def resume(self) -> None:
        """Compute what was stopped after all."""
        self._rest()
        self.refresh()

    def sleep(self, asleep: bool) -> None:
        """Request nothing while nobody is looking; on waking, request what is missing."""
        self.asleep = asleep
        if asleep:
            self._rest()
        else:
            self.refresh()

    def _rest(self) -> None:
        """Incomplete runs will be requested again."""
        self.stopped = False
        self.references.rest()
        for slot in self.slots:
            slot.rest()

    def run(self, slot: int) -> Run | None:
        """The run of a column as far as it is available."""
        if self.columns[slot].model:
            return self.slots[slot].value
        return self.truth(slot)

    def truth(self, slot: int) -> Run | None:
        """The full model's run at the parameters of a column, as far as it is available."""
        found = self.references.found(self.truth_case(slot))
        return found.truth if found else None

    def judge(self, slot: int) -> Reference | None:
        """The full model's runs for a column, at the times of the column's own run."""
        found, run = self.references.found(self.truth_case(slot)), self.run(slot)
        if found is None or run is None or not found.truth.complete:
            return found
        first = at_times(found.truth, run.ts)
        second = at_times(found.second, run.ts) if found.second else None
        return Reference(first, second, found.theory) if first else None

    def problem(self, slot: int) -> str:
        """Why a column has no run; empty if it has one or will have it."""
        if self.columns[slot].model:
            return self.slots[slot].problem
        return self.references.problem(self.truth_case(slot))
