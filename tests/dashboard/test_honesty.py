"""How much to trust an answer: distances, verdicts, and where a model comes from."""

import json

import numpy as np
import pytest

from dashboard.explore import honesty
from dashboard.runs.catalogue import catalogue
from dashboard.runs.describe import ErrorRow
from dashboard.runs.memory import Case, Run
from hoam_core.models import shipped_models

AXIS = (1.2, 1.3, 1.5)
MODEL = catalogue().models["two-stream-galerkin"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.3, "1.3 is a training value"),
        (1.25, "0.05 from the nearest training value 1.2, spacing 0.1"),
        (1.38, "0.08 from the nearest training value 1.3, spacing 0.2"),
        (1.0, "0.2 beyond the last training value 1.2"),
        (1.9, "0.4 beyond the last training value 1.5"),
    ],
)
def test_the_distance_to_the_training_values_is_told(value, words):
    assert honesty.distance(value, AXIS) == words


def test_a_single_training_value_has_no_spacing():
    assert honesty.distance(64.0, (64.0,)) == "the only training value is 64"
    assert honesty.distance(80.0, (64.0,)) == "the only training value is 64, 16 away"


@pytest.mark.parametrize(
    ("mu", "rows", "sign", "words"),
    [
        (1.25, [], "…", "not known yet"),
        (1.25, [ErrorRow("energy", 0.02, None)], "…", "not known yet"),
        (1.25, [ErrorRow("energy", 0.0021, 0.002)], "✓", "As good as the noise lets one tell"),
        (1.25, [ErrorRow("momentum", 0.001, 0.002), ErrorRow("energy", 0.04, 0.002)], "≈",
         "energy: error 4 %, noise 0.2 %, 20 times less."),
        (2.2, [ErrorRow("energy", 0.4, 0.002)], "⚠", "Outside the trained range. energy: error"),
    ],
)  # fmt: skip
def test_the_verdict_names_the_worst(mu, rows, sign, words):
    found = honesty.verdict(MODEL, {"mu": mu}, rows)
    assert found.sign == sign
    assert words in found.words


def test_without_a_model_there_is_nothing_to_distrust():
    assert honesty.verdict(None, {"mu": 1.2}, []).words == "The full model itself is shown."


def test_the_facts_tell_population_cost_latency_and_file():
    ts = MODEL.times(n_times=101)
    case = Case("two-stream", MODEL.name, (1.25,), 3, 4_096)
    answer = Run(case, ts, None, None, None, {}, 0.031)
    rows = [ErrorRow("energy, L2", 0.04, 0.002), ErrorRow("energy, mean", 0.03, None)]
    found = dict(honesty.facts(MODEL, {"mu": 1.25}, rows, answer, 0.048))
    assert found["Debye length μ"].startswith("0.05 from the nearest")
    assert found["energy, L2"] == "4 %, noise floor 0.2 %"
    assert found["energy, mean"] == "3 %, noise floor not known yet"
    assert found["Population"].startswith("4,096 of the model against 131,072 particles")
    assert found["Latency"] == "model 31 ms, on the page after 48 ms"
    cost = MODEL.evaluations(ts)
    assert cost >= 100
    assert found["Steps"].startswith(f"{MODEL.steps:,} over the trained time")
    assert found["Cost"].startswith(f"{cost:,} evaluations")
    about = json.loads((shipped_models()[MODEL.name] / "model.json").read_text())
    assert f"SHA-256 {about['arrays_sha256'][:12]}…" in found["Model file"]


def test_every_model_that_ships_has_facts():
    for model in catalogue().models.values():
        mu = {p.name: p.default for p in model.system.parameters}
        found = honesty.facts(model, mu, [], None, 0.0)
        assert len(found) == len(mu) + 2, model.name
        assert np.all([fact.words for fact in found])


def test_a_model_that_is_no_file_has_no_fingerprint():
    assert honesty.fingerprint("nowhere") == ""
