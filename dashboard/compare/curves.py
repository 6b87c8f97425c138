"""Curves of all columns against one time, one line for each of them.

All figures share the range of the time and the cursor of the pointer.
"""

from typing import final

from bokeh.models import Range1d

from dashboard.compare.pictures import Zoom, line
from dashboard.compare.summary import ColumnSummary
from dashboard.parts.colours import COLUMNS, LABELS
from dashboard.parts.curves import Curves
from dashboard.parts.observables import LOW, Observables
from dashboard.runs.catalogue import Offer
from dashboard.runs.rates import NOTHING, theory_line
from dashboard.state.exploration import Exploration

HIGH = 262


@final
class CompareEvolution(Observables):
    """The curves of two to four columns, by their letters."""

    def __init__(self, state: Exploration, catalogue: Offer, zoom: Zoom, **params):
        time = Range1d(start=0, end=1)
        main = Curves(
            "compared-main", HIGH, has_legend=True, log=True, kinds=(*COLUMNS, "theory"),
            x_range=time,
        )  # fmt: skip
        curves = [main] + [
            Curves(f"compared-other-{i}", LOW, kinds=COLUMNS, x_range=time) for i in range(4)
        ]
        super().__init__(state, catalogue, curves, **params)
        self._zoom = zoom
        upright = line("height")
        for curve in curves:
            zoom.add(curve.figure, upright)
        # Two in a row: more would not fit on a phone.
        curves[0].figure.legend[0].ncols = 2

    def draw(self, summaries: list[ColumnSummary]) -> None:
        """All curves of the available runs, by the letters of their columns.

        Linear theory has one line, beside the first run that it speaks of.
        """
        every = dict.fromkeys(COLUMNS) | {one.letter: one.run for one in summaries}
        self.draw_runs(every, with_paths=False, fit=not self._zoom.on)
        main, words = self.curves[0], {one.letter: one.label for one in summaries}
        lines = (theory_line(one.run, one.rates) for one in summaries)
        main.show("theory", *next((line for line in lines if len(line[0])), NOTHING))
        words["theory"] = LABELS["theory"]
        main.explain([one for one in words if main.has(one)], words)
