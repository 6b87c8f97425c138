"""The view "data": own snapshots, from files to a model that is explored like any other.

Three steps below each other: files in, what was found in them, a model. The `Workspace` does all
the work; the view shows its state and passes on button presses.
"""

from html import escape
from typing import Any, final
from urllib.parse import urlencode

import panel as pn
import panel_material_ui as pmui
import xarray as xr

from dashboard.keeping import packed
from dashboard.keeping.store import SavedItems
from dashboard.own_data import preview as own_preview
from dashboard.own_data.allowed_files import (
    VARIABLE,
    allowed_folders,
    largest_upload,
    refusal,
    tally,
)
from dashboard.own_data.choice import OwnChoice
from dashboard.own_data.jobs import zipped
from dashboard.own_data.saved_list import KeptList, terms
from dashboard.own_data.workspace import Workspace
from dashboard.parts import html
from dashboard.parts.layout import card, grid, stack, wrapping
from dashboard.parts.upload import Upload
from dashboard.runs.visitor_catalogue import VisitorCatalogue, keep_of
from dashboard.state.url import key_of
from dashboard.train.trainings import trainings
from dashboard.view.base import Exportable, View, Visit
from hoam_core import __version__
from hoam_core.models.files import save_model
from hoam_core.recorded.collection import Collection
from hoam_core.recorded.reader import names_of
from hoam_core.storage.datasets import to_dataset

FIELD = {"sizing_mode": "stretch_width", "margin": (6, 4), "size": "small", "description": ""}
# By default the head of an accordion is set like the title of a page.
QUIET_HEAD = {"& h3, & .MuiTypography-root": {"fontSize": "14px", "fontWeight": 500, "margin": 0}}
INTRODUCTION = (
    "<h2>Learn from your own snapshots</h2><p>Choose at least two files, each with one population, "
    "at the same times but at different parameter values: NetCDF with "
    "<code>state(time, particle, component)</code>, or openPMD particles (HDF5); up to {size} MB "
    "can be uploaded. Or load a model that you downloaded here. Nothing leaves this server, and "
    "nobody else sees your data. {terms}</p>"
)
HINTS = {
    "attributes": "Names of attributes, such as drift; empty: the attribute “parameters”",
    "values": "One value per file, in the order of names: mu = 1.2, 1.4, 1.6",
    "lengths": "Name and length: x = 50 (0: not periodic)",
    "species": "Empty: the only one",
    "components": "Such as position/x, momentum/x; empty: all",
}


