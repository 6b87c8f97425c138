"""The page around a view: title bar, sidebar, theme, keys, address, and the visitor's session.

The only file that knows the page template. Workers, models and remembered runs belong to the
process and are shared by all visitors; everything else is made for one visitor.
"""

import atexit
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from panel.util import edit_readonly

from dashboard.bridge import HELP, Bridge
from dashboard.catalogue import Catalogue, catalogue
from dashboard.controls import Controls
from dashboard.explore import Explore
from dashboard.session import Session
from dashboard.state import Exploration
from dashboard.url import read_query, write_query
from dashboard.warm import wait_for_first, warm_first, warm_rest
from dashboard.worker import Worker

TITLE = "Learned population dynamics"
THEME = {
    "palette": {"primary": {"main": "#1F6F8B", "contrastText": "#ffffff"}},
    "typography": {"fontSize": 13},
}
BAR = "#12495e"
SX = {
    "& .header": {"backgroundColor": f"{BAR} !important", "boxShadow": "none"},
    "& .header *": {"color": "#ffffff"},
    # An indicator without a name; the page has its own progress and status.
    "& .header .MuiLinearProgress-root": {"display": "none"},
    "& .MuiToolbar-root": {"minHeight": "50px !important"},
    "& .header .title": {"fontSize": {"xs": "1rem", "sm": "1.15rem"}, "fontWeight": 500},
}
DARK = {"palette": {"primary": {"main": "#7CC6DE", "contrastText": "#06222b"}}}
ADDRESSED = ["model", "seed", "share", "particles", "playing", "horizontal", "vertical"]
CSS = """
html, body { overflow-x: hidden; }
/* The page can be read while its last parts load; only an error covers it. */
#loader:not(.error) { background: none; pointer-events: none; }
"""


@cache
def workers() -> tuple[Worker, Worker]:
    """The threads of this process: one for learned models, one behind it for full models.

    A third, behind both, compiles what visitors may ask for next.
    """
    models = Worker("learned-models")
    full = Worker("full-models", behind=(models,))
    rest = Worker("warm-up", behind=(models, full), calm=2.0, patience=30.0)
    # A thread that is killed inside compiled code takes the process down with a loud message.
    atexit.register(lambda: (rest.end(), full.end(), models.end()))
    models.ask("warm", partial(warm_first, catalogue()), lambda _: None)
    rest.ask("warm", partial(warm_rest, catalogue()), lambda _: None)
    return models, full


def page() -> pmui.Page:
    """The page of one visitor, restored from the address."""
    pn.extension(notifications=True, reconnect=True)
    shelf = catalogue()
    query = {name: values[-1].decode() for name, values in pn.state.session_args.items()}
    values, problems = read_query(query, shelf)
    state = Exploration(shelf, **values)
    document = pn.state.curdoc
    if not pn.state.headers:  # `--warm` runs the page once without any request
        workers()
        # Not longer than for the first answer: the server should answer soon, too.
        wait_for_first(shelf, 60.0)
    gate = Gate(document.add_next_tick_callback)
    session = Session(state, shelf, *workers(), gate)
    pn.state.on_session_destroyed(lambda _: session.close())
    return Shell(state, session, shelf, gate, [*problems, *shelf.problems]).page


class Gate:
    """Brings results from the workers to the visitor's event loop, once the page stands.

    Changes that are sent while the browser still builds the page can be lost. Until it reports that
    it is ready, only the newest result for each receiver is kept.
    """

    def __init__(self, on_loop: Callable[[Callable[[], None]], Any]):
        self._on_loop = on_loop
        self._ready = False
        self._kept: dict[Callable, partial] = {}

    def __call__(self, result: partial) -> None:
        """Called by any thread."""
        self._on_loop(partial(self._pass, result))

    def _pass(self, result: partial) -> None:
        if self._ready:
            result()
        else:
            self._kept[result.func] = result

    def open(self) -> None:
        """The page stands: deliver what was kept, and from now on everything at once."""
        self._ready = True
        kept, self._kept = self._kept, {}
        for result in kept.values():
            result()


class Shell:
    """Puts the parts of a page together and connects what lies outside them."""

    def __init__(
        self,
        state: Exploration,
        session: Session,
        shelf: Catalogue,
        gate: Gate,
        problems: list[str],
    ):
        self.state, self.session, self.gate = state, session, gate
        self.view = Explore(state, session, shelf)
        self.bridge = Bridge(self.heard, title=TITLE)
        self.help = pmui.Dialog(
            pn.pane.Markdown(HELP, sizing_mode="stretch_width"), title="Help",
            show_close_button=True,
            close_on_click=True,
        )  # fmt: skip
        help_button = pmui.IconButton(
            icon="help_outline", description="Help and keys (?)", color="light",
            on_click=lambda _: self.show_help(),
        )  # fmt: skip
        self.page = pmui.Page(
            title=TITLE, sidebar=[Controls(state, shelf, self.bridge)], sidebar_width=300,
            sidebar_resizable=False, busy_indicator=None,
            header=[pn.layout.HSpacer(), help_button],
            main=[self.view, self.bridge, self.help], raw_css=[CSS], sx=SX,
            theme_config={"light": THEME, "dark": THEME | DARK},
            meta_description="A slider moves the physics; a learned model answers at once.",
        )  # fmt: skip
        with edit_readonly(self.page):
            # The page has its own progress. Panel's would walk all models of the document twice for
            # every event, 20 ms on the way from the slider to its picture.
            self.page.busy = False
        self.page.param.watch(lambda event: self.view.theme(event.new), "dark_theme")
        self.view.theme(self.page.dark_theme)
        state.param.watch(lambda *_: self.address(), ADDRESSED)
        state.param.watch(lambda *_: None if state.playing else self.address(), "frame")
        session.param.watch(lambda *_: self.address(), ["answer", "reference", "truth_state"])
        self.address()
        pn.state.onload(lambda: self.complain(problems))

    def heard(self, message: dict) -> None:
        """Something the browser reports: a key, or that the page is hidden."""
        if message.get("action") == "help":
            self.show_help()
        elif "action" in message:
            self.view.player.act(message["action"])
        elif "ready" in message:
            self.gate.open()
        elif message.get("hidden"):
            self.state.playing = False

    def show_help(self) -> None:
        """Open or close the help."""
        self.help.open = not self.help.open

    def address(self) -> None:
        """Write the state to the address bar."""
        self.bridge.search = write_query(self.state)

    def complain(self, problems: list[str]) -> None:
        """Show what is wrong with a link, one toast for each sentence."""
        for sentence in problems:
            pn.state.notifications.error(f"{sentence} The default is used.", duration=12_000)
