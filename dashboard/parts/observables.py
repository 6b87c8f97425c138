"""Curves of runs against time: the main observable large, the others small.

Large: the energy of a field, or the first observable. Small: the others, which without a field are
mean and spread of the two components of the plane. Which runs they show is up to the view.
"""

from collections.abc import Mapping

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import Span

from dashboard.parts.curves import Curves
from dashboard.parts.layout import card, drawn, grid
from dashboard.parts.sliders import LETTERS
from dashboard.runs import describe
from dashboard.runs.catalogue import Offer
from dashboard.runs.run import Run
from dashboard.runs.units import with_unit
from dashboard.state.exploration import Exploration

LOW = 116
RIGHT = {"position": "absolute", "right": "6px", "top": "4px", "z-index": "2"}


class Observables(pn.viewable.Viewer):
    """The main curve in a card, and up to four small ones as `others`."""

    def __init__(self, state: Exploration, catalogue: Offer, curves: list[Curves], **params):
        super().__init__(**params)
        self.state, self.catalogue, self.curves = state, catalogue, curves
        self._scale = pmui.Switch.from_param(
            state.param.log_scale,
            label="Logarithmic",
            size="small",
            margin=0,
            styles=RIGHT,
            sx={"& .MuiTypography-root": LETTERS},
        )
        self._card = card(drawn(curves[0].figure), self._scale)
        self.others = pn.Column(sizing_mode="stretch_width", margin=0)
        self._count = 0
        self._tall = curves[0].figure.height
        state.param.watch(lambda *_: self._choose_scale(), "log_scale")

    @property
    def system(self):
        """The system of the state."""
        return self.catalogue.systems[self.state.system]

    @property
    def shown(self) -> list[describe.ShownCurve]:
        """The curves, the main one first."""
        return describe.shown(self.system, self.state.axes)

    def place(self) -> None:
        """Labels of another system, model or plane."""
        names = self.shown
        for one, curve in zip(names, self.curves, strict=False):
            curve.title(with_unit(one.label, one.unit))
        self.curves[0].figure.xaxis.axis_label = with_unit("time t", self.system.time_unit)
        count = len(names) - 1
        if count != self._count:
            self._count = count
            figures = [drawn(c.figure) for c in self.curves[1 : count + 1]]
            columns = f"repeat({3 if count == 3 else 2}, minmax(0, 1fr))"
            self.others[:] = [grid(*figures, columns=columns, narrow=359, gap=4)]
        self._scale.visible = describe.has_field(self.system)
        self._choose_scale()

    def _choose_scale(self) -> None:
        log = describe.has_field(self.system) and self.state.log_scale
        if self.curves[0].heights:
            self.curves[0].heights.choose(log)

    def fit(self, height: int | None) -> None:
        """Set the height of the main curve: this many pixels, or the default."""
        self.curves[0].figure.height = height or self._tall

    def at(self, time: float) -> None:
        """Move the cursors."""
        for curve in self.curves:
            curve.at(time)

    @property
    def cursors(self) -> list[Span]:
        """The lines at the present time, of all curves."""
        return [curve.cursor for curve in self.curves]

    def forget(self) -> None:
        """Send the cursors' positions next time, since the browser has moved them."""
        for cursor in self.cursors:
            cursor.location = -1.0

    def draw_runs(
        self, runs: Mapping[str, Run | None], *, with_paths: bool, fit: bool = True
    ) -> None:
        """All curves of the runs that are here, by kind; with `fit` the axes hold them."""
        for one, curve in zip(self.shown, self.curves, strict=False):
            values, references, leasts = [], [], {True: 0.0, False: 0.0}
            for kind, run in runs.items():
                y = one.of(run) if run is not None else np.array([])
                curve.show(kind, run.times if run is not None else np.array([]), y)
                if run is not None:
                    is_judge = run.complete and not run.case.model
                    values = [*values, y]
                    references += [y] * is_judge
                    leasts[is_judge] = max(leasts[is_judge], one.least(run))
                if curve.clouds and (cloud := self._cloud(kind, run, with_paths)).size:
                    values.append(cloud)
            if fit:
                # The full model, too, decides what is worth an axis: a failed run can have any
                # size.
                least = leasts[bool(references)]
                curve.fit(float(self.state.ts[-1]), values, least, references)

    def _cloud(self, kind: str, run: Run | None, with_paths: bool) -> np.ndarray:
        """Band and paths around the first mean of a lattice, where the noise is of interest."""
        cloud = self.curves[0].clouds[kind]
        if run is None or not self.system.family.is_noisy:
            cloud.clear()
            return np.array([])
        i = self.state.axes[0]
        mean, spread = run.moments.mean[:, i], run.moments.spread[:, i]
        paths = np.zeros((len(run), 0))
        if with_paths and run.paths is not None:
            paths = run.paths[..., i]
        cloud.show(run.times, mean, spread, paths)
        return np.concatenate([mean - spread, mean + spread, paths.ravel()])

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for curve in self.curves:
            curve.theme(dark)

    def __panel__(self):
        return self._card
