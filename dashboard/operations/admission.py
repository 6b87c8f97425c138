"""Which visitors are let in: as many pages at a time as this computer can serve well."""

import os

from bokeh.application.application import SessionContext
from bokeh.document import Document

from dashboard.concurrency.watchers import Watchers

SESSIONS = "HOAM_SESSIONS"
MOST_SESSIONS = 200
# Called for every page that is "opened", "refused" or "closed".
VISITS: Watchers[str] = Watchers()
_inside: set[str] = set()  # sessions by their ids, used on the event loop only
CROWDED = """
## The server is full

As many pages are open as this computer can serve well. Close one of yours, or try again in a
minute.
"""


def most_sessions() -> int:
    """How many pages may be open at a time: the variable HOAM_SESSIONS, or 200."""
    text = os.environ.get(SESSIONS, "")
    return int(text) if text.isdecimal() and int(text) > 0 else MOST_SESSIONS


def has_visitor(document: Document | None) -> bool:
    """Whether a visitor requests the page; `--warm` builds it once before there is a server."""
    context = document.session_context if document is not None else None
    return getattr(context, "server_context", None) is not None


def let_in(document: Document | None) -> bool:
    """Whether a visitor gets a page; the note shown to those refused does not count as one."""
    if len(_inside) >= most_sessions():
        VISITS.tell("refused")
        return False
    if document is not None and document.session_context is not None:
        _inside.add(document.session_context.id)
    VISITS.tell("opened")
    return True


def leave(context: SessionContext) -> None:
    """A visitor who was let in has left."""
    _inside.discard(context.id)
    VISITS.tell("closed")
