"""What one sees, in words and numbers, written from the data.

Plain sentences serve everybody: a visitor who looks at the page for the first time, and a screen
reader that cannot look at all. Errors are never shown without their noise floor, which is the same
error between two full-model runs of different seeds.
"""

from typing import NamedTuple

import numpy as np

from dashboard.figures import with_unit
from dashboard.runs import Reference, Run
from hoam_core import System
from hoam_core.metrics.physics import GrowthFit, curve_error, fit_growth

FIELD = "electric_energy"
CONSERVED = ("total_energy", "momentum")


class ErrorRow(NamedTuple):
    """An error of the learned model, and the same error between two full-model runs."""

    label: str
    error: float | None
    floor: float | None


def has_field(system: System) -> bool:
    """Whether the first thing to look at is the energy of a field."""
    return any(o.name == FIELD for o in system.observable_info)


def observables_shown(system: System) -> list[str]:
    """The main observable first, then up to three others: with a field, what is conserved."""
    names = [o.name for o in system.observable_info]
    if FIELD in names:
        names = [FIELD, *(name for name in names if name in CONSERVED)]
    return names[:4]


def growth(run: Run | None) -> GrowthFit | None:
    """The exponential stretch of the field energy of a run, if there is one."""
    if run is None or FIELD not in run.curves or len(run.curves[FIELD]) < 12:
        return None
    energy = np.maximum(run.curves[FIELD], 1e-30)
    return fit_growth(run.ts[: len(energy)], energy)


def theory_line(
    run: Run | None, fitted: GrowthFit | None, rate: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """W ~ exp(2 gamma t) of linear theory, through the middle of the fitted stretch of a run."""
    if run is None or fitted is None or rate is None:
        return np.array([]), np.array([])
    t, energy = run.ts[: len(run.curves[FIELD])], run.curves[FIELD]
    inside = (t >= fitted.start) & (t <= fitted.end)
    middle, level = t[inside].mean(), np.log(energy[inside]).mean()
    length = fitted.end - fitted.start
    ends = np.array([max(fitted.start - 0.5 * length, 0.0), fitted.end + 0.35 * length])
    return ends, np.exp(level + 2 * rate * (ends - middle))


def headline(run: Run | None, system: System) -> str:
    """One sentence about a run, written from its curves."""
    if run is None:
        return "Nothing is computed yet."
    name = observables_shown(system)[0]
    about = next(o for o in system.observable_info if o.name == name)
    curve, label = np.asarray(run.curves[name], float), about.label
    if name == FIELD:
        return _field_sentence(run, curve, about.unit)
    low, high = float(curve.min()), float(curve.max())
    crossings = int(np.sum(np.diff(np.sign(curve)) != 0))
    often = "once" if crossings == 1 else f"{crossings} times"
    swing = f" and crosses zero {often}" if crossings else ""
    return f"The {with_unit(label, about.unit)} swings between {low:.2f} and {high:.2f}{swing}."


def _field_sentence(run: Run, energy: np.ndarray, unit: str) -> str:
    ts = run.ts[: len(energy)]
    early = float(np.median(energy[1 : max(4, len(run.ts) // 16)])) if len(energy) > 4 else 0.0
    peak = int(np.argmax(energy))
    fitted = growth(run)
    if early <= 0 or energy[peak] < 5 * early:
        return "The field energy stays near its first level: nothing grows."
    ratio = energy[peak] / early
    times = f"{ratio:,.0f}" if ratio < 1e4 else f"{float(f'{ratio:.1g}'):,.0f}"
    if fitted is None:
        return (
            f"The field energy grew {times}-fold, up to {energy[peak]:.3g} at t = {ts[peak]:.3g}."
        )
    first = int(np.argmax(energy >= 0.5 * energy.max()))
    while first + 1 < len(energy) and energy[first + 1] > energy[first]:
        first += 1
    level = with_unit(f"{energy[first]:.3g}", unit).replace("[", "").replace("]", "")
    return f"The field energy grew {times}-fold and saturated at t = {ts[first]:.1f}, near {level}."


def errors(model: Run | None, reference: Reference | None, system: System) -> list[ErrorRow]:
    """Errors of the curves that both models have, once the truth is complete."""
    names = observables_shown(system)[:1] if has_field(system) else observables_shown(system)
    truth = reference.truth if reference and reference.truth.complete else None
    second = reference.second if reference and reference.second else None
    if second is not None and not second.complete:
        second = None
    rows = []
    for name in names:
        label = next(o.label for o in system.observable_info if o.name == name)
        error = _error(truth, model, name)
        floor = _error(truth, second, name)
        # A relative mean has no meaning for a curve that passes through zero.
        if (truth is None or float(truth.curves[name].min()) > 0) and has_field(system):
            rows.append(_row(f"{label}, mean", error, floor, "mean"))
        rows.append(_row(f"{label}, L2", error, floor, "l2"))
    return rows


def _error(truth: Run | None, run: Run | None, name: str):
    if truth is None or run is None or len(run.curves[name]) != len(truth.curves[name]):
        return None
    return curve_error(truth.curves[name], run.curves[name])


def _row(label: str, error, floor, which: str) -> ErrorRow:
    return ErrorRow(
        label, getattr(error, which) if error else None, getattr(floor, which) if floor else None
    )
