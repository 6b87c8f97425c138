"""One visitor's own data: which files are here, what was found in them, and the model of them.

No Panel: the view watches these parameters, and tests pass workers of their own. Files lie in a
folder of the visit, which goes with it. Whatever cannot be used leaves a sentence and nothing else.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import param

from dashboard.own.choice import OwnChoice
from dashboard.own.jobs import Checked, Request, Step, check, example, train
from dashboard.own.paths import check_upload, found_files
from dashboard.runs.worker import Job, Worker, sentence
from hoam_core import Model
from hoam_core.imports.apart import OvertaxedError
from hoam_core.order import natural

log = logging.getLogger(__name__)
Schedule = Callable[[Callable[[], None]], None]


class Desk(param.Parameterized):
    """Files, what they hold and what became of them."""

    busy = param.Parameter(doc="The Step that goes on, or None.")
    checked = param.Parameter(doc="The Checked files, or None.")
    model = param.Parameter(doc="The Model that was trained on them, or None.")
    problem = param.String(doc="Why the last request failed; empty if it did not.")

    def __init__(self, choice: OwnChoice, reader: Worker, trainer: Worker, schedule: Schedule):
        super().__init__()
        self.choice = choice
        self._reader, self._trainer, self._schedule = reader, trainer, schedule
        self._folder = tempfile.TemporaryDirectory(prefix="hoam-own-", ignore_cleanup_errors=True)
        self._uploads = 0
        self.paths: tuple[Path, ...] = ()
        self.closed = False

    @property
    def folder(self) -> Path:
        """Where the files of the visit lie."""
        return Path(self._folder.name)

    def give(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Take uploaded files in place of what was here, and check them."""
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
        """Say why an upload was not taken; nothing is kept of it, nor of what was here."""
        self._forget_files()
        self._fail(why)

    def point(self, pattern: str) -> None:
        """Check files that lie on the server's machine."""
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
        """Read the files that are here, as the fields say now."""
        choice = self.choice
        if not self.paths:
            self._fail("There are no files yet; upload some, or use the example.")
            return
        try:
            request = Request(
                self.paths, choice.reading(), choice.typed_values(), choice.typed_lengths(),
                choice.title,
            )  # fmt: skip
        except ValueError as error:
            self._fail(str(error))
            return
        self._start(self._reader, partial(check, request), "Reading the files")

    def train(self) -> None:
        """Train a model on what was found."""
        if self.checked is None:
            self._fail("There is nothing to learn from yet; give files that fit together first.")
            return
        job = partial(
            train, self.checked.collection, self.folder / "model", self.choice.method,
            self.choice.held(),
        )  # fmt: skip
        self.model = None
        self._start(self._trainer, job, "Waiting for its turn", keep=True)

    def cancel(self) -> None:
        """Stop what goes on; what was checked before stays."""
        self._stop()
        self.busy = None

    def close(self) -> None:
        """The visitor has gone, and his files with him."""
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

    def _start(self, worker: Worker, job: Job, words: str, *, keep: bool = False) -> None:
        self._stop()
        if not keep:
            self.param.update(checked=None, model=None)
        self.param.update(problem="", busy=Step(words, None))
        job = partial(self._tidily, job)
        worker.ask(self, job, lambda value: self._schedule(partial(self._receive, value)))

    def _tidily(self, job: Job) -> Iterator[Any]:
        """On the worker's thread: a step that outlasts the visit leaves nothing behind either."""
        try:
            yield from job()
        finally:
            if self.closed:
                self._folder.cleanup()

    def _stop(self) -> None:
        for worker in {self._reader, self._trainer}:
            worker.cancel(self)

    def _receive(self, value: Any) -> None:
        if self.closed or self.busy is None:
            return
        if isinstance(value, Step):
            self.busy = value
        elif isinstance(value, Checked):
            self.choice.offer(value.collection.interior())
            self.param.update(checked=value, busy=None)
        elif isinstance(value, Model):
            self.param.update(model=value, busy=None)
        elif isinstance(value, tuple):
            self._take(value)
        elif isinstance(value, OvertaxedError):
            # Whoever asks again would only meet it again.
            self.refuse(str(value))
        else:
            self._fail(str(value), keep=self.checked is not None)

    def _fail(self, sentence: str, *, keep: bool = False) -> None:
        self._stop()
        if not keep:
            self.param.update(checked=None, model=None)
        self.param.update(problem=sentence, busy=None)
