"""A field for uploads: pieces are counted as they arrive, and dropped if too many.

Checks in the browser do not stop a malicious sender.
"""

import itertools
from collections.abc import Callable
from typing import Any, final

import panel_material_ui as pmui

PIECE = 2**20  # bytes; a message may hold four of them


def every() -> Callable[[str], int]:
    """A tally that counts every file."""
    numbers = itertools.count(1)
    return lambda _: next(numbers)


@final
class Upload(pmui.FileInput):
    """A field that accepts files unless `refusal(files, bytes)` gives a sentence for `tell`.

    `tally()` makes a function that takes one name after another and returns how many files count so
    far; `begun` is called with True when an upload begins, and with False when it has ended in any
    way.
    """

    def __init__(
        self, refusal: Callable[[int, int], str], tell: Callable[[str], None],
        tally: Callable[[], Callable[[str], int]] = every, *,
        begun: Callable[[bool], None] = lambda coming: None, **params: Any,
    ):  # fmt: skip
        super().__init__(chunk_size=PIECE, **params)
        self._refusal, self._tell, self._taken, self._refused = refusal, tell, 0, ""
        self._tally, self._add, self._files = tally, tally(), 0
        self._begun = begun

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        status = msg.get("status")
        if status in ("initializing", "upload_event"):
            self._begun(True)
        else:
            self._begun(False)
        if status in ("initializing", "error"):
            self._begin()
        elif status == "upload_event":
            self._count(msg)
            if self._refused:
                self._forget()
            else:
                super()._handle_msg(msg)
        elif self._refused:
            sentence = self._refused
            self._begin()
            self._send_msg({"status": "error", "error": sentence})
            self._tell(sentence)
        else:
            super()._handle_msg(msg)
            self._begin()

    def _begin(self) -> None:
        self._taken, self._refused = 0, ""
        self._add, self._files = self._tally(), 0
        self._forget()

    def _forget(self) -> None:
        self._buffer.clear()
        self._file_buffer.clear()

    def _count(self, msg: dict[str, Any]) -> None:
        self._taken += len(msg["data"])
        if msg["name"] not in self._file_buffer:
            self._files = self._add(msg["name"])
        self._refused = self._refused or self._refusal(self._files, self._taken)
