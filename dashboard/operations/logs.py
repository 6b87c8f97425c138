"""The log: lines of text, or with HOAM_LOG=json an object in each line, on standard error.

An object has time (UTC), level, logger, event and, where there are any, its details and traceback.
It contains no visitor's data: only the path of a request without its query, and the number of
uploaded files.
"""

import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, final

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

LOG = "HOAM_LOG"
# Attributes of every record; any others are details that the caller gave.
USUAL = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
access = logging.getLogger("dashboard.access")


@final
class JsonLines(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """A line without its newline."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        found: dict[str, Any] = {
            "time": f"{now}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        found |= {name: _plain(v) for name, v in vars(record).items() if name not in USUAL}
        if record.exc_info:
            found["traceback"] = self.formatException(record.exc_info)
        return json.dumps(found, default=str, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """A detail as a JSON value, so that a log line can always be written."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@final
class Errors(logging.Handler):
    """Reports every error that is logged, by the name of its logger."""

    def __init__(self, tell: Callable[[str], None]):
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        self._tell(record.name)


def without_query(record: logging.LogRecord) -> bool:
    """A filter of Tornado's log that keeps only method and path of a failed request."""
    if record.funcName == "log_exception" and isinstance(record.args, tuple):
        _, request = record.args
        if isinstance(request, HTTPServerRequest):
            told = str(request.method), request.path
            record.msg, record.args = "Uncaught exception %s %s", told
    return True


def configure(tell_error: Callable[[str], None]) -> None:
    """Let errors be counted, and write JSON if the variable HOAM_LOG asks for it."""
    root, panel = logging.getLogger(), logging.getLogger("panel")
    if os.environ.get(LOG, "").strip().lower() == "json":
        lines = logging.StreamHandler(sys.stderr)
        lines.setFormatter(JsonLines())
        root.handlers[:] = [lines]
        # Panel writes to standard output by a handler of its own.
        panel.handlers.clear()
        panel.setLevel(logging.INFO)
        panel.propagate = True
        for name in ("dashboard", "hoam_core"):
            logging.getLogger(name).setLevel(logging.INFO)
    # Its warnings hold queries, addresses and cookies; `log_request` reports refused requests.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    logging.getLogger("tornado.application").addFilter(without_query)
    errors = Errors(tell_error)
    root.addHandler(errors)
    if not panel.propagate:
        panel.addHandler(errors)


def log_request(handler: RequestHandler) -> None:
    """Called by Tornado at the end of each request in place of its own log line.

    Requests for data and failures are logged; the files of a page only at debug level.
    """
    request, status = handler.request, handler.get_status()
    fine = logging.INFO if "/api" in request.path else logging.DEBUG
    level = fine if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    details = {"path": request.path, "status": status, "seconds": round(request.request_time(), 4)}
    access.log(level, "request", extra={"method": request.method, **details})
