"""The view "sweep": a learned model's results for all values of a parameter at once.

Three segments: the map of an observable over time and parameter; the band of a parameter that is
known only as a distribution; and the parameter of a measured curve. All of it is cheap because the
learned model is, and the view says where the model should not be trusted.
"""

from functools import partial
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.compute.question import Question
from dashboard.concurrency.resumable import Resumable
from dashboard.parts import html
from dashboard.parts.controls import Sliders, cancel_button
from dashboard.parts.layout import WhenWanted, card, drawn, grid, stack
from dashboard.runs.units import with_unit
from dashboard.sweep import text as sweep_words
from dashboard.sweep.choice import SweepChoice, usual_observable
from dashboard.sweep.controls import SweepControls
from dashboard.sweep.export import exportable
from dashboard.sweep.infer import Infer
from dashboard.sweep.jobs import SweepTable, TableRequest, asked_for, asked_to_fit, piece, table
from dashboard.sweep.map import SweepMap
from dashboard.sweep.uncertain import Uncertain
from dashboard.view.base import Exportable, View, Visit
from hoam_core import Model, Parameter
from hoam_core.inference.sweeps import is_energy, observables_of

# Delay (s), so that a moving slider does not start a sweep at every pixel.
REST = 0.25
NO_MODEL = "Choose a learned model: a thousand runs of the full one would take too long."


