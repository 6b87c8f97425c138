"""Who speaks in the headline: of nature the full model speaks, as soon as its run is there.

Until then the learned model is named as the one who speaks, and nothing in doubt is repeated.
"""

from dashboard.runs.describe import headline
from dashboard.runs.run import Axes, Run
from dashboard.runs.verdict import Verdict
from hoam_core import System


def headline_of(
    answer: Run | None, truth: Run | None, system: System, axes: Axes, verdict: Verdict
) -> str:
    """The sentence above everything: what the full model does, or who says what it does."""
    if truth is not None and (truth.complete or answer is None):
        return headline(truth, system, axes)
    if answer is None:
        return headline(None, system, axes)
    if verdict.rejects:
        return f"What the learned model says here is not to be used: {verdict.reason}."
    words = headline(answer, system, axes)
    return f"The learned model says: {words[:1].lower()}{words[1:]}"


def described(sentence: str, verdict: Verdict) -> str:
    """The same with the verdict, for those who cannot look and for files."""
    return f"{sentence} Learned model: {verdict.text}." if verdict.word else sentence
