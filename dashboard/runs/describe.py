"""What one sees, in words and numbers, written from the data.

Plain sentences serve everybody: a visitor who looks at the page for the first time, and a screen
reader that cannot look at all. Errors are never shown without their noise floor, which is the same
error between two full-model runs of different seeds.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dashboard.runs import energy
from dashboard.runs.energy import FIELD
from dashboard.runs.jobs import Reference
from dashboard.runs.memory import Axes, Run
from dashboard.runs.units import with_unit
from hoam_core import System
from hoam_core.metrics.physics import CurveError, curve_error
from hoam_core.systems import Lattice

BESIDE_A_FIELD = ("total_energy", "momentum")
MOMENTS = {"mean": "mean of {}", "spread": "spread of {}"}


class Shown(NamedTuple):
    """A curve of the page; `moment` names the mean or spread of a component that it is."""

    name: str
    label: str
    unit: str
    moment: tuple[str, int] | None = None

    def of(self, run: Run) -> Float[np.ndarray, " t"]:
        """The curve of a run at the times it has reached."""
        if self.moment is None:
            return np.asarray(run.curves[self.name], float)
        kind, i = self.moment
        return np.asarray(getattr(run.moments, kind)[:, i], float)

    def least(self, run: Run) -> float:
        """The smallest range worth an axis: neither rounding errors nor the noise of a mean are."""
        if self.moment is not None and self.moment[0] == "mean":
            return 0.2 * float(run.moments.spread[:, self.moment[1]].max())
        if self.name in BESIDE_A_FIELD and "total_energy" in run.curves:
            return 0.04 * float(np.abs(run.curves["total_energy"]).max())
        return 0.0


class ErrorRow(NamedTuple):
    """An error of the learned model, and the same error between two full-model runs."""

    label: str
    error: float | None
    floor: float | None


def has_field(system: System) -> bool:
    """Whether the first thing to look at is the energy of a field."""
    return any(o.name == FIELD for o in system.observable_info)


def shown(system: System, axes: Axes) -> list[Shown]:
    """The main curve first: a field's energy, or the first observable and the plane's moments."""
    info = {o.name: Shown(o.name, o.label, o.unit) for o in system.observable_info}
    if FIELD in info:
        return [info[FIELD], *(info[name] for name in BESIDE_A_FIELD if name in info)]
    moments = [
        Shown(f"{kind}_{c.name}", words.format(c.name), c.unit, (kind, i))
        for kind, words in MOMENTS.items()
        for i, c in ((i, system.components[i]) for i in axes)
    ]
    main = next(iter(info.values()))
    if isinstance(system, Lattice):
        first = system.components[axes[0]]
        main = Shown(first.name, first.label, first.unit, ("mean", axes[0]))
    others = dict.fromkeys(one for one in moments if one.name != main.name)
    return [main, *(one for one in others if one.moment != main.moment)]


def headline(run: Run | None, system: System, axes: Axes) -> str:
    """One sentence about a run, written from its curves."""
    if run is None:
        return "Nothing is computed yet."
    main, *others = shown(system, axes)
    so_far = "" if run.complete else f"Up to t = {run.times[-1]:.3g}: "
    if main.name == FIELD:
        return so_far + energy.sentence(run, main.unit)
    words = _course(main.of(run), with_unit(main.label, main.unit))
    spread = next(one for one in others if one.moment and one.moment[0] == "spread")
    return f"{so_far}The {words}; {_change(spread.of(run), f'the {spread.label}')}."


def _course(curve: np.ndarray, label: str) -> str:
    low, high = float(curve.min()), float(curve.max())
    # A start at zero crosses nothing.
    signs = np.sign(curve[curve != 0])
    crossings = int(np.sum(signs[1:] != signs[:-1]))
    if not crossings and high > 3 * abs(curve[0]) and curve[-1] > 0.5 * high:
        return _change(curve, label)
    often = "once" if crossings == 1 else f"{crossings} times"
    swing = f" and crosses zero {often}" if crossings else ""
    return f"{label} swings between {low:.2f} and {high:.2f}{swing}"


def _change(curve: np.ndarray, label: str) -> str:
    first, last = float(curve[0]), float(curve[-1])
    if abs(last - first) <= 0.1 * max(abs(first), abs(last)):
        return f"{label} stays near {_plain(last)}"
    return f"{label} {'grows' if last > first else 'falls'} from {_plain(first)} to {_plain(last)}"


def _plain(value: float) -> str:
    """Two digits, and no power of ten for what is said in a sentence."""
    if abs(value) < 1e-5:
        return "0"
    return f"{value:,.0f}" if 10 <= abs(value) < 1e6 else f"{value:.2g}"


def errors(
    model: Run | None, reference: Reference | None, system: System, axes: Axes
) -> list[ErrorRow]:
    """Errors of the curves that both models have, once the truth is complete."""
    curves = shown(system, axes)
    truth = reference.truth if reference and reference.truth.complete else None
    second = reference.second if reference and reference.second else None
    if second is not None and not second.complete:
        second = None
    # A relative mean says nothing of a curve that passes through zero, or nearly so at every swing.
    fitted = energy.growth(truth)
    swings = not has_field(system) or (fitted is not None and fitted.rate < 0)
    rows = []
    for curve in curves[:1] if has_field(system) else curves:
        error, floor = _error(truth, model, curve), _error(truth, second, curve)
        if not swings and (truth is None or float(curve.of(truth).min()) > 0):
            rows.append(_row(f"{curve.label}, mean", error, floor, "mean"))
        against = "rms" if curve.moment and curve.moment[0] == "mean" else "L2"
        rows.append(_row(f"{curve.label}, {against}", error, floor, "l2"))
    return rows


def _error(truth: Run | None, run: Run | None, curve: Shown):
    if truth is None or run is None or len(run) != len(truth):
        return None
    reference, found = curve.of(truth), curve.of(run)
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
