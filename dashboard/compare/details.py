"""What stands below the pictures of a comparison: densities, curves, table of errors, progress.

The pictures need not wait for any of it when the view is opened for the first time: nothing is made
before `complete` is called, a moment later. Where there are no pictures, since the system has a
single component, the densities are what is seen first.
"""

from typing import final

import panel as pn
from bokeh.models import Span

from dashboard.compare import text
from dashboard.compare.curves import CompareEvolution
from dashboard.compare.densities import Densities
from dashboard.compare.pictures import Drawn, Zoom
from dashboard.compare.runs import Comparing
from dashboard.compare.summary import ColumnSummary
from dashboard.parts import html
from dashboard.parts.controls import cancel_button
from dashboard.parts.layout import Asides, WhenWanted, card, grid, stack


@final
class ComparisonDetails(pn.viewable.Viewer):
    """The lower half of the view, of the runs of a `Comparing`."""

    def __init__(self, runs: Comparing, zoom: Zoom, upright: Span, **params):
        super().__init__(**params)
        self.runs = runs
        of = runs.state, runs.catalogue
        self.densities = WhenWanted(lambda: Densities(*of, upright))
        self.evolution = WhenWanted(lambda: CompareEvolution(*of, zoom))
        self._table = html.pane(stylesheets=[html.STYLE, text.TABLE])
        self._progress = html.pane()
        self._stop = cancel_button(self._press, margin=4)
        self._asides, self._tall = Asides(), None
        self._layout = stack()

    def begin(self) -> None:
        """Make the densities."""
        if self.densities.made is None:
            self._layout.append(self.densities())
            self.fit(self._tall)

    def complete(self) -> None:
        """Build what is still missing."""
        if self.evolution.made is not None:
            return
        self.begin()
        evolution = self.evolution()
        progress = pn.Row(self._progress, self._stop, sizing_mode="stretch_width", margin=0)
        beside = self._asides(card(evolution.others), card(self._table, progress))
        columns = "var(--lower-columns, minmax(0, 5fr) minmax(0, 6fr))"
        self._layout.append(grid(evolution, beside, columns=columns))
        self.place()
        self.fit(self._tall)

    def fit(self, height: int | None) -> None:
        """Show the main curve alone, this many pixels tall, and densities as pictures; or all."""
        self._tall = height
        self._asides.show(height is None)
        if (densities := self.densities.made) is not None:
            alone = len(self.runs.catalogue.systems[self.runs.state.system].components) == 1
            densities.__panel__().visible = height is None or alone
        if self.evolution.made is not None:
            self.evolution.made.fit(height)

    def _press(self) -> None:
        if self.runs.stopped:
            self.runs.resume()
        else:
            self.runs.stop()

    def place(self) -> None:
        """Names of what another system or plane has."""
        for part in (self.densities.made, self.evolution.made):
            if part is not None:
                part.place()

    def draw_frame(self, columns: list[Drawn], time: float) -> None:
        """Update what depends on the time."""
        if self.densities.made is not None:
            self.densities.made.draw(columns, time)
        if self.evolution.made is not None:
            self.evolution.made.at(time)

    def draw_curves(self, summaries: list[ColumnSummary]) -> None:
        """The curves of all columns."""
        if self.evolution.made is not None:
            self.evolution.made.draw(summaries)

    def write(self, summaries: list[ColumnSummary], dark: bool) -> None:
        """Update the table and the progress of the long runs."""
        runs, done = self.runs, self.runs.progress
        busy = done is not None
        waiting = "computing" if busy and not runs.stopped else "—"
        self._stop.visible = busy
        self._stop.label = "Compute" if runs.stopped else "Cancel"
        system = runs.catalogue.systems[runs.state.system]
        self._table.object = text.table(summaries, waiting, dark, system.time_unit)
        population = f"{system.truth_name}, {system.truth_particles:,} {system.population}"
        self._progress.object = text.progress(done, runs.stopped, population)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.densities.theme(dark)
        self.evolution.theme(dark)

    def __panel__(self):
        return self._layout
