"""The quadrature lab: its study, its link, its trainings and its view, without a browser."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import jax
import numpy as np
import pytest

from dashboard.concurrency.resumable import Resumable
from dashboard.quadrature import text as say
from dashboard.quadrature import training
from dashboard.quadrature.choice import QuadratureChoice
from dashboard.quadrature.study import DRAWS, NODES, RULES, QuadratureCase, draw, fixed, study
from dashboard.quadrature.training import Race, Runner, race
from dashboard.quadrature.view import QuadratureLab
from dashboard.runs.catalogue import catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader
from dashboard.view.base import Visit
from tests.dashboard.recorder import recorders

CASE = QuadratureCase(6.0, "gauss", 33, 16, 0)
SHELF = catalogue()


def work(worker, most=None):
    """Hand the newest job's values over, as the thread would."""
    job, deliver, _ = worker.log[-1]
    for value in islice(job(), most):
        deliver(value)


@pytest.fixture(scope="module")
def found():
    return study(CASE)


def test_gauss_converges_fast_and_monte_carlo_with_the_root(found):
    gauss, random = found.errors["gauss"], found.errors["monte-carlo"]
    assert gauss[-1] < 1e-9
    assert gauss[NODES.index(33)] < 1e-3 * random[NODES.index(33)]
    assert random[0] / random[-1] == pytest.approx(np.sqrt(NODES[-1] / NODES[0]))
    # The cloud is what the line is the spread of.
    assert np.sqrt(np.mean(found.cloud**2, axis=1)) == pytest.approx(random, rel=0.6)


def test_fixed_nodes_remove_the_variance_of_time_and_leave_that_of_particles(found):
    i = NODES.index(CASE.nodes)
    for rule, draws in found.draws.items():
        assert len(draws) == DRAWS
        assert draws.std() == pytest.approx(found.sampled[rule][i], rel=0.3)
    assert found.sampled["gauss"][i] > 50 * found.errors["gauss"][i]
    assert found.sampled["monte-carlo"][i] > 5 * found.sampled["gauss"][i]
    many = study(CASE._replace(samples=1_024))
    assert many.sampled["gauss"][i] < 0.2 * found.sampled["gauss"][i]
    assert many.sampled["monte-carlo"][i] > 0.95 * found.sampled["monte-carlo"][i]


def test_a_draw_is_new_each_time_for_random_times_only():
    random = [draw(CASE._replace(rule="monte-carlo"), i) for i in (0, 0, 1)]
    assert np.array_equal(random[0].nodes, random[1].nodes)
    assert not np.array_equal(random[0].nodes, random[2].nodes)
    first, second = draw(CASE, 0), draw(CASE, 1)
    assert np.array_equal(first.nodes, second.nodes)
    assert first.estimate == second.estimate
    assert first.sampled_estimate != second.sampled_estimate


@pytest.mark.parametrize("rule", ["simpson", "gauss"])
def test_every_number_of_nodes_fits_every_rule(rule):
    for q in NODES:
        nodes, weights = fixed(rule, q)
        assert len(nodes) == q
        assert weights.sum() == pytest.approx(1.0)


def read(query, **state):
    shared = Exploration(SHELF, **state)
    choice, reader = QuadratureChoice(), Reader(query, SHELF)
    choice.read(reader, shared)
    return choice, reader.problems, shared


def test_the_link_restores_the_choice():
    wanted = {"rule": "simpson", "nodes": "9", "samples": "64", "omega": "8.5"}
    choice, problems, shared = read(wanted)
    assert problems == []
    assert choice.write(shared) == wanted
    assert choice.case(3) == QuadratureCase(8.5, "simpson", 9, 64, 3)


def test_what_is_wrong_with_a_link_is_said_and_the_default_kept():
    wrong = {"rule": "gaus", "nodes": "10", "samples": "x", "omega": "40"}
    choice, problems, shared = read(wrong)
    assert choice.write(shared) == QuadratureChoice().write(shared)
    assert "Did you mean 'gauss'" in problems[0]
    assert "`nodes` must be one of 3, 5" in problems[1]
    assert "`samples` must be a number, but is 'x'" in problems[2]
    assert "`omega` must lie from 1 to 20, but is 40" in problems[3]


def test_the_oscillator_has_one_frequency_and_not_two():
    choice, problems, _ = read({"omega": "9"}, system="oscillator", mu={"omega": 9.0})
    assert (choice.omega, problems) == (9.0, [])


def test_words_say_how_much_better_or_that_nodes_are_too_few(found):
    assert "Gauss-Legendre misses the integral by" in say.headline(found)
    few = study(CASE._replace(nodes=3, rule="simpson"))
    assert "too few nodes" in say.headline(few)
    assert "random times miss" in say.headline(study(CASE._replace(rule="monte-carlo")))
    assert "comes from having few particles" in say.particles(found)
    assert say.number(-12345.6) == "−12,346"
    assert say.share(3e-8, 0.1) == "3 · 10⁻⁵ %"
    assert (say.share(0.0, 1.0), say.share(0.5, 1.0)) == (say.share(1e-11, 1.0), "50 %")
    assert say.fold(2_340_000) == "2.3 million times"


