"""Rates beside linear theory on the page: which wave and window, the line of theory, the words."""

import numpy as np
import pytest

from benchmarks.rates import Place, measured, places
from dashboard.explore.choice import ExploreChoice
from dashboard.parts.html import rate_of, rate_table
from dashboard.runs.catalogue import catalogue
from dashboard.runs.pictures import Ranges
from dashboard.runs.rates import ModeChoice, rates, theory_line
from dashboard.runs.references import Reference, linear_theory
from dashboard.runs.run import Case, Run
from dashboard.runs.states import Cells, Moments
from dashboard.runs.units import density_unit, in_symbols, rate_unit, with_unit
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, read_query
from hoam_core import SYSTEMS
from hoam_core.metrics import ModeFit
from hoam_core.systems.plasmas.dispersion import Mode

PARAMETERS = {"two-stream": (1.85,), "landau": (0.01, 0.5)}


def run_of(name, wave, *, off=0.0, times=None):
    """A run of which only the field is known: one wave of mode 1, and its energy."""
    system = SYSTEMS[name]
    ts = system.times()
    modes = np.zeros((len(ts), 12), complex)
    modes[:, 0] = wave(ts) * (1 + off)
    length = float(system.domain(system.vector(system.named(PARAMETERS[name]))).length[0])
    curves = {"electric_energy": 0.25 * length * np.abs(modes[:, 0]) ** 2}
    n = times or len(ts)
    zeros = np.zeros((n, 2))
    return Run(
        Case(name, "", PARAMETERS[name], 0, 100), ts, Cells(np.zeros((n, 96, 144), np.uint16), 100),
        Ranges((0.0, -8.0), (length, 8.0), (True, False)), Moments(zeros, zeros + 1),
        {key: values[:n] for key, values in curves.items()}, modes=modes[:n],
    )  # fmt: skip


def growing(rate):
    return lambda t: 1e-3 * np.exp(rate * t) / np.sqrt(1 + 1e-6 * np.exp(2 * rate * t))


def damped(rate):
    return lambda t: 0.02 * np.exp(rate * t) * np.cos(1.4157 * t)


def of(name, truth, model=None, second=None, wanted=ModeChoice()):  # noqa: B008
    theory = linear_theory(SYSTEMS[name], PARAMETERS[name])
    return rates(SYSTEMS[name], model, Reference(truth, second, theory), wanted)


def test_both_models_are_fitted_in_the_window_of_the_truth():
    found = of("two-stream", run_of("two-stream", growing(0.1522)),
               run_of("two-stream", growing(0.14)))  # fmt: skip
    assert found.mode.number == 1
    truth, model = found.fits["truth"], found.fits["model"]
    assert truth.rate == pytest.approx(0.1522, abs=2e-3)
    assert model.rate == pytest.approx(0.14, abs=2e-3)
    assert found.window == (truth.start, truth.end) == (model.start, model.end)
    assert "agree within" in found.why


def test_a_second_seed_adds_to_the_uncertainty():
    truth, second = run_of("two-stream", growing(0.15)), run_of("two-stream", growing(0.16))
    alone, both = of("two-stream", truth), of("two-stream", truth, second=second)
    assert both.fits["truth"].uncertainty == pytest.approx(0.01, rel=0.1)
    assert alone.fits["truth"].uncertainty < 0.003


def test_a_window_and_a_mode_may_be_chosen():
    truth = run_of("two-stream", growing(0.1522))
    found = of("two-stream", truth, wanted=ModeChoice(1, (10.0, 20.0)))
    assert found.window == (10.0, 20.0)
    assert (found.fits["truth"].start, found.fits["truth"].end) == (10.0, 20.0)
    # Nothing grows in the second one, and what does not grow has no rate.
    other = of("two-stream", truth, wanted=ModeChoice(2))
    assert other.mode.number == 2
    assert other.fits["truth"] is None
    assert other.why.startswith("No rate: mode 2")


def test_there_are_no_rates_before_the_truth_is_complete_nor_without_theory():
    system, whole = SYSTEMS["two-stream"], run_of("two-stream", growing(0.15))
    theory = linear_theory(system, PARAMETERS["two-stream"])
    begun = run_of("two-stream", growing(0.15), times=60)
    assert rates(system, None, None) is None
    assert rates(system, None, Reference(begun, None, theory)) is None
    assert rates(system, None, Reference(whole)) is None


