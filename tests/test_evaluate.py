"""Judging: every error beside its floor, no shared particles, the layout of the interface."""

import json

import numpy as np
import pytest

from hoam_core import evaluate, evaluation
from hoam_core.evaluation import (
    evaluate_steps,
    other_seeds,
    reference,
    report,
    uncertainty,
)
from hoam_core.metrics import curve_error, wasserstein2
from hoam_core.systems.plasmas.instabilities import TwoStream


@pytest.fixture(scope="module")
def judged(galerkin_model):
    """A tiny model judged against small truths."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TwoStream, "truth_particles", 2048)
        patch.setattr(evaluation, "DENSITY_PARTICLES", 1_024)
        return evaluate(galerkin_model, {"mu": 1.5}, particles=500, seed=3)


def test_the_report_has_the_layout_of_the_interface(judged, galerkin_model):
    found = report(judged, galerkin_model)
    assert json.loads(json.dumps(found)) == found
    assert found["model"] == "two-stream-galerkin"
    assert found["parameters"] == {"mu": 1.5}
    assert (found["particles"], found["seed"]) == (500, 3)
    assert {"mean_error", "l2_error", "floor_mean", "floor_l2"} <= set(found["electric_energy"])
    growth = found["growth"]
    theory = galerkin_model.system.linear_modes((1.5,))[growth["mode"] - 1]
    assert growth["theory"] == pytest.approx(theory.growth_rate)
    assert growth["why"]
    assert (growth["truth"] is None) == growth["why"].startswith("No rate: mode")
    assert [row["t"] for row in found["w2"]] == [1.0, 2.0]
    for row in found["w2"]:
        assert set(row) == {"t", "value", "floor", "ratio"}
        assert row["ratio"] == pytest.approx(row["value"] / row["floor"])


def test_aligned_blocks_stand_beside_random_subsets_and_both_are_named(judged, galerkin_model):
    found = report(judged, galerkin_model)
    assert [row["t"] for row in found["w2_aligned"]] == [1.0, 2.0]
    for aligned, random in zip(found["w2_aligned"], found["w2"], strict=True):
        assert set(aligned) == {"t", "value", "floor", "ratio"}
        assert 0 < aligned["floor"] < random["floor"]
    assert found["samples"] == {
        "w2": "5 random subsets of 100", "w2_aligned": "5 aligned blocks of 64",
        "density": "1,024 samples",
    }  # fmt: skip


def test_densities_are_compared_at_four_times_and_say_on_which_plane(judged, galerkin_model):
    rows = report(judged, galerkin_model)["density"]
    assert [row["t"] for row in rows] == [0.5, 1.0, 1.5, 2.0]
    assert {row["plane"] for row in rows} == {"x-v"}
    for row in rows:
        # Two quiet runs of 1,024 particles, after a plasma period at most.
        assert 0.02 < row["floor"] < 0.2
        assert row["ratio"] == pytest.approx(row["value"] / row["floor"])


def test_floors_of_aligned_blocks_are_those_of_two_quiet_truths(judged, galerkin_model):
    system, ts = TwoStream(), np.linspace(0, 2, 3)
    mu = system.vector({"mu": 1.5})
    ends = [reference(system, mu, ts, seed, (2.0,), 2_048).states[2.0] for seed in (3, 4)]
    scale = galerkin_model.scaling.scale
    blocks = [[one[64 * i : 64 * (i + 1)] for one in ends] for i in range(5)]
    expected = [wasserstein2(a, b, system.domain(mu), scale) for a, b in blocks]
    # The times between the saved ones differ, and with them the rounding.
    assert float(judged["w2_aligned_floor"][1]) == pytest.approx(np.mean(expected), rel=1e-3)


def test_errors_are_those_of_the_curves_in_the_result(judged):
    model, truth, second = judged["electric_energy"].values
    for name, curve in (("error", model), ("floor", second)):
        expected = curve_error(truth, curve)
        assert float(judged[f"electric_energy_mean_{name}"]) == pytest.approx(expected.mean)
        assert float(judged[f"electric_energy_l2_{name}"]) == pytest.approx(expected.l2)
    learned = curve_error(truth, judged["electric_energy_learned"].values)
    assert float(judged["electric_energy_mean_learned"]) == pytest.approx(learned.mean)


def test_truth_and_second_truth_are_other_runs_of_one_law(judged):
    _, truth, second = judged["electric_energy"].values
    assert not np.array_equal(truth, second)
    assert 0 < float(judged["electric_energy_mean_floor"]) < 0.2
    assert np.all(judged["w2_floor"].values > 0)


def test_a_reference_keeps_only_the_states_asked_for():
    system = TwoStream()
    ts = np.linspace(0, 1, 13)
    found = reference(system, system.vector({"mu": 1.5}), ts, 3, (0.5, 1.0), particles=128)
    assert list(found.states) == [0.5, 1.0]
    assert found.observables["electric_energy"].shape == (13,)
    # The waves make up the energy, W = L/4 sum |E_m|^2.
    waves = 0.25 * 50.0 * np.sum(np.abs(found.modes) ** 2, axis=1)
    assert waves == pytest.approx(found.observables["electric_energy"], rel=1e-4)
    for time, row in ((0.5, 6), (1.0, 12)):
        mu = system.vector({"mu": 1.5})
        energy = system.observables(found.states[time], mu)["electric_energy"]
        assert float(energy) == pytest.approx(found.observables["electric_energy"][row])


@pytest.mark.parametrize(("judged", "expected"), [(None, 32), (64, 64)])
def test_verdicts_have_a_truth_of_their_own_size_where_the_page_has_a_small_one(
    judged, expected, monkeypatch
):
    monkeypatch.setattr(TwoStream, "truth_particles", 32)
    monkeypatch.setattr(TwoStream, "judged_particles", judged)
    system = TwoStream()
    found = reference(system, system.vector({"mu": 1.5}), np.linspace(0, 1, 3), 3, (1.0,))
    assert found.states[1.0].shape == (expected, 2)


def test_stages_are_told_before_they_run(galerkin_model):
    steps = evaluate_steps(galerkin_model, {"mu": 1.5}, particles=500, seed=3)
    stage, result = next(steps)
    assert stage == ("truth", 0, 5)
    assert "w2" not in result
    steps.close()


@pytest.mark.parametrize(
    ("values", "options", "sentence"),
    [
        ({"mu": 9.0}, {}, "`mu` must lie from 0.4 to 2.5"),
        ({"mu": 1.5}, {"particles": 4}, "`particles` must be a whole number of at least"),
        ({"mu": 1.5}, {"seed": 2**32 - 1}, "`seed` must lie"),
        ({"mu": 1.5}, {"seed": -1}, "`seed` must lie"),
    ],
)
def test_bad_input_gets_a_sentence_before_anything_runs(galerkin_model, values, options, sentence):
    steps = evaluate_steps(galerkin_model, values, **{"particles": 500, "seed": 0, **options})
    with pytest.raises(ValueError) as caught:
        next(steps)
    assert sentence in str(caught.value)


def test_the_uncertainty_is_the_scatter_over_seeds():
    def told(seed, value):
        return {
            "seed": seed, "electric_energy": {"l2_error": value},
            "samples": {"w2": "", "density": ""},
            "w2": [{"t": 1.0, "value": value, "floor": 1.0, "ratio": value}],
            "density": [{"t": 1.0, "value": 2 * value, "floor": 1.0, "ratio": 0.0,
                         "plane": f"plane {seed}"}],
        }  # fmt: skip

    found = uncertainty([told(0, 1.0), told(2, 3.0)])
    sd = np.sqrt(2.0)
    assert found["seeds"] == [0, 2]
    assert found["electric_energy"]["l2_error"] == pytest.approx(sd)
    assert found["w2"] == [{"t": 1.0, "value": pytest.approx(sd), "floor": 0.0}]
    assert found["density"][0]["value"] == pytest.approx(2 * sd)
    with pytest.raises(ValueError, match="`seeds`"):
        uncertainty([told(0, 1.0)])


def test_no_two_seeds_share_a_truth_even_after_the_highest():
    for first in (0, 2**32 - 2):
        seeds = other_seeds(first, 3)
        assert seeds[0] == first
        assert max(seeds) <= 2**32 - 2
        assert len({one + k for one in seeds for k in (0, 1)}) == 6
