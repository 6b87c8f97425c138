"""Lessons: files are read, mistakes are named, links restore a step, and their numbers are true."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from dashboard.content.lessons import html, lessons, parsed_lesson, read_lessons
from dashboard.explore.scenarios import scenarios
from dashboard.lessons.choice import LessonsChoice, arriving, link_to
from dashboard.quadrature.study import RULES, QuadratureCase, draw
from dashboard.runs.catalogue import catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, read_query, write_query
from hoam_core import simulate
from hoam_core.files.assets import asset
from hoam_core.systems import get_system
from hoam_core.systems.oscillator_action import integral, monte_carlo_error
from hoam_core.systems.plasmas.dispersion import fastest_mode, solve

GOOD = r"""---
title: A title
level: first year
minutes: 5
order: 3
summary: A sentence.
---

## First
state: ?view=explore&system=trap&t=1

Text with $\gamma = \sqrt{2}$ and a <b>tag</b>.

### Try
Question?

### Answer
$$\frac12$$

### Notes
Note.

## Second
state: ?view=quadrature&nodes=5
"""
STEPS = [(lesson.name, i) for lesson in lessons().items.values() for i in range(len(lesson.steps))]


def test_a_file_becomes_steps_with_mathml():
    lesson = parsed_lesson("mine", GOOD)
    first, second = lesson.steps
    assert (lesson.title, lesson.minutes, first.title, second.title) == (
        "A title", 5, "First", "Second",
    )  # fmt: skip
    assert first.state == {"view": "explore", "system": "trap", "t": "1"}
    assert "<msqrt>" in first.text
    assert "state:" not in first.text
    assert "&lt;b&gt;" in first.text
    assert "Question?" in first.question
    assert 'display="block"' in first.answer
    assert (second.view, second.question, second.text) == ("quadrature", "", "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("---\ntitle", "title", ["between two lines"]),
        ("minutes: 5", "minutes: soon", ["`minutes`", "whole number", "'soon'"]),
        ("minutes: 5", "minuets: 5", ["'minuets'", "Did you mean 'minutes'"]),
        ("title: A title\n", "", ["`title`"]),
        ("order: 3", "order: [", ["YAML", "line"]),
        ("state: ?view=explore&system=trap&t=1", "", ["'First'", "state:"]),
        ("state: ?view=quadrature", "state: view=quadrature", ["Second", "must be a link"]),
        ("### Try", "### Tri", ["'First'", "Did you mean 'Try'"]),
        (r"\sqrt{2}", r"\sqroot{2}", ["'First'", r"unknown command \sqroot"]),
        (r"\frac12", r"\frac", ["'First'", "is not LaTeX"]),
        ("\n## ", "\n# ", ["has no step"]),
    ],
)
def test_a_mistake_is_a_sentence_with_file_and_field(tmp_path, old, new, words):
    (tmp_path / "bad.md").write_text(GOOD.replace(old, new))
    (tmp_path / "good.md").write_text(GOOD)
    shelf = read_lessons(tmp_path)
    assert list(shelf.items) == ["good"]
    (sentence,) = shelf.problems
    for word in ["'bad.md'", *words]:
        assert word in sentence


def test_dollars_of_money_stay():
    assert "<math" not in html("It costs 5 $ or 6 $ a month.")


def test_the_lessons_that_ship_are_read_and_cover_the_course():
    shelf = lessons()
    assert shelf.problems == ()
    assert len(shelf.items) == len(list(asset("lessons").glob("*.md"))) >= 5
    assert [lesson.order for lesson in shelf.items.values()] == [1, 2, 3, 4, 5]
    for lesson in shelf.items.values():
        assert 4 <= len(lesson.steps) <= 6
        assert all(s.text and s.question and s.answer and s.notes for s in lesson.steps)


@pytest.mark.parametrize(("name", "i"), STEPS)
def test_the_link_of_every_step_is_read_without_a_problem(name, i):
    from dashboard.page.views import VIEWS

    step, shelf = lessons().items[name].steps[i], catalogue()
    reader = read_query(step.state, shelf)
    state = Exploration(shelf, **reader.values)
    for entry in VIEWS.values():
        entry.choice().read(reader, state)
    assert reader.problems == []
    assert step.view in VIEWS


def restored(query):
    """Choice and state that a link makes, as the page reads it."""
    shelf = catalogue()
    reader = read_query(arriving(query), shelf)
    state, choice = Exploration(shelf, **reader.values), LessonsChoice()
    choice.read(reader, state)
    return choice, state, reader.problems


def test_a_link_to_a_step_brings_its_state_and_a_link_with_a_system_keeps_its_own():
    short = {"view": "lessons", "lesson": "landau-damping", "step": "2"}
    choice, state, problems = restored(short)
    assert problems == []
    assert (choice.lesson, choice.step, state.system, state.mu["k"]) == (
        "landau-damping", 2, "landau", 0.4,
    )  # fmt: skip
    state.parameters.k = 0.55
    choice.notes = True
    address = write_query(state, choice.write(state))
    again, same, problems = restored(dict(p.split("=") for p in address[1:].split("&")))
    assert problems == []
    assert (again.lesson, again.step, again.notes) == ("landau-damping", 2, True)
    assert (same.view, same.system, same.mu["k"]) == ("lessons", "landau", 0.55)


def test_a_wrong_step_or_lesson_is_told_and_the_first_is_taken():
    choice, _, problems = restored({"view": "lessons", "lesson": "two-stream", "step": "9"})
    assert (choice.lesson, choice.step) == ("two-stream", 1)
    assert "`step` must lie from 1 to 5" in problems[0]
    choice, _, problems = restored({"view": "lessons", "lesson": "two-streams"})
    assert choice.current is None
    assert "Did you mean 'two-stream'" in problems[0]


def test_another_lesson_begins_at_its_first_step():
    choice, shelf = LessonsChoice(lesson="two-stream", step=5), catalogue()
    query = {"lesson": "quadrature"}
    choice.read(Reader(query, shelf), Exploration(shelf))
    assert (choice.lesson, choice.step) == ("quadrature", 1)
    assert link_to("a", 2) == "?view=lessons&lesson=a&step=2"


# What the lessons say, computed anew.


def said(name: str, *numbers: str) -> None:
    """These numbers stand in the lesson as they are written here."""
    text = (asset("lessons") / f"{name}.md").read_text()
    assert [number for number in numbers if number not in text] == []


@pytest.mark.parametrize(
    ("k", "row"),
    [
        (0.3, "| 0.3 | 1.160 | −0.0126 | 3.87 |"),
        (0.4, "| 0.4 | 1.285 | −0.0661 | 3.21 |"),
        (0.5, "| 0.5 | 1.416 | −0.1534 | 2.83 |"),
        (0.6, "| 0.6 | 1.546 | −0.2641 | 2.58 |"),
    ],
)
def test_landau_roots(k, row):
    omega = solve(k, get_system("landau").beams((0.01, k)), 1.0)
    assert f"| {k} | {omega.real:.3f} | −{-omega.imag:.4f} | {omega.real / k:.2f} |" == row
    said("landau-damping", row)


def test_landau_times_and_bounces():
    system = get_system("landau")
    rates = {k: system.growth_rate((0.01, k)) for k in (0.3, 0.5, 0.6)}
    said("landau-damping", f"${math.log(2) / (-2 * rates[0.5]):.2f}$", "factor of 21")
    assert round(rates[0.6] / rates[0.3]) == 21
    assert [round(2 * math.pi / (0.5 * t), 2) for t in (10, 20)] == [1.26, 0.63]
    assert f"{math.sqrt(0.15):.3f}" == "0.387"
    assert [f"{2 * math.pi / math.sqrt(a / 2):.1f}" for a in (0.1, 0.05)] == ["28.1", "39.7"]


def test_a_strong_wave_comes_back_and_a_weaker_one_not_yet():
    energy = {}
    for alpha in (0.05, 0.3):
        run = simulate(get_system("landau"), {"alpha": alpha, "k": 0.3}, particles=8_192, seed=1)
        w = run.electric_energy.values / run.electric_energy.values[0]
        peaks = [i for i in range(1, len(w) - 1) if w[i - 1] < w[i] > w[i + 1] and w[i] > 0.05]
        energy[alpha] = [(run.time.values[i], w[i]) for i in peaks]
    lowest = min(energy[0.3], key=lambda peak: peak[1])
    assert lowest == pytest.approx((14.0, 0.15), rel=0.1)
    assert energy[0.3][-1] == pytest.approx((27.8, 0.43), rel=0.1)
    heights = [height for _, height in energy[0.05]]
    assert heights == sorted(heights, reverse=True)


def rate_of(name: str, *mu: float):
    system = get_system(name)
    return fastest_mode(system.beams(mu), float(system.coupling(mu)), 50.0)


def test_two_stream_rates():
    for mu in (1.25, 1.55, 1.9):
        rate = rate_of("two-stream", mu).growth_rate
        said("two-stream", f"| {mu:.2f} | {rate:.3f} | {rate * mu:.3f} |")
        assert rate * mu == pytest.approx(0.28, rel=0.06)
    assert math.log(10) / (2 * rate_of("two-stream", 1.25).growth_rate) == pytest.approx(5.36, 0.01)
    assert [rate_of("two-stream", mu).number for mu in (1.1, 1.14)] == [2, 1]


def test_the_field_takes_seven_percent_of_the_beams():
    run = simulate(get_system("two-stream"), {"mu": 1.25}, particles=8_192, seed=1)
    field = 1.25**2 * run.electric_energy
    assert float(field.idxmax()) == pytest.approx(20, abs=1)
    assert float(field.max()) == pytest.approx(17, rel=0.03)
    assert float(field.max() / run.kinetic_energy[0]) == pytest.approx(0.07, abs=0.005)
    assert float(run.kinetic_energy[0]) == pytest.approx(253, rel=0.01)


def test_cold_and_warm_beams():
    assert (1 / (2 * math.sqrt(2)), math.sqrt(3 / 8)) == pytest.approx((0.354, 0.612), abs=5e-4)
    cold = rate_of("two-stream-beams", 3, 0.3)
    assert (cold.number, round(cold.growth_rate, 3)) == (2, 0.329)
    fast = rate_of("two-stream-beams", 5, 0.3)
    assert (fast.number, round(fast.growth_rate, 3)) == (1, 0.352)
    assert [round(2 * math.pi * m / 50 * u, 3) for m, u in ((2, 3), (1, 3), (1, 5))] == [
        0.754, 0.377, 0.628,
    ]  # fmt: skip
    assert round(rate_of("two-stream-beams", 2, 0.3).growth_rate, 3) == 0.330
    assert round(rate_of("two-stream-beams", 2, 1.2).growth_rate, 3) == 0.080
    assert rate_of("two-stream-beams", 2, 1.475).growth_rate > 0
    assert rate_of("two-stream-beams", 2, 1.485).growth_rate < 0
    said("two-stream", "0.329", "0.352", "0.754", "0.377", "0.628", "0.330", "0.080", "1.307")


def test_bump_on_tail_rates_and_slope():
    for mu in (1.35, 1.65, 1.95):
        mode = rate_of("bump-on-tail", mu)
        speed = mode.frequency / (2 * math.pi * mode.number / 50)
        row = f"| {mu:.2f} | {mode.number} | {mode.growth_rate:.3f} | {speed:.2f} |"
        said("bump-on-tail", row)

    def law(v):
        return 0.9 * np.exp(-(v**2) / 2) + 0.2 * np.exp(-2 * (v - 4) ** 2)

    valley = minimize_scalar(law, bounds=(2, 3.5), method="bounded").x
    top = minimize_scalar(lambda v: -law(v), bounds=(3.5, 5), method="bounded").x
    assert (valley, top) == pytest.approx((2.8, 4.0), abs=0.05)

    def ahead(mu):
        beams = get_system("bump-on-tail").beams((mu,))
        first, second = (solve(2 * math.pi * m / 50, beams, mu**2).imag for m in (1, 2))
        return first - second

    assert brentq(ahead, 1.5, 1.62, xtol=1e-3) == pytest.approx(1.56, abs=0.005)
    assert math.sqrt(2 * 1e-3 * 20) == pytest.approx(0.2)


def test_quadrature_errors():
    said("quadrature", *(f"${integral(w):.3g}$" for w in (2, 6, 12)))

    def errors(omega, rule, *nodes):
        assert rule in RULES
        found = (
            draw(QuadratureCase(omega, rule, q, 1, 0)).estimate - integral(omega) for q in nodes
        )
        return [abs(error) for error in found]

    assert errors(6, "simpson", 5, 9, 17, 33) == pytest.approx([4.8, 0.038, 0.0066, 5e-4], rel=0.05)
    assert errors(16, "simpson", 17, 33) == pytest.approx([0.47, 0.0054], rel=0.1)
    assert errors(2, "gauss", 3, 5, 9) == pytest.approx([0.0023, 5e-5, 6e-7], rel=0.1)
    assert errors(2, "gauss", 17)[0] < 1e-10
    assert errors(2, "simpson", 3, 5, 9, 17) == pytest.approx([0.063, 0.0018, 1.5e-4, 8e-6], 0.05)
    assert errors(12, "gauss", 17, 33, 65) == pytest.approx([0.067, 0.029, 0.020], rel=0.03)
    assert errors(12, "simpson", 17, 33, 65) == pytest.approx([0.15, 0.005, 1e-4], rel=0.25)
    assert errors(6, "gauss", 33) == pytest.approx([0.0007], rel=0.05)
    assert [monte_carlo_error(w, 33) for w in (6, 12)] == pytest.approx([2.1, 8.7], rel=0.02)
    assert 33 * (monte_carlo_error(6, 33) / 0.1) ** 2 == pytest.approx(15_000, rel=0.01)


def test_magnets():
    at_rest = brentq(lambda m: math.tanh(m / 0.8) - m, 0.1, 1)
    root = math.sqrt(0.2)
    said("phase-transition", f"{at_rest:.3f}$", f"{root - 0.8 * math.atanh(root):.3f}", "$0.286$")
    said("phase-transition", f"= {root:.3f}$", f"= {2 / math.log(1 + math.sqrt(2)):.3f},")
    assert f"{(1 - math.sinh(1) ** -4) ** 0.125:.3f}" == "0.911"
    assert f"{math.sqrt(3 / 40):.2f}" == "0.27"
    assert math.exp(-5 * (1 - 1 / 1.4)) == pytest.approx(0.24, abs=0.005)
    assert math.exp(15 * 0.286) == pytest.approx(73, rel=0.01)


@pytest.mark.slow
def test_the_magnet_turns_in_the_stronger_field_only():
    def end(temperature, field, start):
        mu = {"T": temperature, "h": field, "m0": start, "L": 64}
        run = simulate(get_system("curie-weiss"), mu, particles=16, seed=1)
        return [round(float(run.magnetisation.sel(time=t)), 2) for t in (5, 10, 20)]

    assert end(0.8, 0.05, -1)[-1] == pytest.approx(-0.58, abs=0.03)
    assert end(0.8, 0.1, -1)[-1] > 0.3
    assert end(1.4, 0.0, 1)[:2] == pytest.approx([0.20, 0.05], abs=0.03)
    assert end(1.0, 0.0, 1)[-1] == pytest.approx(0.27, abs=0.05)


OWN = """---
title: Mine
level: first year
minutes: 5
order: 0
summary: One step.
---

