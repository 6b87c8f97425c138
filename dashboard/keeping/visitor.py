"""How a visitor is recognised: by a cookie that nobody can guess and only the server reads.

The token in the cookie is 256 random bits. It appears in no address and no page, so that sharing a
link gives nothing away; it is even removed from the requests that Bokeh copies into its pages. Data
on the disk are filed under the digest of the token, from which the token cannot be recovered.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from http.cookies import CookieError
from typing import final

from bokeh.document import Document
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

from dashboard.keeping.bounds import kept_seconds

COOKIE, ATTRIBUTE = "hoam_own", "hoam_own"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def filed_under(token: str) -> str:
    """The name under which the data of a token are filed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _taken_out(request: HTTPServerRequest) -> str:
    """Take the token out of a request; empty if there is no well-formed one."""
    cookies = request.cookies
    found = cookies.pop(COOKIE, None)
    if found is None:
        return ""
    rest = "; ".join(f"{name}={one.coded_value}" for name, one in cookies.items())
    if rest:
        request.headers["Cookie"] = rest
    else:
        del request.headers["Cookie"]
    return found.value if TOKEN.fullmatch(found.value) else ""


@final
@dataclass
class Whose:
    """The name under which a visitor's items are filed, and whether a page has asked for it."""

    name: str
    asked: bool = False


@final
class Recognised(OutputTransform):
    """Identifies the visitor of a request, and gives a browser that loads a page its cookie."""

    def __init__(self, request: HTTPServerRequest):
        self._token, self._end, self._whose = "", "", Whose("")
        if not kept_seconds():
            return
        try:
            self._token = _taken_out(request)
        except CookieError:
            return
        self._token = self._token or secrets.token_urlsafe(32)
        self._end = "; Secure" if request.protocol == "https" else ""
        self._whose = Whose(filed_under(self._token))
        setattr(request, ATTRIBUTE, self._whose)

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Called by Tornado when a response begins."""
        if self._whose.asked:
            age = int(kept_seconds())
            headers.add(
                "Set-Cookie",
                f"{COOKIE}={self._token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{self._end}",
            )
        return status_code, headers, chunk


def visitor_of(document: Document | None) -> str:
    """The name under which a page's visitor is filed; empty without a server or a cookie."""
    context = document.session_context if document is not None else None
    # The request itself, not its copy in the page's token, which a visitor could write.
    whose = getattr(getattr(context, "request", None), ATTRIBUTE, None)
    if not isinstance(whose, Whose):
        return ""
    whose.asked = True
    return whose.name