@final
class OwnData(View):
    """Files, preview and training of one visitor."""

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.choice = visit.choice("data", OwnChoice)
        workers, keep = visit.workers, keep_of(visit.catalogue)
        self.workspace = Workspace(
            self.choice, workers.files, workers.trainings, visit.schedule, keep
        )
        self._list = KeptList(self.workspace.keep, self._open_kept, self._delete)
        self._coming = False
        self._progress, self._problem = html.pane(), html.pane()
        self._table, self._details = html.pane(), html.pane()
        self._result, self._verdict = html.pane(), html.pane()
        self._cancel = self._button("Cancel", "close", self.workspace.cancel, variant="outlined")
        self._busy = card(pn.Row(self._progress, self._cancel, sizing_mode="stretch_width"))
        self._found, self._made = self._build_found(), self._build_made()
        self._layout = stack(
            card(html.pane(object=_introduction(self.workspace.keep)), self._build_input()),
            self._problem, self._busy, self._made, self._list, self._found, margin=(10, 14),
        )  # fmt: skip
        shown = ["busy", "checked", "model", "problem", "unsaved_reason"]
        self.workspace.param.watch(lambda *_: self._draw(), shown)
        self.workspace.param.watch(lambda *_: self._list.show(self.workspace.things), "things")
        self.choice.param.watch(lambda *_: self._follow(), "data")
        self._draw()
        self._list.show(self.workspace.things)

    def open(self) -> None:
        super().open()
        self.workspace.look()
        self._follow()

    def _follow(self) -> None:
        """Restore what the address names, unless it is loaded."""
        if self.shown and self.choice.data and self.choice.data != self.workspace.showing:
            self.workspace.open(self.choice.data)

    def _button(self, label: str, icon: str, press, **options) -> pmui.Button:
        options = {"variant": "contained", "size": "small", "margin": (6, 4)} | options
        return pmui.Button(label=label, icon=icon, on_click=lambda _: press(), **options)

    def _build_input(self) -> pn.Column:
        button: dict[str, Any] = {"variant": "contained", "margin": (6, 4), "size": "small"}
        lesser: dict[str, Any] = button | {"variant": "outlined"}
        self._upload = Upload(
            refusal, self.workspace.refuse, label="Choose or drop files", icon="upload_file",
            tally=tally, multiple=True, accept=".nc,.h5", max_total_file_size=largest_upload(),
            begun=self._begun, **button,
        )  # fmt: skip
        self._upload.param.watch(self._take, "value")
        self._zips = Upload(
            packed.refusal, self.workspace.refuse, label="Load a model", icon="drive_folder_upload",
            accept=".zip", max_total_file_size=packed.MOST_BYTES, begun=self._begun,
            **lesser,
        )  # fmt: skip
        self._zips.param.watch(self._take_zip, "value")
        example = self._button(
            "Use an example", "science", self.workspace.use_example, variant="outlined"
        )
        parts: list = [wrapping(self._upload, example, self._zips)]
        if allowed_folders():
            self._path = pmui.TextInput(
                label="Or files on this server", placeholder="runs/*.nc",
                **(FIELD | {"max_width": 480}),
            )  # fmt: skip
            self._path.param.watch(
                lambda event: event.new and self.workspace.point(event.new), "value"
            )
            parts.append(self._path)
        else:
            parts.append(html.pane(
                object="<p class='soft'>Files on the server can be used here if the variable "
                f"{VARIABLE} names the folder that may be read.</p>", margin=(2, 4),
            ))  # fmt: skip
        of = self.choice.param
        fields = [pmui.TextInput.from_param(of.title, **FIELD)] + [
            pmui.TextInput.from_param(of[name], placeholder=hint, **FIELD)
            for name, hint in HINTS.items()
        ]
        again = self._button("Check again", "refresh", self.workspace.check, variant="outlined")
        options = pmui.Accordion(
            ("How the files are read", pn.Column(
                grid(*fields, columns="repeat(3, minmax(0, 1fr))", narrow=759, gap=2), again,
                sizing_mode="stretch_width", margin=0,
            )),
            sizing_mode="stretch_width", margin=(6, 0), active=[], sx=QUIET_HEAD,
        )  # fmt: skip
        return stack(*parts, options)

    def _build_found(self) -> pn.Column:
        of = self.choice.param
        self._train = self._button("Train", "school", self.workspace.train, color="primary")
        plan = card(
            self._details,
            pmui.Select.from_param(of.method, **FIELD),
            pmui.Select.from_param(of.held_out, **FIELD),
            self._train,
        )
        return grid(card(self._table), plan, columns="minmax(0, 1fr) minmax(0, 300px)", narrow=1019)

    def _build_made(self) -> pn.Column:
        explore = self._button("Explore it", "travel_explore", self._explore, color="primary")
        self._download = pmui.FileDownload(
            label="Download the model", callback=self._zip, filename="model.zip", size="small",
            margin=(6, 4),
        )  # fmt: skip
        return card(self._result, self._verdict, pn.Row(explore, self._download, margin=0))

    def _take(self, event) -> None:
        if event.new:
            names = self._upload.filename
            self.workspace.give(list(zip(names, event.new, strict=True)))
            # The uploaded files are now on the visit's disk.
            self._upload.clear()

    def _take_zip(self, event) -> None:
        if event.new:
            self.workspace.load(event.new)
            self._zips.clear()

    def _begun(self, coming: bool) -> None:
        self._coming = coming
        self._tell_unsaved()

    def _tell_unsaved(self) -> None:
        self.visit.unsaved(self._coming or self.workspace.unsaved)

    def _open_kept(self, name: str) -> None:
        thing = self.workspace.keep.find(name)
        if thing is not None and thing.kind == "trained":
            self.visit.go(f"?view=train&system={thing.about['system']}&training={name}")
        else:
            self.workspace.open(name)

    def _delete(self, name: str) -> None:
        for thing in self.workspace.things:
            if thing.kind == "trained" and name in ("", thing.name):
                trainings().forget(thing.name)
        if name:
            self.workspace.delete(name)
        else:
            self.workspace.clear()

    def _draw(self) -> None:
        workspace = self.workspace
        self._tell_unsaved()
        with pn.io.hold():
            self._busy.visible = workspace.busy is not None
            if workspace.busy is not None:
                self._progress.object = _progress(*workspace.busy)
            self._problem.object = html.notices(
                [workspace.unsaved_reason] if workspace.unsaved_reason else [], workspace.problem
            )
            self._problem.visible = bool(workspace.problem or workspace.unsaved_reason)
            self._found.visible = workspace.checked is not None
            self._train.disabled = workspace.busy is not None
            if workspace.checked is not None:
                collection, rows = workspace.checked
                self._table.object = own_preview.table(collection, rows)
                self._details.object = own_preview.details(collection)
            self._made.visible = workspace.model is not None
            if workspace.model is not None:
                self._show_model(workspace.model)

    def _show_model(self, model) -> None:
        title, seconds = model.system.title, model.training.get("seconds", 0.0)
        self._result.object = html.headline(f"{title}: the model is ready, after {seconds:g} s")
        self._verdict.object = "".join(own_preview.verdict(e, title) for e in model.errors) or (
            "<p class='soft'>No value was held out, so this model is untested.</p>"
        )
        self._download.filename = f"{model.name}.zip"

    def _zip(self):
        model, folder = self.workspace.model, self.workspace.model_folder
        if model is None:
            return None
        if not (folder / "model.json").is_file():  # deleted by another page
            folder = self.workspace.folder / "again"
            save_model(model, folder)
        return zipped(folder, model.name)

    def _explore(self) -> None:
        visit, model = self.visit, self.workspace.model
        if model is None:
            return
        if isinstance(visit.catalogue, VisitorCatalogue):
            visit.catalogue.offer(model)
        visit.state.admit(model.system)
        system = model.system
        values = {key_of(system, p.name): repr(p.default) for p in system.parameters}
        visit.go(
            "?"
            + urlencode({"view": "explore", "system": system.name, "model": model.name} | values)
        )

    def exportable(self) -> Exportable | None:
        checked, model = self.workspace.checked, self.workspace.model
        if checked is None:
            return None
        collection = checked.collection
        system = model.system if model is not None else collection.system()
        axes = "; ".join(
            f"{name} = {', '.join(f'{v:g}' for v in axis)}"
            for name, axis in zip(collection.names, collection.axes, strict=True)
        )
        words = (
            f"{collection.title}: {len(collection.files)} recorded populations of "
            f"{collection.x.shape[2]:,} particles at {axes}, {len(collection.ts)} times."
        )
        script = self._script(collection)
        return Exportable(system.name, words, script, lambda: _dataset(system))

    def _script(self, collection: Collection) -> str:
        choice, paths = self.choice, self.workspace.paths
        # Of restored data there are no files here, only their names.
        files = names_of(paths) if paths else list(collection.files)
        return (
            "from hoam_core.recorded import (\n"
            "    Reading, collect, learn_recorded, read_recordings, with_values,\n)\n\n"
            f"reading = {choice.reading()!r}\n"
            f"recordings = list(read_recordings({files!r}, reading))\n"
            f"recordings = with_values(recordings, {choice.typed_values()!r})\n"
            f"lengths = {choice.typed_lengths()!r}\n"
            f"collection = collect(recordings, title={choice.title!r}, lengths=lengths)\n"
            f"held_out, method = {choice.held()!r}, {choice.method!r}\n"
            "for state in learn_recorded(collection, 'model', method=method, held_out=held_out):\n"
            "    print(state.stage, state.done, state.total)\n"
            "print(state.model.errors)\n"
        )

    def close(self) -> None:
        self.workspace.close()


def _introduction(keep: SavedItems) -> str:
    return INTRODUCTION.format(size=largest_upload() // 2**20, terms=terms(keep))


def _progress(text: str, done: float | None) -> str:
    value = "" if done is None else f' value="{done:.3f}"'
    return (
        f'<div role="status"><p>{escape(text)} …</p></div>'
        f'<progress max="1"{value} aria-label="Progress"></progress>'
    )


def _dataset(system) -> xr.Dataset:
    """The recordings side by side, with units and provenance."""
    parts = [
        to_dataset(system, system.vector(values), system.times(), x, seed=0, method="recorded")
        for values, x in zip(system.recorded(), system.snapshots, strict=True)
    ]
    runs = xr.concat(parts, "recording", combine_attrs="drop_conflicts")
    for parameter in system.parameters:
        told = [values[parameter.name] for values in system.recorded()]
        runs = runs.assign_coords({parameter.name: ("recording", told)})
    return runs.assign_attrs(version=__version__, title=system.title)
