"""Any link and any request over HTTP is read, or answered by sentences: never an exception."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.lessons.choice import arriving
from dashboard.operations.api import read_request
from dashboard.page.views import VIEWS
from dashboard.runs.catalogue import catalogue
from dashboard.sharing.classroom import followed
from dashboard.state.exploration import VIEWS as NAMES
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query, write_query
from dashboard.train.choice import TrainChoice
from dashboard.train.form import TrainForm
from tests.damage import sentence_of, texts

ENTRIES = [
    "view", "system", "model", "mu", "omega", "k", "alpha", "r", "drift", "width", "plane",
    "particles", "seed", "share", "t", "lesson", "step", "notes", "with", "rule", "nodes",
    "samples", "tab", "over", "between", "runs", "observable", "belief", "method", "network",
    "budget", "train-particles", "train-steps", "rate", "judge", "training", "train-mu",
    "option-nodes", "option-waves", "option-modes_x", "option-degree", "follow", "format",
]  # fmt: skip
VALID = [
    *NAMES, "two-stream", "oscillator", "landau", "ising", "two-stream-galerkin", "none", "mu",
    "ising-partial", "galerkin", "hoam-gauss", "mlp", "x,v", "1.2:1.9", "normal:1.5:0.05", "map",
    "two-stream-galerkin,full", "0.1:inf:3", "1:2:1e9", "uniform:nan:inf", "uncertain", "1e400",
    "-0", "1_000",
]  # fmt: skip
values = st.one_of(st.sampled_from(VALID), texts)
queries = st.dictionaries(st.one_of(st.sampled_from(ENTRIES), st.text(max_size=5)), values)


def opened(query: dict[str, str]) -> list[str]:
    """The problems of a page that opens with a query, as the shell reads it."""
    shelf = catalogue()
    reader = read_query(arriving(followed(query, shelf)), shelf)
    state = Exploration(shelf, **reader.values)
    more = {}
    for entry in VIEWS.values():
        choice = entry.choice()
        choice.read(reader, state)
        more |= choice.write(state)
    again = read_query(
        dict(pair.split("=", 1) for pair in write_query(state)[1:].split("&")), shelf
    )
    assert again.problems == []
    assert again.values["mu"] == pytest.approx(state.mu, rel=1e-4)
    return reader.problems


@settings(max_examples=150)
@given(query=queries)
@example({"view": "train", "rate": "nan", "train-particles": "-5", "train-steps": "1e300"})
@example({"view": "train", "system": "landau", "train-alpha": "nan:inf:1e12"})
@example({"view": "sweep", "model": "none", "tab": "uncertain"})
@example({"view": "sweep", "tab": "map", "between": "nan:inf", "runs": "1e12"})
@example({"view": "lessons", "lesson": "../../etc/passwd", "step": "1e30"})
def test_any_link_opens_and_what_is_wrong_is_told(query):
    for told in opened(query):
        assert told.strip().endswith((".", "?"))


@settings(max_examples=150)
@given(query=queries, model=st.sampled_from(["two-stream-galerkin", "oscillator-dice"]))
def test_any_request_is_read_or_refused_in_a_sentence(query, model):
    wanted = {**query, "model": query.get("model", model)}
    try:
        told = sentence_of(lambda: read_request(wanted, catalogue()))
    except LookupError as error:
        told = error.args[0]
    assert told is None or json.dumps(told)


@settings(max_examples=25)
@given(
    method=st.sampled_from(["galerkin", "hoam-gauss", "dice", "cfm"]),
    rest=st.dictionaries(
        st.sampled_from([name for name in ENTRIES if name.startswith(("train-", "option-"))]),
        st.one_of(st.sampled_from(["1e12", "-1", "0", "1.2:1.9:1e9", "nan:inf:2", "9:1:3"]), texts),
    ),
)
@example("galerkin", {"train-mu": "nan:inf:2"})
def test_any_plan_of_a_training_can_be_trained_or_is_refused(method, rest):
    shelf = catalogue()
    link = {"view": "train", "system": "two-stream", "method": method, **rest}
    reader = read_query(link, shelf)
    state, choice = Exploration(shelf, **reader.values), TrainChoice()
    choice.read(reader, state)
    TrainForm(choice, state, lambda: None)
    sentence_of(lambda: choice.experiment(0))
