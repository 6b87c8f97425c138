"""The password: nothing but the form is answered without it, and the form lets in who knows it."""

import asyncio
import base64
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.server.auth_provider import AuthModule
from bokeh.server.tornado import BokehTornado
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import create_signed_value
from tornado.websocket import websocket_connect

from dashboard.operations import asking, password, server
from dashboard.parts import bridge
from hoam_core.cli import serve

PASSWORD = "zwei Ströme: 1.25"


class Visitor:
    """Asks a server, keeps no cookie that it is not told to keep, and follows nowhere."""

    def __init__(self, loop: IOLoop, port: int):
        self.loop, self.port, self.cookie = loop, port, ""

    def fetch(self, path: str, headers: dict | None = None, **options):
        request = HTTPRequest(
            f"http://localhost:{self.port}{path}", follow_redirects=False,
            headers={"Cookie": self.cookie} | (headers or {}), **options,
        )  # fmt: skip
        return self.loop.run_sync(lambda: AsyncHTTPClient().fetch(request, raise_error=False))

    def log_in(self, guess: str, path: str = "/login"):
        answer = self.fetch(path, method="POST", body=urlencode({"password": guess}))
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def connect(self, token: str):
        """Open the page's websocket as a browser would; the first message."""

        async def talk():
            request = HTTPRequest(
                f"ws://localhost:{self.port}/app/ws", follow_redirects=False,
                headers={"Cookie": self.cookie, "Origin": f"http://localhost:{self.port}"},
            )  # fmt: skip
            made = await websocket_connect(request, subprotocols=["bokeh", token])
            first = await made.read_message()
            made.close()
            while await made.read_message() is not None:
                pass
            return json.loads(first)

        return self.loop.run_sync(talk)


@pytest.fixture
def start(monkeypatch, tmp_path):
    """A function that serves a page behind a password and gives its visitor."""
    loop, serving = IOLoop(make_current=False), []
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    monkeypatch.setenv(serve.GUARD_FILE, str(file))
    monkeypatch.setattr(password, "WRONG_TAKES", 0.05)
    password.password.cache_clear()

    def serve_page(cookie_secret: str = "s" * 32, hooks: Path = Path(asking.__file__)) -> Visitor:
        async def listen() -> int:
            sockets, port = bind_unused_port()
            page = Application(FunctionHandler(lambda document: None))
            made = BokehTornado(
                {"/app": page}, cookie_secret=cookie_secret,
                extra_websocket_origins=[f"localhost:{port}"],
                auth_provider=AuthModule(hooks),
            )  # fmt: skip
            server.equip(made)
            made.initialize(IOLoop.current())
            made.start()
            serving.extend([made, HTTPServer(made)])
            serving[-1].add_sockets([sockets])
            return port

        return Visitor(loop, loop.run_sync(listen))

    yield serve_page

    async def end() -> None:
        for one in serving:
            one.stop()

    loop.run_sync(end)
    loop.close(all_fds=True)
    password.password.cache_clear()


def token_of(answer) -> str:
    return answer.body.decode().partition('"token":"')[2].partition('"')[0]


def test_without_the_password_there_is_only_the_form(start):
    visitor = start()
    for path in ("/app?mu=1.5", "/app/autoload.js?bokeh-autoload-element=1", "/app/metadata", "/"):
        answer = visitor.fetch(path)
        assert answer.code == 302, path
        assert "login?next=" in answer.headers["Location"]
    with pytest.raises(HTTPClientError, match="403"):
        visitor.connect("token")
    for path in ("/api/systems", "/api/predict?model=x", "/api/other"):
        answer = visitor.fetch(path)
        assert answer.code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
        assert "send it with HTTP Basic" in json.loads(answer.body)["error"]


def test_a_page_that_was_cut_off_finds_its_server_without_the_password(start):
    (asked,) = re.findall(r'fetch\("(.+?)"', Path(bridge.__file__).with_suffix(".js").read_text())
    answer = start().fetch(f"/{asked}")
    assert answer.code == 200
    assert "WWW-Authenticate" not in answer.headers


