"""Headlines claim nothing that the arrays they speak of do not show."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.rates import everywhere, state_of
from dashboard.runs import describe, field
from dashboard.runs.catalogue import catalogue
from dashboard.runs.course import course
from dashboard.runs.jobs import Effort, answer_with, truth
from dashboard.runs.run import Case
from dashboard.runs.speaker import headline_of
from dashboard.runs.verdict import judge
from hoam_core import SYSTEMS
from hoam_core.checks import DivergedError
from hoam_core.models.plausibility import VERDICT
from hoam_core.systems import Lattice
from tests.dashboard.claims import check_curve, check_field, check_headline
from tests.dashboard.test_describe import damped, growing, run_of

SHELF = catalogue()
FEW = {"nbmota": 1, "ising": 2, "curie-weiss": 4, "predator-prey": 4}
numbers = st.floats(-9, 9, allow_nan=False).map(lambda value: round(value, 3))


def curve(knots: list[float], noise: float, seed: int, points: int = 80) -> np.ndarray:
    """A curve through knots at equal distances, with noise on it."""
    at = np.linspace(0, len(knots) - 1, points)
    chance = np.random.default_rng(seed).normal(size=points)
    return np.interp(at, np.arange(len(knots)), knots) + noise * chance


@given(st.lists(numbers, min_size=2, max_size=7), st.floats(0, 1), st.integers(0, 99))
@example([-0.75, 0.63], 0.0, 0)
@example([0.0, 1.0, 0.0], 0.0, 0)
@example([0.0, 0.0], 0.0, 0)
@example([1.0, 1.0], 0.2, 3)
def test_what_is_said_of_a_curve_holds_on_it(knots, noise, seed):
    y = curve(knots, noise, seed)
    words = course(y).sentence("y")
    assert words.startswith("y ")
    check_curve(words[2:], y)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.linspace(-0.75, 0.63, 50), "y rises from -0.75 to 0.63 and crosses zero once"),
        (np.linspace(2, 0.5, 50), "y falls from 2 to 0.5"),
        (np.sin(np.linspace(0, 3, 50)), "y rises from 0 to 1 and then falls to 0.14"),
        (np.sin(np.linspace(0, 12, 99)), "y swings between -1 and 1 and crosses zero 3 times"),
        (np.full(9, 3.0), "y stays near 3"),
        (np.zeros(9), "y stays near 0"),
        (np.linspace(1e-17, 9e-17, 50), "y rises from 1e-17 to 9e-17"),
        (np.linspace(1, 1e-6, 50), "y falls from 1 to 0"),
    ],
)  # fmt: skip
def test_every_word_has_its_curve(y, words):
    assert course(y).sentence("y") == words
    check_curve(words[2:], y)


def test_of_a_curve_that_is_not_finite_nothing_is_said():
    assert course(np.array([0.0, np.nan, 1.0])) is None
    assert field.sentence(run_of({"electric_energy": np.full(50, np.inf)}), "") == ""


@given(
    st.lists(st.floats(-12, 9, allow_nan=False), min_size=1, max_size=6),
    st.sampled_from([0.0, 0.0, 1.0, 2.0]), st.floats(0, 0.5), st.integers(0, 99),
)  # fmt: skip
@example([0.0, -12.0], 0.0, 0.0, 0)
@example([0.0, 0.0], 0.0, 0.0, 0)
def test_what_is_said_of_a_field_energy_holds_on_it(levels, swings, noise, seed):
    ts = np.linspace(0, 30, 101)
    logarithm = curve([levels[0], *levels], noise, seed, len(ts))
    w = np.exp(logarithm) * (np.cos(swings * ts) ** 2 + 1e-3)
    run = run_of({"electric_energy": w}, end=30.0)
    check_field(field.sentence(run, "m v_th^2"), run.times, w, len(ts))


@pytest.mark.parametrize("w", [growing(), growing(0.05), growing(0.5), damped(), damped(0.0)])
def test_the_usual_courses_of_a_field_are_told_as_they_are(w):
    run = run_of({"electric_energy": w}, end=40.0)
    check_field(field.sentence(run, ""), run.times, w, len(w))


def full_run(name: str, mu: tuple[float, ...], particles: int):
    """A small run of the full model."""
    system, axes = SHELF.systems[name], SHELF.axes(name)
    *_, run = truth(Case(name, "", mu, 0, particles), system, SHELF.times(name, ""), axes)
    return run


def holds(run) -> None:
    system, axes = SHELF.systems[run.case.system], SHELF.axes(run.case.system)
    words = describe.headline(run, system, axes)
    check_headline(words, run, system, describe.shown(system, axes))


def anywhere(name: str, seed: int) -> tuple[float, ...]:
    """Parameters at random in the whole range that the page allows."""
    rng = np.random.default_rng(seed)
    found = []
    for p in SYSTEMS[name].parameters:
        value = rng.uniform(p.low, p.high)
        whole = p.low + p.whole * round((value - p.low) / p.whole) if p.whole else value
        found.append(float(whole))
    return tuple(found)


def test_headlines_hold_at_random_parameters():
    for seed in range(3):
        holds(full_run("oscillator", anywhere("oscillator", seed), 1_024))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SYSTEMS))
def test_headlines_of_every_system_hold_at_random_parameters(name):
    for seed in range(4):
        holds(full_run(name, anywhere(name, seed), FEW.get(name, 2_048)))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SYSTEMS))
def test_what_is_repeated_of_a_learned_model_is_what_it_says(name):
    model, axes = SHELF.models_of(name)[0], SHELF.axes(name)
    count = 64 if isinstance(SYSTEMS[name], Lattice) else 1_024
    for seed in range(4):
        mu = anywhere(name, seed)
        try:
            run = answer_with(Effort(model, count), Case(name, model, mu, 0, count), SHELF, axes)
        except DivergedError:
            continue
        holds(run)


def said_of_weak_landau(particles: int, of_the_truth: int, mu: tuple[float, float]):
    """The headlines before and after the full model has run."""
    name = "landau-galerkin"
    case = Case("landau", name, mu, 0, particles)
    run = answer_with(Effort(name, particles), case, SHELF, (0, 1))
    verdict = judge(SHELF.models[name], dict(zip(("alpha", "k"), mu, strict=True)), [])
    full = full_run("landau", mu, of_the_truth)
    holds(run)
    holds(full)
    return [headline_of(run, truth, SYSTEMS["landau"], (0, 1), verdict) for truth in (None, full)]


def test_weak_landau_damping_is_never_said_to_grow():
    before, after = said_of_weak_landau(1_024, 8_192, (0.01, 0.5))
    assert before.startswith("The learned model says: the field energy")
    assert after.startswith("The field energy fell to 1/")
    assert "grew" not in before + after


@pytest.mark.slow
@pytest.mark.parametrize("mu", [(0.01, 0.5), (0.01, 0.6), (0.02, 0.45), (0.04, 0.5)])
def test_weak_landau_damping_is_never_said_to_grow_by_the_page(mu):
    before, after = said_of_weak_landau(4_096, SYSTEMS["landau"].truth_particles, mu)
    assert before.startswith("The learned model says: ")
    assert after.startswith("The field energy fell to 1/")
    assert "grew" not in before + after


@pytest.mark.slow
@pytest.mark.parametrize("place", everywhere(SHELF), ids=lambda place: place.name)
def test_page_and_file_doubt_the_same_runs(place):
    """Magnets that start with all spins up once left their range on the page, and nowhere else."""
    state = state_of(place, SHELF)
    if not state.model:
        return
    model = SHELF.models[state.model]
    n = model.limits.particles or 1_024
    case = Case(state.system, state.model, tuple(state.mu.values()), state.seed, n)
    run = answer_with(Effort(model.name, n), case, SHELF, state.axes)
    file = model.predict(state.mu, particles=n, seed=state.seed, n_times=len(run.ts))
    said = [one for one in json.loads(file.attrs["warnings"]) if one.endswith(VERDICT)]
    assert [one.split()[:2] for one in run.doubts] == [one.split()[:2] for one in said]
