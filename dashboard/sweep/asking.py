"""Which table is wanted now and how far it is: asks a worker, listens, stops. No Panel."""

from collections.abc import Callable
from functools import partial

from dashboard.runs.catalogue import Catalogue
from dashboard.runs.resumable import Resumable
from dashboard.runs.worker import Worker
from dashboard.sweep.jobs import Asked, Table, piece, table

# A slider that moves should not start a sweep for every pixel of its way.
REST = 0.25


class Asking:
    """The newest table that is wanted; `changed()` is called on the visitor's loop."""

    def __init__(
        self, catalogue: Catalogue, worker: Worker,
        schedule: Callable[[Callable[[], None]], None], changed: Callable[[], None],
    ):  # fmt: skip
        self._catalogue, self._worker = catalogue, worker
        self._schedule, self._changed = schedule, changed
        self.wanted: Asked | None = None
        self.table: Table | None = None
        self.problem = ""
        self.stopped = False
        self._steps: Resumable[Table] = Resumable(())

    @property
    def busy(self) -> bool:
        """Whether there is more to come."""
        return self.wanted is not None and not self.problem and not self.complete

    @property
    def complete(self) -> bool:
        """Whether all runs are done."""
        return self.table is not None and self.table.done == 1

    def ask(self, asked: Asked | None) -> None:
        """Want this table, or none; nothing happens if it is wanted already."""
        if asked == self.wanted:
            return
        self.wanted, self.table, self.problem, self.stopped = asked, None, "", False
        if asked is None:
            self._worker.cancel((self, "table"))
            return
        self._steps = Resumable(table(asked, self._catalogue))
        self._go_on(asked, REST)

    def _go_on(self, asked: Asked, delay: float = 0.0) -> None:
        job, deliver = partial(piece, self._steps), partial(self._deliver, asked)
        self._worker.ask((self, "table"), job, deliver, delay=delay)

    def stop(self) -> None:
        """Stop; what is here stays."""
        self.stopped = True
        self._worker.cancel((self, "table"))

    def resume(self) -> None:
        """Go on where it was stopped."""
        self.stopped = False
        if self.wanted is not None:
            self._go_on(self.wanted)

    def rest(self) -> None:
        """Nobody looks: stop, and forget what is not complete."""
        self._worker.cancel((self, "table"))
        if not self.complete:
            self.wanted = None

    def _deliver(self, asked: Asked, value: Table | Exception) -> None:
        self._schedule(partial(self._receive, asked, value))

    def _receive(self, asked: Asked, value: Table | Exception) -> None:
        if asked != self.wanted or self.stopped:
            return
        if isinstance(value, Exception):
            self.problem = str(value)
        else:
            self.table = value
            if value.done < 1:
                self._go_on(asked)
        self._changed()
