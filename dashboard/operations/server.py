"""What is put around the page once, however it is served: routes, headers, measurements, logs.

Nothing that a page is given leads to its server. With `--warm` the page opens before there is one;
then this is the first thing that the event loop does, before it answers anybody.
"""

import gc
from functools import cache

from bokeh.server.tornado import BokehTornado
from tornado.ioloop import IOLoop

from dashboard import api
from dashboard.operations.headers import Headers

ROUTES: list[tuple] = [*api.ROUTES]


def standing() -> list[BokehTornado]:
    """The servers of this process."""
    return [one for one in gc.get_objects() if issubclass(type(one), BokehTornado)]


def equip(server: BokehTornado) -> None:
    """Put everything around one server."""
    server.add_handlers(r".*", [(server.prefix + path, *rest) for path, *rest in ROUTES])
    server.add_transform(Headers)


def _equip_all() -> None:
    for server in standing():
        equip(server)


@cache
def install() -> None:
    """Equip the server of the page; the page calls this as it opens."""
    if standing():
        _equip_all()
    else:
        IOLoop.current().add_callback(_equip_all)
