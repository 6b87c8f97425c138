"""One training: a generator that the worker's thread advances in short turns.

Between two turns other trainings get theirs, so that a long training does not keep a short one
waiting. A paused training keeps its generator, with data and compiled programs; a cancelled one
drops it and can continue from the checkpoint in its folder. Commands may come from any thread: they
change `wanted`, and the thread that holds the turn obeys. Pages read the newest `Look`, which is
immutable.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np

from dashboard.concurrency.lock import FolderLock
from dashboard.concurrency.worker import Worker, sentence
from dashboard.keeping.store import FullError, SavedItems, marked
from dashboard.runs.catalogue import Offer
from dashboard.train.preview import Preview, Watcher
from hoam_core import Ensemble, Experiment, Model
from hoam_core.learning import Progress, learn
from hoam_core.training.checkpoint import CHECKPOINT

EVERY = 10
MOST_LOSSES = 500  # losses that are kept of a training
TURN = 2.0  # seconds
BETWEEN_NEWS = 0.2
ACTIVE = ("waiting", "running", "paused")
log = logging.getLogger(__name__)
UNWRITABLE = (
    "This server cannot keep a model: its folder of models cannot be written to. Train on your own "
    "computer, or ask whoever runs this server to set the variable HOAM_MODELS to another folder."
)
ELSEWHERE = "Another process of this server is already training it; wait until it has finished."


def for_visitors(error: Exception, folder: Path) -> str:
    """The message for visitors, who do not know the options and folders of the server."""
    told = sentence(error)
    if "`out`" in told and str(folder) in told:
        return UNWRITABLE
    return told.replace(str(folder), folder.name)


class Look(NamedTuple):
    """A training as pages see it: (done, total) of its stages, losses (k,) after `steps` (k,)."""

    status: str = "cancelled"
    stages: dict[str, tuple[int, int]] = {}
    steps: tuple[int, ...] = ()
    losses: tuple[float, ...] = ()
    preview: Preview | None = None
    model: Model | None = None
    problem: str = ""
    seconds: float = 0.0

    @property
    def stage(self) -> str:
        """The present stage; empty before the first."""
        return next(reversed(self.stages), "")


@final
class Training:
    """A training with its name, folder and commands; `changed` is called at every change."""

    def __init__(
        self,
        name: str,
        experiment: Experiment,
        folder: Path,
        *,
        judge: bool = True,
        changed: Callable[["Training"], None] = lambda _: None,
        keep: SavedItems | None = None,
    ):
        self.name, self.experiment, self.folder, self.judge = name, experiment, folder, judge
        self.look = Look()
        self._changed, self._keep = changed, keep or SavedItems()
        self._lock = threading.RLock()
        self._wanted, self._busy = "cancelled", False
        self._steps: Generator[Progress] | None = None
        self._watcher: Watcher | None = None
        self._catalogue: Offer | None = None
        self._told_at = 0.0
        self._folder_lock = FolderLock(folder)

    @property
    def active(self) -> bool:
        """Whether it holds data in memory, or soon will."""
        return self.look.status in ACTIVE

    def run(self, worker: Worker, catalogue: Offer) -> None:
        """Start, or continue: at once after a pause, else from the checkpoint."""
        with self._lock:
            if self.look.status in ("waiting", "running", "done"):
                return
            if not self._folder_lock.take():
                self._tell(status="failed", problem=ELSEWHERE)
                return
            self._wanted, self._catalogue = "running", catalogue
            if self._steps is None:
                axes = catalogue.axes(self.experiment.system)
                self._watcher = Watcher(axes)
                self.look = Look("waiting", seconds=self.look.seconds)
            self._tell(status="waiting", problem="")
        self._ask(worker)

    def pause(self) -> None:
        """Stop after the present step and keep everything."""
        self._want("paused")

    def cancel(self) -> None:
        """Stop after the present step; the checkpoint stays."""
        self._want("cancelled")

    def _want(self, wanted: str) -> None:
        with self._lock:
            if self.active and self._wanted != wanted:
                self._wanted = wanted
                self._settle()

    def _settle(self) -> None:
        """Carry out a command, unless the thread that holds the turn will."""
        if self._busy or self._wanted == "running" or not self.active:
            return
        if self._wanted == "cancelled":
            self._drop()
            if self.look.model is not None:  # only judging was left
                (self.folder / CHECKPOINT).unlink(missing_ok=True)
                self._wanted = "done"
        self._tell(status=self._wanted)

    def _ask(self, worker: Worker) -> None:
        worker.ask(self, partial(self._turn, worker), self._deliver, finish=True)

    def _deliver(self, value: object) -> None:
        if isinstance(value, Exception):
            with self._lock:
                self._drop()
                if str(self.folder) in str(value):
                    log.warning("A training failed", extra={"reason": str(value)})
                self._tell(status="failed", problem=for_visitors(value, self.folder))

    def _turn(self, worker: Worker) -> Iterator[str]:
        with self._lock:
            if self._wanted != "running":
                return
            self._busy = True
            if self._steps is None:
                self._steps = learn(
                    self.experiment, self.folder, resume=True, every=EVERY, judge=self.judge,
                    name=self.name,
                )  # fmt: skip
            self._tell(status="running")
        try:
            yield from self._pull(worker, self._steps)
        finally:
            with self._lock:
                self._busy = False
                self._settle()

    def _pull(self, worker: Worker, steps: Iterator[Progress]) -> Iterator[str]:
        end = time.monotonic() + TURN
        while self._wanted == "running":
            start = time.monotonic()
            value = next(steps, None)
            if value is None:
                self._drop()
                self._tell(status="done")
                return
            self._take(value, start)
            yield value.stage
            if time.monotonic() > end:
                self._ask(worker)
                return

    def _take(self, value: Progress, start: float) -> None:
        look, watcher = self.look, self._watcher
        news: dict[str, Any] = {"stages": {**look.stages, value.stage: (value.done, value.total)}}
        if value.stage == "training" and value.losses.size:
            news["steps"] = (*look.steps, value.done)
            news["losses"] = (*look.losses, float(np.mean(value.losses)))
        if value.model is not None and isinstance(value.data, Ensemble) and watcher is not None:
            watcher.look(value.model, value.data, value.done, value.done == value.total)
            news["preview"] = watcher.preview
        if value.model is not None and value.data is None:
            news["model"] = value.model
            if look.model is None:
                self._keep_it(value.model)
            if value.model is not look.model and self._catalogue is not None:
                self._catalogue.add(value.model)
        news["seconds"] = look.seconds + time.monotonic() - start
        self._tell(rarely=value.stage == look.stage, **news)

    @property
    def keep(self) -> SavedItems:
        """The items of the visitor who started it; none if it has no particular owner."""
        return self._keep

    def _keep_it(self, model: Model) -> None:
        """Let the visitor delete it, and let it expire with that visitor's items."""
        look = self.look
        every = max(1, len(look.steps) // MOST_LOSSES)
        told = {"steps": look.steps[::every], "losses": look.losses[::every]}
        told |= {"system": model.experiment.system, "method": model.experiment.method}
        if self._keep:
            # Without room it has no owner.
            with contextlib.suppress(FullError):
                self._keep.mark("trained", self.name, self.name, self.folder, **told)

    def recall(self, model: Model) -> None:
        """Restore a training from before this process started."""
        told = marked(self.folder)
        steps = self.experiment.steps
        self.look = Look(
            "done", {"training": (steps, steps)}, tuple(told.get("steps", ())),
            tuple(told.get("losses", ())), model=model,
            seconds=float(model.training.get("seconds") or 0.0),
        )  # fmt: skip

    def _tell(self, *, rarely: bool = False, **news) -> None:
        with self._lock:
            self.look = self.look._replace(**news)
            if not self.active:
                self._folder_lock.drop()
        now = time.monotonic()
        if not rarely or now - self._told_at > BETWEEN_NEWS:
            self._told_at = now
            self._changed(self)

    def _drop(self) -> None:
        """Release data and programs, and delete the folder if nothing has been written into it."""
        steps, self._steps = self._steps, None
        if steps is not None:
            steps.close()
        with contextlib.suppress(OSError):
            self.folder.rmdir()