@pytest.mark.parametrize(
    ("name", "wave", "rate"),
    [("two-stream", growing(0.1522), 0.1522), ("landau", damped(-0.153359), -0.153359)],
)
def test_the_line_of_theory_is_an_exponential_on_either_axis(name, wave, rate):
    run = run_of(name, wave)
    t, w = theory_line(run, of(name, run))
    assert len(t) >= 50  # two points would be a straight line on a linear axis
    assert np.diff(np.log(w)) / np.diff(t) == pytest.approx(2 * rate, rel=1e-3)
    energy = run.curves["electric_energy"]
    here = np.interp(t, run.ts, energy)
    if rate > 0:
        early = slice(0, len(t) // 2)  # later the wave saturates
        assert w[early] == pytest.approx(here[early], rel=0.15)
    else:
        # Through the maxima, so that the wave lies below it.
        assert np.all(here <= 1.1 * w)
        assert np.any(here > 0.8 * w)
    assert len(theory_line(run, None)[0]) == 0


def test_noise_has_neither_rate_nor_line():
    rng = np.random.default_rng(0)
    truth = run_of("landau", lambda t: 0.0 * t)
    truth.modes[:] = 1e-3 * rng.normal(size=truth.modes.shape) / np.arange(1, 13)
    found = of("landau", truth)
    assert found.fits["truth"] is None
    assert len(theory_line(truth, found)[0]) == 0
    table = rate_table(found, learned=True, time_unit="1/omega_p")
    assert table.count("<td>—</td>") == 2
    assert "−0.1534" in table


def test_a_rate_is_written_with_the_digits_that_it_has():
    def written(rate, uncertainty):
        return rate_of(ModeFit(rate, uncertainty, 0.0, 0.0, 1.0, 1.0))

    assert written(-0.15341, 0.0072) == "−0.1534 ± 0.0072"
    assert written(0.2069, 0.031) == "0.207 ± 0.031"
    assert written(0.2069, 0.2) == "0.21 ± 0.20"
    assert written(0.2069, 0.0) == "0.2069 ± 0.0000"
    assert rate_of(None) == "—"


def test_the_table_names_mode_unit_and_the_fastest():
    found = of("two-stream", run_of("two-stream", growing(0.15)))
    table = rate_table(found._replace(fastest=Mode(2, 0.0, 0.3)), True, "1/(mu omega_p)")
    assert "Growth rate γ [μ ωₚ] of mode 1 of the field" in table
    assert "In theory mode 2 grows fastest, with 0.3000; the initial state favours mode 1." in table
    chosen = found._replace(fastest=Mode(2, 0.0, 0.3), chosen=True)
    assert "grows fastest, with 0.3000.<" in rate_table(chosen, True, "1/omega_p")
    assert "model, fit" not in rate_table(found, False, "1/omega_p")


def test_units_are_written_in_symbols():
    assert with_unit("W", "mu^2 m v_th^2") == "W [μ² m vₜₕ²]"
    assert with_unit("time t", "1/(mu omega_p)") == "time t [1/(μ ωₚ)]"
    assert with_unit("m", "") == "m"
    assert in_symbols(rate_unit("1/(mu omega_p)")) == "μ ωₚ"
    assert rate_unit("1/omega_p") == "omega_p"
    assert in_symbols(density_unit("lambda_D/mu", "v_th")) == "1/(λᴅ/μ · vₜₕ)"
    assert (density_unit("", ""), density_unit("m", "")) == ("", "1/m")
    # A letter of another unit is none of these symbols.
    assert with_unit("d", "mum") == "d [mum]"


def test_a_link_restores_mode_and_window():
    shelf = catalogue()
    link = {"system": "two-stream", "mu": "1.85", "mode": "1", "window": "4:20.5"}
    state, choice = Exploration(shelf, system="two-stream"), ExploreChoice()
    choice.read(Reader(link, shelf), state)
    assert choice.wanted == ModeChoice(1, (4.0, 20.5))
    assert choice.write(state) == {"mode": "1", "window": "4:20.5"}
    choice.read(Reader({"t": "3"}, shelf), state)
    assert choice.wanted == ModeChoice(1, (4.0, 20.5))
    # A whole state without them means what suits the run best, and so does another system.
    choice.read(Reader({"system": "two-stream"}, shelf), state)
    assert choice.wanted == ModeChoice()
    choice.window = (1.0, 2.0)
    choice.suit("landau")
    assert (choice.wanted, choice.write(state)) == (ModeChoice(), {})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"window": "5"}, "two times with a colon"), ({"window": "9:4"}, "earlier time first"),
        ({"window": "0:900"}, "window"), ({"window": "a:3"}, "must be a number"),
        ({"mode": "0"}, "mode"), ({"mode": "1.5"}, "whole number"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_window_or_mode_is_told(entry, words):
    shelf = catalogue()
    reader = read_query({"system": "two-stream"} | entry, shelf)
    choice = ExploreChoice()
    choice.read(reader, Exploration(shelf, system="two-stream"))
    assert choice.wanted == ModeChoice()
    assert any(words in sentence for sentence in reader.problems)


# Waves small enough for linear theory, and some that are not, on purpose; and no wave at all.
SHOWN = [
    ({"system": "two-stream", "mu": "1.85"}, 0.1522, "agree"),
    ({"system": "bump-on-tail", "mu": "1.35"}, 0.0982, "agree"),
    ({"system": "landau", "alpha": "0.05", "k": "0.5"}, -0.1534, "agree"),
    ({"system": "landau", "alpha": "0.3", "k": "0.42"}, -0.0813, "too strong for linear theory"),
    ({"system": "landau", "alpha": "0", "k": "0.5"}, -0.1534, "No rate"),
    ({"system": "strong-landau-6d", "alpha": "0.5"}, -0.1534, "too strong for linear theory"),
    ({"system": "strong-landau-6d-all-axes", "alpha": "0.5"}, -0.1534, "too strong for linear"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("link", "theory", "words"), SHOWN)
def test_the_full_model_beside_linear_theory(link, theory, words):
    found = measured(Place("here", link), catalogue())
    assert found.mode.growth_rate == pytest.approx(theory, abs=6e-5)
    assert words in found.why
    assert (found.fits["truth"] is None) == (words == "No rate")


@pytest.mark.slow
def test_every_rate_that_is_shown_is_that_of_theory_or_says_why():
    shelf = catalogue()
    seen = list(places(shelf))
    assert len(seen) > 20
    for place in seen:
        found = measured(place, shelf)
        fit = found.fits["truth"]
        if "agree" in found.why:
            assert abs(fit.rate - found.mode.growth_rate) <= fit.uncertainty, place
        else:
            assert "No cause of the difference is known" not in found.why, place
        if fit is not None:
            assert 0 <= fit.start < fit.end, place
            assert fit.uncertainty < max(abs(fit.rate), 1 / (fit.end - fit.start)), place
