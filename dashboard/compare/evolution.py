"""Curves of all columns against one time, one line for each of them.

All figures share the range of the time and the cursor of the pointer.
"""

from bokeh.models import Range1d

from dashboard.compare.scene import Zoom, line
from dashboard.parts.curves import Curves
from dashboard.parts.ink import COLUMNS
from dashboard.parts.observables import LOW, Observables
from dashboard.runs.catalogue import Catalogue
from dashboard.runs.memory import Run
from dashboard.state import Exploration

HIGH = 262


class CompareEvolution(Observables):
    """The curves of two to four columns, by their letters."""

    def __init__(self, state: Exploration, catalogue: Catalogue, zoom: Zoom, **params):
        options = {"kinds": COLUMNS, "x_range": Range1d(0, 1)}
        curves = [Curves("compared-main", HIGH, has_legend=True, log=True, **options)]
        curves += [Curves(f"compared-other-{i}", LOW, **options) for i in range(4)]
        super().__init__(state, catalogue, curves, **params)
        self._zoom = zoom
        upright = line("height")
        for curve in curves:
            zoom.add(curve.figure, upright)
        # Two in a row, or the last would not fit on a phone.
        curves[0].figure.legend[0].ncols = 2

    def draw(self, runs: dict[str, Run | None], words: dict[str, str]) -> None:
        """All curves of the runs that are here, by the letters of their columns."""
        every = {letter: runs.get(letter) for letter in COLUMNS}
        self.draw_runs(every, with_paths=False, fit=not self._zoom.on)
        self.curves[0].explain([one for one in words if self.curves[0].has(one)], words)
