"""A description of what is shown, written from the data.

Plain sentences help everybody, from a first-time visitor to users of a screen reader. What their
words mean is defined on arrays, in course.py and field.py; whose run they describe is decided in
speaker.py.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dashboard.runs import field
from dashboard.runs.course import course
from dashboard.runs.energy import FIELD
from dashboard.runs.run import Axes, Run
from dashboard.runs.units import in_symbols
from hoam_core import System

BESIDE_A_FIELD = ("total_energy", "momentum")
MOMENTS = {"mean": "mean of {}", "spread": "spread of {}"}


class ShownCurve(NamedTuple):
    """A curve of the page; `moment` names the mean or spread of a component, if it is one."""

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
        """The smallest range worth an axis, above rounding errors and the noise of a mean."""
        if self.moment is not None and self.moment[0] == "mean":
            return 0.2 * float(run.moments.spread[:, self.moment[1]].max())
        if self.name in BESIDE_A_FIELD and "total_energy" in run.curves:
            return 0.04 * float(np.abs(run.curves["total_energy"]).max())
        return 0.0

    def noise(self, run: Run) -> float:
        """Four standard errors of a moment of this many samples; 0 for anything else."""
        if self.moment is None:
            return 0.0
        kind, i = self.moment
        several = run.case.particles * (2 if kind == "spread" else 1)
        return 4 * float(run.moments.spread[:, i].max()) / np.sqrt(several)


def has_field(system: System) -> bool:
    """Whether the first thing to look at is the energy of a field."""
    return any(o.name == FIELD for o in system.observable_info)


def shown(system: System, axes: Axes) -> list[ShownCurve]:
    """The main curve first: a field's energy, or the first observable and the plane's moments."""
    info = {o.name: ShownCurve(o.name, o.label, o.unit) for o in system.observable_info}
    if FIELD in info:
        return [info[FIELD], *(info[name] for name in BESIDE_A_FIELD if name in info)]
    moments = [
        ShownCurve(f"{kind}_{c.name}", words.format(c.name), c.unit, (kind, i))
        for kind, words in MOMENTS.items()
        for i, c in ((i, system.components[i]) for i in axes)
    ]
    main = next(iter(info.values()))
    if system.family.is_noisy:
        first = system.components[axes[0]]
        main = ShownCurve(first.name, first.label, first.unit, ("mean", axes[0]))
    others = dict.fromkeys(one for one in moments if one.name != main.name)
    return [main, *(one for one in others if one.moment != main.moment)]


def headline(run: Run | None, system: System, axes: Axes) -> str:
    """One sentence about a run, written from its curves."""
    if run is None:
        return "Nothing is computed yet."
    words = _sentence(run, system, axes)
    if not words:
        return "The run failed: its curves are not finite numbers."
    words = f"{words[:1].upper()}{words[1:]}."
    return words if run.complete else f"Up to t = {run.times[-1]:.3g}: {words}"


def _sentence(run: Run, system: System, axes: Axes) -> str:
    main, *others = shown(system, axes)
    if main.name == FIELD:
        return field.sentence(run, main.unit)
    spread = next(one for one in others if one.moment and one.moment[0] == "spread")
    pairs = [(one, course(one.of(run), one.least(run), one.noise(run))) for one in (main, spread)]
    told = [
        found.sentence(f"the {one.label}", in_symbols(one.unit)) for one, found in pairs if found
    ]
    return "; ".join(told) if len(told) == len(pairs) else ""
