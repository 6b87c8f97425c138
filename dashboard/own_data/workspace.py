"""One visitor's own data: the files, what was found in them, and the model trained on them.

No Panel: the view watches these parameters, and tests pass workers of their own. Files are stored
in a folder of the visit, which is deleted with it; what was read from them, and the models, are
kept for the visitor if there is a `SavedItems`. Whatever cannot be used leaves only a sentence.
"""

import logging
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

import param

from dashboard.compute.question import Question, Schedule
from dashboard.concurrency.worker import Job, Worker, sentence
from dashboard.keeping.store import SavedItems
from dashboard.own_data.allowed_files import check_upload, found_files
from dashboard.own_data.choice import OwnChoice
from dashboard.own_data.jobs import (
    Checked,
    Found,
    Made,
    ReadingRequest,
    ReadingStep,
    check,
    example,
    train,
)
from dashboard.own_data.returning import reopen, take_in
from hoam_core import Model
from hoam_core.files.order import natural
from hoam_core.recorded.sandbox import OvertaxedError

log = logging.getLogger(__name__)


@final
class Workspace(param.Parameterized):
    """Files, what they hold and what became of them."""

    busy: "param.Parameter[ReadingStep | None]" = param.Parameter(doc="The step that goes on.")
    checked: "param.Parameter[Checked | None]" = param.Parameter(doc="Files that fit together.")
    model: "param.Parameter[Model | None]" = param.Parameter(doc="What was trained on them.")
    problem = param.String(doc="Why the last request failed; empty if it did not.")
    unsaved_reason = param.String(
        doc="Why what is here is not kept; empty if it is, or nothing ever is."
    )
    things = param.List(doc="Every item that is kept for the visitor.")

    def __init__(
        self, choice: OwnChoice, reader: Worker, trainer: Worker, schedule: Schedule,
        keep: SavedItems | None = None,
    ):  # fmt: skip
        super().__init__()
        self.choice, self.keep = choice, keep or SavedItems()
        self._reader, self._trainer = reader, trainer
        self._question: Question[object, Any] = Question(schedule, self._receive)
        self._folder = tempfile.TemporaryDirectory(prefix="hoam-own-", ignore_cleanup_errors=True)
        self._uploads = 0
        self.paths: tuple[Path, ...] = ()
        self.model_folder = self.folder / "model"
        self.showing = ""  # of what is shown, among the items that are kept
        self.closed = False
        self.look()

    def look(self) -> None:
        """Read what is kept now, after this page or another one has changed it."""
        self.things = self.keep.things()

    @property
    def folder(self) -> Path:
        """The folder for the files of the visit."""
        return Path(self._folder.name)

    def give(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Replace the present files by uploaded ones, and check them."""
        try:
            names = check_upload([(name, len(data)) for name, data in files])
            folder = self._fresh()
            paths = [folder / name for name in names]
            for path, (_, data) in zip(paths, files, strict=True):
                path.write_bytes(data)
        except (ValueError, OSError) as error:
            log.warning("An upload was refused", extra={"files": len(files)})
            self._forget_files()
            self._fail(sentence(error))
            return
        self._take(tuple(sorted(paths, key=natural)))

    def refuse(self, why: str) -> None:
        """Say why an upload was refused; neither it nor the previous files are kept."""
        self._forget_files()
        self._fail(why)

    def point(self, pattern: str) -> None:
        """Check files on the server's machine."""
        try:
            paths = found_files(pattern)
        except ValueError as error:
            self._fail(str(error))
            return
        self._take(tuple(paths))

    def use_example(self) -> None:
        """Make small files and check them."""
        self.choice.title = "Two streams"
        self._start(self._reader, partial(example, self._fresh()), "Making an example")

    def check(self) -> None:
        """Read the present files, as the fields now say."""
        choice = self.choice
        if not self.paths:
            self._fail(
                "The files are no longer here: only what was read from them is kept. Upload them "
                "again to read them differently." if self.checked is not None else
                "There are no files yet; upload some, or use the example.",
                keep=True,
            )  # fmt: skip
            return
        try:
            request = ReadingRequest(
                self.paths, choice.reading(), choice.typed_values(), choice.typed_lengths(),
                choice.title, self.keep, choice.said(),
            )  # fmt: skip
        except ValueError as error:
            self._fail(str(error))
            return
        self._start(self._reader, partial(check, request), "Reading the files")

    def train(self) -> None:
        """Train a model on what was found."""
        if self.checked is None:
            self._fail("There is nothing to learn from yet; add files that fit together first.")
            return
        job = partial(
            train, self.checked.collection, self.folder / "model", self.choice.method,
            self.choice.held(), self.keep, self.showing,
        )  # fmt: skip
        self.model = None
        self._start(self._trainer, job, "Waiting for its turn", keep=True)

    def load(self, data: bytes) -> None:
        """Load the model in a zip file."""
        owner = self.keep.visitor or secrets.token_hex(16)
        self._forget_files()
        job = partial(take_in, data, self.keep, owner, self.folder / "loaded")
        self._start(self._reader, job, "Checking the file")

    def open(self, name: str) -> None:
        """Restore what is kept under a name."""
        self._forget_files()
        job = partial(reopen, self.keep, name)
        self._start(self._reader, job, "Opening what is kept", name=name)

    def delete(self, name: str) -> None:
        """Delete a kept item, and remove it from the page."""
        self.keep.delete(name)
        if name == self.showing or (self.model is not None and self.model.name == name):
            self._put_away()
        self.look()

    def clear(self) -> None:
        """Delete everything that is kept for the visitor."""
        self.keep.clear()
        self._put_away()
        self.look()

    def _put_away(self) -> None:
        self._stop()
        self._forget_files()
        self._call("")
        self.param.update(checked=None, model=None, unsaved_reason="", problem="", busy=None)

    def cancel(self) -> None:
        """Stop the present step; what was checked before stays."""
        self._stop()
        self.busy = None

    @property
    def unsaved(self) -> bool:
        """Whether something would be lost if the page were closed now."""
        return self.busy is not None or bool(self.unsaved_reason)

    def close(self) -> None:
        """The visitor has left: delete the files of the visit."""
        self.closed = True
        self._stop()
        self._folder.cleanup()

    def _forget_files(self) -> None:
        """Remove the files of the visit; those on the server's machine stay."""
        self.paths = ()
        for folder in self.folder.glob("files-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _fresh(self) -> Path:
        self._forget_files()
        self._uploads += 1
        folder = self.folder / f"files-{self._uploads}"
        folder.mkdir(parents=True)
        return folder

    def _take(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        self.check()

    def _call(self, name: str) -> None:
        """Note that what is shown is kept under this name, which the address contains."""
        self.showing = name
        self.choice.data = name

    def _start(
        self, worker: Worker, job: Job, text: str, *, keep: bool = False, name: str = ""
    ) -> None:
        self._stop()
        if not keep:
            self._call(name)
            self.param.update(checked=None, model=None, unsaved_reason="")
        self.param.update(problem="", busy=ReadingStep(text, None))
        job = partial(self._tidily, job)
        self._question.ask(worker, object(), job)

    def _tidily(self, job: Job) -> Iterator[Any]:
        """On the worker's thread: even a step that outlasts the visit leaves nothing behind."""
        try:
            yield from job()
        finally:
            if self.closed:
                self._folder.cleanup()

    def _stop(self) -> None:
        self._question.forget()

    def _receive(self) -> None:
        value, error = self._question.value, self._question.error
        if isinstance(error, OvertaxedError):
            # Another attempt would only fail in the same way.
            self.refuse(str(error))
        elif error is not None:
            self._fail(str(error), keep=self.checked is not None)
        elif isinstance(value, ReadingStep):
            self.busy = value
        elif isinstance(value, Found):
            self._show(value)
        elif isinstance(value, Made):
            self._show_model(value)
        elif isinstance(value, tuple):
            self._take(value)

    def _show(self, found: Found) -> None:
        self.choice.take_over(found.fields)
        self.choice.offer(found.checked.collection.interior())
        with param.parameterized.batch_call_watchers(self):
            self.param.update(checked=found.checked, unsaved_reason=found.unsaved_reason, busy=None)
            if found.made is not None:
                self._show_model(found.made)
        self._call(found.name)
        self.look()

    def _show_model(self, made: Made) -> None:
        self.model_folder = made.folder
        self.param.update(
            model=made.model, unsaved_reason=made.unsaved_reason or self.unsaved_reason, busy=None
        )
        if self.checked is None:  # a model that was restored without its data
            thing = self.keep.find(made.model.name)
            self._call(thing.name if thing is not None else "")
        self.look()

    def _fail(self, sentence: str, *, keep: bool = False) -> None:
        self._stop()
        if not keep:
            self._call("")
            self.param.update(checked=None, model=None, unsaved_reason="")
        self.param.update(problem=sentence, busy=None)
