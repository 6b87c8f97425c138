"""One visitor's computation: which runs are wanted now, and which are available.

The learned model is asked at every change, newest request first; the full model when the state has
not changed for a moment, unless its run is remembered. Both arrive from worker threads through
`schedule`, which runs a function on the visitor's own event loop; only there are parameters set. No
Panel: tests pass a `schedule` of their own.
"""

from collections.abc import Callable
from functools import partial
from typing import final

import numpy as np
import param

from dashboard.compute.question import Question
from dashboard.compute.references import REST, ask_reference, reference_question
from dashboard.compute.threads import Workers
from dashboard.concurrency.watchers import Watchers
from dashboard.runs.catalogue import Offer
from dashboard.runs.jobs import answer, expected, may_take_long
from dashboard.runs.lattice_jobs import LatticeView, lattice_view
from dashboard.runs.run import Axes, Case, Run, answers, truth_case
from dashboard.state.exploration import Exploration
from hoam_core import Model

# Another system is drawn first, on what may be the same cores; its full model takes seconds anyway.
SETTLED = 1.5
# A lattice should not wait until the slider stops, nor be computed for every pixel of its way.
AT_ONCE = 0.05
# Receives the seconds for which each answer of a learned model was waited for.
ANSWERED: Watchers[float] = Watchers()


@final
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
        catalogue: Offer,
        workers: Workers,
        schedule: Callable[[Callable[[], None]], None],
    ):
        super().__init__()
        self.state, self.catalogue = state, catalogue
        self._workers, self._schedule = workers, schedule
        self._model: Question[Case, Run] = Question(
            schedule,
            self._show,
            near=lambda old, new: old[:2] == new[:2],
            complete=lambda run: run.case == self._model.key,
        )
        self._truth = reference_question(schedule, self._receive)
        self._lattice: Question[tuple[Case, Axes], LatticeView] = Question(
            schedule, self._show_lattice, complete=lambda view: view.complete
        )
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
        """The case that the state requests from the learned model."""
        state = self.state
        noisy = self.catalogue.systems[state.system].family.is_noisy
        return Case(
            state.system,
            state.model or "",
            tuple(state.mu.values()),
            state.seed,
            state.particles,
            share=state.share if noisy else 1.0,
        )

    @property
    def truth_case(self) -> Case:
        """The case that the state requests from the full model."""
        system = self.catalogue.systems[self.state.system]
        return truth_case(system, tuple(self.state.mu.values()), self.state.seed)

    def refresh(self) -> None:
        """Request whatever the state now needs and does not have."""
        case = self.case
        if self.closed or self.asleep or not self.state.settled:
            return
        self._warn(case)
        self._ask_model(case)
        self._ask_lattice(case)
        same = self._truth.key is not None and self._truth.key[0].system == case.system
        # The full model would take the cores from this answer and from the next request.
        self._ask_truth((REST if same else SETTLED) + expected(case))

    def _ask_lattice(self, case: Case) -> None:
        if self.catalogue.systems[case.system].family.has_plane:
            self._lattice.forget()
            self.lattice = None
            return
        wanted = case._replace(particles=0), self.state.axes
        job = partial(lattice_view, case, self.catalogue, self.state.ts, self.state.axes)
        self._lattice.ask(self._workers.lattices, wanted, job, delay=AT_ONCE)

    def _show_lattice(self) -> None:
        if self._lattice.problem:
            self.problem = self._lattice.problem
        else:
            self.lattice = self._lattice.value

    def _warn(self, case: Case, answer: Run | None = None) -> None:
        model = self.catalogue.models.get(case.model)
        sentences = model.outside(self.state.mu, symbols=True) if model else []
        if answer is not None and answer.case == case:
            sentences = [*sentences, *answer.doubts]
        if sentences != self.warnings:
            self.warnings = sentences

    def _ask_model(self, case: Case) -> None:
        if not case.model:
            self._model.forget()
            self.param.update(answer=None, problem="", computing=False)
            return
        if (known := answers.get(case)) is not None:
            self._model.tell(case, known)
            self._show()
            return
        job = partial(answer, case, self.catalogue, self.state.axes)
        self._model.ask(self._workers.models, case, job, finish=True)
        self.param.update(
            answer=self._model.value, computing=self._model.busy and may_take_long(case)
        )

    def _show(self) -> None:
        asked = self._model
        self.waited = asked.waited
        if asked.first:
            ANSWERED.tell(asked.waited)
        if asked.error is not None:
            self.param.update(problem=asked.problem, answer=None, computing=False)
        else:
            self._warn(self.case, asked.value)
            self.param.update(
                problem="", version=self.version + 1, answer=asked.value,
                computing=self.computing and asked.busy,
            )  # fmt: skip

    def _ask_truth(self, delay: float) -> None:
        asked, case, ts = self._truth, self.truth_case, self.state.ts
        key = case, float(ts[-1])
        if asked.key == key:
            return
        system = self.catalogue.systems[case.system]
        if system.has_truth(np.asarray(case.mu)):
            worker, axes = self._workers.truths, self.state.axes
            ask_reference(asked, worker, case, system, ts, axes, delay)
        else:
            asked.tell(key, None)
        if asked.complete:
            self._receive()
        else:
            self.param.update(reference=asked.value, truth_state="waiting")

    def _receive(self) -> None:
        if self._truth.error is not None:
            self.param.update(problem=self._truth.problem, truth_state="failed")
        elif self._truth.value is None:
            self.param.update(reference=None, truth_state="absent")
        else:
            state = "done" if self._truth.complete else "running"
            self.param.update(reference=self._truth.value, truth_state=state)

    def cancel_truth(self) -> None:
        """Stop the full model; what it has computed so far stays on show."""
        self._truth.stop()
        self.truth_state = "cancelled"

    def resume_truth(self) -> None:
        """Compute the full model after a stop, or again."""
        if self.truth_state == "failed":
            self.problem = ""
        self.truth_state = "waiting"
        self._truth.resume()

    def sleep(self, asleep: bool) -> None:
        """Compute nothing while nobody is looking; on waking, compute whatever is missing."""
        woken, self.asleep = self.asleep and not asleep, asleep
        if asleep:
            self._stop()
        if woken:
            self.refresh()

    def close(self) -> None:
        """The visitor has left: nothing more is computed for this session."""
        self.closed = True
        self._unwatch()
        self._stop()

    @property
    def answer_is_coming(self) -> bool:
        """Whether the learned model's answer, with all particles, is on its way."""
        return not (self.asleep or self.problem or self.is_last(self.answer))

    @property
    def judged(self) -> Run | None:
        """The answer to which errors and rates refer; None while a newer one is on its way.

        The reference is of the present parameters, which an older or coarser answer is not.
        """
        return self.answer if self.is_last(self.answer) else None

    def is_last(self, answer: Run | None) -> bool:
        """Whether an answer is the one that the state requests; None, where no model is chosen."""
        return answer.case == self.case if answer is not None else not self.state.model

    @property
    def truth_is_coming(self) -> bool:
        """Whether the full model's run is waiting or being computed."""
        return self.truth_state in ("waiting", "running")

    def _stop(self) -> None:
        self._model.rest()
        self._lattice.rest()
        if self.truth_is_coming:
            self._truth.rest()
