"""Keeps the runs of a comparison in step with its columns.

Every column asks for itself, newest request first, so that a slow one never holds up another. The
full model's runs, which judge them, are asked for in judges.py. Like session.py: no Panel, and
results arrive on the visitor's own loop.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

import param

from dashboard.compare.choice import MOST, Comparison
from dashboard.compare.jobs import at_times, is_slow, known, learned
from dashboard.compare.judges import Judges
from dashboard.runs.catalogue import Catalogue
from dashboard.runs.jobs import Reference, expected, may_take_long
from dashboard.runs.memory import Case, Run, truth_case
from dashboard.runs.worker import Job, Worker
from dashboard.session import REST
from dashboard.state import Exploration

# Seconds within which an answer is worth waiting for before anything is drawn.
SOON = 0.5


@dataclass
class Slot:
    """A place for a column: what it asks for, what is here, why not, and how often it changed."""

    case: Case | None = None
    run: Run | None = None
    problem: str = ""
    version: int = 0


class Comparing(param.Parameterized):
    """The slots of the columns, and the `Judges` of what is in them."""

    version = param.Integer(doc="Counts the changes of what is here.")

    def __init__(
        self, state: Exploration, choice: Comparison, catalogue: Catalogue,
        workers: tuple[Worker, Worker], schedule: Callable[[Callable[[], None]], None],
    ):  # fmt: skip
        super().__init__()
        self.state, self.choice, self.catalogue = state, choice, catalogue
        self._models, self._truths = workers
        self._schedule = schedule
        self.slots = [Slot() for _ in range(MOST)]
        self.judges = Judges(state, catalogue, self._truths, self._ask, self._judged)
        self._wanted: tuple[Case, ...] = ()
        self.stopped = False
        self.asleep = True

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
        """What a column asks for."""
        model, state = self.columns[slot].model, self.state
        if not model:
            return self.truth_case(slot)
        return Case(state.system, model, self.mu(slot), state.seed, state.particles)

    def refresh(self) -> None:
        """Ask for whatever the columns need and do not have."""
        if self.asleep or not self.state.settled or self.choice.system != self.state.system:
            return
        wanted = tuple(map(self.case, range(len(self.columns))))
        if self.stopped and wanted != self._wanted:
            self._forget_unfinished()
        self._wanted = wanted
        for i in range(MOST):
            self._ask_model(i, wanted[i] if i < len(wanted) else None)
        answers = sum(expected(slot.case) for slot in self.slots if slot.case)
        self.judges.ask(list(dict.fromkeys(map(self.truth_case, range(len(wanted))))), answers)
        if not self._soon:
            self.version += 1

    @property
    def _soon(self) -> bool:
        """Whether another picture of the same models is a moment away, in all columns that wait.

        Until then the full model's column need not be emptied: its picture would go first.
        """
        waiting = self._waiting
        return bool(waiting) and all(
            slot.run is not None and 0 < expected(slot.case) < SOON for slot in waiting
        )

    def _ask_model(self, i: int, case: Case | None) -> None:
        slot, owner = self.slots[i], (self, i)
        if slot.case == case:
            return
        before, slot.case, slot.problem = slot.case, case, ""
        if before is None or case is None or before[:2] != case[:2]:
            slot.run = None
        slow = case is not None and self._is_slow(case)
        worker, other = (self._truths, self._models) if slow else (self._models, self._truths)
        other.cancel(owner)
        remembered = known(case, self.catalogue) if case and case.model else None
        if case is None or not case.model or remembered is not None:
            worker.cancel(owner)
            slot.run, slot.version = remembered, slot.version + 1
            return
        job = partial(learned, case, self.catalogue, self.state.axes)
        take = partial(self._take, slot, case)
        # A slow one starts when the sliders rest, among the full models.
        self._ask(worker, owner, job, take, delay=REST if slow else 0.0, finish=not slow)

    def _is_slow(self, case: Case) -> bool:
        return bool(case.model) and is_slow(self.catalogue.models[case.model])

    def _take(self, slot: Slot, case: Case, result: Run | Exception) -> None:
        # An answer of a moment ago is better than none, but not one of another model.
        if self.asleep or slot.case is None or case[:2] != slot.case[:2]:
            return
        # Nor one that was on its way when a remembered one was shown.
        if case != slot.case and slot.run is not None and slot.run.case == slot.case:
            return
        if isinstance(result, Exception):
            slot.run, slot.problem = None, str(result)
        else:
            slot.run, slot.problem = result, ""
        slot.version += 1
        self.version += 1

    def _judged(self) -> None:
        if not self.asleep:
            self.version += 1

    def _ask(self, worker: Worker, owner: Hashable, job: Job, take: Callable, **options) -> None:
        # A function of its own for each request: until the page stands, only the newest result for
        # each function is kept for it.
        def receive(result) -> None:
            take(result)

        worker.ask(owner, job, lambda value: self._schedule(partial(receive, value)), **options)

    @property
    def answer_is_coming(self) -> bool:
        """Whether an answer that takes a moment is on its way to a column, with all particles."""
        return not self.asleep and not all(self._is_slow(slot.case) for slot in self._waiting)

    @property
    def _waiting(self) -> list[Slot]:
        """The places of learned models that lack what they ask for."""
        asked = [slot for slot in self.slots if slot.case and slot.case.model and not slot.problem]
        return [slot for slot in asked if slot.run is None or slot.run.case != slot.case]

    def is_late(self, slot: int) -> bool:
        """Whether the picture of a column is to be replaced by one that may take long."""
        one = self.slots[slot]
        waits = any(one is waiting for waiting in self._waiting)
        return waits and one.run is not None and may_take_long(one.case)

    @property
    def progress(self) -> float | None:
        """How much of the long runs is done, from 0 to 1; None if there is nothing to wait for."""
        shares = self.judges.shares
        slow = [slot for slot in self.slots if slot.case and self._is_slow(slot.case)]
        shares += [slot.run.done if slot.run else 0.0 for slot in slow if not slot.problem]
        return None if all(share == 1.0 for share in shares) else sum(shares) / len(shares)

    def _forget_unfinished(self) -> None:
        """What is not complete will be asked for again."""
        self.stopped = False
        self.judges.forget_unfinished()
        for slot in self.slots:
            if slot.run is None or slot.run.case != slot.case or not slot.run.complete:
                slot.case = None

    def _cancel(self) -> None:
        self.judges.cancel()
        for i in range(MOST):
            self._truths.cancel((self, i))

    def stop(self) -> None:
        """Stop the long runs; what is here so far stays on show."""
        self._cancel()
        self.stopped = True
        self.version += 1

    def resume(self) -> None:
        """Compute what was stopped after all."""
        self._forget_unfinished()
        self.refresh()

    def sleep(self, asleep: bool) -> None:
        """Ask for nothing while nobody looks; on waking, for what is missing."""
        self.asleep = asleep
        if asleep:
            self._cancel()
            for i in range(MOST):
                self._models.cancel((self, i))
            self._forget_unfinished()
        else:
            self.refresh()

    def run(self, slot: int) -> Run | None:
        """The run of a column as far as it is here."""
        if self.columns[slot].model:
            return self.slots[slot].run
        return self.truth(slot)

    def truth(self, slot: int) -> Run | None:
        """The full model's run at the parameters of a column, as far as it is here."""
        found = self.judges.found.get(self.truth_case(slot))
        return found.truth if found else None

    def judge(self, slot: int) -> Reference | None:
        """The full model's runs for a column, at the times of the column's own run."""
        found, run = self.judges.found.get(self.truth_case(slot)), self.run(slot)
        if found is None or run is None or not found.truth.complete:
            return found
        first = at_times(found.truth, run.ts)
        second = at_times(found.second, run.ts) if found.second else None
        return Reference(first, second, found.theory) if first else None

    def problem(self, slot: int) -> str:
        """Why a column has no run; empty if it has one or will have it."""
        if self.columns[slot].model:
            return self.slots[slot].problem
        return self.judges.problems.get(self.truth_case(slot), "")
