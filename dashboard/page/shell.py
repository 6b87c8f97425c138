"""The page around a view: title bar, sidebar, theme, keys and address.

The only file that knows the page template.
"""

from functools import partial
from typing import final
from urllib.parse import parse_qsl

import panel as pn
import panel_material_ui as pmui
from panel.util.parameters import edit_readonly

from dashboard.exports.menu import Exports
from dashboard.glossary.panel import Glossary
from dashboard.lessons.choice import LessonsChoice, arriving
from dashboard.page.nav import Nav
from dashboard.page.views import VIEWS
from dashboard.parts.batched import together
from dashboard.parts.bridge import HELP, Bridge
from dashboard.parts.controls import Controls
from dashboard.parts.history import History
from dashboard.parts.player import Clock
from dashboard.parts.projector import Projector
from dashboard.parts.theme import CSS, DARK, SX, THEME
from dashboard.sharing.cite import Cite
from dashboard.sharing.classroom import Classroom
from dashboard.sharing.share import Share
from dashboard.state.url import read_query, write_query
from dashboard.view.base import View, Visit

TITLE = "hoam_core"
ADDRESSED = [
    "parameters", "model", "seed", "share", "particles", "playing", "horizontal", "vertical",
]  # fmt: skip


TURNS = {"next-view": 1, "previous-view": -1}


def bare(markdown: str) -> pmui.Page:
    """A page with some text and nothing else."""
    return pmui.Page(title=TITLE, main=[pn.pane.Markdown(markdown)], raw_css=[CSS], sx=SX)


def _without_busy(page: pmui.Page) -> None:
    """Disconnect a page from Panel's "busy" state; it has its own progress display.

    That state is shared by all pages: thirty that play would cause nine hundred notifications a
    frame, and it would keep each page in memory long after its visitor has left. Setting the
    parameter removes the reference, but not its watchers.
    """
    with edit_readonly(page):
        page.busy = False
    for names, watcher in page._param__private.ref_watchers:
        if names == ("busy",):
            pn.state.param.unwatch(watcher)


