"""Errors of a learned answer against the full model, and their noise floors.

No error is shown without its floor, which is the same error between two full-model runs of
different seeds. Curves are compared over all times; the picture by the share of the mass that lies
in the wrong place, in the mean of a few times. The floor of the picture is that of as few particles
as the answer has, taken at random from the second run: any picture of that few particles is equally
uneven, and only what exceeds this is the learned model's own error.
"""

import math
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from dashboard.runs import energy
from dashboard.runs.describe import ShownCurve, has_field, shown
from dashboard.runs.pictures import density, misplaced, sigma_for
from dashboard.runs.references import Reference
from dashboard.runs.run import Axes, Run
from hoam_core import System
from hoam_core.metrics.physics import CurveError, curve_error

PICTURE = "picture, mass in the wrong place"
# Larger errors only say that the curves have nothing in common.
MOST = 10.0
# Pictures that are compared, without the first time, when both populations have the same
# distribution.
PICTURES = 5


class ErrorRow(NamedTuple):
    """An error of the learned model, and the same error between two full-model runs."""

    label: str
    error: float | None
    floor: float | None


def percent(value: float | None, missing: str = "") -> str:
    """A relative error in per cent with two digits; in words beyond ten times the truth."""
    if value is None:
        return missing
    if not math.isfinite(value):
        return "not finite"
    if value > MOST:
        return f"more than {MOST:.0f} times"
    # With two digits, .995 would be written with an exponent.
    return f"{100 * value:,.0f} %" if value >= 0.995 else f"{100 * value:.2g} %"


def errors(
    model: Run | None, reference: Reference | None, system: System, axes: Axes
) -> list[ErrorRow]:
    """Errors of what both models show, once the truth is complete."""
    truth = reference.truth if reference and reference.truth.complete else None
    second = reference.second if reference and reference.second else None
    if second is not None and not second.complete:
        second = None
    rows = _of_curves(model, truth, second, system, axes)
    if system.family.has_plane:
        rows.append(ErrorRow(PICTURE, *_of_picture(model, truth, second, axes)))
    return rows


def _of_curves(
    model: Run | None, truth: Run | None, second: Run | None, system: System, axes: Axes
) -> list[ErrorRow]:
    curves = shown(system, axes)
    # A mean relative error says nothing about a curve that passes through or near zero at every
    # swing, as the energy of a field does unless it grows.
    fitted = energy.growth(truth)
    swings = not has_field(system) or (truth is not None and (fitted is None or fitted.rate < 0))
    rows = []
    for curve in curves[:1] if has_field(system) else curves:
        error, floor = _error(truth, model, curve), _error(truth, second, curve)
        if not swings and (truth is None or float(curve.of(truth).min()) > 0):
            rows.append(_row(f"{curve.label}, mean", error, floor, "mean"))
        against = "rms" if curve.moment and curve.moment[0] == "mean" else "L2"
        rows.append(_row(f"{curve.label}, {against}", error, floor, "l2"))
    return rows


def _error(truth: Run | None, run: Run | None, curve: ShownCurve):
    if truth is None or run is None or len(run) != len(truth):
        return None
    reference, found = curve.of(truth), curve.of(run)
    if not (np.isfinite(reference).all() and np.isfinite(found).all()):
        return CurveError(math.nan, math.nan)
    if curve.moment is not None and curve.moment[0] == "mean":
        # A mean near zero says nothing about its own error: the size of the component does.
        size = np.hypot(reference, truth.moments.spread[:, curve.moment[1]])
        relative = np.linalg.norm(found - reference) / np.linalg.norm(size)
        return CurveError(float(relative), float(relative))
    with np.errstate(divide="ignore", invalid="ignore"):
        return curve_error(reference, found)


def _row(label: str, error, floor, which: str) -> ErrorRow:
    return ErrorRow(
        label, getattr(error, which) if error else None, getattr(floor, which) if floor else None
    )


# Errors are needed whenever texts are written: cache the last pair of each run while it exists.
_judged: WeakKeyDictionary[Run, tuple] = WeakKeyDictionary()


def _of_picture(
    model: Run | None, truth: Run | None, second: Run | None, axes: Axes
) -> tuple[float | None, float | None]:
    """Share of the mass in the wrong place, the mean of a few times, and its floor."""
    if model is None or truth is None or len(model) != len(truth):
        return None, None
    key = truth.case, second and second.case, axes
    if (known := _judged.get(model)) is None or known[0] != key:
        last = len(model) - 1
        frames = range(last, -1 if last == 0 else 0, -max(1, last // PICTURES))
        found = [_thinned_errors(model, truth, second, i, axes) for i in frames]
        error, floor = zip(*found, strict=True)
        known = key, (float(np.mean(error)), None if None in floor else float(np.mean(floor)))
        _judged[model] = known
    return known[1]


def _thinned_errors(
    model: Run, truth: Run, second: Run | None, frame: int, axes: Axes
) -> tuple[float, float | None]:
    plane, n = model.plane(axes), model.states.particles
    learned, full = (
        density(run.counts(frame, axes), run.states.particles, plane, sigma_for(n))
        for run in (model, truth)
    )
    error = misplaced(learned, full, plane)
    if second is None:
        return error, None
    counts, all_of_them = second.counts(frame, axes), second.states.particles
    if n < all_of_them:
        # Equally few of its particles, with those outside the plane as an extra cell.
        cells = np.append(counts.ravel().astype(np.int64), all_of_them - int(counts.sum()))
        few = np.random.default_rng(frame).multivariate_hypergeometric(cells, n, method="marginals")
        counts, all_of_them = few[:-1].reshape(counts.shape), n
    other = density(counts, all_of_them, plane, sigma_for(n))
    return error, misplaced(other, full, plane)
