"""Pictures, words and errors from arrays."""

import numpy as np
import pytest

from dashboard import describe, frames
from dashboard.readout import error_table, notices
from dashboard.runs import Case, Reference, Run
from hoam_core import SYSTEMS

TWO_STREAM, OSCILLATOR = SYSTEMS["two-stream"], SYSTEMS["oscillator"]
PLANE = frames.Plane.of(TWO_STREAM)


def run_of(curves, system="two-stream", end=40.0):
    n = len(next(iter(curves.values())))
    case = Case(system, "", (1.25,), 0, 100)
    return Run(case, np.linspace(0, end, n), np.zeros((n, 96, 144), np.uint16), curves)


def growing(rate=0.2, n=101):
    t = np.linspace(0, 40, n)
    grown = 1e-4 * np.exp(2 * rate * t)
    return 1e-5 + grown / (1 + grown / 10)


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_every_particle_inside_is_counted_once(name):
    plane = frames.Plane.of(SYSTEMS[name])
    low, high = np.array(plane.low), np.array(plane.high)
    x = np.random.default_rng(0).uniform(low, high, (3, 500, 2)).astype(np.float32)
    assert frames.count(x, plane).sum(axis=(1, 2)).tolist() == [500] * 3


def test_particles_outside_or_missing_are_not_drawn():
    x = np.array([[[10.0, 0.0], [10.0, 99.0], [-1.0, 0.0], [np.nan, 0.0], [np.inf, 1e30]]])
    assert frames.count(x.astype(np.float32), PLANE).sum() == 1


def test_counts_lie_where_the_particles_are():
    x = np.array([[[0.1, -7.95]]], np.float32)
    assert np.argwhere(frames.count(x, PLANE)[0]).tolist() == [[0, 0]]


def test_smoothing_keeps_the_mass_and_closes_a_periodic_axis():
    counts = np.zeros((96, 144), np.uint16)
    counts[48, 0] = 1
    density = frames.density(counts, 1, PLANE, 2.0)
    assert float(density.sum()) * PLANE.cell_area == pytest.approx(1, rel=1e-4)
    assert density[48, -1] == pytest.approx(density[48, 1], rel=1e-5)


def test_smoothing_narrows_with_more_particles():
    widths = [frames.sigma_for(n) for n in (1_024, 4_096, 65_536)]
    assert widths == sorted(widths, reverse=True)


def test_levels_are_clipped_and_symmetric():
    values = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]])
    assert frames.to_signed_levels(values, 1.0).tolist() == [[0, 0, 128, 255, 255]]
    assert frames.to_levels(values, 2.0).dtype == np.uint8


def test_a_growing_field_is_described_and_fitted():
    run = run_of({"electric_energy": growing()})
    assert describe.growth(run).rate == pytest.approx(0.2, rel=0.1)
    sentence = describe.headline(run, TWO_STREAM)
    assert "-fold and saturated at t = " in sentence


def test_a_quiet_field_is_described():
    run = run_of({"electric_energy": np.ones(101)})
    assert "nothing grows" in describe.headline(run, TWO_STREAM)


def test_the_theory_line_has_slope_two_gamma():
    run = run_of({"electric_energy": growing()})
    t, w = describe.theory_line(run, describe.growth(run), 0.2)
    assert np.diff(np.log(w))[0] / np.diff(t)[0] == pytest.approx(0.4, rel=1e-6)
    assert len(describe.theory_line(run, None, 0.2)[0]) == 0


def test_errors_stand_beside_their_floor():
    truth = run_of({"electric_energy": growing()})
    model = run_of({"electric_energy": 1.1 * growing()})
    second = run_of({"electric_energy": 1.01 * growing()})
    rows = describe.errors(model, Reference(truth, second), TWO_STREAM)
    assert [row.error for row in rows] == pytest.approx([0.1, 0.1])
    assert [row.floor for row in rows] == pytest.approx([0.01, 0.01])
    assert [row.floor for row in describe.errors(model, Reference(truth), TWO_STREAM)] == [None] * 2
    assert "computing" in error_table(describe.errors(model, Reference(truth), TWO_STREAM),
                                      "computing")  # fmt: skip


def test_curves_through_zero_have_no_relative_mean():
    names = describe.observables_shown(OSCILLATOR)
    curves = {name: np.cos(np.linspace(0, 9, 50)) for name in names}
    truth = run_of(curves, "oscillator", 1.0)
    rows = describe.errors(truth, Reference(truth, truth), OSCILLATOR)
    assert [row.label.endswith("L2") for row in rows] == [True] * len(names)
    assert "crosses zero" in describe.headline(truth, OSCILLATOR)


def test_sentences_from_outside_are_escaped():
    assert "<script>" not in notices([], "Unknown model '<script>'.")
