"""The comparison: its columns and their links, who is asked for what, and what it says."""

import contextlib
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.compare import text as compare_words
from dashboard.compare.choice import Column
from dashboard.compare.export import exportable
from dashboard.compare.jobs import evaluations
from dashboard.compare.runs import Comparing
from dashboard.compare.summary import standing, summaries_of, warnings
from dashboard.exports.film import frames
from dashboard.runs.catalogue import catalogue
from dashboard.runs.jobs import Effort, took
from dashboard.runs.verdict import Verdict
from tests.dashboard.recorder import Recorder
from tests.dashboard.test_compare_choice import opened

GALERKIN, DICE = "two-stream-galerkin", "two-stream-dice"


def comparing(link: str):
    state, choice, problems = opened(link)
    assert problems == []
    models, truths = Recorder(), Recorder()
    made = Comparing(state, choice, catalogue(), (models, truths), lambda f: f())
    made.sleep(False)
    return made, models, truths


def test_a_slider_asks_only_for_the_columns_that_follow_it():
    runs, models, truths = comparing(f"mu=1.31&seed=901&with=truth,{GALERKIN},{DICE}@mu=1.72")
    assert {*models.waiting} == {*runs.slots[1:3]}
    assert {owner.key[0].mu for owner in truths.waiting} == {(1.31,), (1.72,)}
    models.waiting.clear()
    runs.state.parameters.mu = 1.32
    runs.refresh()
    assert {*models.waiting} == {runs.slots[1]}
    assert models.waiting[runs.slots[1]].options["finish"]
    assert {owner.key[0].mu for owner in truths.waiting} == {(1.32,), (1.72,)}
    assert all(asked.options["delay"] > 0 for asked in truths.waiting.values())


def test_an_answer_is_coming_until_every_column_has_all_particles():
    runs, models, _ = comparing(f"mu=1.37&seed=906&with=truth,{GALERKIN},{DICE}")
    for slot in (1, 2):
        case, deliver = runs.case(slot), models.waiting[runs.slots[slot]].deliver
        deliver(SimpleNamespace(case=case._replace(particles=512)))
        assert runs.answer_is_coming
        deliver(SimpleNamespace(case=case))
        assert runs.answer_is_coming == (slot == 1)
    runs.state.parameters.mu = 1.38
    runs.refresh()
    assert runs.answer_is_coming
    models.waiting[runs.slots[2]].deliver(ValueError("no answer"))
    models.waiting[runs.slots[1]].deliver(SimpleNamespace(case=runs.case(1)))
    assert not runs.answer_is_coming


@pytest.mark.parametrize(("seconds", "waits"), [(0.1, True), (2.0, False)])
def test_what_is_drawn_waits_for_an_answer_that_soon_comes(monkeypatch, seconds, waits):
    runs, models, _ = comparing(f"mu=1.39&seed=907&with=truth,{GALERKIN}")
    monkeypatch.setitem(took, Effort(GALERKIN, runs.state.particles), seconds)
    models.waiting[runs.slots[1]].deliver(SimpleNamespace(case=runs.case(1)))
    before = runs.version
    runs.state.parameters.mu = 1.4
    runs.refresh()
    assert (runs.version == before) == waits
    models.waiting[runs.slots[1]].deliver(ValueError("no answer"))
    assert runs.version > before


def test_nothing_is_asked_while_the_view_is_hidden():
    runs, models, truths = comparing(f"mu=1.33&seed=902&with=truth,{GALERKIN}")
    runs.sleep(True)
    assert (models.waiting, truths.waiting) == ({}, {})
    runs.state.parameters.mu = 1.34
    runs.refresh()
    assert (models.waiting, truths.waiting) == ({}, {})
    runs.sleep(False)
    assert len(models.waiting) == len(truths.waiting) == 1


def test_stopped_runs_stay_stopped_until_something_changes_or_is_resumed():
    runs, _, truths = comparing(f"mu=1.35&seed=903&with=truth,{GALERKIN}")
    runs.stop()
    assert runs.stopped
    assert truths.waiting == {}
    assert standing(runs, 0)[0] == "cancelled"
    runs.refresh()
    assert truths.waiting == {}
    runs.resume()
    assert len(truths.waiting) == 1
    runs.stop()
    runs.state.parameters.mu = 1.36
    runs.refresh()
    assert not runs.stopped
    assert len(truths.waiting) == 1


def test_an_answer_of_a_model_that_was_replaced_is_not_shown():
    runs, models, _ = comparing(f"mu=1.37&seed=904&with=truth,{GALERKIN}")
    deliver = models.waiting[runs.slots[1]].deliver
    runs.choice.put(1, Column(DICE))
    runs.refresh()
    deliver(ValueError("too late"))
    assert runs.problem(1) == ""


