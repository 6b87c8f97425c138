"""The figures that replace the three pictures of a plane where the system is a lattice.

One run of the full model, cell by cell; the learned drift of the observables, with the means of
both models moving through it; and the phase diagram, with a cursor at the present first parameter.
"""

from collections.abc import Callable, Sequence
from typing import final

import numpy as np
import panel as pn
from bokeh.plotting import figure

from dashboard.explore.lattice_figures import KINDS, DiagramFigure, DriftFigure
from dashboard.parts.cells import CellsFigure
from dashboard.parts.colours import entitle
from dashboard.parts.layout import card, drawn, grid
from dashboard.parts.picture import TALL
from dashboard.parts.sources import put
from dashboard.runs.catalogue import Offer
from dashboard.runs.lattice_jobs import LatticeView
from dashboard.runs.run import Run
from dashboard.state.exploration import Exploration
from hoam_core.systems import Lattice


@final
class LatticeScene(pn.viewable.Viewer):
    """Cells, drift and phase diagram at the frame of the state."""

    turns_pages = False

    def __init__(
        self, state: Exploration, catalogue: Offer,
        after_paint: Callable[[Callable[[], None]], None] = lambda act: act(), **params,
    ):  # fmt: skip
        super().__init__(**params)
        self.state, self.catalogue, self._after_paint = state, catalogue, after_paint
        self.cells, self.drift, self.diagram = CellsFigure(), DriftFigure(), DiagramFigure()
        self._view: LatticeView | None = None
        self._figures = (*self.cells.figures, self.drift.figure, self.diagram.figure)
        self._cards: dict[figure, pn.Column] = {}
        self._shown: tuple[figure, ...] = ()
        self._layout = grid(columns="repeat(3, minmax(0, 1fr))", narrow=759)
        self._placed = ()

    @property
    def _lattice(self) -> Lattice | None:
        system = self.catalogue.systems[self.state.system]
        return system if isinstance(system, Lattice) else None

    @property
    def _wanted(self) -> tuple:
        return self.state.system, self.state.model, self.state.axes

    @property
    def _stands(self) -> bool:
        """Whether the figures belong to the present lattice; an answer may arrive first."""
        return self._wanted == self._placed

    def place(self) -> None:
        """Names and ranges of another lattice, model or plane."""
        lattice, state = self._lattice, self.state
        if lattice is None or self._stands:
            return
        self._placed, self._view = self._wanted, None
        components = [lattice.components[i] for i in dict.fromkeys(state.axes)]
        lows, highs = zip(*(c.view for c in lattice.components), strict=True)
        cells = self.cells.place(lattice.cell_names, lattice.field_names, (min(lows), max(highs)))
        first, parameter = components[0], lattice.parameters[0]
        exact = lattice.limit_label if state.axes[0] == 0 else ""
        self.diagram.place(
            parameter.label, f"{first.label} at t = {state.ts[-1]:g}", exact,
            first.view,
        )  # fmt: skip
        self.diagram.show(None)
        self.drift.clear()
        alone = len(components) == 1
        entitle(self.drift.figure, "Learned potential −∫ drift" if alone else "Learned drift")
        self.drift.figure.xaxis.axis_label = components[0].label
        self.drift.figure.yaxis.axis_label = "potential" if alone else components[1].label
        self._put((cells, self.drift.figure, self.diagram.figure) if state.model else (cells,))

    def _put(self, shown: tuple[figure, ...]) -> None:
        """Show the first figure at once, others when it is painted if they are new to the page."""
        self._shown = shown
        late = [one for one in shown[1:] if one not in self._cards]
        self._reveal([one for one in shown if one not in late])
        if late:
            self._after_paint(lambda: self._reveal(self._shown))

    def _reveal(self, shown: Sequence[figure]) -> None:
        """Add to the page what is needed for the first time; it stays there when hidden."""
        for one in self._figures:
            if one in shown and one not in self._cards:
                self._cards[one] = card(drawn(one))
        made = [self._cards[one] for one in self._figures if one in self._cards]
        if list(self._layout) != made:
            self._layout[:] = made
        for one, held in self._cards.items():
            held.visible = one in shown

    def fit(self, height: int | None) -> None:
        """Set the height of the figures: this many pixels, or the default."""
        for one in self._figures:
            one.height = height or TALL

    def show(self, view: LatticeView | None) -> None:
        """A newer view; the drift and the diagram change only with it."""
        if view is None or self._lattice is None or view.case.system != self.state.system:
            return
        old, self._view = self._view, view
        if view.drift is not None and (old is None or old.drift is not view.drift):
            self._draw_drift(view)
        if view.sweep is not None:
            self.diagram.show(view.sweep, self.state.axes[0])

    def _draw_drift(self, view: LatticeView) -> None:
        if view.drift is None or (lattice := self._lattice) is None:
            return
        z, learned, exact = view.drift
        h, v = axes = self.state.axes
        if h == v:
            self.drift.potential(z[:, h], learned[:, h], None if exact is None else exact[:, h])
            return
        views = [lattice.components[i].view for i in axes]
        low, high = zip(*views, strict=True)
        known = None if exact is None else exact[:, axes]
        self.drift.field(z[:, axes], learned[:, axes], known, low, high)

    def draw(self, answer: Run | None, truth: Run | None) -> None:
        """Everything at the present frame; nothing before the figures are placed."""
        if not self._stands:
            return
        state = self.state
        self._draw_cells()
        value = next(iter(state.mu.values()))
        self.diagram.cursor.location = value
        for kind, run in zip(KINDS, (answer, truth), strict=True):
            self._draw_mean(kind, run, state.frame)
        if truth is not None and truth.complete and truth.case.mu == tuple(state.mu.values()):
            put(
                self.diagram.here,
                {"x": [value], "y": [float(truth.moments.mean[-1, state.axes[0]])]},
            )
        else:
            put(self.diagram.here, {"x": [], "y": []})

    def draw_densities(self, answer: Run | None, truth: Run | None) -> None:
        """A lattice has none."""

    def title(self, answer: Run | None) -> None:
        """Parameters are named in the headline only."""

    def _draw_cells(self) -> None:
        """The cells at the present frame; while the run is on its way there, as far as it is."""
        cells = self._view.cells if self._view is not None else None
        if cells is None:
            self.cells.show(None)
            return
        last = len(cells) - 1
        note = "" if self.state.frame <= last else f", so far to t = {self.state.ts[last]:.3g}"
        self.cells.show(cells[min(self.state.frame, last)], note)

    def _draw_mean(self, kind: str, run: Run | None, frame: int) -> None:
        """The path of the mean in the plane, or the mean as a ball in the potential."""
        path, point = self.drift.paths[kind], self.drift.points[kind]
        nothing = {"x": [], "y": []}
        if run is None or frame >= len(run) or self._view is None or self._view.drift is None:
            put(path, nothing)
            put(point, nothing)
            return
        h, v = self.state.axes
        x, y = run.moments.mean[:, h], run.moments.mean[:, v]
        if h == v:
            put(path, nothing)
            y = np.full(len(x), self.drift.height(float(x[frame])))
        else:
            put(path, {"x": x[: frame + 1], "y": y[: frame + 1]})
        put(point, {"x": x[frame : frame + 1], "y": y[frame : frame + 1]})

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.drift.theme(dark)
        self.diagram.theme(dark)

    def __panel__(self):
        return self._layout
