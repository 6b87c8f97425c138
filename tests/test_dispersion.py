"""Roots of the dispersion relation against independently computed tables."""

import numpy as np
import pytest

from hoam_core import get_system
from hoam_core.systems.plasmas.dispersion import Maxwellian, dispersion, fastest_mode, solve

MAXWELL = (Maxwellian(1.0, 0.0, 1.0),)
TWO_STREAM = (Maxwellian(0.5, -3.0, 1.0), Maxwellian(0.5, 3.0, 1.0))
BUMP_ON_TAIL = (Maxwellian(0.9, 0.0, 1.0), Maxwellian(0.1, 4.0, 0.5))


@pytest.mark.parametrize(
    ("k", "omega", "gamma"),
    [(0.5, 1.415662, -0.153359), (0.4, 1.285057, -0.066128), (0.3, 1.159846, -0.012620)],
)
def test_landau_damping(k, omega, gamma):
    found = solve(k, MAXWELL, 1.0)
    assert abs(found.real) == pytest.approx(omega, abs=2e-6)
    assert found.imag == pytest.approx(gamma, abs=2e-6)


def test_cold_beams_grow_at_the_textbook_rate():
    drift, width = 3.0, 0.01
    beams = (Maxwellian(0.5, -drift, width), Maxwellian(0.5, drift, width))
    root = solve(np.sqrt(3 / 8) / drift, beams, 1.0)
    assert root.imag == pytest.approx(1 / (2 * np.sqrt(2)), rel=1e-4)
    assert root.real == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("mu", "m", "gamma"), [(0.5, 3, 0.56504), (1.0, 2, 0.27428), (1.5, 1, 0.18835)]
)
def test_fastest_mode_of_the_two_stream_instability(mu, m, gamma):
    mode = fastest_mode(TWO_STREAM, mu**2, 50.0)
    assert mode.number == m
    assert mode.growth_rate == pytest.approx(gamma, abs=6e-6)
    assert mode.frequency == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("mu", "m", "gamma", "omega"),
    [(0.5, 5, 0.35430, 1.9076), (1.0, 2, 0.17302, 0.7978), (1.5, 2, 0.10513, 0.7366)],
)
def test_fastest_mode_of_the_bump_on_tail_instability(mu, m, gamma, omega):
    mode = fastest_mode(BUMP_ON_TAIL, mu**2, 50.0)
    assert mode.number == m
    assert mode.growth_rate == pytest.approx(gamma, abs=6e-6)
    assert mode.frequency == pytest.approx(omega, abs=6e-5)


def test_the_system_states_this_growth_rate():
    system = get_system("two-stream")
    assert system.growth_rate(system.vector({"mu": 1.0})) == pytest.approx(0.27428, abs=6e-6)


def test_a_root_is_a_zero_of_the_dispersion_function():
    root = solve(0.5, MAXWELL, 1.0)
    assert abs(dispersion(root, 0.5, MAXWELL, 1.0)) < 1e-8
    assert abs(dispersion(root + 0.01, 0.5, MAXWELL, 1.0)) > 1e-3


def test_a_search_without_result_says_so():
    with pytest.raises(ValueError, match=r"No root .* `k` = 0\.5; pass other `guesses`"):
        solve(0.5, MAXWELL, 1.0, guesses=[])
