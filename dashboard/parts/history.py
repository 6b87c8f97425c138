"""Where the page stands in the history of the browser, whose Back and Forward are heard of.

What is worth an entry is told by a `mark`: another one begins a new entry, and while it stays the
address of the present entry is replaced.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import final


@final
class History:
    """Counts the entries that a page has made, and the steps back or forward it has followed."""

    def __init__(self):
        self._mark: object = None
        self._entry = self._restored = 0
        self._restoring = False

    @contextmanager
    def restoring(self, steps: int) -> Generator[None]:
        """Within it the page goes to an entry that is there already; `steps` were heard of."""
        self._restored, self._restoring = steps, True
        try:
            yield
        finally:
            self._restoring = False

    def place(self, search: str, mark: object, *, follows: bool = False) -> dict[str, object]:
        """What the browser is told of an address; one that `follows` another makes no entries."""
        if self._mark not in (None, mark) and not (follows or self._restoring):
            self._entry += 1
        self._mark = mark
        return {"search": search, "entry": self._entry, "restored": self._restored}