def test_a_problem_belongs_to_its_column():
    runs, models, truths = comparing(f"mu=1.38&seed=905&with=truth,{GALERKIN}")
    models.waiting[runs.slots[1]].deliver(ValueError("diverged"))
    assert [runs.problem(i) for i in range(2)] == ["", "diverged"]
    next(iter(truths.waiting.values())).deliver(ValueError("broke"))
    assert [runs.problem(i) for i in range(2)] == ["broke", "diverged"]
    assert runs.progress is None


@pytest.fixture(scope="module")
def compared():
    """Two learned models and the full one of a system that takes seconds, all complete."""
    link = "system=oscillator&omega=4.5&seed=3&particles=512"
    made, models, truths = comparing(f"{link}&with=truth,oscillator-galerkin,oscillator-dice")
    models.work()
    truths.work()
    return made


def test_errors_of_every_learned_column_stand_beside_their_floor(compared):
    full, galerkin, dice = summaries_of(compared)
    assert compared.progress is None
    assert full.rows == []
    for one in (galerkin, dice):
        assert len(one.rows) > 1
        assert all(row.error > 0 and row.floor > 0 for row in one.rows)
    # One field a step of the closed loop, two of the midpoint rule; as many steps as each needs.
    names = [column.model for column in compared.columns[1:]]
    models = [evaluations(name, catalogue()) for name in names]
    steps = [catalogue().models[name].steps for name in names]
    assert [galerkin.evaluations, dice.evaluations] == models == [steps[0], 2 * steps[1]]
    words = compare_words.headline([full, galerkin, dice], busy=False)
    best = min((galerkin, dice), key=lambda one: one.rows[0].error)
    assert words.startswith(f"{best.label} is closest to the full model: error ")
    assert [one.verdict.word for one in (galerkin, dice)] == ["good", "usable"]
    assert full.verdict is None
    spoilt = [
        one._replace(
            rows=[one.rows[0]._replace(error=error)], verdict=Verdict("✕", "do not use", "why")
        )
        for one, error in ((galerkin, np.nan), (dice, 30.0))
    ]
    words = compare_words.headline([full, *spoilt], busy=False)
    assert words.startswith("None of these learned models should be used here. C dice is closest")
    assert "error more than 10 times" in words
    assert "B galerkin (not finite)" in words
    table = compare_words.table([full, galerkin, dice], "computing", dark=False)
    assert table.count("<small>floor") == 2 * len(galerkin.rows)
    assert "Field evaluations per particle" in table
    assert table.count("<b>good</b>") == table.count("<b>usable</b>") == 1


def test_a_column_says_where_it_stands_and_warns_outside_the_trained_range(compared):
    assert standing(compared, 1) == ("512 particles", None)
    assert warnings(compared, 1) == []
    runs, _, _ = comparing("system=oscillator&with=truth,oscillator-galerkin@omega=19")
    assert "outside the trained range" in warnings(runs, 1)[0]
    verdict = Verdict("✕", "do not use", "energy: error 300 %")
    words = compare_words.caption("B", "ω < 3", "computing", ["far"], "", 0.5, True, verdict)
    assert "<b>do not use.</b> Energy: error 300 %." in words
    assert "ω &lt; 3" in words
    assert 'value="0.500"' in words


def test_the_dataset_has_every_curve_of_every_column_with_its_origin(compared):
    found = exportable(compared, "words").dataset()
    for column in ("A_full_model", "B_galerkin", "C_dice"):
        curve = found[f"mean_x_{column}"]
        assert curve.dims == ("time",)
        assert np.isfinite(curve).all()
        assert {"units", "parameters", "seed", "model"} <= set(curve.attrs)
    assert found.attrs["system"] == "oscillator"
    assert found["error"].dims == ("column", "measure")
    assert (found["noise_floor"] > 0).all()


def test_the_reel_has_a_picture_for_each_column_and_draws_every_curve(compared):
    animation = exportable(compared, "words").animation()
    assert [scene.title.split(",")[0] for scene in animation.scenes] == [
        "A full model", "B galerkin", "C dice"
    ]  # fmt: skip
    assert len({scene.scale for scene in animation.scenes}) == 1
    assert all(
        len(set(scene.levels(len(animation.ts) - 1).flat)) > 20 for scene in animation.scenes
    )
    assert [curve.kind for curve in animation.charts[0].curves] == ["A", "B", "C"]
    fourth = replace(
        animation.charts[0], curves=(animation.charts[0].curves[0]._replace(kind="D"),)
    )
    first = next(frames(replace(animation, charts=(fourth,))))
    assert first.shape == (544, 960, 3)


def test_the_script_makes_the_same_numbers(compared):
    made = exportable(compared, "words")
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(made.script, "script", "exec"), names)
    found = made.dataset()
    for label, curves in names["columns"].items():
        for name, values in curves.items():
            wanted = found[f"{name}_{label.replace(' ', '_')}"]
            np.testing.assert_allclose(values, wanted, rtol=2e-3, atol=2e-4)
    assert printed.getvalue().count("ends at") == 3 * len(curves)
