"""The welcome on a first visit: two sentences, a way into the lessons, and a button to close it.

The browser remembers that it was read. A page opened by a link shows it, too, but a lesson never
does, since it explains itself.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import param
from panel.custom import JSComponent

LOOKS = """
:host { width: 100%; max-height: none; }
section { font: 14px/1.5 Roboto, sans-serif; color: var(--panel-on-background-color);
  border-left: 4px solid var(--panel-primary-color); border-radius: 6px; padding: 8px 14px;
  background: color-mix(in srgb, var(--panel-primary-color) 10%, transparent);
  display: flex; gap: 8px 20px; align-items: center; flex-wrap: wrap; }
section[hidden] { display: none; }
p { margin: 0; }
.words { flex: 1 1 340px; max-width: 86ch; }
.foot { display: flex; gap: 8px; flex-wrap: wrap; }
button { font: 500 13px Roboto, sans-serif; height: 34px; padding: 0 14px; border-radius: 6px;
  cursor: pointer; color: inherit; background: transparent;
  border: 1px solid color-mix(in srgb, currentColor 35%, transparent); }
button.main { background: var(--panel-primary-color); color: var(--panel-on-primary-color);
  border-color: transparent; }
:focus-visible { outline: 2px solid var(--panel-primary-color); outline-offset: 2px; }
"""


@final
class Welcome(JSComponent):
    """The sentences; `lesson` is called when the visitor chooses to start with a lesson."""

    text = param.String(doc="HTML of what the page is.")

    _esm = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    _stylesheets = [LOOKS]

    def __init__(self, text: str, lesson: Callable[[], None], **params):
        super().__init__(text=text, sizing_mode="stretch_width", margin=0, **params)
        self._lesson = lesson

    def _handle_msg(self, data: Any) -> None:
        if data == "lesson":
            self._lesson()
