"""The list of what is kept for a visitor: until when, how much, and a way to delete it.

Deleting asks for confirmation, since it cannot be undone.
"""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.keeping.bounds import date, kept_seconds, megabytes, most_bytes
from dashboard.keeping.store import SavedItem, SavedItems
from dashboard.own_data.returning import what
from dashboard.parts import html
from dashboard.parts.layout import card, wrapping

BUTTON = {"size": "small", "variant": "outlined", "margin": (2, 4)}
ROW = """:host { align-items: center; flex-wrap: wrap; max-height: none; padding: 2px 0; border-top:
  1px solid color-mix(in srgb, var(--panel-on-background-color) 15%, transparent); }"""
EVERYTHING = "everything that is kept for you"
ASKED = (
    "<p>Delete <b>{what}</b>? It is removed from this server at once, and can only be restored "
    "from a copy of your own.</p>"
)


@final
class KeptList(pn.viewable.Viewer):
    """Items with their buttons; `opened` and `deleted` receive the name, empty for all."""

    def __init__(
        self,
        keep: SavedItems,
        opened: Callable[[str], None],
        deleted: Callable[[str], None],
        **params,
    ):
        super().__init__(**params)
        self._keep, self._opened, self._deleted = keep, opened, deleted
        self._asked: str | None = None
        self._text, self._question = html.pane(), html.pane()
        self._rows = pn.Column(sizing_mode="stretch_width", margin=0)
        self._all = self._button("Delete everything", "delete_forever", partial(self._ask, ""))
        self._dialog = pmui.Dialog(
            pn.Column(self._question, wrapping(
                self._button("Delete", "delete", self._delete, color="error"),
                self._button("Keep it", "close", self._close),
            ), sizing_mode="stretch_width"),
            title="Delete for good?", show_close_button=True, close_on_click=True,
        )  # fmt: skip
        self._layout = card(self._text, self._rows, self._all, self._dialog)
        self._layout.visible = False

    def _button(self, label: str, icon: str, press: Callable[[], None], **more) -> pmui.Button:
        return pmui.Button(label=label, icon=icon, on_click=lambda _: press(), **(BUTTON | more))

    def show(self, things: list[SavedItem]) -> None:
        """Draw the list again."""
        self._layout.visible = bool(things)
        self._text.object = _description(self._keep, things)
        self._rows[:] = [self._row(thing) for thing in things]

    def _row(self, thing: SavedItem) -> pn.Row:
        words = html.pane(
            object=f"<p><b>{escape(thing.title)}</b> <span class='soft'>{escape(what(thing))}, "
            f"{megabytes(thing.size)}, used {date(thing.used)}</span></p>",
            min_width=200, margin=(2, 6),
        )  # fmt: skip
        open_it = self._button("Open", "folder_open", partial(self._opened, thing.name))
        delete = self._button("Delete", "delete", partial(self._ask, thing.name, thing.title))
        return pn.Row(words, open_it, delete, sizing_mode="stretch_width", stylesheets=[ROW])

    def _ask(self, name: str, title: str = EVERYTHING) -> None:
        self._asked = name
        shown = title if title == EVERYTHING else f"“{title}”"
        self._question.object = ASKED.format(what=escape(shown))
        self._dialog.open = True

    def _delete(self) -> None:
        name, self._asked = self._asked, None
        self._close()
        if name is not None:
            self._deleted(name)

    def _close(self) -> None:
        self._dialog.open = False

    def __panel__(self):
        return self._layout


def terms(keep: SavedItems) -> str:
    """How own data are kept here, in a sentence or two."""
    if not keep:
        return "It is deleted when you close the page."
    days = kept_seconds() / 86_400
    return (
        f"It is kept for you for {days:g} days after your last visit, recognised by a cookie in "
        "this browser, and you can delete it below at any time."
    )


def _description(keep: SavedItems, things: list[SavedItem]) -> str:
    size = sum(thing.size for thing in things)
    return (
        f"<h3>Kept on this server until {date(keep.until)}</h3><p class='soft'>Available only in "
        f"this browser; each visit renews it. {megabytes(size)} of {megabytes(most_bytes())} are "
        "in use. On a shared computer, delete it before you leave.</p>"
    )
