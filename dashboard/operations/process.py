"""Which of several processes this is: a letter in the variable HOAM_PROCESS, sent as a cookie.

Pages, own data and lectures live in the process that made them. Where a proxy distributes visitors
among several, the cookie says which one a browser belongs to; for followers of a lecture its code
does, which begins with the letter. Without the variable there is one process and no cookie.
"""

from typing import final

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

from hoam_core.cli.serve import process_name

COOKIE = "hoam_process"


@final
class Belonging(OutputTransform):
    """Tells a browser that it belongs to this process, unless it already knows."""

    def __init__(self, request: HTTPServerRequest):
        self._known = COOKIE in request.cookies and request.cookies[COOKIE].value
        self._end = "; Secure" if request.protocol == "https" else ""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Called by Tornado when a response begins."""
        if self._known != (name := process_name()) and name:
            told = f"{COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax{self._end}"
            headers.add("Set-Cookie", told)
        return status_code, headers, chunk
