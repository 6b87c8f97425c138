"""One question of a page to the workers: only the newest counts, with its state and result.

A slider asks faster than anything is computed, and answers arrive from other threads. So everything
that waits for an answer faces the same choices, which are made only here: what of an older request
is still wanted (the rule of the late answer), what a stop keeps, and what is requested again when
the page becomes visible. A question lives on its visitor's event loop; only a job runs elsewhere.
No Panel.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from operator import eq
from typing import Generic, TypeVar, final

from dashboard.concurrency.worker import Job, Worker

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Schedule = Callable[[Callable[[], None]], None]


@final
@dataclass(eq=False)
class _Request(Generic[K]):
    """What was asked of whom, and when (seconds of `time.perf_counter`)."""

    key: K
    worker: Worker
    job: Job
    finish: bool
    pieces: bool
    asked: float
    heard: bool = False


@final
class Question(Generic[K, V]):
    """Asks for one value after another by their keys; `changed()` is called when one has come.

    `schedule` runs a function on the visitor's loop. `near(old, new)` says whether the value of an
    older key is better than none: it then stays, and is taken if it comes late, but not after one
    of the present key. `complete(value)` says whether a value is the last one of its key.
    """

    def __init__(
        self, schedule: Schedule, changed: Callable[[], None], *,
        near: Callable[[K, K], bool] = eq, complete: Callable[[V], bool] = lambda _: True,
    ):  # fmt: skip
        self._schedule, self._changed = schedule, changed
        self._near, self._is_complete = near, complete
        self._request: _Request[K] | None = None
        self.key: K | None = None  # what is wanted
        self.of: K | None = None  # what the value was asked as
        self.value: V | None = None
        self.error: Exception | None = None
        self.stopped = False
        self.waiting = False  # whether nothing has arrived since it was asked or resumed
        self.first = True  # whether the value is the first of its request
        self.waited = 0.0  # seconds from asking until it came
        self.version = 0  # counts arrivals and removals

    @property
    def problem(self) -> str:
        """Why there is no value; empty if there is one or will be one."""
        return str(self.error) if self.error is not None else ""

    @property
    def complete(self) -> bool:
        """Whether the last requested value has arrived."""
        if self.key is None or self.of != self.key:
            return False
        return self.value is None or self._is_complete(self.value)

    @property
    def busy(self) -> bool:
        """Whether more values are expected."""
        lacks = self.key is not None and not self.complete
        return lacks and self.error is None and not self.stopped

    def ask(
        self, worker: Worker, key: K, job: Job, *, known: V | None = None, delay: float = 0.0,
        finish: bool = False, pieces: bool = False,
    ) -> None:  # fmt: skip
        """Request the values of a job; nothing happens if they are requested already.

        What is `known` of them is used until the first arrives, which takes at least `delay`
        seconds. With `finish` a request that runs may still give one value. With `pieces` each run
        of the job gives one value, and it is run again until that is complete: others come in
        between.
        """
        if key == self.key:
            return
        self._want(key)
        if known is not None:
            self._have(key, known)
        if self._request is not None and self._request.worker is not worker:
            self._request.worker.cancel(self)
        now = time.perf_counter()
        self._request, self.waiting = _Request(key, worker, job, finish, pieces, now), True
        self._send(self._request, delay)

    def tell(self, key: K, value: V | None) -> None:
        """Take a value that is known already; `changed` is not called."""
        self._cancel()
        self._want(key)
        self.first, self.waited = True, 0.0
        self._have(key, value)

    def stop(self) -> None:
        """Stop computing; keep what has arrived, and let `resume` continue."""
        self._cancel()
        self.stopped = True

    def resume(self) -> None:
        """Run the job once more, after a stop or an error."""
        self.stopped, self.error = False, None
        if self._request is not None and self.key is not None:
            self._request.asked, self._request.heard = time.perf_counter(), False
            self.waiting = True
            self._send(self._request)

    def rest(self) -> None:
        """Stop while nobody is looking; what is incomplete will be requested again."""
        self._cancel()
        if not self.complete:
            self.key, self.stopped, self.error = None, False, None

    def forget(self) -> None:
        """Drop the request and its value."""
        if self.key is None and self.of is None:
            return
        self._cancel()
        self.key = self.of = self.value = self.error = self._request = None
        self.stopped = False
        self.version += 1

    def _want(self, key: K) -> None:
        if self.of is not None and not self._near(self.of, key):
            self.of = self.value = None
            self.version += 1
        self.key, self.error, self.stopped = key, None, False

    def _cancel(self) -> None:
        self.waiting = False
        if self._request is not None:
            self._request.worker.cancel(self)

    def _send(self, request: _Request[K], delay: float = 0.0) -> None:
        def deliver(value: V | Exception) -> None:
            self._schedule(partial(self._receive, request, value))

        request.worker.ask(self, request.job, deliver, delay=delay, finish=request.finish)

    def _receive(self, request: _Request[K], value: V | Exception) -> None:
        if self._is_late(request.key):
            return
        self.first, request.heard = not request.heard, True
        self.waited = time.perf_counter() - request.asked
        if request is self._request:
            self.waiting = False
        self._take(request.key, value)
        if request is self._request and request.pieces and self.busy:
            self._send(request)

    def _is_late(self, key: K) -> bool:
        if self.key is None or self.stopped:
            return True
        return key != self.key and (self.of == self.key or not self._near(key, self.key))

    def _take(self, key: K, value: V | Exception) -> None:
        if not isinstance(value, Exception):
            self._have(key, value)
        elif key == self.key:
            self.error = value
            if self.of != key:
                self.of = self.value = None
            self.version += 1
        else:  # why an older request failed explains nothing
            return
        self._changed()

    def _have(self, key: K, value: V | None) -> None:
        self.of, self.value, self.error = key, value, None
        self.version += 1
