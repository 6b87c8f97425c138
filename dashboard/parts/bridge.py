"""What only the browser can do: keys, the address bar, full screen, saving a picture.

Keys are those of `HELP` (keys.js). They are not handled where text is typed; a slider keeps the
keys that move it, and the space bar presses a control that was reached by the Tab key.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, final

import panel as pn
import param
from panel.custom import JSComponent

from dashboard.parts.copyable import COPYING

HELP = """
| key | does |
|---|---|
| space | play or pause |
| ← → | one step back or forward |
| Home, End | first or last time |
| R | restart from the beginning |
| 1 … 9 | choose a slider: then ← → move it by a step, Page up and Page down (or shift and an \
arrow) by a tenth of its range, Home and End to its ends |
| Esc | return the keys to the player; leave projector mode |
| N, B | next or previous scenario, or step of a lesson |
| V, shift V | next or previous view |
| P | projector mode: large pictures, curve and player; ↑ ↓ and Page up, Page down move the \
chosen slider |
| F | full screen |
| S | save the plots as a picture |
| ? | this help |

**By touch.** Drag the knob of a slider or of the time bar; anywhere else a finger scrolls the \
page. Swipe the row of views, and the row of scenarios, sideways for more. ☰ opens the choice of \
system and model.

**What you see.** Left, the learned model's population; middle, the full model's; right, their
difference. Both are smoothed alike and share one colour scale for the whole run. Where there are
more than two components, *Horizontal* and *Vertical* choose the two that are drawn; the density of
each alone is below. *Spread* is a standard deviation. Numbers of particles are powers of two, which
make the quietest start. Marks on a slider are the values the model was trained on. Every error is
shown beside its *noise floor*: the same error between two runs of the full model that differ in
their random seed only. The address of the page restores what you see.
"""


@final
class Bridge(JSComponent):
    """An invisible component that listens to keys and writes the address."""

    place = param.Dict(
        default={"search": "", "entry": 0, "restored": 0},
        doc="The query that the address shows, the number of its entry in the history of the "
        "browser, and how many steps back or forward have been followed so far.",
    )
    heading = param.String(doc="Title of the browser's tab.")
    projector = param.Boolean(doc="Whether the page is made to be read from afar.")
    title = param.String(default="", doc="Title of saved pictures.")
    unsaved = param.Boolean(doc="Whether something would be lost if the page were left.")

    _esm = COPYING + "".join(
        Path(__file__).with_name(name).read_text(encoding="utf-8")
        for name in ("keys.js", "history.js", "projector.js", "bridge.js")
    )

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params):
        super().__init__(width=0, height=0, margin=0, sizing_mode="fixed", **params)
        self._heard = heard
        self._unpainted: list[Callable[[], None]] = []

    def _handle_msg(self, data: dict[str, Any]) -> None:
        if "painted" in data:
            acts, self._unpainted = self._unpainted, []
            for act in acts:
                act()
            return
        self._heard(data)
        if "ready" in data and self._unpainted:
            self.tell("painted")

    def after_paint(self, act: Callable[[], None]) -> None:
        """Call when the browser has painted what it was sent; at once without a browser."""
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            act()
        else:
            # Asked after the changes of this event were sent. Before the page is built the question
            # is lost, and is asked again when it is "ready".
            self._unpainted.append(act)
            document.add_next_tick_callback(partial(self.tell, "painted"))

    def tell(self, action: str) -> None:
        """Ask the browser to "copy" the address, go "full-screen" or say when it has "painted"."""
        self._send_msg(action)

    def save(self, name: str, description: str, title: str = "", *, one: bool = False) -> None:
        """Save the plots as `name`.png with a description, or only a chosen `one`.

        The `title` is drawn above the plots; by default it is that of the page.
        """
        self._send_msg(
            {"save": {"name": name, "description": description, "title": title}, "one": one}
        )

    def download(self, name: str, mime: str, data: bytes) -> None:
        """Send the visitor a file."""
        self._send_msg({"file": {"name": name, "type": mime, "bytes": data}})
