"""How much to trust an answer: distances, verdicts, and where a model comes from."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.explore import trust
from dashboard.runs.catalogue import catalogue
from dashboard.runs.errors import ErrorRow
from dashboard.runs.run import Case, Run
from dashboard.runs.verdict import beyond, doubts_of, judge
from hoam_core.models.files import shipped_models

AXIS = (1.2, 1.3, 1.5)
MODEL = catalogue().models["two-stream-galerkin"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.3, "1.3 is a training value"),
        (1.25, "0.05 from the nearest training value 1.2, spacing 0.1"),
        (1.38, "0.08 from the nearest training value 1.3, spacing 0.2"),
        (1.0, "0.2 below the first training value 1.2"),
        (1.9, "0.4 above the last training value 1.5"),
    ],
)
def test_the_distance_to_the_training_values_is_told(value, words):
    assert trust.distance(value, AXIS) == words


def test_large_values_are_told_without_powers_of_ten():
    words = "400 from the nearest training value 1,600, spacing 1,600"
    assert trust.distance(2_000.0, (1_600.0, 3_200.0)) == words


def test_a_single_training_value_has_no_spacing():
    assert trust.distance(64.0, (64.0,)) == "the only training value is 64"
    assert trust.distance(80.0, (64.0,)) == "the only training value is 64, 16 away"


@pytest.mark.parametrize(
    ("mu", "rows", "sign", "words"),
    [
        (1.25, [], "…", "usable: inside the trained range, not yet compared"),
        (1.25, [ErrorRow("energy", None, None)], "…", "usable: inside the trained range, not yet"),
        (1.15, [], "⚠", "usable: just outside the trained range, not yet compared"),
        (1.1, [], "✕", "do not use: outside the trained range, not yet compared"),
        (1.25, [ErrorRow("energy", 0.0021, 0.002)], "✓",
         "good: energy: error 0.21 %, 1.0 times the noise floor of 0.2 %"),
        (1.25, [ErrorRow("momentum", 0.001, 0.002), ErrorRow("energy", 0.042, 0.002)], "≈",
         "good: energy: error 4.2 %, 21 times the noise floor of 0.2 %"),
        (1.25, [ErrorRow("energy", 0.12, 0.002)], "⚠", "usable: energy: error 12 %, 60 times"),
        (1.25, [ErrorRow("energy", 0.12, None)], "⚠", "usable: energy: error 12 %, noise floor"),
        (1.25, [ErrorRow("energy", 0.44, 0.15)], "⚠", "usable: energy: error 44 %, 2.9 times"),
        (1.25, [ErrorRow("energy", 0.32, 0.05), ErrorRow("picture", 0.01, 0.01)], "✕",
         "do not use: energy: error 32 %, 6.4 times the noise floor of 5 %"),
        (1.25, [ErrorRow("energy", 6.78, 0.0071)], "✕",
         "do not use: energy: error 678 %, 955 times the noise floor of 0.71 %"),
        (1.25, [ErrorRow("energy", 745.3, 0.14)], "✕",
         "do not use: energy: error more than 10 times, noise floor 14 %"),
        (1.25, [ErrorRow("energy", np.nan, 0.1), ErrorRow("picture", 0.5, 0.1)], "✕",
         "do not use: energy: the error is not a finite number"),
        (1.25, [ErrorRow("energy", np.inf, 0.1)], "✕", "do not use: energy: the error is not a"),
        (2.2, [ErrorRow("energy", 0.04, 0.002)], "≈", "of 0.2 %, outside the trained range"),
    ],
)  # fmt: skip
def test_the_verdict_is_the_worst_error_beside_its_floor(mu, rows, sign, words):
    found = judge(MODEL, {"mu": mu}, rows)
    assert found.sign == sign
    assert words in found.text


def test_an_error_is_never_said_to_be_alike_where_it_is_not():
    for error in np.geomspace(1e-4, 100, 25):
        found = judge(MODEL, {"mu": 1.25}, [ErrorRow("energy", float(error), 0.001)])
        assert (found.sign in "✓≈") == (error <= 0.1)
        assert found.rejects == (error > 0.3)


def test_doubts_about_the_run_itself_outweigh_all_errors():
    rows = [ErrorRow("energy", 0.001, 0.001)]
    found = judge(MODEL, {"mu": 1.25}, rows, ("Its energy grew 300-fold out of nothing.",))
    assert found.text == "do not use: Its energy grew 300-fold out of nothing"
    assert found.rejects
    assert doubts_of(None, "Model 'x' diverged") == ("it has no answer at these values",)
    assert doubts_of(None) == ()


def test_a_single_training_value_reaches_nowhere():
    assert beyond(64.0, (64.0,)) == 0
    assert beyond(65.0, (64.0,)) == np.inf
    assert beyond(1.5, (1.2, 1.3, 1.4)) == pytest.approx(1)
    assert beyond(1.15, (1.2, 1.3, 1.4)) == pytest.approx(0.5)


def test_without_a_model_there_is_nothing_to_distrust():
    assert judge(None, {"mu": 1.2}, []).text == "The full model itself is shown."


def test_the_facts_tell_population_cost_latency_and_file():
    ts = MODEL.times(n_times=101)
    case = Case("two-stream", MODEL.name, (1.25,), 3, 4_096)
    answer = Run(case, ts, None, None, None, {}, 0.031)
    rows = [ErrorRow("energy, L2", 0.04, 0.002), ErrorRow("energy, mean", 0.03, None)]
    found = dict(trust.trust_lines(MODEL, {"mu": 1.25}, rows, answer, 0.048))
    assert found["Debye length μ"].startswith("0.05 from the nearest")
    assert found["energy, L2"] == "4 %, noise floor 0.2 %"
    assert found["energy, mean"] == "3 %, noise floor not known yet"
    assert found["Population"].startswith("4,096 of the model against 131,072 particles")
    assert found["Latency"] == "model 31 ms, shown after 48 ms"
    cost = MODEL.evaluations(ts)
    assert cost >= 100
    assert found["Steps"].startswith(f"{MODEL.steps:,} over the trained time")
    assert found["Cost"].startswith(f"{cost:,} evaluations")
    about = json.loads((shipped_models()[MODEL.name] / "model.json").read_text())
    assert f"SHA-256 {about['arrays_sha256'][:12]}…" in found["Model file"]


def test_every_model_that_ships_has_facts():
    for model in catalogue().models.values():
        mu = {p.name: p.default for p in model.system.parameters}
        found = trust.trust_lines(model, mu, [], None, 0.0)
        judged = sum("density" in one for one in model.errors)
        assert len(found) == len(mu) + 3 + judged, model.name
        assert np.all([fact.text for fact in found])


def test_what_a_model_was_given_and_how_it_was_judged_is_told():
    row = {"t": 20.0, "value": 0.11, "floor": 0.006, "ratio": 18.3, "plane": "x-v"}
    one = {"parameters": {"mu": 1.25}, "density": [row, {**row, "ratio": 2.0, "t": 30.0}],
           "samples": {"density": "131,072 samples"}}  # fmt: skip
    found = dict(trust.judged_before(replace(MODEL, errors=(one,))))
    assert found["Knows the equations"] == "no, it has learned from samples alone"
    assert found["Density error, mu = 1.25"] == (
        "11 % at t = 20, noise floor 0.6 % (131,072 samples)"
    )


def test_a_model_that_is_no_file_has_no_fingerprint():
    assert trust.fingerprint("nowhere") == ""