def test_who_gives_it_gets_the_page_its_websocket_and_the_data(start):
    visitor = start()
    assert b'type="password"' in visitor.fetch("/login").body
    answer = visitor.log_in(PASSWORD, "/login?next=%2Fapp%3Fmu%3D1.5")
    assert (answer.code, answer.headers["Location"]) == (302, "/app?mu=1.5")
    assert {"HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    page = visitor.fetch("/app?mu=1.5")
    assert page.code == 200
    assert visitor.connect(token_of(page))["msgtype"] == "ACK"
    assert visitor.fetch("/api/systems").code == 200
    gone = visitor.fetch("/logout")
    assert (gone.code, gone.headers["Location"]) == (302, "login")
    assert gone.headers["Set-Cookie"].startswith(f'{password.COOKIE}="";')


def test_a_wrong_password_and_a_forged_cookie_let_nobody_in(start):
    visitor = start()
    answer = visitor.log_in(PASSWORD[:-1])
    assert answer.code == 403
    assert password.WRONG in answer.body.decode()
    assert visitor.cookie == ""
    visitor.log_in(PASSWORD)
    kept = visitor.cookie
    visitor.cookie = kept[:-1] + ("0" if kept[-1] != "0" else "1")
    assert visitor.fetch("/app").code == 302
    other = start(cookie_secret="t" * 32)
    other.cookie = kept
    assert other.fetch("/app").code == 302


def test_with_a_new_password_the_cookies_of_the_old_one_are_void(start, tmp_path):
    visitor = start()
    visitor.log_in(PASSWORD)
    assert visitor.fetch("/app").code == 200
    (tmp_path / "password").write_text("another one")
    password.password.cache_clear()
    assert visitor.fetch("/app").code == 302


@pytest.mark.parametrize(
    ("words", "code"),
    [(f"anybody:{PASSWORD}", 200), (f":{PASSWORD}", 200), ("anybody:guess", 401), ("", 401)],
)
def test_a_script_sends_it_with_http_basic(start, words, code):
    text = base64.b64encode(words.encode()).decode()
    assert start().fetch("/api/models", {"Authorization": f"Basic {text}"}).code == code


def test_other_schemes_and_damaged_headers_hold_no_guess():
    for header in ("", "Bearer abc", "Basic", "Basic ===", "Basic /w=="):
        assert not password.basic_guess(header)


def test_the_form_leads_only_to_this_server():
    assert password.local_path("/app?mu=1") == "/app?mu=1"
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", ""):
        assert password.local_path(elsewhere) == "/"


def test_guesses_from_one_address_are_looked_at_one_after_another(start, monkeypatch):
    start()
    pauses, running = [], []

    async def pause(seconds: float) -> None:
        pauses.append((seconds, len(running)))
        running.append(None)
        for _ in range(5):
            await real(0)
        running.pop()

    real = asyncio.sleep
    monkeypatch.setattr(password.asyncio, "sleep", pause)

    async def guess(*addresses: str) -> None:
        assert not any(await asyncio.gather(*(password.is_right("no", a) for a in addresses)))

    asyncio.run(guess("10.0.0.1", "10.0.0.1", "10.0.0.1"))
    assert pauses == [(password.WRONG_TAKES, 0)] * 3
    asyncio.run(guess("10.0.0.1", "10.0.0.2"))
    assert [others for _, others in pauses[3:]] == [0, 1]
    assert not password._turns


HOOKS = {
    "get_user": 'def get_user(handler): return handler.get_signed_cookie("user")',
    "get_user_async": 'async def get_user_async(handler): return handler.get_signed_cookie("user")',
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_login_that_is_not_ours_guards_the_data_too(start, tmp_path, monkeypatch, hook):
    monkeypatch.delenv(serve.GUARD_FILE)
    password.password.cache_clear()
    hooks = tmp_path / "hooks.py"
    hooks.write_text(f"login_url = '/elsewhere'\n{HOOKS[hook]}\n", encoding="utf-8")
    visitor = start(hooks=hooks)
    places = ("/api/models", "/api/systems", "/api/predict?model=two-stream-galerkin", "/metrics")
    for path in places:
        answer = visitor.fetch(path)
        assert answer.code == 403, path
        assert b"log in" in answer.body
    user = create_signed_value("s" * 32, "user", "somebody").decode()
    visitor.cookie = f"user={user}"
    assert visitor.fetch("/api/systems").code == 200
    assert visitor.fetch("/metrics").code == 200
