"""When the cyclic garbage collector runs in full: in quiet moments, not while many pages play.

A full collection walks through all objects, which takes 40 ms for each page and blocks everything
else: with thirty pages a slider would freeze for more than a second now and then. So live objects
are set aside every few seconds (`gc.freeze`), where the collector does not look by itself. Closed
pages leave their garbage there. It is collected when nobody is there to wait for it, or when some
visitors have left and no answer has been requested for a while; at the latest when it may have
become large. Objects that hold megabytes should not be part of a cycle: a class that drags sliders
for an hour is never quiet.
"""

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable
from typing import final

EVERY = 5.0  # seconds between two looks
CALM = 2.0  # seconds without an answer
# Pages that replace parts of themselves also leave garbage.
LATEST = 900.0  # seconds after the last full collection
# Thirty pages, five of them dragging all the time, leave 0.1 GB of garbage in an hour.
AT_ANY_RATE = 16 * LATEST
# Numbers of closed pages that justify a second's pause in a quiet moment, and at any time.
SOME, MANY = 8, 30


def give_back() -> None:
    """Return free memory to the system, which the C library would otherwise keep."""
    with contextlib.suppress(OSError, AttributeError):  # not the GNU C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@final
class Garbage:
    """Decides at every check what the collector does.

    `calm(seconds)` says whether nobody is waiting; `heard` is told when a visit is "opened" or
    "closed".
    """

    def __init__(self, calm: Callable[[float], bool], now: Callable[[], float] = time.monotonic):
        self._calm, self._now = calm, now
        self._open, self._closed, self._last = 0, 0, now()

    def heard(self, event: str) -> None:
        """A page has been opened or closed."""
        self._open += (event == "opened") - (event == "closed")
        self._closed += event == "closed"

    @property
    def due(self) -> bool:
        """Whether a full collection is due."""
        since = self._now() - self._last
        if self._closed >= MANY or since > AT_ANY_RATE:
            return True
        enough = self._closed >= (SOME if self._open > 0 else 1)
        return (since > LATEST or enough) and self._calm(CALM)

    def look(self) -> bool:
        """Collect everything if due, else set aside live objects; returns whether it was due."""
        due = self.due
        if due:
            gc.unfreeze()
            gc.collect()
            give_back()
            self._closed, self._last = 0, self._now()
        else:
            gc.collect(1)
        gc.freeze()
        return due