def runner(level, steps=200):
    losses = level + np.random.default_rng(0).normal(0, 4, steps)
    empty = Runner("gauss", np.zeros(0))
    return training._advanced(empty, losses, least=-39.0)


def test_a_loss_below_the_least_action_is_told_from_noise():
    assert runner(-39.5).fell is None
    assert runner(-60.0).fell == 200
    below = Race(CASE, "training", 200, (runner(-60.0),), least=-39.0)
    assert "the loss fell below the true minimum at step 200" in say.verdict(below)
    assert "no longer sees what happens between its nodes" in say.verdict(below)
    lost = training._advanced(Runner("gauss", np.zeros(0)), np.array([1.0, np.nan]), -39.0)
    assert (lost.lost, lost.fell) == (True, 2)


@pytest.fixture
def short(monkeypatch, float32):
    """Trainings of seconds; roll-outs as on the page."""
    monkeypatch.setattr(training, "STEPS", 60)
    monkeypatch.setattr(training, "FEWEST", 60)
    monkeypatch.setattr(training, "PARTICLES", 256)
    monkeypatch.setattr(training, "JUDGED", 3)
    with jax.numpy_rank_promotion("allow"):
        yield


def test_a_race_trains_both_rules_and_goes_on_after_a_pause(short):
    values = Resumable(race(QuadratureCase(6.0, "gauss", 5, 4, 0), ("monte-carlo", "gauss")))
    job = iter(values)
    stages = [next(job).stage for _ in range(3)]
    assert stages == ["data", "compiling", "compiling"]
    job.close()
    *between, last = values
    assert between[0].done == pytest.approx(1 / 3)
    assert last.over
    assert last.done == 1.0
    assert last.least == pytest.approx(-39.2, abs=1.0)
    for one in last.runners:
        assert one.losses.shape == (60,)
        assert one.judged.step == 60
        assert one.judged.distance > 2 * last.floor
    # With five nodes the loss goes where no integral can.
    assert last.runners[1].losses[-1] < last.runners[1].losses[0]
    assert "W₂²" in say.table(last)


@pytest.fixture
def lab():
    visit = Visit(
        Exploration(SHELF), None, SHELF, recorders(), lambda f: f(), go=lambda link: None,
        tell=lambda sentence: None, choices={"quadrature": QuadratureChoice()},
    )  # fmt: skip
    return QuadratureLab(visit)


def test_the_view_asks_when_shown_and_draws_what_comes(lab):
    models = lab.visit.workers.models
    lab.choice.nodes = 17
    assert models.log == []
    lab.open()
    work(models)
    assert len(lab.integrand.nodes.data["x"]) == 17
    assert len(lab.errors.lines["gauss"].data["y"]) == len(NODES)
    assert "With 17 nodes" in lab._headline.object
    before = lab.draws.newest["monte-carlo"].data["x"]
    lab.act("forward")
    assert lab.draws.newest["monte-carlo"].data["x"] != before
    lab.choice.rule = "simpson"
    assert lab.exportable() is None
    lab.hide()
    asked = len(models.log)
    lab.choice.omega = 7.0
    assert len(models.log) == asked


def test_the_oscillator_of_other_views_has_the_same_frequency(lab):
    lab.state.system = "oscillator"
    lab.open()
    assert lab.choice.omega == lab.state.mu["omega"]
    lab.choice.omega = 11.0
    assert lab.state.mu["omega"] == 11.0


def test_a_training_starts_pauses_goes_on_and_is_dropped(lab, short):
    lab.choice.param.update(nodes=3, samples=1)
    lab.open()
    work(lab.visit.workers.models)
    runs, worker = lab.trainings, lab.visit.workers.trainings
    runs.start()
    assert (runs.running, runs.race.stage) == (True, "data")
    work(worker, most=2)
    runs.toggle()
    assert not runs.running
    assert "Paused at" in runs._progress.object
    done = runs.race.done
    runs.toggle()
    work(worker)
    assert runs.race.over
    assert runs.race.done > done
    assert len(runs.figures().losses.strong["gauss"].data["x"]) == 1
    made = lab.exportable()
    data = made.dataset()
    assert data["loss_gauss"].shape == (60,)
    assert data.attrs["seed"] == 0
    assert "quadrature-gauss-3" in made.name
    runs.drop()
    assert runs.race is None
    assert "loss_gauss" not in lab.exportable().dataset()


@pytest.mark.slow
def test_the_script_makes_the_numbers_of_the_page(lab, tmp_path):
    lab.open()
    work(lab.visit.workers.models)
    text = lab.exportable().script.replace("steps=1500", "steps=20")
    path = tmp_path / "script.py"
    path.write_text(text)
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=True, cwd=root,
        env={"PYTHONPATH": str(root), "JAX_PLATFORMS": "cpu", "PATH": ""},
    )  # fmt: skip
    first = draw(lab.case, 0)
    assert f"exact integral {lab.study.exact}" in run.stdout
    printed = dict(line.rsplit(" ", 1) for line in run.stdout.splitlines() if "with" in line)
    assert float(printed["with particles"]) == pytest.approx(first.sampled_estimate)
    assert set(RULES) <= set(run.stdout.replace("{", " ").replace("'", " ").split())