## Look
state: ?view=explore&system=landau&alpha=0.05&k=0.5

Two words.
"""


def test_lessons_and_cards_of_ones_own_are_read_again_when_they_change(tmp_path, monkeypatch):
    shipped = list(lessons().items)
    monkeypatch.setenv("HOAM_LESSONS", str(tmp_path))
    assert list(lessons().items) == shipped
    (tmp_path / "mine.md").write_text(OWN, encoding="utf-8")
    assert list(lessons().items) == ["mine", *shipped]
    (tmp_path / "mine.md").write_text(OWN.replace("Two words", "Three other words"), "utf-8")
    assert "Three other words" in lessons().items["mine"].steps[0].text
    (tmp_path / "mine.md").write_text(OWN.replace("minutes: 5", "minutes: soon"), "utf-8")
    assert "mine" not in lessons().items
    assert "`minutes` must be a whole number" in lessons().problems[-1]
    cards = list(scenarios().items)
    (tmp_path / "scenarios.yaml").write_text(
        "- {name: mine, title: Mine, sentence: One., alt: '-', link: '?system=trap'}\n",
        encoding="utf-8",
    )
    assert list(scenarios().items) == [*cards, "mine"]
    monkeypatch.delenv("HOAM_LESSONS")
    assert list(lessons().items) == shipped
    assert list(scenarios().items) == cards


def test_a_step_that_an_edited_lesson_lost_is_its_last_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOAM_LESSONS", str(tmp_path))
    file = tmp_path / "mine.md"
    file.write_text(OWN + OWN[OWN.index("## Look") :].replace("Look", "Again"), "utf-8")
    choice = LessonsChoice(lesson="mine", step=2)
    assert choice.current.title == "Again"
    file.write_text(OWN, "utf-8")
    assert choice.current.title == "Look"
