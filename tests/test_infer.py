"""Inferred parameters against known ones, and sentences about measurements that cannot be used."""

import numpy as np
import pytest
import xarray as xr

from hoam_core import (
    calibrate,
    infer,
    load_model,
    read_measurement,
    simulate,
    sweep,
)
from hoam_core.inference import Discrepancy, Measurement
from hoam_core.inference.sweeps import surface

ENERGY = "electric_energy"
TS = np.linspace(0, 10, 51)


def curve(mu):
    """An energy that grows at a rate of mu and then stays."""
    return np.log(1e-4) + 2 * mu * np.minimum(TS, 6.0)


@pytest.fixture(scope="module")
def table():
    grid = np.linspace(0.5, 1.5, 41)
    values = np.exp([curve(mu) for mu in grid])
    coordinates = {"mu": ("mu", grid, {"long_name": "rate"}), "time": TS}
    attributes = {"swept": "mu", "parameters": "{}"}
    return xr.Dataset({ENERGY: (("mu", "time"), values, {"units": "J"})}, coordinates, attributes)


def correlated(rng, scale=0.1):
    """An error of the model that lasts: a random walk, and a sine of random phase."""
    steps = 0.2 * scale * np.cumsum(rng.standard_normal(TS.shape))
    return steps + scale * np.sin(TS / 2 + 6 * rng.random())


def discrepancy_of(rng, runs=20):
    values = rng.uniform(0.5, 1.5, runs)
    return Discrepancy(values, TS, np.array([correlated(rng) for _ in range(runs)]))


def test_errors_that_last_are_covered_as_often_as_promised(table):
    rng = np.random.default_rng(4)
    discrepancy = discrepancy_of(rng)
    covered, errors = [], []
    for mu in rng.uniform(0.7, 1.3, 60):
        measured = Measurement(TS, np.exp(curve(mu) + correlated(rng)))
        found = infer(table, ENERGY, measured, discrepancy, points=201).attrs
        covered.append(found["low"] <= mu <= found["high"])
        errors.append((found["mean"] - mu) / found["deviation"])
    assert np.mean(covered) >= 0.88
    assert 0.7 < np.std(errors) < 1.3


def test_noise_of_the_measurement_is_found_and_widens_the_interval(table):
    rng = np.random.default_rng(5)
    discrepancy = discrepancy_of(rng)
    clean = curve(1.0) + correlated(rng)
    noisy = clean + 0.5 * rng.standard_normal(TS.shape)
    first, second = (infer(table, ENERGY, Measurement(TS, np.exp(y)), discrepancy).attrs
                     for y in (clean, noisy))  # fmt: skip
    assert second["noise"] == pytest.approx(0.5, rel=0.3)
    assert second["high"] - second["low"] > first["high"] - first["low"]
    assert second["low"] < 1.0 < second["high"]
    assert abs(second["correlation"]) < 0.4


def test_a_curve_of_something_else_is_told_by_its_residuals(table):
    discrepancy = discrepancy_of(np.random.default_rng(6))
    measured = Measurement(TS, np.exp(3 * np.sin(TS)))
    found = infer(table, ENERGY, measured, discrepancy).attrs
    assert found["misfit"] > 4
    assert found["correlation"] > 0.5


def test_the_posterior_integrates_to_one_and_its_interval_holds_95_percent(table):
    rng = np.random.default_rng(7)
    measured = Measurement(TS, np.exp(curve(1.1) + correlated(rng)))
    found = infer(table, ENERGY, measured, discrepancy_of(rng))
    assert float(found.posterior.integrate("mu")) == pytest.approx(1, abs=1e-9)
    inside = found.posterior.sel(mu=slice(found.attrs["low"], found.attrs["high"]))
    assert float(inside.integrate("mu")) == pytest.approx(0.95, abs=0.02)
    assert found.attrs["edge"] == 0
    assert (found.fitted_low < found.fitted).all()


