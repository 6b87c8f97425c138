"""Words, fits and errors from curves."""

import re
from dataclasses import replace

import numpy as np
import pytest

from dashboard.parts.html import error_table, headline, progress
from dashboard.runs import describe, energy
from dashboard.runs.errors import PICTURE, errors, percent
from dashboard.runs.pictures import Ranges
from dashboard.runs.references import Reference
from dashboard.runs.run import Case, Run
from dashboard.runs.speaker import described, headline_of
from dashboard.runs.states import Cells, Moments
from dashboard.runs.verdict import NO_MODEL, Verdict
from hoam_core import SYSTEMS

TWO_STREAM, OSCILLATOR = SYSTEMS["two-stream"], SYSTEMS["oscillator"]
AXES = (0, 1)


def run_of(curves, system="two-stream", end=40.0, moments=None, times=None):
    n = len(next(iter(curves.values())))
    d = len(SYSTEMS[system].components)
    zeros = np.zeros((n, d))
    return Run(
        Case(system, "", (1.25,), 0, 100), np.linspace(0, end, times or n),
        Cells(np.zeros((n, 96, 144), np.uint16), 100),
        Ranges((0.0,) * d, (1.0,) * d, (False,) * d), moments or Moments(zeros, zeros + 1), curves,
    )  # fmt: skip


def growing(rate=0.2, n=101):
    t = np.linspace(0, 40, n)
    grown = 1e-4 * np.exp(2 * rate * t)
    return 1e-5 + grown / (1 + grown / 10)


def damped(rate=-0.15, end=30.0, n=101, omega=1.4):
    t = np.linspace(0, end, n)
    return np.exp(2 * rate * t) * (np.cos(omega * t) ** 2 + 1e-4)


def test_a_growing_field_is_described_and_fitted():
    run = run_of({"electric_energy": growing()})
    assert energy.growth(run).rate == pytest.approx(0.2, rel=0.1)
    sentence = describe.headline(run, TWO_STREAM, AXES)
    assert re.search(r"-fold( from its level at t = [\d.]+)? and saturated at t = ", sentence)
    assert sentence.endswith("m vₜₕ².")


def test_so_many_fold_is_about_the_level_that_is_named_beside_it():
    # A first plateau at 60 and a later peak of twice that, from a level of 0.5 at t = 1.2.
    t = np.linspace(0, 40, 101)
    values = np.interp(t, [0, 1.2, 2, 8, 10, 16, 17, 40], [0.1, 0.5, 0.3, 60, 55, 115, 70, 70])
    words = describe.headline(run_of({"electric_energy": values}), TWO_STREAM, AXES)
    told = "The field energy grew 120-fold from its level at t = 1.2 and saturated at t = 8.0, near"
    assert words.startswith(f"{told} 60")


def test_noise_of_a_few_runs_is_no_swing():
    t = np.linspace(0, 1, 50)
    spread = 0.04 * (1 - np.exp(-20 * t)) * (1 + 0.2 * np.sin(40 * t))
    moments = Moments(np.zeros((50, 1)), spread[:, None])
    ising = SYSTEMS["curie-weiss"]
    few = run_of({"magnetisation": t}, "curie-weiss", moments=moments)
    few = replace(few, case=few.case._replace(particles=32))
    assert "swings" not in describe.headline(few, ising, (0, 0))
    many = replace(few, case=few.case._replace(particles=10_000))
    assert "swings" in describe.headline(many, ising, (0, 0))


def test_a_field_that_only_rises_saturated_before_the_end_or_still_grows():
    for values, words in ((growing(), "saturated at t = "), (growing(0.1), "still grows at the")):
        run = run_of({"electric_energy": values})
        assert words in describe.headline(run, TWO_STREAM, AXES)


def test_what_is_less_than_roundings_is_noise_and_grows_nowhere():
    curves = {"electric_energy": 1e-8 * growing(), "kinetic_energy": np.full(101, 8.0)}
    words = describe.headline(run_of(curves), TWO_STREAM, AXES)
    assert words.startswith("The field energy is noise, below 9.")
    assert "less than a millionth of the kinetic energy" in words
    assert "· 10⁻⁸ μ² m vₜₕ²" in words
    curves["electric_energy"] = 1e-4 * growing()
    assert "grew" in describe.headline(run_of(curves), TWO_STREAM, AXES)


def test_a_quiet_field_is_described():
    run = run_of({"electric_energy": np.ones(101)})
    assert "nothing grows" in describe.headline(run, TWO_STREAM, AXES)


@pytest.mark.parametrize("rate", [-0.05, -0.15, -0.28])
def test_a_damped_field_is_fitted_through_its_maxima(rate):
    run = run_of({"electric_energy": damped(rate)}, end=30.0)
    assert energy.growth(run).rate == pytest.approx(rate, rel=0.03)