@final
class SweepView(View):
    """Requests the table for the choice, and shows it in one of three segments."""

    uses = frozenset({"system", "model", "seed"})

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.state, self.catalogue = visit.state, visit.catalogue
        self.choice = visit.choice("sweep", SweepChoice)
        self.table: Question[TableRequest, SweepTable] = Question(
            visit.schedule, self._changed, complete=lambda one: one.done == 1
        )
        self._sentence = ""
        self.map = SweepMap(self._visit)
        self.uncertain = WhenWanted(lambda: Uncertain(visit, self.choice, self._say))
        self.infer = WhenWanted(lambda: Infer(visit, self.choice, self._say))
        self._layout = self._build()
        state = self.state
        state.param.watch(lambda *_: self._follow(), ["parameters", "model"])
        state.param.watch(lambda *_: self._refresh(), "seed")
        state.param.watch(lambda *_: self._at(), "frame")
        state.watch_mu(self._moved)
        self.choice.param.watch(lambda *_: self._refresh(), list(self.choice.addressed))

    def _build(self) -> pn.Column:
        self._headline, self._notices, self._progress, hint = (html.pane() for _ in range(4))
        self._stop = cancel_button(self._press, visible=False)
        self._enter = pmui.Button(
            label="Open in Explore", icon="open_in_full", size="small", variant="text",
            margin=(0, 4), width=170, on_click=lambda _: self.visit.go("?view=explore"),
        )  # fmt: skip
        hint.object = (
            '<p class="soft">Point at the map for the value and the cut; click to open Explore '
            "there. Orange marks are training values.</p>"
        )
        self._map = stack(
            grid(
                card(drawn(self.map.figure)), card(self.map.cut),
                columns="minmax(0, 3fr) minmax(0, 2fr)",
            ),
            pn.Row(hint, self._enter, margin=0, sizing_mode="stretch_width",
                   styles={"align-items": "center"}),
        )  # fmt: skip
        self._sliders = Sliders(self.state, self.catalogue)
        self._held = pn.Column(self._sliders, sizing_mode="stretch_width", margin=0)
        self._segments = {
            "map": lambda: self._map, "uncertain": self.uncertain, "infer": self.infer,
        }  # fmt: skip
        self._stage = stack(self._map)
        progress = pn.Row(self._progress, self._stop, sizing_mode="stretch_width", margin=(2, 8))
        return stack(
            self._headline,
            card(SweepControls(self.choice, self.catalogue), self._held, progress,
                 self._notices),
            self._stage,
            margin=(10, 14),
        )  # fmt: skip

    def open(self) -> None:
        super().open()
        self._follow()

    def hide(self) -> None:
        super().hide()
        self.close()

    def close(self) -> None:
        self.table.rest()
        for part in (self.uncertain.made, self.infer.made):
            if part is not None:
                part.cancel()

    def _follow(self) -> None:
        """Follow a change of system, model, or set of parameters."""
        if not self.idle:
            self._sliders.show()
            self.choice.suit(self.state.model or "", self.catalogue)
            self._refresh()

    def _moved(self, *events) -> None:
        """Handle a moved slider: the swept one only moves the cut."""
        self._at()
        if any(event.name != self.choice.over for event in events):
            self._refresh()

    def _asked(self) -> TableRequest | None:
        choice, model = self.choice, self.catalogue.models.get(self.state.model or "")
        if model is None or choice.model != model.name:
            return None
        return asked_for(
            model, choice.observable, choice.over, choice.between, choice.runs, self.state.mu,
            self.state.seed,
        )  # fmt: skip

    def _refresh(self) -> None:
        """Show the segment of the choice, and request what it needs."""
        if self.idle:
            return
        asked, tab = self._asked(), self.choice.tab
        segments = [self._segments[tab]()] if asked is not None else []
        with pn.io.hold():
            if list(self._stage) != segments:
                self._stage[:] = segments
            # A map has a cut; otherwise only the fixed parameters matter.
            self._held.visible = tab == "map" or len(self.state.mu) > 1
            if asked is None:
                self.table.forget()
                if self.infer.made is not None:
                    self.infer.made.place(None)
                self._say("Sweep and infer")
                self._notices.object = html.notices([NO_MODEL], "")
            elif tab == "infer":
                self.table.rest()
                self._show_inferred(asked)
            else:
                self._place(asked)
                self._ask(asked)
                self._changed()

    def _ask(self, asked: TableRequest) -> None:
        if asked != self.table.key:
            job = partial(piece, Resumable(table(asked, self.catalogue)))
            self.table.ask(self.visit.workers.truths, asked, job, delay=REST, pieces=True)

    def _show_inferred(self, asked: TableRequest) -> None:
        model = self.catalogue.models[asked.model]
        self._stop.visible, self._progress.object, self._notices.object = False, "", ""
        infer = self.infer()
        infer.place(asked_to_fit(asked, model, usual_observable(model)))
        if infer.found is None:
            self._say(f"Which {asked.over} made a measured curve?")
        else:
            self._say(sweep_words.headline_of_inferred(infer.found, asked.over))

    def _about(self, asked: TableRequest) -> tuple[Model, Parameter]:
        model = self.catalogue.models[asked.model]
        about = model.system.parameter(asked.over)
        return model, about

    def _place(self, asked: TableRequest) -> None:
        model, about = self._about(asked)
        end = float(model.times()[-1])
        trained = model.experiment.axes[model.system.parameters.index(about)]
        label = next(o for o in observables_of(model) if o.name == asked.observable)
        title = with_unit(label.label, label.unit)
        log = is_energy(asked.observable)
        self.map.place(
            about.name, about.label, title, asked.between, end, trained, log,
            model.system.time_unit,
        )  # fmt: skip
        self._at()

    def _at(self) -> None:
        value = self.state.mu.get(self.choice.over)
        if not self.idle and value is not None:
            self.map.at(self.state.time, value)

    def _changed(self) -> None:
        """The table has grown, or another one is requested."""
        table, tab = self.table, self.choice.tab
        if self.idle or tab == "infer":
            return
        with pn.io.hold():
            self._stop.visible = table.busy or table.stopped
            self._stop.label = "Continue" if table.stopped else "Cancel"
            self._progress.object = sweep_words.progress(table)
            if (one := table.value) is None:
                self.map.clear()
                self._say(sweep_words.headline_of_nothing(self.choice.over, tab))
                self._notices.object = html.notices([], table.problem)
                return
            model, about = self._about(one.asked)
            self._notices.object = html.notices(sweep_words.doubts(one, model, about), "")
            if tab == "uncertain":
                self.uncertain().update(one)
            else:
                self._draw_map(one, about)

    def _draw_map(self, one: SweepTable, about: Parameter) -> None:
        name = one.asked.observable
        values, grid_ = one.data[name].values, one.data[one.asked.over].values
        self.map.show(values, grid_, is_energy(name))
        self._say(sweep_words.headline_of_map(one.data, name, about))

    def _press(self) -> None:
        if self.table.stopped:
            self.table.resume()
        else:
            self.table.stop()
        self._changed()

    def _visit(self, time: float, value: float) -> None:
        """Handle a click on the map."""
        if (asked := self.table.key) is None:
            return
        _, about = self._about(asked)
        value = about.whole * round(value / about.whole) if about.whole else float(f"{value:.4g}")
        self.visit.go(f"?view=explore&{about.name}={value:g}&t={time:.4g}")

    def _say(self, sentence: str) -> None:
        if sentence != self._sentence:
            self._sentence = sentence
            self._headline.object = html.headline(sentence)

    def exportable(self) -> Exportable | None:
        """The table, the band or the posterior, whichever is on show."""
        if self.idle or (model := self.catalogue.models.get(self.choice.model)) is None:
            return None
        band, infer = self.uncertain.made, self.infer.made
        return exportable(
            self.choice, model, self._sentence, self.table.value, band and band.found,
            infer and infer.found, infer and infer.asked,
        )  # fmt: skip

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        with pn.io.hold():
            for one in (self.map, self.uncertain, self.infer):
                one.theme(dark)
