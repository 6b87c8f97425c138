"""What a page shows of a lecture: a banner, and a lock on the controls while it follows.

The lock is in the browser, where it applies to all controls, including those of views built later;
in addition the widgets of the page are disabled, so that everybody sees and hears that they are
inactive.
"""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import final
from urllib.parse import parse_qsl, urlencode

import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent

from dashboard.lessons.choice import for_pupils
from dashboard.parts import html
from dashboard.runs.catalogue import Offer
from dashboard.sharing.follow import LECTURES, Following, News
from dashboard.view.base import Visit

BANNER = """
:host { border-radius: 10px; align-items: center; gap: 8px; padding: 2px 8px 2px 12px;
  box-sizing: border-box; flex-wrap: wrap; max-height: none;
  background: color-mix(in srgb, var(--panel-primary-color) 16%, transparent); }
"""
PLAYED = ("playing", "speed", "loop", "log_scale")
NOT_HERE = (
    "The teacher is showing own data, which this page does not have; it follows again once "
    "something else is shown."
)


@final
class Guard(JSComponent):
    """Locks the content of the page, and reports the address at which the browser found it."""

    locked = param.Boolean(default=False)

    _esm = Path(__file__).with_name("guard.js")

    def __init__(self, found: Callable[[str], None], **params):
        super().__init__(width=0, height=0, margin=0, sizing_mode="fixed", **params)
        self._found = found

    def _handle_msg(self, data: str) -> None:
        self._found(data)


def query_of(link: str) -> dict[str, str]:
    """The entries of a link."""
    return dict(parse_qsl(link.lstrip("?")))


def foreign(link: str, catalogue: Offer) -> str:
    """The system of a link if a page with this catalogue does not have it; else empty."""
    system = query_of(link).get("system", "")
    return "" if system in catalogue.systems else system


def followed(query: dict[str, str], catalogue: Offer) -> dict[str, str]:
    """The query of a new page: the teacher's, if it asks to follow a lecture.

    Anything that the page does not have is left to the news, which reports it.
    """
    code = query.get("follow", "").strip().lower()
    try:
        link = LECTURES.news(code).link
    except ValueError:
        return query
    return ({} if foreign(link, catalogue) else query_of(link)) | {"follow": code}


@final
class Classroom(pn.viewable.Viewer):
    """The banner of a page and its role in a lecture.

    `link()` is what the page shows, `changed` is called when that may have changed, `held()` are
    the parts with widgets, and `show` restores the state of a link.
    """

    def __init__(
        self,
        visit: Visit,
        link: Callable[[], str],
        changed: Callable[[], None],
        held: Callable[[], list[pn.viewable.Viewable]],
        show: Callable[[str], None],
        **params,
    ):
        super().__init__(**params)
        self._visit, self._link, self._changed = visit, link, changed
        self._held, self._show_link = held, show
        self._disabled: list[pn.widgets.Widget] = []
        self._missed: set[str] = set()
        self.place = ""
        self.guard = Guard(self._find)
        self.following = Following(self._news, self._show, visit.schedule)
        self._text = html.pane(align="center")
        self._button = pmui.Button(
            variant="text", size="small", margin=2, align="center",
            on_click=lambda _: self._press(),
        )  # fmt: skip
        self._layout = pn.Row(
            self._text, self._button, sizing_mode="stretch_width", margin=(8, 14, 0, 14),
            stylesheets=[BANNER], visible=False, css_classes=["free"],
        )  # fmt: skip
        visit.state.param.watch(lambda *_: self.following.tell(), list(PLAYED))
        # Followers need not wait for the teacher's answer; it will often be the one they get.
        visit.state.watch_mu(lambda *_: self._changed(), last=True)
        self.following.param.watch(lambda *_: self._write(), ["role", "count", "ended"])

    @property
    def suffix(self) -> str:
        """What a following page adds to its address, so that it follows again when reloaded."""
        following = self.following
        return "&" + urlencode({"follow": following.code}) if following.role == "follower" else ""

    def follow(self, code: str) -> None:
        """Follow the page with a code; a sentence in a toast if no lecture has it."""
        try:
            self.following.follow(code)
        except ValueError as error:
            self._visit.tell(str(error))

    def catch_up(self) -> None:
        """The page is visible again."""
        self.following.catch_up()

    def _find(self, place: str) -> None:
        self.place = place

    def _news(self) -> News:
        state = self._visit.state
        return News(for_pupils(self._link()), *(getattr(state, name) for name in PLAYED))

    def _show(self, news: News) -> None:
        state = self._visit.state
        if system := foreign(news.link, self._visit.catalogue):
            # News arrives with every move of the teacher's slider.
            if system not in self._missed:
                self._missed.add(system)
                self._visit.tell(NOT_HERE)
            return
        with pn.io.hold():
            if news.link != for_pupils(self._link()):
                self._show_link(news.link)
            state.param.update(**dict(zip(PLAYED, news[1:], strict=True)))
            self._rest()

    def _rest(self) -> None:
        """Disable the widgets that are on the page now."""
        for part in self._held():
            for widget in part.select(pn.widgets.Widget):
                if isinstance(widget, pn.widgets.Widget) and not widget.disabled:
                    widget.disabled = True
                    self._disabled.append(widget)

    def _write(self) -> None:
        following = self.following
        follows = following.role == "follower"
        self.guard.locked = follows
        if follows:
            self._rest()
        while not follows and self._disabled:
            self._disabled.pop().disabled = False
        words, label = self._said()
        self._text.object = f'<p role="status">{words}</p>'
        self._button.label = label
        self._layout.visible = bool(words)
        self._changed()

    def _said(self) -> tuple[str, str]:
        following = self.following
        if following.role == "follower":
            return "You are following the teacher. Controls are locked.", "Stop following"
        if following.role == "teacher":
            count = {0: "Nobody is following you yet", 1: "One page is following you"}.get(
                following.count, f"{following.count} pages are following you"
            )
            return f"{count}; the code is <b>{escape(following.code)}</b>.", "Stop teaching"
        if following.ended:
            return "The teacher has left; the page is yours now.", "Close"
        return "", ""

    def _press(self) -> None:
        self.following.stop()
        self.following.ended = False

    def close(self) -> None:
        """The visitor has left."""
        self.following.close()

    def __panel__(self):
        return self._layout
