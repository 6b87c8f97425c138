"""Whether a learned answer can be trusted, in one word with its reason.

Where the full model has run, every error of the answer is compared with two bounds:

- good, up to GOOD = 10 %: less than is visible in a curve over some decades, or in a picture of a
  few thousand particles. Or up to ALIKE = 1.5 noise floors: two full-model runs of different seeds
  hardly agree better.
- usable, up to USABLE = 30 %: qualitatively right, not quantitatively. Or up to 3 noise floors.
- do not use: anything beyond, and whatever is not a finite number.

The worst error decides. Before the full model has run, the distance to the training values decides:
up to half the last spacing outside them, a value is no farther from one than values inside can be.
Doubts about the run itself (`Run.doubts`) override everything.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboard.runs.errors import MOST, ErrorRow, percent
from dashboard.runs.run import Run
from hoam_core import Model

GOOD, USABLE = 0.1, 0.3
# Two runs of the same distribution differ by about one noise floor, and rarely by one and a half.
ALIKE, MOST_ALIKE = 1.5, 3.0
REACH = 0.5
UNCOMPARED = "not yet compared with the full model"


class Verdict(NamedTuple):
    """A word and its reason; `sign` repeats in a character what the word says."""

    sign: str
    word: str
    reason: str

    @property
    def rejects(self) -> bool:
        """Whether the learned model's result should not be repeated at all."""
        return self.word == "do not use"

    @property
    def text(self) -> str:
        """Both, as part of a sentence."""
        return f"{self.word}: {self.reason}" if self.word else self.reason


def doubts_of(run: Run | None, problem: str = "") -> tuple[str, ...]:
    """Why nothing that a run says should be repeated: it has no answer, or an impossible one."""
    if problem:
        return ("it has no answer at these values",)
    return run.doubts if run is not None else ()


NO_MODEL = Verdict("✓", "", "The full model itself is shown.")


def judge(
    model: Model | None, mu: Mapping[str, float], rows: Sequence[ErrorRow],
    doubts: Sequence[str] = (),
) -> Verdict:  # fmt: skip
    """The verdict from the errors of an answer, else from its distance to the training values."""
    if model is None:
        return NO_MODEL
    if doubts:
        return Verdict("✕", "do not use", doubts[0].rstrip("."))
    outside = ", outside the trained range" if model.outside(mu) else ""
    known = [(row, row.error) for row in rows if row.error is not None]
    if not known:
        return _unjudged(model, mu, outside)
    worst = max((row for row, _ in known), key=_badness)
    reason = in_words(worst) + outside
    if _badness(worst) > 1:
        return Verdict("✕", "do not use", reason)
    if any(error > max(GOOD, ALIKE * _floor(row)) for row, error in known):
        return Verdict("⚠", "usable", reason)
    alike = all(row.floor is not None and error <= ALIKE * row.floor for row, error in known)
    return Verdict("✓" if alike else "≈", "good", reason)


def in_words(row: ErrorRow) -> str:
    """An error in words, beside its noise floor."""
    if row.error is None or not math.isfinite(row.error):
        return f"{row.label}: the error is not a finite number"
    text = f"{row.label}: error {percent(row.error)}"
    if row.floor is None:
        return f"{text}, noise floor not known yet"
    if not math.isfinite(row.floor) or row.floor <= 0:
        return text
    if row.error > MOST:
        return f"{text}, noise floor {percent(row.floor)}"
    times = row.error / row.floor
    floor = f"the noise floor of {percent(row.floor)}"
    return f"{text}, below {floor}" if times < 1 else f"{text}, {_times(times)} {floor}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"


def _floor(row: ErrorRow) -> float:
    return row.floor if row.floor is not None and math.isfinite(row.floor) else 0.0


def _badness(row: ErrorRow) -> float:
    """An error relative to the largest usable one; a non-finite one is worse than any number."""
    if row.error is None or not math.isfinite(row.error):
        return math.inf
    return row.error / max(USABLE, MOST_ALIKE * _floor(row))


def _unjudged(model: Model, mu: Mapping[str, float], outside: str) -> Verdict:
    if not outside:
        return Verdict("…", "usable", f"inside the trained range, {UNCOMPARED}")
    axes = zip(model.system.parameters, model.experiment.axes, strict=True)
    if max(beyond(mu[p.name], axis) for p, axis in axes) <= REACH:
        return Verdict("⚠", "usable", f"just outside the trained range, {UNCOMPARED}")
    return Verdict("✕", "do not use", f"outside the trained range, {UNCOMPARED}")


def beyond(value: float, axis: Sequence[float]) -> float:
    """How far a value lies beyond those of the training, in spacings between the last two."""
    values = sorted(set(axis))
    away = max(values[0] - value, value - values[-1], 0.0)
    if len(values) == 1 or not away:
        return math.inf if away else 0.0
    gap = values[1] - values[0] if value < values[0] else values[-1] - values[-2]
    return away / gap
