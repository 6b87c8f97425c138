"""The navigation bar between the views, a strip that scrolls sideways on a phone."""

from collections.abc import Callable
from pathlib import Path
from typing import final

import param
from panel.custom import JSComponent

NAV_CSS = """
:host { position: sticky; top: 0; z-index: 6; background: var(--panel-background-color); }
nav { display: flex; gap: 2px; overflow-x: auto; scrollbar-width: none; padding: 0 10px;
  border-bottom: 1px solid color-mix(in srgb, var(--panel-on-background-color) 15%, transparent); }
nav::-webkit-scrollbar { display: none; }
/* Content beyond an edge fades out there, and an arrow shows that there is more. */
nav[data-more~="right"] { mask-image: linear-gradient(to left, transparent 14px, #000 52px); }
nav[data-more~="left"] { mask-image: linear-gradient(to right, transparent 14px, #000 52px); }
nav[data-more="left right"] { mask-image: linear-gradient(to right, transparent 14px, #000 52px,
  #000 calc(100% - 52px), transparent calc(100% - 14px)); }
.more { position: absolute; top: 50%; translate: 0 -50%; pointer-events: none;
  font: 500 22px Roboto, sans-serif; color: var(--panel-on-background-color); }
.more.right { right: 4px; } .more.left { left: 4px; }
button { flex: none; border: 0; background: none; padding: 9px 12px 7px;
  cursor: var(--locked-cursor, pointer); font: 500 13px Roboto, sans-serif;
  border-bottom: 3px solid transparent;
  color: color-mix(in srgb, var(--panel-on-background-color) 78%, transparent); }
button:hover { color: var(--panel-on-background-color); }
button[aria-current] { color: var(--panel-on-background-color);
  border-bottom-color: var(--panel-primary-color); }
button.asked { cursor: progress; border-bottom-color:
  color-mix(in srgb, var(--panel-primary-color) 45%, transparent); }
button:focus-visible { outline: 2px solid var(--panel-primary-color); outline-offset: -2px; }
"""


@final
class Nav(JSComponent):
    """Names, titles and hints of the views, and which of them is open."""

    entries = param.List(doc="(name, title, hint) of each view.")
    current = param.String()

    _esm = Path(__file__).with_name("nav.js")
    _stylesheets = [NAV_CSS]

    def __init__(self, chosen: Callable[[str], object], **params):
        super().__init__(sizing_mode="stretch_width", margin=0, **params)
        self._chosen = chosen

    def _handle_msg(self, data: str) -> None:
        self._chosen(data)