@final
class Shell:
    """Assembles the parts of a page and connects them."""

    def __init__(self, *, problems: list[str], projector: bool = False, **visit):
        self.bridge = Bridge(self.heard, title=TITLE)
        self.visit = Visit(
            go=self.go, tell=self.tell, after_paint=self.bridge.after_paint,
            unsaved=lambda is_it: self.bridge.param.update(unsaved=is_it), **visit
        )  # fmt: skip
        self.state, self.gate = self.visit.state, visit["schedule"]
        self.state.together = together
        self._views: dict[str, View] = {}
        self._open: list[View] = []
        self._names: list[str] = []
        self._history, self._links = History(), 0
        self._sidebar_open = True
        self._stage = pn.Column(sizing_mode="stretch_width", margin=0)
        self.help = pmui.Dialog(
            pn.pane.Markdown(HELP, sizing_mode="stretch_width"), title="Help",
            show_close_button=True,
            close_on_click=True,
        )  # fmt: skip
        self.classroom = Classroom(
            self.visit, self.link, self.address, held=lambda: [self._stage], show=self.restore
        )
        self.share = Share(self.classroom, self.link)
        self.cite = Cite(lambda: self.visit.catalogue.systems[self.state.system])
        self.projector = Projector(self.bridge, self._project)
        self.glossary = Glossary()
        buttons = [
            pmui.IconButton(icon=icon, description=markdown, color="light", margin=0,
                            on_click=lambda _, press=press: press())
            for icon, markdown, press in (
                ("slideshow", "Projector mode (P)", self.projector.toggle),
                ("menu_book", "Glossary: what the words mean", self.glossary.open),
                ("share", "Share, and let others follow", self.share.open),
                ("help_outline", "Help and keys (?)", self.show_help),
            )
        ]  # fmt: skip
        self.nav = Nav(
            lambda name: self.state.param.update(view=name),
            entries=[[name, entry.title, entry.hint] for name, entry in VIEWS.items()],
        )
        self.exports = Exports(self.visit, self.bridge, lambda: self._open)
        self.controls = Controls(
            self.state, self.visit.catalogue, self.bridge, self.exports, self.cite.open
        )  # fmt: skip
        self.page = pmui.Page(
            title=TITLE, sidebar=[self.controls], sidebar_width=300,
            sidebar_resizable=False, busy_indicator=None,
            header=[pn.layout.HSpacer(), *buttons],
            main=[self.nav, self.classroom, self._stage, self.bridge, self.classroom.guard,
                  self.help, self.share, self.cite, self.exports, self.glossary],
            raw_css=[CSS], sx=SX,
            theme_config={"light": THEME, "dark": THEME | DARK},
            meta_description="A slider changes the physics; a learned model answers at once.",
        )  # fmt: skip
        _without_busy(self.page)
        self.clock = Clock(self.state)
        self._show_view()
        self.page.param.watch(lambda event: self._theme(event.new), "dark_theme")
        self._watch_address()
        self.projector.toggle(projector)
        pn.state.onload(partial(self._tell_of, problems))

    def _watch_address(self) -> None:
        state = self.state
        state.param.watch(lambda *_: self._show_view(), "view")
        state.param.watch(lambda *_: self.address(), ADDRESSED)
        state.param.watch(lambda *_: None if state.playing else self.address(), "frame")
        for choice in self.visit.choices.values():
            if choice.addressed:
                choice.param.watch(lambda *_: self._show_view(), list(choice.addressed))
        self.address()

    def view(self, name: str) -> View:
        """A view, made when it is first asked for."""
        if name not in self._views:
            self._views[name] = view = VIEWS[name].view(self.visit)
            view.theme(self.page.dark_theme)
        return self._views[name]

    def _wanted(self) -> list[str]:
        """The view of the state, and the one that it wants below it."""
        below = self.view(self.state.view).below
        return [self.state.view, *([below] if below else [])]

    def _show_view(self) -> None:
        """Make exactly the wanted views visible."""
        if self.state.view not in self._views or self._wanted() != self._names:
            self._switch()
        self.address()

    def _switch(self) -> None:
        self._names = self._wanted()
        wanted = [self.view(one) for one in self._names]
        before, self._open = self._open, wanted
        for view in before:
            if view not in wanted:
                view.hide()
        for view in self._views.values():
            view.__panel__().visible = view in wanted
        for view in wanted:
            if not view.shown:
                view.open()
            # Afterwards: what is not in the page yet can be filled without a message to the
            # browser.
            if view.__panel__() not in self._stage:
                # A view that may be above another also precedes it in the page's source.
                first = view is self._views.get("lessons")
                self._stage.insert(0 if first else len(self._stage), view)
            self.visit.after_paint(view.complete)
        self.visit.after_paint(self._project)
        self.nav.current = self.state.view
        self.controls.offer(wanted[-1].uses)

    def go(self, link: str) -> None:
        """Open a link in place."""
        self._links += 1
        query = arriving(dict(parse_qsl(link.lstrip("?"))))
        reader = read_query(query, self.visit.catalogue, self.state.system)
        with pn.io.hold():
            self.state.adopt(**reader.values)
            for choice in self.visit.choices.values():
                choice.read(reader, self.state)
        for sentence in reader.problems:
            self.tell(sentence)

    def restore(self, link: str) -> None:
        """Restore the state of this link; anything it leaves out gets its default."""
        with pn.io.hold():
            self.go(link)
            query = dict(parse_qsl(link.lstrip("?")))
            for name in self._names:
                self.visit.choices[name].read_all(query, self.visit.catalogue, self.state)

    def _go_back(self, link: str, backs: int) -> None:
        """The visitor has gone back or forward in the browser's history."""
        with self._history.restoring(backs):
            if not self.classroom.guard.locked:
                self.restore(link)
            self.address()

    def heard(self, message: dict) -> None:
        """Handle a report of the browser: a key, a copy, or that the page is hidden (for long)."""
        if "action" in message:
            self._act(message["action"])
        elif "restore" in message:
            self._go_back(message["restore"], message["backs"])
        elif "screen" in message:
            self.projector.fit(*message["screen"])
        elif "ready" in message:
            # Before the gate opens, so that results are drawn in the right colours from the
            # beginning.
            if message.get("dark") is not None:
                self.page.dark_theme = message["dark"]
            self.gate.open()
        elif message.get("copied"):
            if (toasts := pn.state.notifications) is not None:
                toasts.success("The link is copied.")
        elif "copied" in message:
            self.tell("The browser does not allow copying; take the link from the address bar.")
        elif message.get("hidden"):
            self.state.playing = False
        elif message.get("away"):
            self._doze(True)
        else:
            self._doze(False)
            self.classroom.catch_up()

    def _act(self, action: str) -> None:
        """Carry out a key's action; on a page that follows, keys change nothing."""
        free = {
            "help": self.show_help, "save": self.exports.picture,
            "projector": self.projector.toggle,
        }  # fmt: skip
        if action in free:
            free[action]()
        elif self.classroom.guard.locked:
            return
        elif action in TURNS:
            names = list(VIEWS)
            here = names.index(self.state.view)
            self.state.view = names[(here + TURNS[action]) % len(names)]
        elif action in ("next", "previous"):
            self._open[0].act(action)
        else:
            self._open[-1].act(action)

    def _project(self) -> None:
        """Fit the open views to the screen of a projector, or show them as usual."""
        with pn.io.hold():
            if self.projector.on and self.nav.visible:
                self._sidebar_open, self.page.sidebar_open = self.page.sidebar_open, False
            elif not self.projector.on and not self.nav.visible:
                self.page.sidebar_open = self._sidebar_open
            self.nav.visible = not self.projector.on
            for view in self._open:
                view.present(self.projector.screen)
        self.address()

    def _doze(self, dozing: bool) -> None:
        for view in self._open:
            view.doze(dozing)

    def show_help(self) -> None:
        """Open or close the help."""
        self.help.open = not self.help.open

    def link(self) -> str:
        """The query of what the page shows, with the choices of the views that are open."""
        more: dict[str, str] = {}
        for name in self._names:
            more |= self.visit.choices[name].write(self.state)
        return write_query(self.state, more)

    def address(self) -> None:
        """Write what the page shows to the address bar, and tell those who follow."""
        search = self.link() + self.classroom.suffix + self.projector.suffix
        # A change of view or system, or an opened link, is an entry that Back can leave.
        mark = (*self._names, self.state.system, self.state.model, self._links)
        place = self._history.place(search, mark, follows=self.classroom.guard.locked)
        self.bridge.param.update(place=place, heading=self._heading())
        self.classroom.following.tell()

    def _heading(self) -> str:
        """The title of the browser's tab: first what distinguishes it from others."""
        lesson = (
            self.visit.choice("lessons", LessonsChoice).about
            if self.state.view == "lessons"
            else None
        )
        view = self._open[-1] if self._open else None
        about = [lesson.title] if lesson else []
        if not about and view is not None and "system" in view.uses:
            about = [self.visit.catalogue.systems[self.state.system].title]
        return " – ".join([*about, VIEWS[self.state.view].title, TITLE])

    def _theme(self, dark: bool) -> None:
        for view in self._views.values():
            view.theme(dark)

    def tell(self, sentence: str) -> None:
        """Show a sentence in a toast."""
        if (toasts := pn.state.notifications) is not None:
            toasts.error(sentence, duration=12_000)

    def _tell_of(self, problems: list[str]) -> None:
        for one in problems:
            self.tell(f"{one} The default is used.")

    def close(self) -> None:
        """The visitor has left: nothing more is computed for this page."""
        self.clock.stop()
        self.classroom.close()
        self.visit.session.close()
        self.exports.close()
        for view in self._views.values():
            view.close()
