"""The card of growth and damping rates: fits beside linear theory, why they differ, the window.

Which wave is fitted, and in which window, can be chosen; nothing is fitted while a slider moves.
"""

from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.compute.session import Session
from dashboard.explore.choice import ExploreChoice
from dashboard.parts import html
from dashboard.parts.layout import wrapping
from dashboard.runs.rates import Rates
from hoam_core.metrics.rates import HIGHEST

STRONGEST = "strongest"


@final
class Growth(pn.viewable.Viewer):
    """Table, words and widgets of an `ExploreChoice`."""

    def __init__(self, session: Session, choice: ExploreChoice, **params):
        super().__init__(**params)
        self.session, self.choice = session, choice
        self._following = False
        self._table = html.pane()
        self.window = pmui.RangeSlider(
            label="Window of the fit, t", start=0, end=1, value=(0, 1), step=0.1, format="0.[00]",
            size="small", sizing_mode="stretch_width", margin=(4, 16, 0, 12),
        )  # fmt: skip
        self.mode = pmui.Select(
            label="Wave of the field", options={}, size="small", width=130, margin=(8, 8, 4, 4)
        )
        self.automatic = pmui.Button(
            label="Window by the data", size="small", variant="text", margin=(8, 4),
            on_click=lambda _: choice.param.update(window=None),
        )  # fmt: skip
        self.window.param.watch(self._take_window, "value_throttled")
        self.mode.param.watch(self._take_mode, "value")
        self._widgets = pn.Column(
            self.window, wrapping(self.mode, self.automatic), sizing_mode="stretch_width", margin=0
        )
        self._layout = pn.Column(
            self._table, self._widgets, sizing_mode="stretch_width", margin=0, visible=False
        )

    def _take_window(self, event) -> None:
        start, end = event.new
        if not self._following and end > start:
            # Steps of a slider add up with a rounding error.
            self.choice.window = (round(float(start), 6), round(float(end), 6))

    def _take_mode(self, event) -> None:
        if not self._following and event.new is not None:
            self.choice.mode = event.new

    def show(self, found: Rates | None) -> None:
        """Show what is known of the rates now; nothing without linear theory."""
        self._layout.visible = found is not None
        if found is None:
            return
        state, learned = self.session.state, bool(self.session.state.model)
        system = self.session.catalogue.systems[state.system]
        self._table.object = html.rate_table(found, learned, system.time_unit)
        self._following = True
        try:
            self._follow(found)
        finally:
            self._following = False

    def _follow(self, found: Rates) -> None:
        ts, theory = self.session.state.ts, self.session.reference.theory
        step, last = round(float(ts[1] - ts[0]), 6), float(ts[-1])
        self.window.param.update(start=0.0, end=last, step=step, value=found.window or (0.0, last))
        numbers = [mode.number for mode in theory[:HIGHEST]]
        options = {STRONGEST: 0, **{f"mode {number}": number for number in numbers}}
        self.mode.param.update(options=options, value=self.choice.mode)
        self.mode.visible = len(numbers) > 1
        self.automatic.disabled = self.choice.window is None

    def __panel__(self):
        return self._layout