def test_a_damped_field_is_described_and_its_return_too():
    run = run_of({"electric_energy": damped(-0.1)}, end=30.0)
    words = describe.headline(run, TWO_STREAM, AXES)
    assert words.startswith("The field energy fell to 1/")
    assert words.endswith("the wave is damped.")
    back = damped(-0.15)
    back[60:] *= np.exp(0.5 * np.linspace(0, 12, 41))
    words = describe.headline(run_of({"electric_energy": back}, end=30.0), TWO_STREAM, AXES)
    assert "and then bounced back to 1/" in words
    low = np.maximum(damped(-0.3), 1e-3 * damped(0.0))
    words = describe.headline(run_of({"electric_energy": low}, end=30.0), TWO_STREAM, AXES)
    assert "oscillates near that level" in words


def test_a_run_under_way_says_how_far_it_is():
    run = run_of({"electric_energy": growing()[:50]}, times=101)
    assert describe.headline(run, TWO_STREAM, AXES).startswith("Up to t = 19.6: ")
    begun = run_of({"electric_energy": growing()[:3]}, times=101)
    assert "is being computed" in describe.headline(begun, TWO_STREAM, AXES)


def test_errors_are_written_without_exponents():
    shown = [percent(value) for value in (0.0123, 0.994, 0.996, 1.5, 10.0)]
    assert shown == ["1.2 %", "99 %", "100 %", "150 %", "1,000 %"]


def test_an_error_beyond_ten_times_is_said_so_and_none_is_written_as_a_number_that_is_not_finite():
    assert [percent(value) for value in (10.1, 20_581.93)] == ["more than 10 times"] * 2
    assert [percent(value) for value in (np.nan, np.inf)] == ["not finite"] * 2
    truth, model = run_of({"electric_energy": growing()}), growing()
    model[50] = np.nan
    rows = errors(run_of({"electric_energy": model}), Reference(truth), TWO_STREAM, AXES)
    assert np.isnan([row.error for row in rows[:2]]).all()
    assert "nan" not in error_table(rows, "computing").lower()
    assert "failed" in describe.headline(run_of({"electric_energy": model}), TWO_STREAM, AXES)


def test_errors_stand_beside_their_floor():
    truth = run_of({"electric_energy": growing()})
    model = run_of({"electric_energy": 1.1 * growing()})
    second = run_of({"electric_energy": 1.01 * growing()})
    rows = errors(model, Reference(truth, second), TWO_STREAM, AXES)
    assert [row.error for row in rows] == pytest.approx([0.1, 0.1, 0.0])
    assert [row.floor for row in rows] == pytest.approx([0.01, 0.01, 0.0])
    alone = errors(model, Reference(truth), TWO_STREAM, AXES)
    assert [row.floor for row in alone] == [None] * 3
    assert "computing" in error_table(alone, "computing")


def test_the_error_of_a_damped_energy_has_no_relative_mean():
    truth = run_of({"electric_energy": damped()}, end=30.0)
    rows = errors(truth, Reference(truth), SYSTEMS["landau"], AXES)
    assert [row.label for row in rows] == ["electric energy W, L2", PICTURE]


def test_nor_has_that_of_an_energy_that_swings_at_one_height():
    truth = run_of({"electric_energy": damped(0.0)}, end=30.0)
    assert energy.growth(truth) is None
    rows = errors(truth, Reference(truth), SYSTEMS["landau"], AXES)
    assert [row.label for row in rows] == ["electric energy W, L2", PICTURE]


def swinging(shift=0.0):
    t = np.linspace(0, 9, 50)
    mean = np.stack([np.cos(t) + shift, np.sin(t)], -1)
    curves = {o.name: np.cos(t) for o in OSCILLATOR.observable_info}
    return run_of(curves, "oscillator", 1.0, Moments(mean, np.ones_like(mean)))


def test_curves_through_zero_have_no_relative_mean():
    truth = swinging()
    rows = errors(truth, Reference(truth, truth), OSCILLATOR, AXES)
    assert [row.label for row in rows] == [
        "mean of x, L2", "mean of y, rms", "spread of x, L2", "spread of y, L2", PICTURE,
    ]  # fmt: skip
    assert "crosses zero" in describe.headline(truth, OSCILLATOR, AXES)


def test_the_error_of_a_mean_is_relative_to_the_size_of_its_component():
    chaos, n = SYSTEMS["chaos-9d"], 20
    spread = np.full((n, 9), 2.0)
    curves = {"mean_square": np.ones(n)}
    truth = run_of(curves, "chaos-9d", 1.0, Moments(np.zeros((n, 9)), spread))
    model = run_of(curves, "chaos-9d", 1.0, Moments(np.full((n, 9), 0.1), spread))
    rows = errors(model, Reference(truth), chaos, (0, 8))
    found = {row.label: row.error for row in rows}
    assert found["mean of c9, rms"] == pytest.approx(0.05)
    assert found["spread of c1, L2"] == 0


