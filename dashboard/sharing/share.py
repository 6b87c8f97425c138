"""Sharing a page: its address and a QR code for phones, and letting others follow it.

It works without an external host: the code is drawn here. A page that only this computer can open
says how to open it to the network instead.
"""

import os
from collections.abc import Callable
from html import escape
from typing import final
from urllib.parse import urlsplit

import panel as pn
import panel_material_ui as pmui
import segno

from dashboard.lessons.choice import for_pupils
from dashboard.parts import html
from dashboard.parts.copyable import Copyable
from dashboard.sharing.classroom import Classroom
from hoam_core.cli.serve import SHARED

ALONE = (
    "Only this computer can open the page now. To let in phones and other computers on this "
    "network, start it with <code>hoam serve --share</code>; a QR code then appears here."
)
TEACH = (
    "Pages that follow show what this page shows, at once: view, system, parameters, time and "
    "play. They cannot change anything, and may leave at any time."
)
# As large as the screen allows: it is read from the last row.
QR = "svg { width: min(100%, 62vh); height: auto; border-radius: 6px; display: block; }"
CODE = "font: 500 40px ui-monospace, monospace; letter-spacing: 6px; margin: 4px 0"


def is_local(place: str) -> bool:
    """Whether an address leads each computer only to itself."""
    host = urlsplit(place).hostname or ""
    return host in ("", "localhost", "::1") or host.startswith("127.")


def public_place(place: str) -> str:
    """The address for others of the page that a browser found at `place`; empty without one."""
    if not is_local(place):
        return place
    return next(iter(os.environ.get(SHARED, "").split()), "")


def qr_code(address: str) -> str:
    """An SVG of the QR code of an address, dark on white in every theme."""
    made = segno.make(address, micro=False)
    width, _ = made.symbol_size(scale=5, border=4)
    return made.svg_inline(
        scale=5, border=4, light="#ffffff", dark="#000000", svgclass=None, lineclass=None
    ).replace(
        "<svg ",
        f'<svg role="img" aria-label="QR code of {escape(address)}" viewBox="0 0 {width} {width}" ',
        1,
    )


@final
class Share(pn.viewable.Viewer):
    """A dialog with the address of what the page shows; `search` is its query."""

    def __init__(self, classroom: Classroom, search: Callable[[], str], **params):
        super().__init__(**params)
        self._classroom, self._search = classroom, search
        self._text, self._teaching = html.pane(), html.pane()
        self._address = Copyable("Address of this page")
        self._code = pn.pane.HTML(
            "", margin=(4, 0), stylesheets=[QR], sizing_mode="stretch_width"
        )  # fmt: skip
        self._typed = pmui.TextInput(
            label="Code of a teacher", size="small", width=180, margin=(6, 8, 0, 0), max_length=8
        )
        self._typed.param.watch(lambda *_: self._follow(), "enter_pressed")
        follow = pmui.Button(
            label="Follow", variant="outlined", margin=(8, 0), on_click=lambda _: self._follow()
        )
        self._joining = pn.Row(self._typed, follow, margin=0)
        self._button = pmui.Button(
            variant="outlined", size="small", margin=(4, 0), on_click=lambda _: self._press()
        )
        self._layout = pmui.Dialog(
            pn.Column(
                self._text, self._address, self._code, self._teaching, self._button,
                self._joining, sizing_mode="stretch_width", styles={"gap": "8px"},
            ),
            title="Share this page", show_close_button=True, close_on_click=True, width_option="md",
        )  # fmt: skip
        classroom.following.param.watch(lambda *_: self._write(), ["role", "count"])

    def open(self) -> None:
        """Show the dialog."""
        # First, since changes made while the browser builds the dialog may be lost.
        self._write()
        self._layout.open = True

    def link(self) -> str:
        """The link for others: what the page shows now, or the lecture while it teaches."""
        following, place = self._classroom.following, self._classroom.place
        place = public_place(place) or place
        teaches = following.role == "teacher"
        return place + (f"?follow={following.code}" if teaches else for_pupils(self._search()))

    def _write(self) -> None:
        """Update the dialog."""
        following = self._classroom.following
        shared, link = bool(public_place(self._classroom.place)), self.link()
        teaches = following.role == "teacher"
        what = "Anyone who opens this address follows you." if teaches else "What you see now."
        scan = " Phones on this network can scan the code." if shared else f"</p><p>{ALONE}"
        self._text.object = f"<p>{what}{scan}</p>"
        self._address.text = link
        # Not hidden: Panel fails to hide HTML that the browser has not drawn yet.
        self._code.object = qr_code(link) if shared else ""
        follows = following.role == "follower"
        code = f'<p style="{CODE}">{escape(following.code)}</p>' if teaches else ""
        words = f"{code}<h3>Follow the teacher</h3><p>{TEACH}</p>"
        self._teaching.object = "" if follows else words
        self._joining.visible = following.role == "alone"
        self._button.visible = not follows
        self._button.label = "Stop teaching" if teaches else "Let others follow"

    def _press(self) -> None:
        following = self._classroom.following
        if following.role == "teacher":
            following.stop()
        else:
            following.teach()

    def _follow(self) -> None:
        """Follow the page whose code was typed, or say that no lecture has it."""
        if code := (self._typed.value_input or "").strip():
            self._classroom.follow(code)
            self._layout.open = self._classroom.following.role != "follower"

    def __panel__(self):
        return self._layout
