"""Curves of all columns against one time, one line for each of them.

The same curves as in evolution.py, drawn by the same class. All figures share the range of the
time and the cursor of the pointer.
"""

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import Range1d

from dashboard.compare.scene import Zoom, line
from dashboard.parts.curves import Curves
from dashboard.parts.ink import COLUMNS
from dashboard.parts.layout import card, drawn, grid
from dashboard.runs import describe
from dashboard.runs.catalogue import Catalogue
from dashboard.runs.memory import Run
from dashboard.runs.units import with_unit
from dashboard.state import Exploration
from hoam_core.systems import Lattice

HIGH, LOW = 262, 116
RIGHT = {"position": "absolute", "right": "6px", "top": "4px", "z-index": "2"}


class CompareEvolution(pn.viewable.Viewer):
    """The main observable large, up to four others small."""

    def __init__(self, state: Exploration, catalogue: Catalogue, zoom: Zoom, **params):
        super().__init__(**params)
        self.state, self.catalogue, self._zoom = state, catalogue, zoom
        options = {"kinds": COLUMNS, "x_range": Range1d(0, 1)}
        self.curves = [Curves("compared-main", HIGH, has_legend=True, log=True, **options)]
        self.curves += [Curves(f"compared-other-{i}", LOW, **options) for i in range(4)]
        upright = line("height")
        for curve in self.curves:
            for made in curve.figures.values():
                zoom.add(made, upright)
        for made in self.curves[0].figures.values():
            # Two in a row, or the last would not fit on a phone.
            made.legend[0].ncols = 2
        self._scale = pmui.Switch.from_param(
            state.param.log_scale, label="Logarithmic", size="small", margin=0, styles=RIGHT
        )
        self._main = pn.Column(sizing_mode="stretch_width", margin=0)
        self._card = card(self._main, self._scale)
        self.others = pn.Column(sizing_mode="stretch_width", margin=0)
        self._count = 0
        state.param.watch(lambda *_: self._choose_scale(), "log_scale")

    @property
    def system(self):
        """The system of the state."""
        return self.catalogue.systems[self.state.system]

    @property
    def shown(self) -> list[describe.Shown]:
        """The curves, the main one first."""
        return describe.shown(self.system, self.state.axes)

    def place(self) -> None:
        """Labels of another system or plane."""
        for one, curve in zip(self.shown, self.curves, strict=False):
            curve.title(with_unit(one.label, one.unit))
        count = len(self.shown) - 1
        if count != self._count:
            self._count = count
            figures = [drawn(c.figures["linear"]) for c in self.curves[1 : count + 1]]
            columns = f"repeat({3 if count == 3 else 2}, minmax(0, 1fr))"
            self.others[:] = [grid(*figures, columns=columns, narrow=359, gap=4)]
        self._scale.visible = describe.has_field(self.system)
        self._choose_scale()

    def _choose_scale(self) -> None:
        log = describe.has_field(self.system) and self.state.log_scale
        wanted = self.curves[0].figures["log" if log else "linear"]
        if not len(self._main) or self._main[0].object is not wanted:
            self._main[:] = [drawn(wanted)]

    def at(self, time: float) -> None:
        """Move the cursors."""
        for curve in self.curves:
            curve.at(time)

    def draw(self, runs: dict[str, Run | None], words: dict[str, str]) -> None:
        """All curves of the runs that are here, by the letters of their columns."""
        for one, curve in zip(self.shown, self.curves, strict=False):
            values, least = [], 0.0
            for letter in COLUMNS:
                run = runs.get(letter)
                y = one.of(run) if run is not None else np.array([])
                curve.show(letter, run.times if run is not None else [], y)
                if run is not None:
                    values, least = [*values, y], max(least, one.least(run))
                if curve.clouds:
                    values.append(self._band(letter, run))
            if not self._zoom.on:
                curve.fit(float(self.state.ts[-1]), values if any(map(len, values)) else [], least)
        self.curves[0].explain([one for one in words if self.curves[0].has(one)], words)

    def _band(self, letter: str, run: Run | None) -> np.ndarray:
        """Spread round the first mean of a lattice, whose noise is what one looks at."""
        cloud = self.curves[0].clouds[letter]
        if run is None or not isinstance(self.system, Lattice):
            cloud.clear()
            return np.array([])
        i = self.state.axes[0]
        mean, spread = run.moments.mean[:, i], run.moments.spread[:, i]
        cloud.show(run.times, mean, spread, np.zeros((len(run), 0)))
        return np.concatenate([mean - spread, mean + spread])

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for curve in self.curves:
            curve.theme(dark)

    def __panel__(self):
        return self._card
