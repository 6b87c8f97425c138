"""The menu that saves what a view shows: pictures, curves, numbers, films, Python, a hand-out.

Pictures of plots are taken in the browser. Everything else is made from the view's `Exportable` by
a thread of its own, which gives way to the learned models, reports its progress and can be stopped;
the bytes then go to the browser, which saves them.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
import panel as pn
import panel_material_ui as pmui
import xarray as xr

from dashboard.compute.question import Question
from dashboard.exports import film as export_film
from dashboard.exports.csv_file import to_csv
from dashboard.exports.handout import handout
from dashboard.parts import html
from dashboard.parts.bridge import Bridge
from dashboard.parts.layout import stack
from dashboard.view.base import Exportable, View, Visit
from hoam_core import __version__
from hoam_core.storage.datasets import write_dataset

Making = Iterator[bytes | None]
EVERY = 5  # steps between two reports of progress
NOTHING = "There is nothing to save yet: wait for the first answer of this view."


class Format(NamedTuple):
    """A kind of file: how the menu names it, what it needs, and how it is made.

    `make` yields None after each longer step, and finally the bytes of the file.
    """

    label: str
    hint: str
    icon: str
    mime: str
    fits: Callable[[Exportable], bool]
    make: Callable[[Exportable], Making]


def _numbers(exportable: Exportable) -> xr.Dataset:
    if exportable.dataset is None:
        raise ValueError(NOTHING)
    return exportable.dataset()


def _frames(exportable: Exportable) -> Iterator[np.ndarray]:
    if exportable.animation is not None:
        return export_film.frames(exportable.animation())
    if exportable.film is None:
        raise ValueError(NOTHING)
    return exportable.film()


def _csv(exportable: Exportable) -> Making:
    dataset = _numbers(exportable)
    yield None
    yield to_csv(dataset, exportable.description).encode()


def _netcdf(exportable: Exportable) -> Making:
    dataset = _numbers(exportable)
    yield None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.nc"
        write_dataset(dataset, path)
        yield path.read_bytes()


def _film(encode: Callable, exportable: Exportable) -> Making:
    return encode(_frames(exportable))


def _script(exportable: Exportable) -> Making:
    yield exportable.script.encode()


def _has_film(exportable: Exportable) -> bool:
    return exportable.animation is not None or exportable.film is not None


def _has_numbers(exportable: Exportable) -> bool:
    return exportable.dataset is not None


FORMATS: dict[str, Format] = {
    "csv": Format("Curves (CSV)", "for a spreadsheet", "table_chart", "text/csv", _has_numbers,
                  _csv),
    "nc": Format("All numbers (NetCDF)", "with units, parameters and seed", "dataset",
                 "application/x-netcdf", _has_numbers, _netcdf),
    "mp4": Format("Film (MP4)", "for slides", "movie", "video/mp4", _has_film,
                  partial(_film, export_film.mp4)),
    "gif": Format("Film (GIF)", "plays everywhere", "gif_box", "image/gif", _has_film,
                  partial(_film, export_film.gif)),
    "py": Format("Python", "reproduces these numbers", "code", "text/x-python",
                 lambda exportable: bool(exportable.script), _script),
    "html": Format("Hand-out (HTML)", "plays without a network", "description", "text/html",
                   lambda exportable: exportable.animation is not None, handout),
}  # fmt: skip


def counted(make: Callable[[Exportable], Making], exportable: Exportable) -> Iterator[bytes | int]:
    """The steps of making a file, as numbers from 1, and finally its bytes."""
    for step, value in enumerate(make(exportable), 1):
        yield step if value is None else value


@final
class Exports(pn.viewable.Viewer):
    """A dialog with a button for each format; `views` are those that are open, in their order."""

    def __init__(self, visit: Visit, bridge: Bridge, views: Callable[[], list[View]], **params):
        super().__init__(**params)
        self._visit, self._bridge, self._views = visit, bridge, views
        self._worker = visit.workers.exports
        self._file: Question[str, bytes | int] = Question(
            visit.schedule, self._receive, complete=lambda made: isinstance(made, bytes)
        )
        self._pictures = [
            _button("All plots (PNG)", "in one picture, as shown", "photo_camera", self.picture),
            _button("One plot (PNG)", "choose which", "crop_original", self.choose_plot),
        ]
        self._buttons = {
            suffix: _button(one.label, one.hint, one.icon, partial(self._start, suffix))
            for suffix, one in FORMATS.items()
        }
        self._note = html.pane()
        self._cancel = _button("Cancel", "", "close", self.stop)
        self._cancel.visible = False
        self.dialog = pmui.Dialog(
            stack(*self._pictures, *self._buttons.values(), self._note, self._cancel),
            title="Export what you see", show_close_button=True, close_on_click=True,
            width_option="xs", title_variant="h6",
        )  # fmt: skip

    def __panel__(self):
        return self.dialog

    def open(self) -> None:
        """Show the menu, with what the view can export now."""
        self._offer()
        self.dialog.open = True

    def _current(self) -> Exportable | None:
        given = (view.exportable() for view in self._views())
        return next((one for one in given if one is not None), None)

    def _offer(self) -> None:
        exportable = self._current()
        with pn.io.hold():
            for suffix, button in self._buttons.items():
                fits = exportable is not None and FORMATS[suffix].fits(exportable)
                button.disabled = self._file.busy or not fits
            self._cancel.visible = self._file.busy
            if not self._file.busy and exportable is None:
                self._note.object = f'<p class="soft">{NOTHING}</p>'

    def picture(self) -> None:
        """All plots of the page in one PNG, described by the view's words."""
        self._bridge.save(*self._named())
        self.dialog.open = False

    def choose_plot(self) -> None:
        """A list of the plots on the page, each of which is saved by a click."""
        self.dialog.open = False
        self._bridge.save(*self._named(), one=True)

    def _named(self) -> tuple[str, str, str]:
        exportable = self._current()
        if exportable is None:
            return "plots", "", ""
        made_with = f"hoam_core {__version__}"
        title = f"{exportable.title} · {made_with}" if exportable.title else ""
        return exportable.name, exportable.description, title

    def _start(self, suffix: str) -> None:
        exportable = self._current()
        if exportable is None or not FORMATS[suffix].fits(exportable):
            self._visit.tell(NOTHING)
            return
        self._note.object = _making(FORMATS[suffix].label)
        job = partial(counted, FORMATS[suffix].make, exportable)
        self._file.ask(self._worker, f"{exportable.name}.{suffix}", job)
        self._offer()

    def _receive(self) -> None:
        name, value, problem = self._file.key or "", self._file.value, self._file.problem
        one = FORMATS[name.rpartition(".")[2]]
        if isinstance(value, int):
            if value % EVERY == 1:  # occasional updates are enough for a reader
                self._note.object = _making(one.label, value)
            return
        self._file.forget()
        if isinstance(value, bytes):
            self._note.object = _saved(name, len(value))
            self._bridge.download(name, one.mime, value)
        else:
            self._note.object = html.notices([], problem)
        self._offer()

    def stop(self) -> None:
        """Stop making a file."""
        if self._file.busy:
            self._file.forget()
            self._note.object = '<p class="soft">Cancelled.</p>'
            self._offer()

    def close(self) -> None:
        """The visitor has left."""
        self._file.forget()


def _button(label: str, hint: str, icon: str, press: Callable[[], None]) -> pmui.Button:
    description = f"{label}: {hint}" if hint else label
    return pmui.Button(
        label=description, icon=icon, variant="outlined", size="small", margin=0,
        sizing_mode="stretch_width", sx={"justifyContent": "flex-start", "textTransform": "none"},
        on_click=lambda _: press(),
    )  # fmt: skip


def _making(label: str, step: int = 0) -> str:
    so_far = f", step {step}" if step > 1 else ""
    return (
        f'<p class="soft" role="status">Making: {escape(label)}{so_far} …</p>'
        f'<progress aria-label="Making {escape(label)}"></progress>'
    )


def _saved(name: str, size: int) -> str:
    return f'<p class="soft" role="status">Saved {escape(name)}, {size / 1e6:.2g} MB.</p>'
