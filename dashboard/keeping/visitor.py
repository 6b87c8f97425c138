"""By what a visitor is known again: a cookie that nobody can guess, and only the server reads.

The token in the cookie is 256 random bits. It stands in no address and no page, so that a link that
is passed on passes nothing on; even in the requests that Bokeh copies into its pages there is the
rest of the cookies only. What lies on the disk is filed under the digest of the token, from which
nobody gets back to it.
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
    """The name under which what belongs to a token is filed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _taken_out(request: HTTPServerRequest) -> str:
    """The token of a request, which has it no longer; empty without a well-formed one."""
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
    """Under which name a visitor's things are filed, and whether a page has asked for it."""

    name: str
    asked: bool = False


@final
class Recognised(OutputTransform):
    """Tells a request whose it is, and a browser that gets a page by what it is known again."""

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
        """Called by Tornado as an answer begins."""
        if self._whose.asked:
            age = int(kept_seconds())
            headers.add(
                "Set-Cookie",
                f"{COOKIE}={self._token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{self._end}",
            )
        return status_code, headers, chunk


def visitor_of(document: Document | None) -> str:
    """Under which name things of a page's visitor are filed; empty without a server or a cookie."""
    context = document.session_context if document is not None else None
    # The request itself, not its copy in the page's token, which a visitor could write.
    whose = getattr(getattr(context, "request", None), ATTRIBUTE, None)
    if not isinstance(whose, Whose):
        return ""
    whose.asked = True
    return whose.name
