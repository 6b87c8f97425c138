"""Controls of the view "sweep": what is shown, which parameter, over which range, how many runs.

The widgets follow the choice and pass on what the visitor does; they are built once.
"""

from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.parts.layout import grid
from dashboard.runs.catalogue import Offer
from dashboard.state.parameters import nice_step
from dashboard.sweep.choice import RUNS, TABS, SweepChoice
from hoam_core.inference.sweeps import observables_of

SELECT = {"size": "small", "sizing_mode": "stretch_width", "margin": (8, 8), "description": ""}
# The label of the button group is for screen readers only.
UNSEEN = ".MuiFormLabel-root { position: absolute; width: 1px; height: 1px; overflow: hidden; }"


@final
class SweepControls(pn.viewable.Viewer):
    """Widgets of a `SweepChoice`."""

    def __init__(self, choice: SweepChoice, catalogue: Offer, **params):
        super().__init__(**params)
        self.choice, self.catalogue = choice, catalogue
        self._following = False
        self.tabs = pmui.RadioButtonGroup(
            label="What to do", options={title: name for name, title in TABS.items()},
            value=choice.tab, size="small", margin=(6, 8), stylesheets=[UNSEEN],
        )  # fmt: skip
        self.over = pmui.Select(label="Swept parameter", **SELECT)
        self.observable = pmui.Select(label="Observable", **SELECT)
        self.runs = pmui.Select(label="Runs", options=list(RUNS), value=RUNS[0], **SELECT)
        self.between = pmui.RangeSlider(
            label="Range", start=0, end=1, value=(0, 1), step=0.01, format="0.[000]",
            sizing_mode="stretch_width", margin=(4, 22, 0, 22),
        )  # fmt: skip
        self._tell(self.tabs, "tab")
        self._tell(self.observable, "observable")
        self._tell(self.runs, "runs")
        self.between.param.watch(lambda event: self._take("between", event.new), "value_throttled")
        self.over.param.watch(lambda event: self._turn(event.new), "value")
        self._table = grid(
            self.over, self.observable, self.runs, self.between,
            columns="repeat(auto-fit, minmax(210px, 1fr))", narrow=499, gap=0,
        )  # fmt: skip
        self._layout = pn.Column(self.tabs, self._table, sizing_mode="stretch_width", margin=0)
        shown = ["tab", "over", "observable", "runs", "between", "model"]
        choice.param.watch(lambda *_: self.follow(), shown)
        self.follow()

    def _tell(self, widget, name: str) -> None:
        widget.param.watch(lambda event: self._take(name, event.new), "value")

    def _take(self, name: str, value) -> None:
        if not self._following and value is not None:
            self.choice.param.update(**{name: value})

    def _turn(self, over: str | None) -> None:
        if not self._following and over:
            self.choice.turn(over, self.catalogue)

    def follow(self) -> None:
        """Show the choice."""
        choice, model = self.choice, self.catalogue.models.get(self.choice.model)
        self._following = True
        try:
            with pn.io.hold():
                self.tabs.value = choice.tab
                self._table.visible = model is not None
                if model is not None:
                    self._offer(model)
        finally:
            self._following = False

    def _offer(self, model) -> None:
        choice, parameters = self.choice, model.system.parameters
        about = model.system.parameter(choice.over)
        self.over.param.update(options={p.label: p.name for p in parameters}, value=choice.over)
        names = {o.label: o.name for o in observables_of(model)}
        self.observable.param.update(options=names, value=choice.observable)
        self.runs.value = choice.runs
        self.over.visible = len(parameters) > 1
        self.between.param.update(
            start=about.low, end=about.high, value=choice.between,
            step=about.whole or nice_step(about.low, about.high), label=f"Range of {about.label}",
        )  # fmt: skip
        mapped = choice.tab != "infer"
        self.observable.visible = self.runs.visible = self.between.visible = mapped

    def __panel__(self):
        return self._layout
