"""Everything added to the page's server, however it is started: routes, headers, metrics, logs.

A page has no reference to its server. With `--warm` the page opens before there is a server; then
this is the first thing that the event loop does, before it answers any request.
"""

import gc
import logging
import re
from functools import cache, partial
from http import HTTPStatus
from typing import final

from bokeh.server.tornado import BokehTornado
from panel.io.resources import COMPONENT_PATH
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from dashboard.compute import session
from dashboard.compute.threads import workers
from dashboard.concurrency import worker
from dashboard.keeping.store import remove_expired
from dashboard.keeping.visitor import Recognised
from dashboard.operations import admission, api, logs, messages, metrics
from dashboard.operations.garbage import EVERY, Garbage
from dashboard.operations.headers import Headers
from dashboard.operations.process import Belonging
from dashboard.parts import spare
from hoam_core import __version__
from hoam_core.cli.serve import process_name

PROBE = 500.0  # milliseconds
SWEPT_EVERY = 3 * 3_600.0  # seconds


@final
class Absent(RequestHandler):
    """Disables Panel's route for component files, which no view uses, for everybody.

    Panel's own handler imports whatever the address names.
    """

    def prepare(self) -> None:
        """Refuse every request before anything is done."""
        raise HTTPError(HTTPStatus.NOT_FOUND)


@final
class Liveness(RequestHandler):
    """Reports that the page can be served, without a password and without building a page."""

    def get(self) -> None:
        """Always the same."""
        self.write({"alive": True})


ROUTES: list[tuple] = [
    *api.ROUTES,
    (rf"/{re.escape(COMPONENT_PATH)}.*", Absent),
    (r"/liveness", Liveness),
    (r"/metrics", metrics.Metrics),
    (rf"/({'|'.join(map(re.escape, spare.NAMES))})", StaticFileHandler, {"path": spare.FOLDER}),
]
log = logging.getLogger(__name__)


def standing() -> list[BokehTornado]:
    """The servers of this process."""
    # Objects refer to their class. A list of all objects would hold the tuples that other threads
    # are making, too, and Python fails to complete a tuple that anybody holds (gh-101855).
    return [one for one in gc.get_referrers(BokehTornado) if type(one) is BokehTornado]


def ended(handler: RequestHandler) -> None:
    """A request has been answered."""
    logs.log_request(handler)
    name, status = type(handler).__name__, str(handler.get_status())
    metrics.REQUESTS.labels(name, status).observe(handler.request.request_time())


def equip(server: BokehTornado) -> None:
    """Add everything to one server."""
    server.add_handlers(r".*", [(server.prefix + path, *rest) for path, *rest in ROUTES])
    messages.guard(server)
    server.add_transform(Headers)
    server.add_transform(Belonging)
    server.add_transform(Recognised)
    server.settings["log_function"] = ended
    metrics.SERVERS.add(server)


def visited(event: str) -> None:
    """A page was opened, refused or closed."""
    metrics.VISITS.labels(event).inc()
    log.info("page %s", event)


@cache
def measure() -> None:
    """Record everything that is measured or logged, from now on."""
    logs.configure(lambda logger: metrics.ERRORS.labels(logger).inc())
    admission.VISITS.watch(visited)
    session.ANSWERED.watch(metrics.ANSWERS.observe)
    worker.FINISHED.watch(metrics.observe_job)


def tidy() -> None:
    """Collect the garbage of closed pages from time to time."""
    garbage = Garbage(workers().models.has_been_idle)
    admission.VISITS.watch(garbage.heard)
    PeriodicCallback(partial(_look, garbage), 1_000 * EVERY).start()


def _look(garbage: Garbage) -> None:
    garbage.look()


def sweep_up() -> None:
    """Delete expired items now and every few hours; a thread does the disk work."""
    # Many folders take a while, and nobody is waiting for this.
    PeriodicCallback(_sweep, 1_000 * SWEPT_EVERY).start()
    _sweep()


def _sweep() -> None:
    workers().files.ask("sweep", lambda: iter([remove_expired()]), lambda _: None)


def probe_loop(loop: IOLoop) -> None:
    """Schedule a callback twice a second, and measure how late it runs."""
    due = loop.time() + PROBE / 1_000

    def come() -> None:
        nonlocal due
        metrics.LATENESS.observe(max(0.0, loop.time() - due))
        due = loop.time() + PROBE / 1_000
        loop.call_at(due, come)

    loop.call_at(due, come)


def _begin() -> None:
    for server in standing():
        equip(server)
    probe_loop(IOLoop.current())
    tidy()
    sweep_up()
    log.info("server started", extra={"version": __version__, "letter": process_name()})


@cache
def install() -> None:
    """Equip the server of the page; the page calls this as it opens."""
    measure()
    if standing():
        _begin()
    else:
        IOLoop.current().add_callback(_begin)
