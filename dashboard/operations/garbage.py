"""When the collector of cyclic garbage looks at everything: in quiet moments, not while many play.

A full collection walks through all objects, 40 ms of them for each page, and nothing else happens
meanwhile: with thirty pages a slider would stand still for more than a second now and then. So what
lives is set aside every few seconds (`gc.freeze`), where the collector does not go by itself. Pages
that are closed leave their garbage there; it is looked for when no answer has been asked for in a
while, and at the latest when there may be much of it.
"""

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable

EVERY = 5.0  # seconds between two looks
CALM = 2.0  # seconds without an answer
# Full collections: never sooner, never later than so many seconds after the last one.
SOONEST, LATEST = 60.0, 900.0
# So many closed pages are looked for at once, calm or not.
MANY = 30


def give_back() -> None:
    """Return free memory to the system, which the C library keeps otherwise."""
    with contextlib.suppress(OSError, AttributeError):  # another library than that of GNU
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class Garbage:
    """Decides at every look what the collector does; `calm(seconds)` says if nobody waits."""

    def __init__(self, calm: Callable[[float], bool], now: Callable[[], float] = time.monotonic):
        self._calm, self._now = calm, now
        self._closed, self._last = 0, now()

    def closed(self) -> None:
        """A page has been closed."""
        self._closed += 1

    @property
    def due(self) -> bool:
        """Whether everything should be looked at now."""
        since = self._now() - self._last
        if self._closed >= MANY or since > LATEST:
            return True
        return (self._closed > 0 or since > SOONEST) and self._calm(CALM)

    def look(self) -> bool:
        """Collect everything if it is due, else set aside what lives; whether it was."""
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
