"""The field for uploads: pieces are counted as they come, and too many are forgotten at once.

What the browser checks before it sends binds only those who mean well.
"""

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboard.own.paths import MOST_FILES, largest_upload, too_large, too_many


class Upload(pmui.FileInput):
    """A field that takes several files within the limits; `tell` hears why it does not."""

    def __init__(self, tell: Callable[[str], None], **params: Any):
        super().__init__(
            multiple=True, accept=".nc,.h5", max_total_file_size=largest_upload(), **params
        )
        self._tell, self._taken, self._refused = tell, 0, ""

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        status = msg.get("status")
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
        self._forget()

    def _forget(self) -> None:
        self._buffer.clear()
        self._file_buffer.clear()

    def _count(self, msg: dict[str, Any]) -> None:
        self._taken += len(msg["data"])
        files = len(self._buffer) + len({*self._file_buffer, msg["name"]})
        if self._taken > largest_upload():
            self._refused = too_large(self._taken)
        elif files > MOST_FILES:
            self._refused = too_many(files)
