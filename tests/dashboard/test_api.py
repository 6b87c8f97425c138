"""The HTTP answers: the numbers of Python, the rows of the command line, else a sentence."""

import json
import threading
from urllib.parse import urlencode

import numpy as np
import pytest
from bokeh.application import Application
from bokeh.server.tornado import BokehTornado
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port

from dashboard.compute.threads import Workers
from dashboard.concurrency.worker import Worker
from dashboard.operations import api
from dashboard.operations.server import equip
from dashboard.runs.catalogue import catalogue
from hoam_core import SYSTEMS, list_models, load_model
from hoam_core.models.files import shipped_models
from hoam_core.storage.datasets import dataset_bytes

MODEL = "curie-weiss-partial"


@pytest.fixture(scope="module")
def models():
    """The thread that would answer sliders; none of the page's own threads is started."""
    thread = Worker("test-models")
    yield thread
    thread.end()


@pytest.fixture
def get(models, monkeypatch):
    """A function that asks a server whose page has just been opened."""
    http = Worker("test-http", behind=(models,))
    monkeypatch.setattr(api, "workers", lambda: Workers(*[models] * 6, http))
    loop = IOLoop(make_current=False)
    server = BokehTornado({"/app": Application()}, prefix="class")
    equip(server)

    async def fetch(path: str, **query) -> HTTPResponse:
        sockets, port = bind_unused_port()
        listening = HTTPServer(server)
        listening.add_sockets([sockets])
        url = f"http://localhost:{port}/class/api{path}?{urlencode(query)}"
        found = await AsyncHTTPClient().fetch(url, raise_error=False, request_timeout=60)
        listening.stop()
        return found

    yield lambda path, **query: loop.run_sync(lambda: fetch(path, **query))
    loop.close(all_fds=True)
    http.end()


def body(answer: HTTPResponse):
    return json.loads(answer.body)


def test_systems_and_models_are_those_of_the_command_line(get):
    answer = get("/systems")
    assert answer.code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"].startswith("application/json")
    assert body(answer) == [system.card() for system in SYSTEMS.values()]
    found = body(get("/models"))
    shipped = json.loads(json.dumps([model.card() for model in list_models()]))
    assert [card for card in found if card["name"] in shipped_models()] == shipped


def test_a_prediction_has_the_numbers_of_python(get):
    answer = get("/predict", model=MODEL, T=1.1, seed=5, particles=128)
    assert answer.code == 200, answer.body
    found = body(answer)
    run = load_model(MODEL).predict(found["parameters"], particles=128, seed=5)
    state = run["state"].values
    assert found["warnings"] == json.loads(run.attrs["warnings"]) == []
    assert (found["steps"], found["model_sha256"]) == (
        run.attrs["steps"],
        run.attrs["model_sha256"],
    )
    assert found["parameters"]["T"] == 1.1
    assert (found["seed"], found["particles"], found["version"]) == (5, 128, run.attrs["version"])
    np.testing.assert_array_equal(found["times"], run.time.values)
    np.testing.assert_array_equal(found["state"]["values"], state)
    assert list(found["observables"]) == [n for n in run.data_vars if n != "state"]
    for name, values in found["observables"].items():
        np.testing.assert_array_equal(values, run[name].values)
    for i, name in enumerate(found["components"]):
        np.testing.assert_allclose(found["mean"][name], state[..., i].mean(1), rtol=1e-6)
        np.testing.assert_allclose(found["spread"][name], state[..., i].std(1), rtol=1e-6)


def test_the_file_is_the_one_that_the_command_line_writes(get):
    answer = get("/predict", model=MODEL, T=1.1, seed=5, particles=128, format="nc")
    assert answer.code == 200
    assert answer.headers["Content-Disposition"].endswith(f'"{MODEL}.nc"')
    wanted = api.read_request({"model": MODEL, "T": "1.1"}, catalogue())
    run = wanted.model.predict(wanted.parameters, particles=128, seed=5)
    assert answer.body == dataset_bytes(run)


def test_only_some_states_of_a_large_answer_are_text():
    wanted = api.read_request({"model": MODEL}, catalogue())
    run = wanted.model.predict(wanted.parameters, particles=1_024)
    found = api.summary(wanted, run)
    times, n, d = np.shape(found["state"]["values"])
    assert n == found["state"]["particles"] < 1_024
    assert times * n * d <= api.MOST_NUMBERS < times * (n + 1) * d


@pytest.mark.parametrize(
    ("query", "code", "sentence"),
    [
        ({}, 400, "Argument `model` is missing; name one of "),
        ({"model": "two-stream-galerki"}, 404, "Did you mean 'two-stream-galerkin'?"),
        ({"model": MODEL, "T": "hot"}, 400, "Argument `T` must be a number, but is 'hot'."),
        ({"model": MODEL, "T": 9}, 400, "`T` must lie from 0.2 to 3"),
        ({"model": MODEL, "seed": -1}, 400, "Argument `seed` must lie from 0"),
        ({"model": MODEL, "particles": 10**9}, 400, "`particles` must lie from 1 to "),
        ({"model": MODEL, "format": "csv"}, 400, "Unknown format 'csv'. Known: json, nc."),
        ({"model": MODEL, "mu": 1}, 400, "Unknown argument 'mu'."),
    ],
)
def test_bad_input_is_answered_with_a_sentence(get, query, code, sentence):
    answer = get("/predict", **query)
    assert answer.code == code
    assert sentence in body(answer)["error"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_another_path_says_what_there_is(get):
    for path in ("", "/predictions"):
        answer = get(path)
        assert answer.code == 404
        assert "/api/predict" in body(answer)["error"]


def test_no_more_than_some_may_wait(get, monkeypatch):
    monkeypatch.setattr(api, "MOST_WAITING", 0)
    answer = get("/predict", model=MODEL)
    assert answer.code == 503
    assert "ask again" in body(answer)["error"]


def test_a_failure_of_the_run_is_told_and_one_of_the_code_is_not(get, monkeypatch):
    def diverges(wanted):
        yield from ()
        raise api.DivergedError("Model diverged.")

    def breaks(wanted):
        yield from ()
        raise KeyError("inner detail")

    monkeypatch.setattr(api, "predicted", diverges)
    answer = get("/predict", model=MODEL)
    assert (answer.code, body(answer)) == (422, {"error": "Model diverged."})
    monkeypatch.setattr(api, "predicted", breaks)
    answer = get("/predict", model=MODEL)
    assert answer.code == 500
    assert "inner detail" not in body(answer)["error"]


def test_a_prediction_gives_way_to_the_sliders(get, models, monkeypatch):
    order, busy = [], threading.Event()

    def slider():
        busy.set()
        threading.Event().wait(0.3)
        order.append("slider")
        yield None

    def predicted(wanted):
        order.append("http")
        yield b"{}"

    monkeypatch.setattr(api, "predicted", predicted)
    models.ask("slider", slider, lambda _: None)
    assert busy.wait(5)
    assert get("/predict", model=MODEL).code == 200
    assert order == ["slider", "http"]


def test_numbers_that_are_not_finite_are_null():
    assert json.loads(api.to_json(api.plain(np.array([[1.5, np.nan], [np.inf, 0]])))) == [
        [1.5, None], [None, 0.0],
    ]  # fmt: skip
