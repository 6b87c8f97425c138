"""Curves of both models against time, with a cursor at the present frame.

Large: the energy of a field, or the first observable. Small: what stands beside it, which without a
field are mean and spread of the two components of the plane.
"""

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.parts.curves import Curves
from dashboard.parts.ink import KINDS
from dashboard.parts.layout import card, drawn, grid
from dashboard.runs import describe, energy
from dashboard.runs.catalogue import Catalogue
from dashboard.runs.memory import Run
from dashboard.runs.units import with_unit
from dashboard.state import Exploration
from hoam_core.metrics.physics import GrowthFit
from hoam_core.systems import Lattice

LOW = 116
RIGHT = {"position": "absolute", "right": "6px", "top": "4px", "z-index": "2"}


class Evolution(pn.viewable.Viewer):
    """The main curve and up to four small ones."""

    def __init__(self, state: Exploration, catalogue: Catalogue, **params):
        super().__init__(**params)
        self.state, self.catalogue = state, catalogue
        self.fits: dict[str, GrowthFit | None] = {"model": None, "truth": None}
        self.curves = [Curves("main", 246, has_legend=True, log=True)]
        self.curves += [Curves(f"other-{i}", LOW) for i in range(4)]
        self._scale = pmui.Switch.from_param(
            state.param.log_scale, label="Logarithmic", size="small", margin=0, styles=RIGHT
        )
        self._main = pn.Column(sizing_mode="stretch_width", margin=0)
        self._card = card(self._main, self._scale)
        self.others = pn.Column(sizing_mode="stretch_width", margin=0)
        self._count = 0
        state.param.watch(lambda *_: self._choose_scale(), "log_scale")

    @property
    def _system(self):
        return self.catalogue.systems[self.state.system]

    @property
    def _shown(self) -> list[describe.Shown]:
        return describe.shown(self._system, self.state.axes)

    def place(self) -> None:
        """Labels of another system, model or plane."""
        names, field = self._shown, describe.has_field(self._system)
        for one, curve in zip(names, self.curves, strict=False):
            curve.title(with_unit(one.label, one.unit))
        count = len(names) - 1
        if count != self._count:
            self._count = count
            figures = [drawn(c.figures["linear"]) for c in self.curves[1 : count + 1]]
            columns = f"repeat({3 if count == 3 else 2}, minmax(0, 1fr))"
            self.others[:] = [grid(*figures, columns=columns, narrow=359, gap=4)]
        self._scale.visible = field
        self._choose_scale()

    def _choose_scale(self) -> None:
        log = describe.has_field(self._system) and self.state.log_scale
        wanted = self.curves[0].figures["log" if log else "linear"]
        if not len(self._main) or self._main[0].object is not wanted:
            self._main[:] = [drawn(wanted)]

    def at(self, time: float) -> None:
        """Move the cursors."""
        for curve in self.curves:
            curve.at(time)

    def draw(self, answer: Run | None, truth: Run | None, rate: float | None) -> None:
        """All curves of the runs that are here."""
        runs = {"model": answer, "truth": truth}
        for one, curve in zip(self._shown, self.curves, strict=False):
            values, least = [], 0.0
            for kind, run in runs.items():
                y = one.of(run) if run is not None else np.array([])
                curve.show(kind, run.times if run is not None else [], y)
                if run is not None:
                    values, least = [*values, y], max(least, one.least(run))
            if curve.clouds:
                values += [v for kind, run in runs.items() if (v := self._cloud(kind, run)).size]
            curve.fit(float(self.state.ts[-1]), values, least)
        self.fits = {kind: energy.growth(run) for kind, run in runs.items()}
        anchor = "truth" if self.fits["truth"] or answer is None else "model"
        line = [], []
        if describe.has_field(self._system):
            line = energy.theory_line(runs[anchor], self.fits[anchor], rate)
        self.curves[0].show("theory", *line)
        self.curves[0].explain([kind for kind in KINDS if self.curves[0].has(kind)])

    def _cloud(self, kind: str, run: Run | None) -> np.ndarray:
        """Band and paths round the first mean of a lattice, whose noise is what one looks at."""
        cloud = self.curves[0].clouds[kind]
        if run is None or run.paths is None or not isinstance(self._system, Lattice):
            cloud.clear()
            return np.array([])
        i = self.state.axes[0]
        mean, spread = run.moments.mean[:, i], run.moments.spread[:, i]
        cloud.show(run.times, mean, spread, run.paths[..., i])
        return np.concatenate([mean - spread, mean + spread, run.paths[..., i].ravel()])

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for curve in self.curves:
            curve.theme(dark)

    def __panel__(self):
        return self._card
