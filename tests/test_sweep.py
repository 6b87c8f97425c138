"""Sweeps against single runs, and bands against runs at the drawn values."""

import numpy as np
import pytest
from scipy import stats

from hoam_core import load_model, sweep, uncertain
from hoam_core.inference.sweeps import coarse_to_fine, observables_of, surface, sweep_steps

LEARNED = "electric_energy_learned"


@pytest.fixture(scope="module")
def shipped():
    return load_model("two-stream-galerkin")


@pytest.fixture(scope="module")
def table(shipped):
    return sweep(shipped, "mu", np.linspace(1.2, 1.9, 57), observables=[LEARNED], n_times=41)


def test_a_row_is_the_run_at_its_value_with_units_and_provenance(galerkin_model):
    options = {"particles": 64, "seed": 5, "n_times": 5}
    found = sweep(galerkin_model, "mu", [1.5, 1.3], **options)
    alone = galerkin_model.predict({"mu": 1.5}, **options)
    assert found.mu.values.tolist() == [1.3, 1.5]
    assert set(found) == {o.name for o in galerkin_model.system.observable_info}
    for name, values in found.items():
        assert values.dims == ("mu", "time")
        assert values.attrs["units"] == alone[name].attrs["units"]
        np.testing.assert_allclose(values.sel(mu=1.5), alone[name], rtol=1e-6, atol=1e-9)
    assert found.attrs["swept"] == "mu"
    assert (found.attrs["seed"], found.attrs["particles"], found.attrs["runs"]) == (5, 64, 2)
    assert found.mu.attrs["training_values"] == [1.2, 1.4, 1.6, 1.8]


def test_a_sweep_grows_from_coarse_to_fine(galerkin_model):
    values = np.linspace(1.2, 1.8, 5)
    options = {"observables": [LEARNED], "n_times": 3}
    steps = list(sweep_steps(galerkin_model, "mu", values, every=2, **options))
    assert [done for done, _ in steps] == [0.4, 0.8, 1.0]
    assert steps[0][1].mu.values.tolist() == [1.2, 1.8]
    np.testing.assert_array_equal(steps[-1][1].mu, values)


@pytest.mark.parametrize("n", [1, 2, 3, 16, 17, 200])
def test_every_index_comes_once_and_the_ends_first(n):
    order = coarse_to_fine(n)
    assert sorted(order) == list(range(n))
    assert {order[0], order[min(1, n - 1)]} == {0, n - 1}


def test_the_learned_energy_needs_no_run_and_stands_among_the_observables(shipped, table):
    assert observables_of(shipped)[-1].name == LEARNED
    ts = shipped.times(n_times=41)
    direct = shipped.learned_energy({"mu": 1.45}, ts)
    np.testing.assert_allclose(table[LEARNED].sel(mu=1.45), direct, rtol=1e-6)


def test_between_rows_the_table_gives_what_the_model_says(shipped, table):
    direct = shipped.learned_energy({"mu": 1.4321}, shipped.times(n_times=41))
    between = np.exp(surface(table, LEARNED)([1.4321])[0])
    np.testing.assert_allclose(between[1:], direct[1:], rtol=2e-3)


@pytest.mark.parametrize("kind", [stats.norm(1.5, 0.03), stats.uniform(1.4, 0.2)])
def test_a_band_has_the_quantiles_of_direct_runs(shipped, table, kind):
    band = uncertain(table, LEARNED, kind, quantiles=(0.05, 0.5, 0.95))
    ts = shipped.times(n_times=41)
    draws = kind.ppf((np.arange(60) + 0.5) / 60)
    direct = np.quantile(
        [shipped.learned_energy({"mu": mu}, ts) for mu in draws], (0.05, 0.5, 0.95), axis=0
    )
    np.testing.assert_allclose(band[LEARNED].values[:, 1:], direct[:, 1:], rtol=0.05)
    assert band.mu_draw.values.mean() == pytest.approx(kind.mean(), abs=1e-3)
    assert band.mu_draw.values.std() == pytest.approx(kind.std(), rel=1e-2)


def test_the_tail_outside_the_table_is_cut_off_and_told(table):
    band = uncertain(table, LEARNED, stats.norm(1.9, 0.1), draws=100)
    assert band.attrs["outside"] == pytest.approx(0.5, abs=1e-6)
    assert band.mu_draw.max() <= 1.9


def test_a_distribution_mostly_outside_is_refused(table):
    with pytest.raises(ValueError, match=r"84 % outside the swept range 1.2 to 1.9"):
        uncertain(table, LEARNED, stats.norm(2.0, 0.1))


def test_a_diverged_run_is_missing_and_the_others_carry_the_surface(table):
    holed = table.copy(deep=True)
    holed[LEARNED][20] = np.nan
    value = float(holed.mu[20])
    between = surface(holed, LEARNED)([value])[0]
    np.testing.assert_allclose(between[1:], np.log(table[LEARNED].values[20, 1:]), atol=5e-3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "nu"}, "Unknown parameter 'nu'"),
        ({"values": [1.3]}, "at least 2"),
        ({"values": [1.3, 9.0]}, "must lie from 0.4 to 2.5, but is 9"),
        ({"observables": ["heat"]}, "Unknown observable 'heat'"),
        ({"particles": 0}, "`particles` must be a whole number"),
    ],
)
def test_bad_sweeps_are_refused_with_a_sentence(galerkin_model, changes, sentence):
    options = {"name": "mu", "values": [1.3, 1.5], "particles": 16, "n_times": 3} | changes
    with pytest.raises(ValueError, match=sentence):
        sweep(galerkin_model, options.pop("name"), options.pop("values"), **options)


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [("ising-partial", "h", (-0.1, 0.1)), ("landau-galerkin", "alpha", (0.05, 0.1))],
)
@pytest.mark.slow
def test_every_kind_of_system_can_be_swept(name, parameter, values):
    model = load_model(name)
    names = [p.name for p in model.system.parameters]
    swept = parameter if parameter in names else names[0]
    low, high = model.trained_range()[swept]
    found = sweep(model, swept, [low, high], particles=64, n_times=11)
    for o in model.system.observable_info:
        assert np.isfinite(found[o.name]).all()
