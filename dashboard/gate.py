"""The gate of a page: which visitors are let in, and when results from other threads are."""

import os
from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any

from bokeh.application.application import SessionContext
from bokeh.document import Document

from dashboard.runs.watchers import Watchers

SESSIONS = "HOAM_SESSIONS"
MOST_SESSIONS = 200
# Hears of every page that it was "opened", "refused" or "closed".
VISITS: Watchers[str] = Watchers()
_inside: set[str] = set()  # sessions by their ids, on the event loop alone
CROWDED = """
## The room is full

As many pages are open as this computer can serve well. Close one of yours, or try again in a
minute.
"""


def most_sessions() -> int:
    """How many pages may be open at a time: the variable HOAM_SESSIONS, or 200."""
    text = os.environ.get(SESSIONS, "")
    return int(text) if text.isdecimal() and int(text) > 0 else MOST_SESSIONS


def has_visitor(document: Document) -> bool:
    """Whether somebody asks for a page; `--warm` makes it once before there is a server."""
    return getattr(document.session_context, "server_context", None) is not None


def let_in(document: Document) -> bool:
    """Whether a visitor gets his page; the note that turns others away takes nobody's place."""
    if len(_inside) >= most_sessions():
        VISITS.tell("refused")
        return False
    _inside.add(document.session_context.id)
    VISITS.tell("opened")
    return True


def leave(context: SessionContext) -> None:
    """A visitor who was let in has gone."""
    _inside.discard(context.id)
    VISITS.tell("closed")


def looked_at(document: Document | None) -> bool:
    """Whether a browser is connected to a page; a page without a server always counts as seen."""
    context = document.session_context if document is not None else None
    session = getattr(context, "session", None)
    return session is None or session.connection_count > 0


class Gate:
    """Brings results from the workers to the visitor's event loop, once the page stands.

    Changes that are sent while the browser still builds the page can be lost. Until it reports that
    it is ready, only the newest result for each receiver is kept.
    """

    def __init__(self, on_loop: Callable[[Callable[[], None]], Any]):
        self._on_loop = on_loop
        self._ready = False
        self._arrived: deque[partial] = deque()
        self._kept: dict[Callable, partial] = {}

    def __call__(self, result: partial) -> None:
        """Called by any thread and by other pages, of which nothing may come along."""
        # Bokeh makes a cycle of every callback, which would hold the result's megabytes until the
        # next full collection, so the callback knows of none.
        self._arrived.append(result)
        Context().run(self._on_loop, self._pass)

    def _pass(self) -> None:
        result = self._arrived.popleft()
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
