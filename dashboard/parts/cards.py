"""Cards that open a link: a gallery, or a strip that scrolls sideways and can be folded away.

With `store`, visitors can add links of their own to the cards, under that name in the browser's
storage; the server only sees a link that is opened.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import param
from panel.custom import JSComponent

HERE = Path(__file__)


@final
class Cards(JSComponent):
    """Dicts of link, title, text and, optionally, note, image (an address) and alt."""

    cards = param.List()
    label = param.String(doc="What these cards are, above a strip and for screen readers.")
    kind = param.Selector(default="gallery", objects=["gallery", "strip"])
    store = param.String(doc="Name of the visitor's own cards; empty: there are none.")
    problem = param.String(doc="A sentence about cards that are missing.")

    _esm = HERE.with_suffix(".js")
    _stylesheets = [HERE.with_suffix(".css").read_text()]

    def __init__(self, go: Callable[[str], None], **params):
        super().__init__(sizing_mode="stretch_width", margin=0, **params)
        self._go = go

    def _handle_msg(self, data: Any) -> None:
        if isinstance(data, dict) and isinstance(link := data.get("link"), str):
            self._go(link)

    def step(self, by: int) -> None:
        """Open the card this many places after the one that was opened last."""
        self._send_msg({"step": by})
