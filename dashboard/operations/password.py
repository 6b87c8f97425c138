"""One password for all visitors: a form for browsers, HTTP Basic for scripts.

A visitor who has entered it gets a signed cookie that is bound to the password: with another
password, or another cookie secret, all cookies become invalid. Guesses from one address are checked
one at a time, and a wrong one takes a second, so that guessing is slow with any number of
connections.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, final
from weakref import WeakValueDictionary

from tornado.web import RequestHandler

from hoam_core.cli.serve import GUARD_FILE, read_password

if TYPE_CHECKING:
    from bokeh.server.tornado import BokehTornado

COOKIE, DAYS = "hoam-visitor", 1
WRONG_TAKES = 1.0  # seconds
FORM = Path(__file__).with_name("login.html").read_text(encoding="utf-8")
WRONG = "That is not the password; try again."
REFUSED = (
    "This server needs a password; send it with HTTP Basic and any user name, as "
    "`curl -u :PASSWORD` does."
)
LOG_IN = "This server needs a login; log in on its page and send the cookie that it gave."
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@cache
def password() -> str:
    """The password that visitors must enter; empty if there is none."""
    named = os.environ.get(GUARD_FILE, "")
    return read_password(Path(named)) if named else ""


def _same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not reveal where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _mark(handler: RequestHandler) -> str:
    """The content of the cookie of a visitor who knows the password."""
    secret = handler.settings["cookie_secret"]
    return hmac.new(secret.encode(), password().encode(), hashlib.sha256).hexdigest()


def visitor(handler: RequestHandler) -> str | None:
    """A name for a visitor with the cookie, else None; Bokeh calls this before it opens a page."""
    found = handler.get_signed_cookie(COOKIE, max_age_days=DAYS)
    return "visitor" if found and _same(found.decode(), _mark(handler)) else None


async def is_right(guess: str, address: str) -> bool:
    """Whether a guess from an address is the password."""
    async with _turns.setdefault(address, asyncio.Lock()):
        if _same(guess, password()):
            return True
        await asyncio.sleep(WRONG_TAKES)
        return False


def basic_guess(header: str) -> str | None:
    """The password in an Authorization header; None if there is none."""
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def local_path(text: str) -> str:
    """Where to go after the form: always a path of this server."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_path and text.isprintable() else "/"


class _Provider(Protocol):
    """Identifies a visitor. Bokeh's own type allows this only for a request handler."""

    get_user: Callable[[RequestHandler], object] | None
    get_user_async: Callable[[RequestHandler], Awaitable[object]] | None
    login_url: str


def _provider(handler: RequestHandler) -> _Provider:
    """The provider of a handler's application, which is Bokeh's, like everything on this server."""
    return cast("_Provider", cast("BokehTornado", handler.application).auth_provider)


async def admitted(handler: RequestHandler) -> bool:
    """Whether a visitor may see pages, by the method that the server was given.

    That may be this module's password, or a login of Panel's own (--basic-auth, --oauth-provider).
    """
    provider = _provider(handler)
    if provider.get_user_async is not None:
        return await provider.get_user_async(handler) is not None
    if provider.get_user is not None:
        return provider.get_user(handler) is not None
    return not password() or visitor(handler) is not None


class Guarded(RequestHandler):
    """Answers only visitors who may see the page."""

    async def prepare(self) -> None:
        """Refuse everybody else before anything is done."""
        if await admitted(self):
            return
        if not password():
            self.set_status(HTTPStatus.FORBIDDEN)
            self.finish({"error": LOG_IN})
            return
        guess = basic_guess(self.request.headers.get("Authorization", ""))
        if guess is None or not await is_right(guess, str(self.request.remote_ip)):
            self.set_status(HTTPStatus.UNAUTHORIZED)
            self.set_header("WWW-Authenticate", 'Basic realm="hoam", charset="UTF-8"')
            self.finish({"error": REFUSED})


@final
class Login(RequestHandler):
    """The login form and its submission."""

    def get(self) -> None:
        """An empty form."""
        self._ask("")

    async def post(self) -> None:
        """Admit the visitor, or ask again."""
        guess = self.get_body_argument("password", "", strip=False)
        if not await is_right(guess, str(self.request.remote_ip)):
            self.set_status(HTTPStatus.FORBIDDEN)
            self._ask(WRONG)
            return
        self.set_signed_cookie(
            COOKIE, _mark(self), expires_days=DAYS, httponly=True, samesite="Lax",
            secure=self.request.protocol == "https",
        )  # fmt: skip
        self.redirect(local_path(self.get_query_argument("next", "/")))

    def _ask(self, problem: str) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish(FORM.replace("{problem}", escape(problem)))


@final
class Logout(RequestHandler):
    """Forgets who a visitor is."""

    def get(self) -> None:
        """Remove the cookie and ask again."""
        self.clear_cookie(COOKIE)
        self.redirect(_provider(self).login_url.lstrip("/"))
