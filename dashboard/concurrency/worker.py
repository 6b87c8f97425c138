"""One owned thread that computes for all sessions, the newest request of each, and never a queue.

A request is a generator: between two values the thread checks whether the same owner has asked
again or left, and then drops the rest. So a dragged slider costs at most the request that is
running and the newest one; nothing in between is ever computed. A running request may be allowed to
finish, since a slightly older picture is better than none while the slider moves. Values are handed
to `deliver`, which must only pass them on to the owner's own event loop: the thread touches no
model of the page.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, final
from weakref import WeakSet

from dashboard.concurrency.watchers import Watchers
from hoam_core.checks import DivergedError

Job = Callable[[], Iterator[Any]]
Deliver = Callable[[Any], object]
LOG = logging.getLogger(__name__)
# Errors that a visitor can correct without help; anything else is logged as well.
EXPECTED = (ValueError, DivergedError)


@final
class FailedError(RuntimeError):
    """A job that failed for a reason that its owner cannot see; the message is for the owner."""


def sentence(error: BaseException) -> str:
    """The message about an error for a visitor, with what can be done about it."""
    if isinstance(error, (ValueError, DivergedError, FailedError)):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return (
            f"The run failed: {reason}. Nothing was left half-written; free some space and try "
            "again."
        )
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return "The run failed: there is not enough memory for it; use fewer particles."
    return (
        f"The run failed ({type(error).__name__}); try again. If it fails again, the server's log "
        "says more."
    )


class Finished(NamedTuple):
    """A job that has ended on a worker; its seconds may include waits for other jobs."""

    worker: str
    seconds: float
    outcome: str  # done, stopped or failed


# For the metrics: jobs that have ended, and all workers that exist.
FINISHED: Watchers[Finished] = Watchers()
WORKERS: WeakSet["Worker"] = WeakSet()


@final
@dataclass(eq=False)
class Request:
    """A job, where its values go, and when it may start (monotonic seconds).

    `values` are those to come, once it has begun; `seconds` is what it has taken so far.
    """

    job: Job
    deliver: Deliver
    not_before: float
    stopped: bool = False
    values: Iterator[Any] | None = None
    seconds: float = 0.0


@final
class Worker:
    """A thread that serves one request of each owner at a time, oldest owner first.

    With `turns`, a request that has given a value goes behind all that wait, so that everybody sees
    something before anybody sees everything. With `behind`, it waits between two values until those
    workers have rested for `calm` seconds, but never longer than its `patience`: a long run gives
    way to visitors who drag a slider.
    """

    def __init__(
        self,
        name: str,
        behind: tuple["Worker", ...] = (),
        *,
        turns: bool = False,
        calm: float = 0.0,
        patience: float = 1.0,
    ):
        self._waiting: dict[Hashable, Request] = {}
        self._running: tuple[Hashable, Request] | None = None
        self._changed = threading.Condition()
        self._behind, self._calm, self._patience, self._turns = behind, calm, patience, turns
        self._idle_since: float | None = time.monotonic()
        self._ended, self.name = False, name
        self._thread = self._started()
        WORKERS.add(self)

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._serve, name=self.name, daemon=True)
        thread.start()
        return thread

    @property
    def queue(self) -> int:
        """How many owners are waiting for it."""
        return len(self._waiting)

    def ask(
        self,
        owner: Hashable,
        job: Job,
        deliver: Deliver,
        *,
        delay: float = 0.0,
        finish: bool = False,
    ) -> None:
        """Replace whatever this owner is waiting for; start after `delay` seconds at the earliest.

        With `finish`, a request of the same owner that runs already still delivers one value.
        """
        with self._changed:
            if not self._thread.is_alive() and not self._ended:
                LOG.error("The thread %r has died; another takes its place", self.name)
                self._thread = self._started()
            if not finish:
                self._stop_running(owner)
            self._waiting[owner] = Request(job, deliver, time.monotonic() + delay)
            self._changed.notify()

    def cancel(self, owner: Hashable) -> None:
        """Drop what this owner is waiting for, and stop its running request at the next value."""
        with self._changed:
            self._waiting.pop(owner, None)
            self._stop_running(owner)

    def has_been_idle(self, seconds: float) -> bool:
        """Whether nothing has run for this many seconds."""
        since = self._idle_since
        return since is not None and time.monotonic() - since >= seconds

    def end(self, timeout: float = 10.0) -> None:
        """Stop for good, at the next value of what runs; used when the process ends."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            if self._running is not None:
                self._running[1].stopped = True
            self._changed.notify()
        self._thread.join(timeout)

    def _stop_running(self, owner: Hashable) -> None:
        if self._running is not None and self._running[0] == owner:
            self._running[1].stopped = True

    def _take(self) -> tuple[Hashable, Request] | None:
        with self._changed:
            self._running = None
            self._idle_since = self._idle_since or time.monotonic()
            while not self._ended:
                if due := self._due():
                    self._running = due[0], self._waiting.pop(due[0])
                    self._idle_since = None
                    return self._running
                starts = [r.not_before for r in self._waiting.values()]
                self._changed.wait(min(starts) - time.monotonic() if starts else None)
            return None

    def _due(self) -> list[Hashable]:
        now = time.monotonic()
        return [owner for owner, r in self._waiting.items() if r.not_before <= now]

    def _serve(self) -> None:
        while (taken := self._take()) is not None:
            (owner, request), started, failed = taken, time.monotonic(), False
            try:
                ended = self._run(owner, request)
            except BaseException as error:  # a job may even raise SystemExit
                failed = ended = True
                # The thread serves everyone and must survive a failed job; the owner is told.
                self._tell(request, error)
            request.seconds += time.monotonic() - started
            if ended:
                outcome = "failed" if failed else "stopped" if request.stopped else "done"
                FINISHED.tell(Finished(self.name, request.seconds, outcome))

    def _tell(self, request: Request, error: BaseException) -> None:
        if not isinstance(error, EXPECTED):
            LOG.error("A job of the dashboard failed", exc_info=error)
        if request.stopped:
            return
        told = error if isinstance(error, EXPECTED) else None
        try:
            request.deliver(told or FailedError(sentence(error)))
        except Exception:
            LOG.exception("The owner of a failed job cannot be told")

    def _give_way(self, request: Request) -> None:
        end = time.monotonic() + self._patience
        while not request.stopped and time.monotonic() < end:
            if all(other.has_been_idle(self._calm) for other in self._behind):
                return
            time.sleep(0.01)

    def _run(self, owner: Hashable, request: Request) -> bool:
        """Compute and deliver; False if the rest has to wait for other requests."""
        values = request.values = request.values or request.job()
        while not request.stopped:
            self._give_way(request)
            if request.stopped:
                break
            try:
                value = next(values)
            except StopIteration:
                return True
            if not request.stopped:
                request.deliver(value)
            if not self._goes_on(owner, request):
                return False
        if isinstance(values, Generator):
            values.close()
        return True

    def _goes_on(self, owner: Hashable, request: Request) -> bool:
        """Whether it is still this request's turn; it stops if its owner has asked again."""
        with self._changed:
            if owner in self._waiting and self._waiting[owner].not_before <= time.monotonic():
                request.stopped = True
            elif self._turns and self._due() and not request.stopped:
                self._waiting[owner] = request
                return False
            return True
