"""The view "train": plan a model, watch it learn, and download it.

Trainings belong to the process, so that a visitor who reloads finds them again. The view is
notified of every change and draws the chosen one; nothing is computed here.
"""

from functools import partial
from typing import final

import numpy as np
import panel as pn
import panel_material_ui as pmui
import xarray as xr

from dashboard.keeping.bounds import date
from dashboard.keeping.store import SavedItems
from dashboard.parts import html
from dashboard.parts.layout import card, grid, stack
from dashboard.runs.visitor_catalogue import keep_of
from dashboard.train import text as train_words
from dashboard.train.choice import TrainChoice
from dashboard.train.form import TrainForm
from dashboard.train.panel import TrainPanel
from dashboard.train.training import Training
from dashboard.train.trainings import trainings
from dashboard.view.base import Exportable, View, Visit
from hoam_core import __version__
from hoam_core.files.json_text import json_text

INTRODUCTION = (
    "<h2>Train a model of your own</h2><p>Choose a system (☰ opens the list of them), a method "
    "and a budget, and press <b>Train</b>. The full model is run at every training value, the "
    "method learns from those runs, and the new model then appears in <b>Explore</b> beside the "
    "others. The quick budget takes less than a minute for one-dimensional plasmas.</p>"
)


# A selection always has a value: without this one it would be somebody else's training.
NO_TRAINING = {"None": ""}


@final
class TrainView(View):
    """A plan on the left; on the right a training of this process."""

    uses = frozenset({"system", "seed"})

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.choice = visit.choice("train", TrainChoice)
        self.choice.follow(visit.state.system)
        self.all = trainings()
        self.form = TrainForm(self.choice, visit.state, self._start)
        self.panel = TrainPanel(visit.catalogue, self._command)
        self._which = pmui.Select(
            label="Training", options=NO_TRAINING, value="", sizing_mode="stretch_width",
            size="small", margin=(6, 4),
        )  # fmt: skip
        self._terms, self._termed = html.pane(), None
        introduction = html.pane()
        introduction.object = INTRODUCTION
        self._introduction = card(introduction)
        self._which_card = card(self._which)
        self._layout = grid(
            self.form,
            stack(self._introduction, self._which_card, self.panel, self._terms),
            columns="minmax(0, 340px) minmax(0, 1fr)",
        )
        self._layout.margin = (10, 14)
        self._due, self._found = False, False
        self._stop = self.all.watch(self._hear)
        self._which.param.watch(self._choose, "value")
        visit.state.param.watch(lambda *_: self._follow(), "system")
        visit.state.param.watch(lambda *_: self.form.show(), "seed")
        self.choice.param.watch(lambda *_: self._draw(), "training")

    def open(self) -> None:
        super().open()
        self._follow()
        self._find()
        self._draw()

    def _find(self) -> None:
        """Show the visitor's own newest training once, if neither link nor visitor chose one."""
        keep, found = keep_of(self.visit.catalogue), self._found
        self._found = True
        if keep and not found and not self.choice.training:
            mine = (one for one in self.all.names() if self._is_of(keep, one))
            self.choice.training = next(mine, "")

    def _is_of(self, keep: SavedItems, name: str) -> bool:
        """Whether a visitor has started a training, in this process or an earlier one."""
        return self.all.get(name).keep.visitor == keep.visitor or keep.find(name) is not None

    def _follow(self) -> None:
        if self.shown:
            self.choice.follow(self.visit.state.system)

    @property
    def training(self) -> Training | None:
        """The training that is shown."""
        names = self.all.names()
        return self.all.get(self.choice.training) if self.choice.training in names else None

    def _hear(self, _: Training) -> None:
        # Called often and on any thread: one drawing is enough for all changes until then.
        if self.shown and not self._due:
            self._due = True
            self.visit.schedule(partial(self._draw))

    def _draw(self) -> None:
        self._due = False
        if not self.shown:
            return
        names, training = self.all.names(), self.training
        with pn.io.hold():
            self._which.param.update(
                options=NO_TRAINING | {name: name for name in names},
                value=training.name if training else "",
            )
            self._which_card.visible = bool(names)
            self._introduction.visible = training is None
            self.panel.show(training)
            self._show_terms(training)

    def _show_terms(self, training: Training | None) -> None:
        """Say until when a finished model is kept; the disk is read once for each."""
        now = training is not None and (training.name, training.look.status)
        if now != self._termed:
            self._termed = now
            self._terms.object = ""
            if training is not None and training.look.status == "done":
                self._terms.object = terms(keep_of(self.visit.catalogue), training.name)

    def _choose(self, event) -> None:
        if event.new != self.choice.training:
            self.choice.training = event.new

    def _start(self) -> None:
        visit, choice = self.visit, self.choice
        try:
            experiment = choice.experiment(visit.state.seed or 0)
            made = self.all.start(
                experiment, visit.catalogue, name=choice.called.strip(), judge=choice.judge,
                keep=keep_of(visit.catalogue),
            )  # fmt: skip
        except ValueError as error:
            self.form.problem.object = html.notices([], str(error))
            return
        self.form.problem.object = ""
        made.run(visit.workers.trainings, visit.catalogue)
        choice.param.update(training=made.name, called="")

    def _command(self, name: str) -> None:
        training = self.training
        if training is None:
            return
        if name == "pause":
            training.pause()
        elif name == "cancel":
            training.cancel()
        elif name == "resume":
            training.run(self.visit.workers.trainings, self.visit.catalogue)
        else:
            system = training.experiment.system
            self.visit.go(f"?view=explore&system={system}&model={training.name}")

    def theme(self, dark: bool) -> None:
        self.panel.theme(dark)

    def exportable(self) -> Exportable | None:
        training = self.training
        if training is None:
            return None
        return Exportable(
            training.name, train_words.in_words(training), script_of(training),
            partial(dataset_of, training),
        )  # fmt: skip

    def close(self) -> None:
        self._stop()


def terms(keep: SavedItems, name: str) -> str:
    """How long a trained model is kept, for the visitor who trained it and for others."""
    if keep.find(name) is None:
        return '<p class="soft">Available to everybody here. Download it to keep it for sure.</p>'
    return (
        f'<p class="soft">Kept on this server until {date(keep.until)}, which each of your visits '
        "renews, and available to everybody here. You can delete it in the view Own data.</p>"
    )


def script_of(training: Training) -> str:
    """Python that trains the same model with `hoam_core` alone."""
    return (
        "import hoam_core as hoam\n\n"
        f"experiment = hoam.Experiment.from_json({training.experiment.to_json()!r})\n"
        f"for state in hoam.learn(experiment, {training.name!r}, judge={training.judge}, "
        f"name={training.name!r}):\n"
        "    print(state.stage, state.done, state.total)\n"
    )


def dataset_of(training: Training) -> xr.Dataset:
    """Loss over the steps, and the last samples beside the data, with their provenance."""
    look, experiment = training.look, training.experiment
    made = xr.Dataset(
        {"loss": ("step", np.asarray(look.losses), {"units": "1", "long_name": "mean loss"})},
        coords={"step": np.asarray(look.steps)},
        attrs={
            "system": experiment.system, "parameters": json_text(experiment.to_json()),
            "model": training.name, "seed": experiment.seed, "version": __version__,
        },
    )  # fmt: skip
    if look.preview is not None:
        for name, values in (("model", look.preview.model), ("data", look.preview.data)):
            made[f"density_{name}"] = (("vertical", "horizontal"), values, {"units": "1"})
    return made
