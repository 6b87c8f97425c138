"""What stands around the page: headers on every answer, measurements, and a log that is read."""

import asyncio
import json
import logging
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from email.message import Message
from unittest.mock import Mock

import pytest
from bokeh.application import Application
from bokeh.server.tornado import BokehTornado
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import HTTPRequest
from tornado.httputil import HTTPServerRequest, RequestStartLine
from tornado.ioloop import IOLoop
from tornado.web import Application as Routes
from tornado.web import RequestHandler
from tornado.websocket import websocket_connect

from dashboard.compute.session import ANSWERED
from dashboard.concurrency.worker import WORKERS, Worker
from dashboard.operations import logs, metrics, server
from dashboard.operations.headers import HEADERS, POLICY
from tests.dashboard.serving import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A process that writes its log as JSON."""
    with serving(tmp_path_factory.mktemp("log"), "s", HOAM_LOG="json") as (one,):
        yield one


def ask(url: str) -> tuple[int, Message, str]:
    """Status, headers and body of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def samples(text: str) -> dict[tuple, float]:
    """Values by name and by labels in the order of their names."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def measured() -> dict[tuple, float]:
    return samples(metrics.generate_latest(metrics.REGISTRY).decode())


def test_every_answer_has_the_headers(served):
    # The very first answer, too: the page has opened before there was a server.
    for path, status in (
        ("/liveness", 200), ("/small", 200), ("/api/systems", 200), ("/metrics", 200),
        ("/static/js/bokeh.min.js", 200), ("/api/predict?model=no", 404), ("/nothing", 404),
    ):  # fmt: skip
        found, headers, _ = ask(served.url + path)
        assert found == status, path
        assert {name: headers[name] for name in HEADERS} == HEADERS, path
        assert headers["Server"] is None


def test_liveness_makes_no_page_whatever_it_is_asked(served):
    before = samples(ask(f"{served.url}/metrics")[2])
    for query in ("", "?endpoint=/small", "?endpoint=/nothing"):
        status, _, body = ask(f"{served.url}/liveness{query}")
        assert (status, json.loads(body)) == (200, {"alive": True})
    after = samples(ask(f"{served.url}/metrics")[2])
    assert after["hoam_request_seconds_count", "Liveness", "200"] >= 3 + before.get(
        ("hoam_request_seconds_count", "Liveness", "200"), 0
    )


def test_the_policy_names_no_other_host_and_no_wildcard():
    words = {word for value in POLICY.values() for word in value.split()}
    assert words == {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert POLICY["frame-ancestors"] == POLICY["form-action"] == "'self'"
    assert POLICY["connect-src"] == "'self' blob:"


def test_open_pages_and_the_process_are_measured(served):
    before = samples(ask(f"{served.url}/metrics")[2])
    page = ask(f"{served.url}/small")[2]
    token = page.partition('"token":"')[2].partition('"')[0]

    async def look() -> dict[tuple, float]:
        url = f"ws://127.0.0.1:{served.port}/small/ws"
        request = HTTPRequest(url, headers={"Origin": f"http://localhost:{served.port}"})
        made = await websocket_connect(request, subprotocols=["bokeh", token])
        assert json.loads(await made.read_message())["msgtype"] == "ACK"
        loop = asyncio.get_running_loop()
        _, _, text = await loop.run_in_executor(None, ask, f"{served.url}/metrics")
        made.close()
        while await made.read_message() is not None:
            pass
        return samples(text)

    after = asyncio.run(look())
    assert after["hoam_sessions",] == before["hoam_sessions",] + 1
    assert after["process_cpu_seconds_total",] > 0
    assert after["process_resident_memory_bytes",] > 50e6
    pages = ("hoam_request_seconds_count", "DocHandler", "200")
    assert after[pages] == before.get(pages, 0) + 1
    assert after["hoam_loop_lateness_seconds_count",] > 0


def logged(served, words: str) -> list[str]:
    """The lines of the log, once they hold some words: a request is logged after its answer."""
    end = time.monotonic() + 20
    while words not in (text := served.log.read_text()):
        assert time.monotonic() < end, f"The log lacks {words!r}."
        time.sleep(0.05)
    return text.splitlines()


def test_the_log_has_an_object_in_each_line_and_no_query(served):
    ask(f"{served.url}/api/predict?model=private-words")
    lines = [json.loads(line) for line in logged(served, '"status": 404')]
    assert all({"time", "level", "logger", "event"} <= set(line) for line in lines)
    assert "server started" in [line["event"] for line in lines]
    (asked,) = [
        line for line in lines if line.get("path") == "/api/predict" and line["status"] == 404
    ][-1:]
    assert (asked["event"], asked["method"], asked["level"]) == ("request", "GET", "warning")
    assert asked["seconds"] >= 0
    assert "private-words" not in served.log.read_text()
    assert not any(line.get("path", "").startswith("/static") for line in lines)


def test_a_query_that_is_no_text_is_refused_without_being_told(served):
    status, _, _ = ask(f"{served.url}/api/predict?model=%ff&seed=secret-words")
    assert status == 400
    text = "\n".join(logged(served, '"status": 400'))
    assert "secret-words" not in text
    assert "xff" not in text


def test_a_request_that_fails_is_told_with_its_traceback_and_without_query(measuring, caplog):
    line = RequestStartLine("GET", "/api/predict?model=secret-words", "HTTP/1.0")
    request = HTTPServerRequest(start_line=line, connection=Mock())
    request.remote_ip = "192.0.2.7"
    try:
        raise KeyError("inner detail")
    except KeyError as error:
        info = (type(error), error, error.__traceback__)
    RequestHandler(Routes(), request).log_exception(*info)
    assert "Uncaught exception GET /api/predict" in caplog.text
    assert "inner detail" in caplog.text
    assert not {"secret-words", "192.0.2.7"} & set(re.findall(r"[\w.-]+", caplog.text))


def test_a_traceback_and_details_stand_in_the_same_line():
    try:
        raise KeyError("µ")
    except KeyError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.makeLogRecord(
        {"name": "a.b", "levelname": "ERROR", "msg": "Job %d", "args": (3,), "exc_info": info,
         "created": 0.25, "msecs": 250.0, "files": 2}
    )  # fmt: skip
    text = logs.JsonLines().format(record)
    assert "\n" not in text
    found = json.loads(text)
    assert "KeyError: 'µ'" in found.pop("traceback")
    assert found == {
        "time": "1970-01-01T00:00:00.250Z", "level": "error", "logger": "a.b", "event": "Job 3",
        "files": 2,
    }  # fmt: skip


@pytest.fixture
def measuring():
    """Everything is heard of, once, as when a page opens."""
    server.measure()


def test_jobs_queues_and_errors_are_measured(measuring):
    worker = Worker("measured")
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def held():
        started.set()
        assert release.wait(20)
        yield None

    def breaks():
        yield from ()
        raise KeyError("inner detail")

    errors = ("hoam_errors_total", "dashboard.concurrency.worker")
    before = measured().get(errors, 0)
    worker.ask("one", held, lambda _: None)
    assert started.wait(20)
    worker.ask("two", breaks, lambda _: None)
    worker.ask("three", lambda: iter([1]), lambda _: ended.set())
    assert measured()["hoam_queue_length", "measured"] == 2
    release.set()
    assert ended.wait(20)
    worker.end()
    found = measured()
    WORKERS.discard(worker)
    assert found["hoam_queue_length", "measured"] == 0
    assert found["hoam_job_seconds_count", "done", "measured"] >= 1
    assert found["hoam_job_seconds_count", "failed", "measured"] == 1
    assert found[errors] == before + 1


def test_answers_and_visits_are_measured(measuring):
    before = measured()
    ANSWERED.tell(0.07)
    server.admission.VISITS.tell("refused")
    after = measured()
    for name in (
        ("hoam_answer_seconds_count",), ("hoam_answer_seconds_bucket", "0.1"),
        ("hoam_visits_total", "refused"),
    ):  # fmt: skip
        assert after[name] == before.get(name, 0) + 1
    below = ("hoam_answer_seconds_bucket", "0.05")
    assert after[below] == before[below]


def test_a_loop_that_is_held_up_is_measured_as_late(monkeypatch):
    monkeypatch.setattr(server, "PROBE", 10.0)
    seen = []
    monkeypatch.setattr(server.metrics.LATENESS, "observe", seen.append)

    async def hold() -> None:
        server.probe_loop(IOLoop.current())
        await asyncio.sleep(0.05)
        threading.Event().wait(0.3)
        await asyncio.sleep(0.05)

    asyncio.run(hold())
    assert max(seen) > 0.2
    assert len(seen) >= 2


def test_a_server_has_its_routes_behind_its_prefix():
    made = BokehTornado({"/app": Application()}, prefix="class")
    server.equip(made)
    assert made in metrics.SERVERS
    patterns = [rule.matcher.regex.pattern for group in made.default_router.rules
                for rule in getattr(group.target, "rules", [])]  # fmt: skip
    assert "/class/metrics$" in patterns
    assert metrics.open_pages() == 0


def test_looking_for_the_servers_fails_no_other_thread():
    ended, errors = threading.Event(), []

    def build():
        while not ended.is_set():
            try:
                tuple(number for number in range(100))
            except SystemError as error:
                errors.append(error)

    thread, turn = threading.Thread(target=build), sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        for _ in range(20):
            server.standing()
    finally:
        ended.set()
        thread.join()
        sys.setswitchinterval(turn)
    assert not errors
