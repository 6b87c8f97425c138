"""Whose run the headline describes: the full model's, as soon as it is available.

Until then the headline says that it quotes the learned model, and repeats nothing that is in doubt.
"""

from dashboard.runs.describe import headline
from dashboard.runs.run import Axes, Run
from dashboard.runs.verdict import Verdict
from hoam_core import System


def headline_of(
    answer: Run | None, truth: Run | None, system: System, axes: Axes, verdict: Verdict
) -> str:
    """The sentence above everything: what the full model does, or what the learned model says."""
    if truth is not None and (truth.complete or answer is None):
        return headline(truth, system, axes)
    if answer is None:
        return headline(None, system, axes)
    if verdict.rejects:
        return f"Do not use what the learned model says here: {verdict.reason}."
    words = headline(answer, system, axes)
    return f"The learned model says: {words[:1].lower()}{words[1:]}"


def described(sentence: str, verdict: Verdict) -> str:
    """The same with the verdict, for screen readers and for files."""
    return f"{sentence} Learned model: {verdict.text}." if verdict.word else sentence
