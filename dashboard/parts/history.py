"""The place of the page in the browser's history, whose Back and Forward are reported.

A `mark` decides what is worth an entry: a new mark begins a new entry, and while it stays the same,
the address of the present entry is replaced.
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
        """Within it the page goes to an existing entry; `steps` were reported."""
        self._restored, self._restoring = steps, True
        try:
            yield
        finally:
            self._restoring = False

    def place(self, search: str, mark: object, *, follows: bool = False) -> dict[str, object]:
        """The message to the browser about an address; a page that `follows` makes no entries."""
        if self._mark not in (None, mark) and not (follows or self._restoring):
            self._entry += 1
        self._mark = mark
        return {"search": search, "entry": self._entry, "restored": self._restored}
