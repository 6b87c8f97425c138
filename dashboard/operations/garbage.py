"""When the collector of cyclic garbage looks at everything: in quiet moments, not while many play.

A full collection walks through all objects, 40 ms of them for each page, and nothing else happens
meanwhile: with thirty pages a slider would stand still for more than a second now and then. So what
lives is set aside every few seconds (`gc.freeze`), where the collector does not go by itself. Pages
that are closed leave their garbage there. It is looked for when nobody is there to wait for it, or
when some have gone and no answer has been asked for in a while; at the latest when it may be much.
Whatever holds megabytes should be no part of a cycle: a class that drags for an hour is never calm.
"""

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable
from typing import final

EVERY = 5.0  # seconds between two looks
CALM = 2.0  # seconds without an answer
# Pages that replace parts of themselves leave some, too.
LATEST = 900.0  # seconds after the last full collection
# Of thirty pages, five of which drag all the time, an hour leaves a tenth of a gigabyte.
AT_ANY_RATE = 16 * LATEST
# So many closed pages are worth a second in a calm moment, and so many at any time.
SOME, MANY = 8, 30


def give_back() -> None:
    """Return free memory to the system, which the C library keeps otherwise."""
    with contextlib.suppress(OSError, AttributeError):  # another library than that of GNU
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@final
class Garbage:
    """Decides at every look what the collector does; `calm(seconds)` says if nobody waits.

    It hears of each visit that it has been "opened" or "closed".
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
        """Whether everything should be looked at now."""
        since = self._now() - self._last
        if self._closed >= MANY or since > AT_ANY_RATE:
            return True
        enough = self._closed >= (SOME if self._open > 0 else 1)
        return (since > LATEST or enough) and self._calm(CALM)

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
