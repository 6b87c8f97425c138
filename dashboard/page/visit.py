"""A visitor arrives: admitted or refused, the state read from the address, the page assembled.

Workers, models and remembered runs belong to the process and are shared by all visitors; everything
else is made for one visitor.
"""

import panel as pn
from bokeh.document import Document
from panel.viewable import Viewable

from dashboard.compute.session import Session
from dashboard.compute.threads import workers
from dashboard.compute.warm import wait_for_first
from dashboard.concurrency.event_loop import Gate
from dashboard.keeping.store import SavedItems
from dashboard.keeping.visitor import visitor_of
from dashboard.lessons.choice import arriving
from dashboard.operations.admission import CROWDED, has_visitor, leave, let_in
from dashboard.page.shell import Shell, bare
from dashboard.page.views import VIEWS
from dashboard.parts import spare
from dashboard.parts.projector import PROJECTOR
from dashboard.runs.catalogue import catalogue
from dashboard.runs.visitor_catalogue import VisitorCatalogue
from dashboard.sharing.classroom import followed
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query

CUT_OFF = "The connection to the server is lost; the page reloads as soon as the server answers."


def page() -> Viewable:
    """The page of one visitor, restored from the address."""
    # The bridge reloads the page, see bridge.js.
    pn.extension(
        "mathjax", notifications=True, disconnect_notification=CUT_OFF,
        js_files=spare.ADDRESSES,
    )  # fmt: skip
    document = pn.state.curdoc or Document()
    visited = has_visitor(document)
    if visited:
        if not let_in(document):
            return bare(CROWDED)
        pn.state.on_session_destroyed(leave)
    keep = SavedItems(visitor_of(document))
    keep.seen()
    shelf = VisitorCatalogue(catalogue(), keep)
    query = {
        name: values[-1].decode(errors="replace") for name, values in pn.state.session_args.items()
    }
    shelf.recall(query.values())
    reader = read_query(arriving(followed(query, shelf)), shelf)
    state = Exploration(shelf, **reader.values)
    choices = {name: entry.choice() for name, entry in VIEWS.items()}
    for choice in choices.values():
        choice.read(reader, state)
    threads = workers()
    if not visited:
        # Wait only for the first answer: the server should respond soon.
        wait_for_first(shelf, 60.0)
    gate = Gate(document.add_next_tick_callback)
    session = Session(state, shelf, threads, gate)
    shell = Shell(
        state=state, session=session, catalogue=shelf, workers=threads, schedule=gate,
        choices=choices, problems=[*reader.problems, *shelf.problems],
        projector=query.get(PROJECTOR) == "1",
    )  # fmt: skip
    pn.state.on_session_destroyed(lambda _: shell.close())
    if code := query.get("follow"):
        shell.classroom.follow(code)
    return shell.page