def test_a_value_at_the_end_of_the_range_is_told(table):
    rng = np.random.default_rng(8)
    measured = Measurement(TS, np.exp(curve(1.7)))
    found = infer(table, ENERGY, measured, discrepancy_of(rng)).attrs
    assert found["edge"] == 1
    assert found["best"] == 1.5


def test_times_may_be_few_and_in_any_order(table):
    rng = np.random.default_rng(9)
    discrepancy = discrepancy_of(rng)
    few = rng.permutation(51)[:12]
    measured = Measurement(TS[few], np.exp(curve(0.9))[few])
    found = infer(table, ENERGY, measured, discrepancy)
    assert found.attrs["best"] == pytest.approx(0.9, abs=0.03)
    assert (np.diff(found.time) > 0).all()


def test_csv_with_comments_other_columns_and_semicolons():
    text = "\ufeff# made by hand\nshot;time;electric_energy\n1;0.5;2e-3\n\n1;1.0;3e-3\n"
    measured = read_measurement(text)
    assert measured.ts.tolist() == [0.5, 1.0]
    assert measured.values.tolist() == [2e-3, 3e-3]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty; give a CSV file with the columns time,electric_energy"),
        ("time,energy\n0,1\n", "lacks the column `electric_energy`.*names 'time', 'energy'"),
        ("time,electric_energy\n0,1\n1\n", "Line 3 of the measurement holds ''"),
        ("time,electric_energy\n0,one\n", "Line 2 of the measurement holds 'one'"),
    ],
)
def test_unreadable_files_are_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_measurement(text)


@pytest.mark.parametrize(
    ("at", "t", "value", "sentence"),
    [
        (3, 0.6, np.nan, "a NaN or an infinity in 1 of its 51 rows, first in row 4"),
        (50, 11.0, 1.0, "1 times outside 0 to 10.*such as t = 11"),
        (0, -1.0, 1.0, "1 times outside 0 to 10"),
        (2, 0.4, -1e-3, "is negative in 1 rows, the lowest being -0.001"),
    ],
)
def test_bad_numbers_are_refused_with_a_sentence(table, at, t, value, sentence):
    ts, values = TS.copy(), np.exp(curve(1.0))
    ts[at], values[at] = t, value
    with pytest.raises(ValueError, match=sentence):
        infer(table, ENERGY, Measurement(ts, values), discrepancy_of(np.random.default_rng(0)))


def test_too_few_times_are_refused(table):
    with pytest.raises(ValueError, match=r"at least 5 different times.*but has 3"):
        infer(table, ENERGY, Measurement(TS[:3], np.ones(3)),
              discrepancy_of(np.random.default_rng(0)))  # fmt: skip


def test_calibration_is_the_difference_of_full_and_learned_model(galerkin_model):
    learned = "electric_energy_learned"
    table = sweep(galerkin_model, "mu", np.linspace(1.2, 1.8, 9), observables=[learned])
    found = calibrate(galerkin_model, table, learned, runs=8, particles=64)
    assert found.residuals.shape == (8, len(table.time))
    assert np.ptp(found.values) > 0.4
    told = surface(table, learned)(found.values)
    # The full model's level is near the learned one's, though this model is tiny.
    assert np.isfinite(found.residuals).all()
    assert np.median(np.abs(found.residuals[:, 1:])) < np.ptp(told)


@pytest.mark.slow
def test_unseen_two_stream_runs_are_recovered_within_1_percent():
    model, learned = load_model("two-stream-galerkin"), "electric_energy_learned"
    table = sweep(model, "mu", np.linspace(1.2, 1.9, 141), observables=[learned])
    discrepancy = calibrate(model, table, learned)
    rng, covered = np.random.default_rng(31), 0
    for k, mu in enumerate(rng.uniform(1.2, 1.9, 50)):
        run = simulate("two-stream", {"mu": mu}, seed=90_000 + k)
        measured = Measurement(run.time.values, run[ENERGY].values)
        found = infer(table, learned, measured, discrepancy).attrs
        assert found["mean"] == pytest.approx(mu, rel=0.01)
        covered += found["low"] <= mu <= found["high"]
    assert covered >= 45
