"""The view "explore" in a Jupyter notebook, with its sliders, player and workers.

    from dashboard.notebook import explorer
    explorer("two-stream", mu=1.25)

It is the same view as on the page. The kernel does what the page's server would do: workers run in
its threads, and results come back through its event loop, after the cell has finished. They wait
until the notebook has built the view, since changes that are sent earlier would be lost; and as the
notebook does not notice changes of Bokeh's own models, all changes are sent after every result.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import cache, partial
from typing import final
from urllib.parse import parse_qsl

import panel as pn
from panel.custom import JSComponent

from dashboard.compute.session import Session
from dashboard.compute.threads import Workers, at_the_end, started
from dashboard.concurrency.event_loop import Gate
from dashboard.explore.view import Explore
from dashboard.runs.catalogue import catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from dashboard.view.base import Exportable, Visit

log = logging.getLogger(__name__)
COLOURS = """
:host { --panel-background-color: #ffffff; --panel-surface-color: #ffffff;
  --panel-on-background-color: #1b1b1b; --panel-primary-color: #1f6f8b;
  --panel-on-primary-color: #ffffff; background: #ffffff; max-height: none; }
"""


@cache
def workers() -> Workers:
    """The threads of this kernel, without the compilation in advance for a server's visitors."""
    made = started()
    at_the_end(*made.all)
    return made


def explorer(system: str = "two-stream", **choices: float | str) -> "Explorer":
    """A viewer of a system, for use as the last line of a cell.

    `choices` are the entries of a link: the physics parameters by name, model ("none" for the full
    model alone), t, seed, particles, plane. Raises ValueError for values that a link would not
    accept either, and outside a notebook, where there is no event loop to deliver results.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise ValueError(
            "Function `explorer` needs the running event loop of a notebook; elsewhere open the "
            "page with `hoam serve`."
        ) from None
    shelf = catalogue()
    query = {name: str(value) for name, value in choices.items()}
    known = {p.name for s in shelf.systems.values() if s.name == system for p in s.parameters}
    known |= {"model", "t", "seed", "particles", "plane", "share"}
    if wrong := sorted(set(query) - known):
        raise ValueError(
            f"Unknown argument {wrong[0]!r} for {system!r}. Known: {', '.join(sorted(known))}."
        )
    reader = read_query({"system": system} | query, shelf)
    if reader.problems:
        raise ValueError(" ".join(reader.problems))
    # Scripts inline: a notebook should not depend on another host.
    pn.extension(inline=True)
    return Explorer(Exploration(shelf, **reader.values), loop)


@final
class Built(JSComponent):
    """Invisible; tells the kernel when the notebook has built the view beside it."""

    _esm = "export function render({model}) { setTimeout(() => model.send_msg('built'), 300) }"

    def __init__(self, built: Callable[[], None], **params):
        super().__init__(width=0, height=0, margin=0, sizing_mode="fixed", **params)
        self._built = built

    def _handle_msg(self, data: str) -> None:
        self._built()


@final
class NotebookColumn(pn.Column):
    """A column whose changes all reach the notebook.

    JupyterLab handles its messages in a separate thread: here they go to the kernel's loop, since
    parts of two answers could otherwise mix. While Panel handles a message, changes are held; when
    it releases them, the handlers of the notebook's changes run, but changes made in the kernel are
    not sent. Here those are sent first. A test fails if Panel changes this behaviour.
    """

    def __init__(self, *parts, loop: asyncio.AbstractEventLoop, **params):
        super().__init__(*parts, **params)
        self._loop = loop

    def _on_msg(self, ref: str, manager, msg) -> None:
        self._loop.call_soon_threadsafe(self._handle, ref, manager, msg)

    def _handle(self, ref: str, manager, msg) -> None:
        document, comm = pn.state._views[ref][2:]
        if comm is None:
            super()._on_msg(ref, manager, msg)
            return
        callbacks = document.callbacks

        def from_page(event) -> bool:
            return event.setter == comm.id

        def unhold() -> None:
            held = callbacks._held_events
            callbacks._held_events = [event for event in held if not from_page(event)]
            pn.io.push_notebook(self)
            callbacks._held_events = [event for event in held if from_page(event)]
            type(document).unhold(document)

        document.unhold = unhold
        try:
            super()._on_msg(ref, manager, msg)
        finally:
            del document.unhold


@final
class Explorer(pn.viewable.Viewer):
    """The view and everything of its one visitor, kept alive by the cell that shows it."""

    def __init__(self, state: Exploration, loop: asyncio.AbstractEventLoop, **params):
        super().__init__(**params)
        self.state, self._loop = state, loop
        threads, shelf = workers(), catalogue()
        self._gate = gate = Gate(partial(loop.call_soon_threadsafe, self._take))
        self.session = Session(state, shelf, threads, gate)
        self._view = Explore(
            Visit(state, self.session, shelf, threads, gate, self._go, log.warning)
        )
        self._layout = NotebookColumn(
            self._view, Built(self._open), loop=loop, sizing_mode="stretch_width", margin=0,
            stylesheets=[COLOURS],
        )  # fmt: skip
        self._beat: asyncio.TimerHandle | None = None
        state.param.watch(lambda *_: self._play(), ["playing", "speed"])
        self._view.open()
        self._view.complete()

    def __panel__(self):
        return self._layout

    def exportable(self) -> Exportable | None:
        """What is shown now: words, a script, a dataset; None before the first answer."""
        return self._view.exportable()

    def close(self) -> None:
        """Stop computing."""
        self.state.playing = False
        self.session.close()

    def _open(self) -> None:
        self._take(self._gate.open)

    def _take(self, result: Callable[[], None]) -> None:
        result()
        pn.io.push_notebook(self._layout)

    def _go(self, link: str) -> None:
        query = dict(parse_qsl(link.lstrip("?")))
        self.state.adopt(**read_query(query, catalogue(), self.state.system).values)

    def _play(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if self.state.playing:
            self._beat = self._loop.call_later(self.state.period / 1000, self._advance)

    def _advance(self) -> None:
        self._take(self.state.advance)
        self._play()
