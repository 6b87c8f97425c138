"""One visitor's computation: which runs are wanted now, and which are here.

The learned model is asked at every change, newest request first; the full model when the state has
rested for a moment, unless its run is remembered. Both arrive from worker threads through
`schedule`, which runs a function on the visitor's own event loop; only there are parameters set.
No Panel: tests pass a `schedule` of their own.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import param

from dashboard.runs.catalogue import Catalogue
from dashboard.runs.jobs import (
    Reference,
    answer,
    expected,
    linear_theory,
    may_take_long,
    reference,
)
from dashboard.runs.lattice_jobs import LatticeView, lattice_view
from dashboard.runs.memory import Axes, Case, Run, answers, truth_case, truths
from dashboard.runs.watchers import Watchers
from dashboard.state import Exploration
from dashboard.threads import Workers
from hoam_core import Model
from hoam_core.systems import Lattice

REST = 0.4
# Another system is drawn first, on what may be the same cores; its full model takes seconds anyway.
SETTLED = 1.5
# A lattice should not wait until the slider rests, nor be computed for every pixel of its way.
AT_ONCE = 0.05
# Hears how many seconds each answer of a learned model was waited for.
ANSWERED: Watchers[float] = Watchers()


class Session(param.Parameterized):
    """Keeps `answer` and `reference` in step with an `Exploration`, once it is woken."""

    answer = param.Parameter(doc="The newest Run of the learned model, or None.")
    reference = param.Parameter(doc="The Reference of the current parameters, or None.")
    truth_state = param.Selector(
        default="waiting", objects=["waiting", "running", "done", "cancelled", "failed", "absent"]
    )
    lattice = param.Parameter(doc="The LatticeView of the current parameters, or None.")
    problem = param.String(doc="Why the last request has no answer; empty if it has one.")
    warnings = param.List(doc="Sentences: parameters outside the trained range, doubts of a run.")
    computing = param.Boolean(doc="Whether an answer that may take long is on its way.")
    version = param.Integer(doc="Counts the answers that were shown.")

    def __init__(
        self,
        state: Exploration,
        catalogue: Catalogue,
        workers: Workers,
        schedule: Callable[[Callable[[], None]], None],
    ):
        super().__init__()
        self.state, self.catalogue = state, catalogue
        self._workers, self._schedule = workers, schedule
        self._wanted: tuple[Case, float] | None = None
        self._lattice_wanted: tuple[Case, Axes] | None = None
        self._answered = 0.0
        self.waited = 0.0
        self.closed, self.asleep = False, True
        self._unwatch = catalogue.watch(self._on_new_model)
        chosen = ["parameters", "model", "particles", "seed", "share"]
        state.param.watch(lambda *_: self.refresh(), chosen)
        state.watch_mu(lambda *_: self.refresh())

    def _on_new_model(self, model: Model) -> None:
        self._schedule(partial(self._offer, model.experiment.system))

    def _offer(self, system: str) -> None:
        if not self.closed and self.state.system == system:
            self.state.offer_new_models()

    @property
    def case(self) -> Case:
        """What the state asks of the learned model."""
        state = self.state
        lattice = isinstance(self.catalogue.systems[state.system], Lattice)
        return Case(
            state.system,
            state.model or "",
            tuple(state.mu.values()),
            state.seed,
            state.particles,
            share=state.share if lattice else 1.0,
        )

    @property
    def truth_case(self) -> Case:
        """What the state asks of the full model."""
        system = self.catalogue.systems[self.state.system]
        return truth_case(system, tuple(self.state.mu.values()), self.state.seed)

    def refresh(self) -> None:
        """Ask for whatever the state now needs and does not have."""
        case = self.case
        if self.closed or self.asleep or not self.state.settled:
            return
        self._warn(case)
        self._ask_model(case)
        self._ask_lattice(case)
        same = self._wanted is not None and self._wanted[0].system == case.system
        # The full model would take the cores from an answer, and from whoever asks for the next.
        self._ask_truth((REST if same else SETTLED) + expected(case))

    def _ask_lattice(self, case: Case) -> None:
        wanted = case._replace(particles=0), self.state.axes
        if self._lattice_wanted == wanted:
            return
        self._lattice_wanted = wanted
        if not isinstance(self.catalogue.systems[case.system], Lattice):
            self._workers.lattices.cancel(self)
            self.lattice = None
            return
        job = partial(lattice_view, case, self.catalogue, self.state.ts, self.state.axes)
        deliver = self._on_loop(self._show_lattice, case)
        self._workers.lattices.ask(self, job, deliver, delay=AT_ONCE)

    def _show_lattice(self, case: Case, result: LatticeView | Exception) -> None:
        if self.closed or self._lattice_wanted is None:
            return
        if case._replace(particles=0) != self._lattice_wanted[0]:
            return
        if isinstance(result, Exception):
            self.problem = str(result)
        else:
            self.lattice = result

    def _warn(self, case: Case, answer: Run | None = None) -> None:
        model = self.catalogue.models.get(case.model)
        sentences = model.outside(self.state.mu) if model else []
        if answer is not None and answer.case == case:
            sentences = [*sentences, *answer.doubts]
        if sentences != self.warnings:
            self.warnings = sentences

    def _ask_model(self, case: Case) -> None:
        asked = time.perf_counter()
        if not case.model:
            self._workers.models.cancel(self)
            self.param.update(answer=None, problem="", computing=False)
            return
        if self.answer is not None and self.answer.case[:2] != case[:2]:
            self.answer = None
        if (known := answers.get(case)) is not None:
            self._workers.models.cancel(self)
            self._show(case, asked, known)
            return
        self.computing = may_take_long(case)
        job = partial(answer, case, self.catalogue, self.state.axes)
        self._workers.models.ask(self, job, self._on_loop(self._show, case, asked), finish=True)

    def _show(self, case: Case, asked: float, result: Run | Exception) -> None:
        if self.closed or case[:2] != self.case[:2]:
            return
        # It was on its way when a remembered one was shown, after which nothing more would come.
        if case != self.case and self.is_last(self.answer):
            return
        self.waited = time.perf_counter() - asked
        if asked != self._answered:  # a coarse answer goes before that with all particles
            self._answered = asked
            ANSWERED.tell(self.waited)
        if isinstance(result, Exception):
            self.param.update(problem=str(result), answer=None, computing=False)
        else:
            self._warn(self.case, result)
            computing = self.computing and not self.is_last(result)
            self.param.update(
                problem="", version=self.version + 1, answer=result, computing=computing
            )

    def _ask_truth(self, delay: float) -> None:
        case, ts = self.truth_case, self.state.ts
        if self._wanted == (case, float(ts[-1])):
            return
        self._wanted = case, float(ts[-1])
        if not self.catalogue.systems[case.system].has_truth(np.asarray(case.mu)):
            self._workers.truths.cancel(self)
            self.param.update(reference=None, truth_state="absent")
            return
        first, second = (
            truths.get((c, float(ts[-1]))) for c in (case, case._replace(seed=case.seed + 1))
        )
        system = self.catalogue.systems[case.system]
        if first is not None and second is not None:
            self._workers.truths.cancel(self)
            theory = linear_theory(system, case.mu)
            self.param.update(reference=Reference(first, second, theory), truth_state="done")
            return
        known = Reference(first) if first is not None else None
        self.param.update(reference=known, truth_state="waiting")
        job = partial(reference, case, system, ts, self.state.axes)
        self._workers.truths.ask(self, job, self._on_loop(self._receive, case), delay=delay)

    def _receive(self, case: Case, result: Reference | Exception) -> None:
        if self.closed or case != self.truth_case or self.truth_state == "cancelled":
            return
        if isinstance(result, Exception):
            self.param.update(problem=str(result), truth_state="failed")
            return
        done = result.second is not None and result.second.complete
        self.param.update(reference=result, truth_state="done" if done else "running")

    def cancel_truth(self) -> None:
        """Stop the full model; what it has computed so far stays on show."""
        self._workers.truths.cancel(self)
        self.truth_state = "cancelled"

    def resume_truth(self) -> None:
        """Compute the full model after all, or once more."""
        if self.truth_state == "failed":
            self.problem = ""
        self._wanted = None
        self._ask_truth(0.0)

    def sleep(self, asleep: bool) -> None:
        """Compute nothing while nobody looks; on waking, whatever is missing."""
        woken, self.asleep = self.asleep and not asleep, asleep
        if asleep:
            self._stop()
        if woken:
            self.refresh()

    def close(self) -> None:
        """The visitor has gone: nothing is computed for this session any more."""
        self.closed = True
        self._unwatch()
        self._stop()

    @property
    def answer_is_coming(self) -> bool:
        """Whether the learned model's answer, with all particles, is on its way."""
        return not (self.asleep or self.problem or self.is_last(self.answer))

    @property
    def judged(self) -> Run | None:
        """The answer that errors and rates are about, None while a newer one is on its way.

        The reference is of the present parameters, which an older or coarser answer is not.
        """
        return self.answer if self.is_last(self.answer) else None

    def is_last(self, answer: Run | None) -> bool:
        """Whether an answer is what the state asks for; None is, where no model is asked."""
        return answer.case == self.case if answer is not None else not self.state.model

    @property
    def truth_is_coming(self) -> bool:
        """Whether the full model's run is waited for, or on its way."""
        return self.truth_state in ("waiting", "running")

    def _stop(self) -> None:
        self._workers.models.cancel(self)
        self._workers.truths.cancel(self)
        self._workers.lattices.cancel(self)
        if self.truth_is_coming:
            self._wanted = None
        if self.lattice is None or not self.lattice.complete:
            self._lattice_wanted = None

    def _on_loop(self, receive: Callable, *about: Case | float) -> Callable:
        return lambda value: self._schedule(partial(receive, *about, value))
