"""What a browser may send at a time: bounded, the newest value only, and in turns with others."""

import asyncio
import json
import time

import pytest
from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.models import Slider
from bokeh.protocol.exceptions import ProtocolError
from bokeh.server.tornado import BokehTornado
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.websocket import websocket_connect

from dashboard.operations import messages, metrics, server
from dashboard.operations.messages import MOST_BYTES, MOST_EVENTS, events_of, newest

PRESS = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": {}}


def setting(value: float, attribute: str = "value", model: str = "p1") -> dict:
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": attribute, "new": value}


def test_only_the_newest_value_of_an_attribute_is_kept():
    assert newest([setting(1), setting(5, "end"), setting(2), setting(3)]) == [
        setting(5, "end"), setting(3),
    ]  # fmt: skip
    assert newest([setting(1), setting(2, model="p2")]) == [setting(1), setting(2, model="p2")]


def test_a_press_finds_the_values_that_were_set_before_it():
    events = [setting(1), setting(2), PRESS, setting(3), PRESS]
    assert newest(events) == events[1:]


@pytest.mark.parametrize(
    "content",
    [
        None, [], {}, {"events": {}}, {"events": [1]},
        {"events": [PRESS] * (MOST_EVENTS + 1)},
        {"events": [setting(0) | {"new": [{"type": "bytes", "data": "packed"}]}]},
    ],
)  # fmt: skip
def test_what_no_page_sends_is_refused(content):
    with pytest.raises(ProtocolError):
        events_of(content)


def test_bytes_in_buffers_and_odd_events_pass():
    odd = [{"kind": "ModelChanged", "model": 3}, {"kind": "ModelChanged", "model": {"id": "p1"}}]
    sent = setting(0) | {"new": {"type": "bytes", "data": {"id": "b1"}}}
    assert events_of({"events": [*odd, sent]}) == [*odd, sent]


class Busy:
    """A page that takes a while over every event; it plays session and connection."""

    def __init__(self):
        self.session, self.handled = self, 0

    async def _handle_patch(self, message, connection):
        self.handled += len(message.content["events"])
        time.sleep(0.02)
        return "done"

    def error(self, message, text):
        return text


class Sent:
    msgtype = "PATCH-DOC"

    def __init__(self, events):
        self.content = {"events": events}


def test_others_are_served_between_the_events_of_one_message():
    async def both() -> tuple[int, int]:
        page, turns = Busy(), 0

        async def others():
            nonlocal turns
            while True:
                await asyncio.sleep(0.001)
                turns += 1

        beside = asyncio.create_task(others())
        assert await messages.patch(Sent([PRESS] * 40), page) == "done"
        beside.cancel()
        return page.handled, turns

    handled, turns = asyncio.run(both())
    assert handled == 40
    # In one go it would be none, and with nothing else to do it is some hundred.
    assert turns > 40


def test_what_is_refused_is_answered_and_does_nothing():
    page = Busy()
    told = asyncio.run(messages.patch(Sent([PRESS] * 500), page))
    assert told == "A message may have 256 events at most."
    assert page.handled == 0


@pytest.fixture
def page():
    """A served page with one slider: its address, what it was set to, and its loop."""
    loop, found, names = IOLoop(make_current=False), [], []

    def build(document):
        slider = Slider(start=0, end=10, value=1)
        names.append(slider.id)
        slider.on_change("value", lambda attr, old, new: found.append(new))
        document.add_root(slider)

    async def listen():
        sockets, port = bind_unused_port()
        made = BokehTornado(
            {"/app": Application(FunctionHandler(build))},
            extra_websocket_origins=[f"localhost:{port}"],
        )
        server.equip(made)
        made.initialize(IOLoop.current())
        made.start()
        web = HTTPServer(made)
        web.add_sockets([sockets])
        return made, web, port

    made, web, port = loop.run_sync(listen)
    yield loop, port, found, names

    async def end():
        made.stop()
        web.stop()

    loop.run_sync(end)
    loop.close(all_fds=True)
    # Whoever counts open pages later in this process must not count these.
    metrics.SERVERS.discard(made)


async def connected(port: int):
    answer = await AsyncHTTPClient().fetch(f"http://localhost:{port}/app")
    token = answer.body.decode().partition('"token":"')[2].partition('"')[0]
    made = await websocket_connect(
        f"ws://localhost:{port}/app/ws", subprotocols=["bokeh", token]
    )  # fmt: skip
    await answered(made)
    return made


async def answered(connection) -> dict | None:
    """Header and content of the next message, None where the connection has ended."""
    found = []
    for _ in range(3):
        part = await connection.read_message()
        if part is None:
            return None
        found.append(json.loads(part))
    return found[0] | {"content": found[2]}


def send(connection, kind: str, content: dict) -> None:
    for part in ({"msgid": "m", "msgtype": kind}, {}, content):
        connection.write_message(json.dumps(part))


def test_a_served_page_takes_the_newest_value_and_answers_what_it_refuses(page):
    loop, port, found, names = page

    async def talk():
        made = await connected(port)
        send(made, "PATCH-DOC", {"events": [setting(v, model=names[-1]) for v in (2, 3, 4)]})
        kinds = [(await answered(made))["msgtype"]]
        for kind, content in (
            ("PUSH-DOC", {"doc": {"roots": []}}),
            ("PATCH-DOC", {"events": [PRESS] * (MOST_EVENTS + 1)}),
        ):
            send(made, kind, content)
            kinds.append((await answered(made))["msgtype"])
        send(made, "PATCH-DOC", {"events": [setting(7, model=names[-1])]})
        kinds.append((await answered(made))["msgtype"])
        made.close()
        while await made.read_message() is not None:
            pass
        return kinds

    assert loop.run_sync(talk) == ["OK", "ERROR", "ERROR", "OK"]
    assert found == [4, 7]


@pytest.mark.parametrize("buffers", [0, 3])
def test_a_message_of_too_many_bytes_ends_the_connection(page, buffers):
    loop, port, found, names = page

    async def talk():
        made = await connected(port)
        if buffers:
            header = {"msgid": "m", "msgtype": "PATCH-DOC", "num_buffers": buffers}
            for part in (header, {}, {"events": [setting(2, model=names[-1])]}):
                made.write_message(json.dumps(part))
            for i in range(buffers):
                made.write_message(json.dumps({"id": f"b{i}"}))
                made.write_message(bytes(MOST_BYTES // 2), binary=True)
        else:
            send(made, "PATCH-DOC", {"events": [], "much": "x" * MOST_BYTES})
        told = await answered(made)
        made.close()
        await asyncio.sleep(0.1)
        return told

    assert loop.run_sync(talk) is None
    assert found == []


def test_what_panel_would_serve_of_components_is_absent(page):
    loop, port, *_ = page

    async def ask(path: str) -> int:
        answer = await AsyncHTTPClient().fetch(
            f"http://localhost:{port}{path}", raise_error=False
        )  # fmt: skip
        return answer.code

    for path in ("/components/", "/components/json/JSONDecoder/css/a.css", "/components/x"):
        assert loop.run_sync(lambda path=path: ask(path)) == 404


def test_a_page_may_connect_late():
    made = BokehTornado({"/app": Application()})
    messages.guard(made)
    assert made.session_token_expiration == 24 * 3_600
    patient = BokehTornado({"/app": Application()}, session_token_expiration=10**6)
    messages.guard(patient)
    assert patient.session_token_expiration == 10**6