def test_without_a_field_the_curves_follow_the_plane():
    names = [[c.label for c in describe.shown(SYSTEMS["trap"], axes)] for axes in ((0, 99), (4, 7))]
    assert names[0] == [
        "mean position", "mean of x1", "mean of x100", "spread of x1", "spread of x100",
    ]  # fmt: skip
    assert names[1][1:] == ["mean of x5", "mean of x8", "spread of x5", "spread of x8"]
    assert [c.name for c in describe.shown(TWO_STREAM, AXES)] == [
        "electric_energy", "total_energy", "momentum",
    ]  # fmt: skip


def test_a_spread_that_grows_is_told():
    n = 60
    grown = np.linspace(0.02, 0.5, n)[:, None] * np.ones(9)
    moments = Moments(np.zeros((n, 9)), grown)
    run = run_of({"mean_square": np.linspace(0.004, 90, n)}, "chaos-9d", 20.0, moments)
    words = describe.headline(run, SYSTEMS["chaos-9d"], (0, 8))
    assert "mean square amplitude rises from 0.004 to 90" in words
    assert "spread of c1 rises from 0.02 to 0.5" in words


GOOD = Verdict("≈", "good", "energy: error 1 %")
UNDER_WAY = {"electric_energy": damped()[:50]}


def test_of_nature_the_full_model_speaks_as_soon_as_it_is_there():
    learned = run_of({"electric_energy": growing()})
    truth = run_of({"electric_energy": damped()}, end=30.0)
    say = lambda answer, full: headline_of(answer, full, TWO_STREAM, AXES, GOOD)  # noqa: E731
    assert say(learned, None).startswith("The learned model says: the field energy grew")
    assert say(learned, run_of(UNDER_WAY, times=101)).startswith("The learned model says: ")
    assert say(learned, truth) == describe.headline(truth, TWO_STREAM, AXES)
    assert say(None, run_of(UNDER_WAY, times=101)).startswith("Up to t = 19.6: The field energy")
    assert say(None, None) == "Nothing is computed yet."


def test_what_is_in_doubt_is_not_repeated():
    learned = run_of({"electric_energy": growing()})
    doubt = Verdict("✕", "do not use", "its energy grew out of nothing")
    words = headline_of(learned, None, TWO_STREAM, AXES, doubt)
    assert words.startswith("Do not use what the learned model says here: its energy grew")
    assert described(words, doubt).endswith(
        "Learned model: do not use: its energy grew out of nothing."
    )
    assert described(words, NO_MODEL) == words


def test_the_verdict_stands_below_the_headline():
    page = headline("It <grew>.", Verdict("✕", "do not use", "energy: error 300 %"))
    assert "It &lt;grew&gt;." in page
    assert "Learned model: do not use." in page
    assert "Energy: error 300 %." in page
    assert "<p" not in headline("It grew.", NO_MODEL)


def test_progress_is_one_number():
    for done, first in ((0.475, False), (0.62, True)):
        page = progress("running", done, first, TWO_STREAM)
        assert f"{100 * done:.0f} %" in page
        assert f'value="{done:.3f}"' in page
        assert page.count(" %") == 1


def cells(seed, particles, shift=0, frames=9):
    """Counts of a Gaussian in both directions, by chance."""
    rng = np.random.default_rng(seed)
    at = rng.normal((72 + shift, 48), 8, (frames, particles, 2)).astype(int) % (144, 96)
    found = np.zeros((frames, 96, 144), np.uint16)
    for i in range(frames):
        np.add.at(found[i], (at[i, :, 1], at[i, :, 0]), 1)
    return Cells(found, particles)


def test_the_picture_is_judged_by_the_mass_in_the_wrong_place_beside_as_few_particles():
    truth, second, few, moved = (
        replace(run_of({"electric_energy": np.ones(9)}), states=kept)
        for kept in (cells(0, 65_536), cells(1, 65_536), cells(2, 1_024), cells(3, 1_024, shift=16))
    )
    rows = [errors(model, Reference(truth, second), TWO_STREAM, AXES)[-1] for model in (few, moved)]
    assert [row.label for row in rows] == [PICTURE] * 2
    alike, apart = (row.error / row.floor for row in rows)
    assert 0.85 < alike < 1.15
    # Two Gaussians of width 8 that are 16 apart differ in 2 Phi(1) - 1 of their mass.
    assert rows[1].error == pytest.approx(0.68, abs=0.06)
    assert apart > 5
    assert errors(moved, Reference(truth), TWO_STREAM, AXES)[-1].floor is None
    assert "Lumps that remain with more particles" in error_table(rows, "computing")
