"""A training in progress: status, loss, samples beside data, errors, and buttons for it.

Everything is built once; afterwards sources and words change.
"""

import io
import zipfile
from collections.abc import Callable
from functools import partial
from typing import final

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource, Line, Range1d

from dashboard.parts import html
from dashboard.parts.colours import COLOUR, entitle, frame, mark
from dashboard.parts.layout import card, drawn, grid, stack, wrapping
from dashboard.parts.picture import Picture
from dashboard.runs.catalogue import Offer
from dashboard.runs.pictures import to_levels
from dashboard.runs.units import density_unit, with_unit
from dashboard.train import text as train_words
from dashboard.train.training import Training
from hoam_core import Model
from hoam_core.models.files import save_model

BUTTON = {"size": "small", "variant": "outlined", "margin": (4, 6, 4, 0)}
FILES = ("model.json", "model.safetensors")


@final
class TrainPanel(pn.viewable.Viewer):
    """One training; `command` is called with "pause", "resume", "cancel" or "explore"."""

    def __init__(self, catalogue: Offer, command: Callable[[str], None], **params):
        super().__init__(**params)
        self._catalogue, self._training = catalogue, None
        self._headline, self._progress, self._errors = (html.pane() for _ in range(3))
        self._buttons = {
            name: pmui.Button(
                label=label, icon=icon, on_click=partial(_tell, command, name), **BUTTON
            )
            for name, label, icon in (
                ("pause", "Pause", "pause"), ("resume", "Resume", "play_arrow"),
                ("cancel", "Cancel", "close"), ("explore", "Explore it", "travel_explore"),
            )
        }  # fmt: skip
        self._download = pmui.FileDownload(
            callback=self._zipped, filename="model.zip", label="Download", auto=True, embed=False,
            size="small", margin=BUTTON["margin"],
        )  # fmt: skip
        # Panel's own constructor warns if a variant is given.
        self._download.variant = "outlined"
        self._pictures = {
            "data": Picture("training-data", "Training data"),
            "model": Picture("training-model", "Current model"),
        }
        self._loss = ColumnDataSource({"step": [], "loss": []}, name="training-loss")
        self._figure = frame(
            "Loss", height=210, name="loss",
            x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        self._figure.xaxis.axis_label = "training step"
        self._line = Line(x="step", y="loss", line_color=COLOUR[False]["model"], line_width=1.8)
        mark(self._figure, self._loss, self._line)
        self._layout = self._build()
        self.show(None)

    def _build(self) -> pn.Column:
        self._samples = grid(
            *(card(drawn(p.figure)) for p in self._pictures.values()),
            columns="repeat(2, minmax(0, 1fr))",
            narrow=599,
        )
        self._loss_card, self._error_card = card(drawn(self._figure)), card(self._errors)
        self._row = wrapping(*self._buttons.values(), self._download)
        return stack(
            card(self._headline, self._progress, self._row),
            self._samples,
            self._loss_card,
            self._error_card,
        )

    def show(self, training: Training | None) -> None:
        """Draw the present state of a training."""
        self._training = training
        with pn.io.hold():
            self._layout.visible = training is not None
            if training is None:
                return
            look = training.look
            self._headline.object = train_words.headline(training)
            self._progress.object = train_words.progress(look)
            self._errors.object = train_words.error_table(look.model)
            self._error_card.visible = bool(self._errors.object)
            self._show_buttons(training)
            self._show_loss(training)
            self._show_sight(training)

    def _show_buttons(self, training: Training) -> None:
        look, busy = training.look, training.look.status in ("waiting", "running")
        shown = {
            "pause": busy, "resume": look.status in ("paused", "cancelled", "failed"),
            "cancel": training.active, "explore": look.model is not None,
        }  # fmt: skip
        for name, visible in shown.items():
            self._buttons[name].visible = visible
        self._buttons["cancel"].label = "Skip judging" if look.model is not None else "Cancel"
        self._download.visible = look.model is not None
        self._download.filename = f"{training.name}.zip"

    def _show_loss(self, training: Training) -> None:
        look = training.look
        self._loss_card.visible = bool(look.losses)
        if len(self._loss.data["step"]) == len(look.steps) and not look.losses:
            return
        steps, losses = np.asarray(look.steps, np.float32), np.asarray(look.losses, np.float32)
        self._loss.data = {"step": steps, "loss": losses}
        if losses.size:
            low, high = np.percentile(losses, [0, 97])
            room = 0.08 * float(high - low) or 0.05 * abs(float(high)) or 1.0
            self._figure.x_range.update(start=0, end=training.experiment.steps)
            self._figure.y_range.update(start=float(low) - room, end=float(high) + room)

    def _show_sight(self, training: Training) -> None:
        preview = training.look.preview
        system = self._catalogue.systems[training.experiment.system]
        self._samples.visible = system.family.has_plane
        if not system.family.has_plane:
            return
        if preview is None:
            for name, picture in self._pictures.items():
                picture.clear("being computed …" if name == "data" else "not yet trained")
            return
        h, v = (system.components[i] for i in preview.plane.axes)
        at = ", ".join(f"{name} = {value:g}" for name, value in preview.mu.items())
        titles = {"data": f"Training data, {at}, t = {preview.t:g}", "model": "Current model"}
        if training.look.losses:
            titles["model"] += f", step {preview.step:,}"
        for name, field in (("data", preview.data), ("model", preview.model)):
            picture = self._pictures[name]
            labels = with_unit(h.label, h.unit), with_unit(v.label, v.unit)
            picture.label(labels, density_unit(h.unit, v.unit))
            picture.place(preview.plane)
            entitle(picture.figure, titles[name])
            picture.show(to_levels(field, preview.limit), preview.limit)

    def _zipped(self) -> io.BytesIO:
        training = self._training
        if training is None or training.look.model is None:
            return io.BytesIO()
        return zipped(training.look.model, training)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self._line.line_color = COLOUR[dark]["model"]
        for picture in self._pictures.values():
            picture.theme(dark)

    def __panel__(self):
        return self._layout


def zipped(model: Model, training: Training) -> io.BytesIO:
    """The two files of a model in a folder of its name, as a zip."""
    if not all((training.folder / name).is_file() for name in FILES):
        save_model(model, training.folder)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.write(training.folder / name, f"{training.name}/{name}")
    made.seek(0)
    return made


def _tell(command: Callable[[str], None], name: str, _: object) -> None:
    command(name)
