"""How results return to a page: they are delivered only on the event loop of its visitor."""

from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any, final

from bokeh.document import Document


def looked_at(document: Document | None) -> bool:
    """Whether a browser is connected to a page; a page without a server always counts as seen."""
    context = document.session_context if document is not None else None
    session = getattr(context, "session", None)
    return session is None or session.connection_count > 0


@final
class Gate:
    """Brings results from the workers to the visitor's event loop, once the page has been built.

    Changes that are sent while the browser still builds the page can be lost. Until it reports that
    it is ready, only the newest result for each receiver is kept.
    """

    def __init__(self, on_loop: Callable[[Callable[[], None]], Any]):
        self._on_loop = on_loop
        self._ready = False
        self._arrived: deque[Callable[[], None]] = deque()
        self._waiting: dict[Callable[..., None], Callable[[], None]] = {}

    def __call__(self, result: Callable[[], None]) -> None:
        """Called by any thread and by other pages, to which no reference may be kept."""
        # Bokeh makes a cycle of every callback, which would hold the result's megabytes until the
        # next full collection, so the callback holds none.
        self._arrived.append(result)
        Context().run(self._on_loop, self._pass)

    def _pass(self) -> None:
        result = self._arrived.popleft()
        if self._ready:
            result()
        else:
            receiver = result.func if isinstance(result, partial) else result
            self._waiting[receiver] = result

    def open(self) -> None:
        """The page has been built: deliver what was kept, and from now on everything at once."""
        self._ready = True
        kept, self._waiting = self._waiting, {}
        for result in kept.values():
            result()
