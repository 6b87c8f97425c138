"""How a page requests the full model's two runs: cached ones first, the rest when there is time."""

from collections.abc import Callable
from functools import partial

import numpy as np

from dashboard.compute.question import Question, Schedule
from dashboard.concurrency.worker import Worker
from dashboard.runs.references import Reference, reference, remembered
from dashboard.runs.run import Axes, Case
from hoam_core import System

# Seconds without a slider move before a full model runs: it would take the cores from the answers
# of the learned models.
REST = 0.4

# A case and its last time.
ReferenceQuestion = Question[tuple[Case, float], Reference]


def reference_question(schedule: Schedule, changed: Callable[[], None]) -> ReferenceQuestion:
    """A question whose values are references, the last of which is complete."""
    return Question(schedule, changed, complete=lambda found: found.complete)


def ask_reference(
    question: ReferenceQuestion, worker: Worker, case: Case, system: System, ts: np.ndarray,
    axes: Axes, delay: float,
) -> None:  # fmt: skip
    """Request the reference of a case; computing starts after `delay` seconds at the earliest."""
    end = float(ts[-1])
    if question.key == (case, end):
        return
    known = remembered(case, system, end)
    if known is not None and known.complete:
        question.tell((case, end), known)
    else:
        job = partial(reference, case, system, ts, axes)
        question.ask(worker, (case, end), job, known=known, delay=delay)
