"""Rates of modes by fit: closed forms, noise, and what is told of the difference to theory."""

import numpy as np
import pytest

import hoam_core as hoam
from hoam_core.metrics import ModeFit, fit_mode, fit_window, growth, mode_amplitudes
from hoam_core.metrics.rates import strongest, why
from hoam_core.systems.plasmas.dispersion import Mode

TS = np.linspace(0, 30, 151)


def field(mode, number=1, noise=0.0, seed=0):
    """Amplitudes of twelve modes: one of them, and white noise of the density in all."""
    rng = np.random.default_rng(seed)
    shape = len(TS), 12
    white = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    modes = noise * white / np.arange(1, 13)
    modes[:, number - 1] += mode
    return modes


@pytest.mark.parametrize("beat", [0.0, 0.5, 1.0])
def test_a_growing_part_is_found_beneath_what_beats_with_it(beat):
    growing = 1e-3 * np.exp((0.21 - 0.4j) * TS)
    whole = growing / np.sqrt(1 + np.abs(growing) ** 2)
    whole = whole + beat * 4e-3 * np.exp((-0.02 + 1.1j) * TS)
    fit = fit_mode(TS, field(whole), 1, grows=True)
    assert fit.rate == pytest.approx(0.21, abs=max(fit.uncertainty, 1e-3))
    assert fit.frequency == pytest.approx(0.4, abs=0.02)
    assert fit.uncertainty < 0.02
    assert fit.height == pytest.approx(1e-3 * np.exp(0.21 * fit.end), rel=0.15)
    assert 0 <= fit.start < fit.end <= 30


@pytest.mark.parametrize("rate", [-0.02, -0.15, -0.28])
def test_a_standing_wave_is_fitted_until_the_noise(rate):
    wave = 0.1 * np.exp(rate * TS) * np.cos(1.4 * TS)
    fit = fit_mode(TS, field(wave, noise=2e-4), 1, grows=False)
    assert fit.rate == pytest.approx(rate, abs=fit.uncertainty)
    assert fit.frequency == pytest.approx(1.4, rel=0.01)
    assert fit.uncertainty < 0.2 * abs(rate) + 2e-3
    # It ends where the wave has sunk to the noise, and not in it.
    assert 0.1 * np.exp(rate * fit.end) > 2e-4


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("grows", [True, False])
def test_noise_has_no_rate(seed, grows):
    assert fit_mode(TS, field(0.0 * TS, noise=1e-3, seed=seed), 1, grows=grows) is None


def test_nothing_is_fitted_where_nothing_can_be():
    assert fit_mode(TS, field(0.0 * TS), 1, grows=False) is None
    assert fit_mode(TS[:5], field(np.exp(TS))[:5], 1, grows=True) is None
    assert fit_mode(TS, field(np.full(len(TS), np.nan)), 1, grows=True) is None
    assert fit_window(TS, field(np.exp(0.1 * TS)), 1, (1.0, 2.0)) is None


def test_a_window_that_is_chosen_is_the_one_that_is_fitted():
    bent = np.exp(np.where(TS < 15, 0.1 * TS, 1.5 + 0.2 * (TS - 15)))
    early, late = (fit_window(TS, field(bent), 1, w) for w in ((2, 14), (16, 28)))
    assert (early.rate, late.rate) == (pytest.approx(0.1, abs=2e-3), pytest.approx(0.2, abs=2e-3))
    assert (early.start, early.end) == (pytest.approx(2.0), pytest.approx(14.0))
    across = fit_window(TS, field(bent), 1, (2, 28))
    assert across.uncertainty > 10 * max(early.uncertainty, late.uncertainty)


THEORY = (Mode(1, 0.4, 0.1), Mode(2, 0.8, 0.13), Mode(3, 1.1, -0.2))


def fit_of(rate, uncertainty=0.002, frequency=0.4):
    return ModeFit(rate, uncertainty, frequency, 2.0, 20.0, 1.0)


@pytest.mark.parametrize(
    ("fit", "number", "heights", "words"),
    [
        (None, 1, (1e-3, 1e-3), "No rate: mode 1"),
        (fit_of(0.101), 1, (1e-3, 1e-3), "agree within the uncertainty"),
        (fit_of(0.08), 1, (0.5, 1e-3), "too strong for linear theory"),
        (fit_of(0.2), 2, (0.5, 1e-3), "grows faster than by itself: it is driven by mode 1"),
        (fit_of(0.08), 2, (0.5, 0.01), "Modes compete: in mode 1"),
        (fit_of(0.08, frequency=0.9), 1, (1e-3, 1e-3), "its frequency is 0.90, not 0.40"),
        (fit_of(0.08), 1, (1e-3, 1e-3), "No cause of the difference is known"),
    ],
)
def test_why_a_rate_is_not_that_of_theory(fit, number, heights, words):
    modes = field(np.full(len(TS), heights[0]))
    modes[:, 1] = heights[1]
    assert words in why(fit, THEORY[number - 1], THEORY, TS, modes, 0.125)


def test_the_mode_to_look_at_is_the_strongest_one_that_grows():
    first, second = 1e-2 * np.exp(0.1 * TS), 1e-3 * np.exp(0.13 * TS)
    modes = field(first)
    modes[:, 1] = second
    assert strongest(modes, THEORY) is THEORY[0]
    modes[:, 1] = 100 * second
    assert strongest(modes, THEORY) is THEORY[1]
    assert strongest(modes, (Mode(1, 1.4, -0.15), Mode(2, 2.0, -0.85))).number == 1


def test_a_run_knows_its_rate():
    run = hoam.simulate("landau", {"alpha": 0.05, "k": 0.5}, particles=16_384, t_end=8, n_times=81)
    modes = mode_amplitudes(run)
    assert modes.dims == ("time", "mode")
    assert abs(complex(modes.sel(time=0, mode=1))) == pytest.approx(0.05 / 0.5, rel=0.01)
    found = growth(run)
    assert found.mode.growth_rate == pytest.approx(-0.153359, abs=1e-5)
    assert found.fit.rate == pytest.approx(-0.153359, abs=2 * found.fit.uncertainty)
    assert found.fit.frequency == pytest.approx(1.415662, rel=0.02)
    early = growth(run, number=1, window=(1.0, 5.0))
    assert (early.fit.start, early.fit.end) == (pytest.approx(1.0), pytest.approx(5.0))


def test_what_has_no_field_has_no_waves():
    run = hoam.simulate("oscillator", {"omega": 4.25}, particles=16, n_times=3)
    with pytest.raises(ValueError, match="has no field; take a plasma"):
        mode_amplitudes(run)
