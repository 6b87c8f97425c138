"""The segment "Infer": a measured curve in, the parameter with its uncertainty out."""

from functools import partial
from html import escape
from typing import final

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.compute.question import Question
from dashboard.parts import html
from dashboard.parts.layout import card, grid, stack, wrapping
from dashboard.parts.upload import Upload
from dashboard.runs.units import unit_of, with_unit
from dashboard.sweep import text as sweep_words
from dashboard.sweep.choice import SweepChoice
from dashboard.sweep.figures import Band, Density
from dashboard.sweep.jobs import Inferred, SweepStage, TableRequest, inference, piece
from dashboard.view.base import Visit
from hoam_core import read_measurement
from hoam_core.files.csv_text import text_of
from hoam_core.inference import Measurement
from hoam_core.inference.sweeps import LEARNED, is_energy

NOISES = {"none": 0.0, "5 %": 0.05, "20 %": 0.2}
MOST_BYTES = 2**20
BUTTON = {"size": "small", "variant": "outlined", "margin": (8, 8)}


def refusal(files: int, size: int) -> str:
    """Why a file of this many bytes is refused; empty if it is accepted."""
    return "" if size <= MOST_BYTES else "The file holds more than 1 MB; upload one curve only."


@final
class Infer(pn.viewable.Viewer):
    """Requests the posterior that is wanted; `announce` is called with each new headline."""

    def __init__(self, visit: Visit, choice: SweepChoice, announce, **params):
        super().__init__(**params)
        self.visit, self.choice, self._announce = visit, choice, announce
        self.asked: TableRequest | None = None
        self.found: Inferred | None = None
        self._question: Question[object, SweepStage | Inferred] = Question(
            visit.schedule, self._receive, complete=lambda one: isinstance(one, Inferred)
        )
        self._build()

    def _build(self) -> None:
        self.file = Upload(
            refusal, self._failed, label="Drop or choose a CSV file", accept=".csv,.txt",
            max_total_file_size=MOST_BYTES, color="primary", size="small", margin=(8, 8),
        )  # fmt: skip
        self.make = pmui.Button(
            label="Use a synthetic measurement", icon="casino",
            on_click=lambda _: self._synthesise(), **BUTTON,
        )  # fmt: skip
        self.noise = pmui.Select(
            label="Noise of the instrument", options=NOISES, value=0.0, size="small", width=170,
            margin=(8, 8), description="",
        )  # fmt: skip
        self.stop = pmui.Button(
            label="Cancel", visible=False, on_click=lambda _: self.cancel(), **BUTTON
        )
        self._text, self._progress, self._details = (html.pane() for _ in range(3))
        self.posterior = Density("sweep-posterior", "Posterior, and its 95 % interval")
        self.fit = Band("sweep-fit", "best fit", with_dots=True)
        self.file.param.watch(lambda event: self._read(event.new), "value")
        self._figures = grid(
            card(pn.pane.Bokeh(self.posterior.figure, sizing_mode="stretch_width", margin=0)),
            card(self.fit), columns="minmax(0, 2fr) minmax(0, 3fr)",
        )  # fmt: skip
        bar = wrapping(self.file, self.make, self.noise, self.stop)
        self._asking = card(self._text, bar, self._progress)
        # A hidden grid would still take up space: figures are added with the answer.
        self._answer = [self._figures, card(self._details)]
        self._layout = stack(self._asking)

    def place(self, asked: TableRequest | None) -> None:
        """Set what is inferred, and from what; another model or parameter starts again."""
        if asked == self.asked:
            return
        self.cancel()
        self.asked, self.found = asked, None
        with pn.io.hold():
            self._layout[:] = [self._asking]
            self._progress.object = ""
            if asked is None:
                return
            column = escape(asked.observable.removesuffix(LEARNED))
            held = escape(", ".join(f"{name} = {value:g}" for name, value in asked.fixed))
            self._text.object = (
                f"<p>Which <b>{escape(asked.over)}</b> made this curve? Upload a CSV file with the "
                f"columns <code>time,{column}</code> in the units of the model"
                + (f"; {held} are taken as known" if held else "")
                + ". Or measure a full-model run at a value that stays hidden until the end.</p>"
            )

    def _read(self, content: bytes | str | None) -> None:
        if not content or self.asked is None:
            return
        self.file.value = None
        try:
            text = content if isinstance(content, str) else text_of(content)
            measured = read_measurement(text, self.asked.observable)
        except ValueError as error:
            self._failed(str(error))
            return
        self._ask(measured, 0, 0.0)

    def _synthesise(self) -> None:
        # The page does not show this number; the view's seed would always hide the same value.
        number = int(np.random.default_rng().integers(2**31))
        self._ask(None, number, float(self.noise.value))

    def _ask(self, measured: Measurement | None, number: int, noise: float) -> None:
        if self.asked is None:
            return
        steps = inference(self.asked, self.visit.catalogue, measured, number, noise)
        with pn.io.hold():
            self.stop.visible = True
            self._progress.object = sweep_words.bar("Waiting for a free worker", 0.0)
        self._question.ask(self.visit.workers.truths, object(), partial(piece, steps), pieces=True)

    def _receive(self) -> None:
        value = self._question.value
        with pn.io.hold():
            if self._question.error is not None:
                self._failed(self._question.problem)
            elif isinstance(value, SweepStage):
                self._progress.object = sweep_words.bar(value.text, value.done)
            elif isinstance(value, Inferred) and self.asked is not None:
                self.stop.visible = False
                self._show(value, self.asked)

    def _failed(self, sentence: str) -> None:
        self._question.forget()
        self.stop.visible = False
        self._progress.object = html.notices([], sentence)

    def _show(self, one: Inferred, asked: TableRequest) -> None:
        self.found, found, over = one, one.found, asked.over
        model = self.visit.catalogue.models[asked.model]
        about = model.system.parameter(over)
        a, t = found.attrs, found["time"].values
        truth = one.synthetic.truth if one.synthetic else None
        grid_, density = found[over].values, found["posterior"].values
        self.posterior.show(grid_, density, about.label, (a["low"], a["high"]), truth)
        low, best, high = (found[k].values for k in ("fitted_low", "fitted", "fitted_high"))
        log = is_energy(asked.observable)
        shown = found["fitted"].attrs
        label = shown["long_name"].removesuffix(", without roll-out")
        title = with_unit(f"{label}: measured and fitted", unit_of(shown))
        self.fit.choose(log, title, unit_of(found["time"].attrs))
        self.fit.show(t, np.stack([low, low, best, high, high]))
        self.fit.show_dots(t, found["measured"].values)
        late = t > 0.01 * float(t[-1])
        self.fit.fit(float(t[-1]), [low[late], high[late], found["measured"].values[late]])
        self._progress.object = html.notices(sweep_words.cautions(one, over), "")
        self._details.object = (
            f'<p class="soft">{sweep_words.details(one, html.duration(one.seconds))}</p>'
        )
        self._layout[:] = [self._asking, *self._answer]
        if self.choice.tab == "infer":
            self._announce(sweep_words.headline_of_inferred(one, over))

    def cancel(self) -> None:
        """Stop requesting."""
        if self._question.busy:
            self._progress.object = '<p class="soft">Cancelled.</p>'
        self.stop.visible = False
        self._question.forget()

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.posterior.theme(dark)
        self.fit.theme(dark)

    def __panel__(self):
        return self._layout
