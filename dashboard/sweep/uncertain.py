"""The segment "Uncertain": a parameter with a distribution, and the resulting band of curves."""

from functools import partial
from typing import final

import numpy as np
import panel as pn
import panel_material_ui as pmui
import xarray as xr

from dashboard.compute.question import Question
from dashboard.parts import html
from dashboard.parts.layout import card, grid, stack
from dashboard.runs.units import unit_of, with_unit
from dashboard.sweep import text as sweep_words
from dashboard.sweep.choice import KINDS, Belief, SweepChoice
from dashboard.sweep.figures import Band, Density, steps_of
from dashboard.sweep.jobs import SweepTable, TableRequest, band
from dashboard.view.base import Visit
from hoam_core.inference.sweeps import is_energy
from hoam_core.systems import Parameter

FIELD = {"size": "small", "sizing_mode": "stretch_width", "margin": (8, 8)}


@final
class Uncertain(pn.viewable.Viewer):
    """Follows a table and the belief of a choice; `announce` is called with each new headline."""

    def __init__(self, visit: Visit, choice: SweepChoice, announce, **params):
        super().__init__(**params)
        self.visit, self.choice, self._announce = visit, choice, announce
        self.table: SweepTable | None = None
        self.found: xr.Dataset | None = None
        self._question: Question[tuple[TableRequest, Belief], xr.Dataset] = Question(
            visit.schedule, self._receive
        )
        self._following = False
        self.kind = pmui.Select(
            label="Distribution", options={title: kind for kind, title in KINDS.items()},
            description="", **FIELD,
        )  # fmt: skip
        plain = FIELD | {"sx": {"& button": {"display": "none"}}}
        self.mean = pmui.FloatInput(label="Mean", value=1.0, **plain)
        self.spread = pmui.FloatInput(label="Standard deviation", value=0.1, **plain)
        self.band = Band("sweep-band", "median")
        self.histogram = Density("sweep-histogram", "Assumed distribution", height=200)
        self._notes = html.pane()
        for widget in (self.kind, self.mean, self.spread):
            widget.param.watch(lambda _: self._take(), "value")
        choice.param.watch(lambda *_: self._follow(), "belief")
        self._layout = grid(
            card(self.band),
            stack(
                card(grid(self.kind, self.mean, self.spread, columns="1fr 1fr 1fr", narrow=499,
                          gap=0), self._notes),
                card(pn.pane.Bokeh(self.histogram.figure, sizing_mode="stretch_width", margin=0)),
            ),
            columns="minmax(0, 3fr) minmax(0, 2fr)",
        )  # fmt: skip
        self._follow()

    def _take(self) -> None:
        if self._following or None in (self.mean.value, self.spread.value):
            return
        if self.spread.value <= 0:
            self._notes.object = html.notices(
                [], f"Argument `spread` must be a positive number, but is {self.spread.value:g}."
            )
            return
        self.choice.belief = Belief(self.kind.value, self.mean.value, self.spread.value)

    def _follow(self) -> None:
        belief = self.choice.belief
        self._following = True
        try:
            with pn.io.hold():
                self.kind.value, self.mean.value = belief.kind, belief.mean
                self.spread.value = belief.spread
                normal = belief.kind == "normal"
                self.spread.label = "Standard deviation" if normal else "Half width"
        finally:
            self._following = False

    def update(self, table: SweepTable | None) -> None:
        """A table, complete or not yet; None while there is none."""
        self.table = table
        self._follow()
        belief = self.choice.belief
        if table is None or table.done < 1:
            self._question.forget()
            return
        job = partial(band, table.data, table.asked.observable, belief)
        self._question.ask(self.visit.workers.models, (table.asked, belief), job, finish=True)
        if self._question.complete:
            self._receive()

    def _receive(self) -> None:
        self.found = self._question.value
        with pn.io.hold():
            if self.found is None or self.table is None:
                self._notes.object = html.notices([], self._question.problem)
            else:
                self._draw(self.table, self.choice.belief, self.found)

    def _draw(self, table: SweepTable, belief: Belief, found: xr.Dataset) -> None:
        asked, data = table.asked, table.data
        values, t = found[asked.observable].values, found["time"].values
        about = self._about(asked.over)
        shown = data[asked.observable].attrs
        log = is_energy(asked.observable)
        title = with_unit(shown["long_name"], unit_of(shown))
        self.band.choose(log, title, unit_of(data["time"].attrs))
        self.band.show(t, values)
        # The initial energy of a quietly loaded plasma would take up most of a logarithmic axis.
        self.band.fit(float(t[-1]), [values[:, 1:] if log else values])
        draws = found[f"{asked.over}_draw"].values
        self.histogram.show(
            *steps_of(draws), about.label, tuple(np.quantile(draws, [0.025, 0.975]))
        )
        outside = found.attrs["outside"]
        cut = [
            f"{100 * outside:.2g} % of the distribution lie outside the swept range and are cut "
            "off; sweep a wider range to keep them."
        ]
        self._notes.object = html.notices(cut if outside > 0.005 else [], "") + (
            f'<p class="soft">{len(draws):,} draws, read off a table of '
            f"{data.attrs['runs']:,} runs; no run is made for a draw.</p>"
        )
        if self.choice.tab == "uncertain":  # otherwise another segment sets the headline
            self._announce(
                sweep_words.headline_of_band(found, asked.observable, belief, asked.over)
            )

    def _about(self, over: str) -> Parameter:
        model = self.visit.catalogue.models[self.choice.model]
        return model.system.parameter(over)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.band.theme(dark)
        self.histogram.theme(dark)

    def cancel(self) -> None:
        """Stop requesting."""
        self._question.rest()

    def __panel__(self):
        return self._layout
