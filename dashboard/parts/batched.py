"""Many changes of the page as one: one message to the browser, one pass over its models.

Whenever a child is added or removed, Bokeh walks over all models of the page to see which are new;
a page has thousands, and a change of system changes dozens of children. Here they are counted once,
before the message is written, which has to know what is new. Not for a view that is being built:
Panel finds the style sheets of a part by the page that it belongs to, which is known only after
that walk. Until then it would take those of an external host.
"""

from collections.abc import Generator
from contextlib import contextmanager

import panel as pn


@contextmanager
def together() -> Generator[None]:
    """Hold back messages to the browser until the end; may be nested, and used without a page."""
    with pn.io.hold():
        document = pn.state.curdoc
        if document is None:
            yield
            return
        frozen = document.models.freeze()
        frozen.__enter__()
        try:
            yield
        finally:
            # Without the exception, which would leave the models frozen for ever.
            frozen.__exit__(None, None, None)
