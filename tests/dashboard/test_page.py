"""What holds the page together: the slider's wait, the session's rules, the layers."""

import ast
import re
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import panel as pn
import pytest
from panel.reactive import Syncable

import dashboard
from dashboard.compute.session import Session
from dashboard.compute.threads import Workers
from dashboard.page.views import VIEWS
from dashboard.parts import html
from dashboard.parts.bridge import Bridge
from dashboard.parts.controls import Sliders, seed_field
from dashboard.parts.history import History
from dashboard.parts.player import PlayerBar
from dashboard.parts.projector import Projector, Screen
from dashboard.parts.sliders import AtOnce, LiveSlider, ends
from dashboard.quadrature.view import NodesSlider
from dashboard.runs import jobs
from dashboard.runs.cache import Memory
from dashboard.runs.catalogue import catalogue
from dashboard.runs.jobs import answer
from dashboard.runs.run import Case, answers, truths
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from dashboard.view.base import Visit
from tests.dashboard.recorder import Recorder, recorders

FOLDER = Path(dashboard.__file__).parent
# Everything in runs/, and these.
WITHOUT_PANEL = (
    "compare/choice", "compare/jobs", "compare/runs", "compare/summary", "compute/question",
    "compute/session", "compute/warm", "concurrency/worker", "content/asset_files",
    "content/glossary", "content/lessons", "explore/animation", "explore/export",
    "explore/snapshot", "exports/csv_file", "exports/film", "exports/handout", "exports/script",
    "lessons/choice", "own_data/allowed_files", "own_data/choice", "own_data/jobs",
    "own_data/preview", "own_data/workspace", "quadrature/choice", "quadrature/study",
    "quadrature/text", "quadrature/training",
    "sharing/follow", "state/exploration", "state/parameters",
    "state/url", "sweep/choice", "sweep/jobs", "train/choice", "train/plan", "train/preview",
    "train/text", "train/training", "train/trainings", "view/animation",
)  # fmt: skip


@pytest.fixture
def session():
    shelf = catalogue()
    made = Session(Exploration(shelf, seed=77), shelf, recorders(), lambda f: f())
    made.sleep(False)
    yield made
    made.close()


@pytest.fixture
def visit(session):
    worker = Recorder()
    return Visit(
        session.state, session, catalogue(), Workers(*[worker] * 7), lambda f: f(),
        go=lambda link: None, tell=lambda sentence: None,
        choices={name: entry.choice() for name, entry in VIEWS.items()},
    )  # fmt: skip


def test_panel_still_has_what_the_sliders_change():
    told = "Panel renamed or changed it: see dashboard/parts/sliders.py"
    given = ["self", "doc", "ref", "subpath", "attr", "old", "new"]
    assert list(signature(Syncable._server_change).parameters) == given, told
    assert list(signature(Syncable._change_event).parameters) == ["self", "doc"], told
    assert Syncable._busy__ignore == [], told
    for live in (LiveSlider, PlayerBar, NodesSlider):
        assert live._server_change is AtOnce._server_change
        assert live._busy__ignore is AtOnce._busy__ignore


def test_state_and_derivations_do_not_import_panel():
    names = [f"runs/{path.stem}" for path in (FOLDER / "runs").glob("*.py")]
    for name in (*names, *WITHOUT_PANEL):
        tree = ast.parse((FOLDER / f"{name}.py").read_text())
        found = {
            alias.name.split(".")[0]
            for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        } | {
            (node.module or "").split(".")[0]
            for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        }  # fmt: skip
        assert not found & {"panel", "panel_material_ui", "bokeh"}, name


def test_only_the_shell_knows_the_page():
    users = [p.name for p in FOLDER.rglob("*.py") if "pmui.Page" in p.read_text()]
    assert users == ["shell.py"]


def test_each_change_asks_once_and_the_truth_waits_for_rest(session):
    session._workers.models.log.clear()
    session._workers.truths.log.clear()
    session.state.parameters.mu = 1.41
    assert len(session._workers.models.log) == 1
    assert session._workers.truths.log[0].options["delay"] > 0
    assert session.truth_state == "waiting"


def test_the_truth_leaves_the_cores_to_an_answer_that_takes_long(session, monkeypatch):
    delays = []
    for seconds, mu in ((0.0, 1.41), (2.0, 1.42)):
        effort = jobs.Effort(session.state.model, session.state.particles)
        monkeypatch.setitem(jobs.took, effort, seconds)
        session.state.parameters.mu = mu
        delays.append(session._workers.truths.log[-1].options["delay"])
    assert delays[1] == delays[0] + 2.0
    # What comes first when an answer takes long is waited for, too.
    monkeypatch.setitem(jobs.took, jobs.coarser(effort), 0.25)
    session.state.parameters.mu = 1.43
    assert session._workers.truths.log[-1].options["delay"] == delays[0] + 2.25


def test_an_answer_is_coming_until_all_particles_have_come(session):
    assert session.answer_is_coming
    deliver = session._workers.models.log[-1].deliver
    deliver(SimpleNamespace(case=session.case._replace(particles=512), doubts=()))
    assert session.answer_is_coming
    deliver(SimpleNamespace(case=session.case, doubts=()))
    assert not session.answer_is_coming
    session.state.parameters.mu = 1.41
    assert session.answer_is_coming
    session.sleep(True)
    assert not session.answer_is_coming


def test_another_number_of_particles_keeps_the_truth(session):
    session._workers.truths.log.clear()
    session.state.particles = 1_024
    assert session._workers.truths.log == []


def test_a_cancelled_truth_ignores_late_values_and_can_be_resumed(session):
    deliver = session._workers.truths.log[-1].deliver
    session.cancel_truth()
    deliver(ValueError("late"))
    assert session.truth_state == "cancelled"
    assert session.problem == ""
    session.resume_truth()
    assert session.truth_state == "waiting"


def test_an_answer_for_another_system_is_not_shown(session):
    deliver = session._workers.models.log[-1].deliver
    session.state.system = "oscillator"
    deliver(ValueError("of the old system"))
    assert session.problem == ""


def test_an_answer_that_comes_after_a_remembered_one_is_not_shown(session, monkeypatch):
    here = session.case
    session.state.parameters.mu = 1.41
    (late,) = session._workers.models.waiting.values()
    monkeypatch.setattr(answers, "get", lambda case: SimpleNamespace(case=case, doubts=()))
    session.state.parameters.mu = here.mu[0]
    late.deliver(SimpleNamespace(case=here._replace(mu=(1.41,)), doubts=()))
    assert session.answer.case == here
    assert not session.answer_is_coming


def test_an_answer_is_timed_from_its_own_move_and_once(session, monkeypatch):
    told, now = [], [0.0]
    clock = SimpleNamespace(perf_counter=lambda: now[0])
    monkeypatch.setattr("dashboard.compute.question.time", clock)
    monkeypatch.setattr("dashboard.compute.session.ANSWERED", SimpleNamespace(tell=told.append))
    for now[0], mu in ((1.0, 1.41), (2.0, 1.42), (3.0, 1.43)):  # while the first is computed
        session.state.parameters.mu = mu
    first = session._workers.models.log[-3]
    for now[0], particles in ((4.0, 512), (5.0, 4_096)):
        case = session.case._replace(mu=(1.41,), particles=particles)
        first.deliver(SimpleNamespace(case=case, doubts=()))
    assert told == [3]
    assert session.waited == 4


def test_a_link_in_place_asks_for_what_it_means_and_nothing_before(session):
    state, asked = session.state, session._workers.models.log
    state.share = 4.0
    assert session.case.share == 1.0  # which only lattices have
    asked.clear()
    state.adopt(**read_query({"system": "ising", "T": "2.5", "seed": "8"}, catalogue()).values)
    assert len(asked) == 1
    assert session.case[:4] == ("ising", "ising-partial", (*state.mu.values(),), 8)
    assert (state.mu["T"], state.share, session.case.share) == (2.5, 1.0, 1.0)


def test_sliders_are_made_once_for_a_system_and_marked_for_each_model(session):
    state, made = session.state, Sliders(session.state, catalogue())
    (first,) = made.__panel__()
    marks = first.marks
    state.model = ""
    made.show()
    assert list(made.__panel__()) == [first]
    assert [mark["label"] for mark in first.marks] == ["0.4", "2.5"]
    assert len(marks) > 2
    state.adopt(system="landau")
    made.show()
    state.adopt(system="two-stream")
    made.show()
    assert list(made.__panel__()) == [first]
    assert first.marks == marks


def test_warnings_follow_the_trained_range(session):
    session.state.parameters.mu = 2.4
    assert "outside the trained range" in session.warnings[0]
    session.state.parameters.mu = 1.5
    assert session.warnings == []
    deliver = session._workers.models.log[-1].deliver
    deliver(SimpleNamespace(case=session.case, doubts=("it cannot be",)))
    assert session.warnings == ["it cannot be"]
    # What was wrong with one run is not said of the next.
    session.state.parameters.mu = 1.45
    assert session.warnings == []


def test_a_closed_session_asks_nothing(session):
    session.close()
    session._workers.models.log.clear()
    session.state.parameters.mu = 1.6
    assert session._workers.models.log == []


def test_another_plane_asks_for_nothing(session):
    session.state.system = "chaos-9d"
    session._workers.models.log.clear()
    session._workers.truths.log.clear()
    session.state.horizontal = "c4"
    assert (session._workers.models.log, session._workers.truths.log) == ([], [])


def test_a_system_with_the_same_parameter_name_is_asked_with_its_own_value(session):
    session.state.parameters.mu = 2.2
    session._workers.truths.log.clear()
    session.state.system = "trap"
    cases = [asked.job.args[0] for asked in session._workers.truths.log]
    assert [(case.system, case.mu) for case in cases] == [("trap", (0.6,))]


def test_every_view_builds_without_a_server(session, visit):
    made = [entry.view(visit) for entry in VIEWS.values()]
    for view in made:
        assert isinstance(view.__panel__(), pn.viewable.Viewable)
        view.open()
        view.theme(True)
    for name in catalogue().systems:
        session.state.system = name
    for view in made:
        view.hide()
        view.close()
    assert answers.get("nothing") is None
    assert truths.get("nothing") is None


@pytest.mark.parametrize("name", ["explore", "compare"])
def test_a_player_that_nobody_sees_is_sent_no_frames(visit, name):
    view = VIEWS[name].view(visit)
    bar = view.player._bar
    view.open()
    visit.state.go(3)
    assert bar.frame == 3
    view.hide()
    visit.state.go(7)
    assert bar.frame == 3
    view.open()
    assert bar.frame == 7
    view.hide()


def test_a_sleeping_session_stops_and_asks_again_when_it_wakes(session):
    workers = session._workers
    before = len(workers.truths.cancelled), len(workers.models.cancelled)
    session.sleep(True)
    assert len(workers.truths.cancelled) > before[0]
    assert len(workers.models.cancelled) > before[1]
    asked = len(session._workers.truths.log)
    session.state.parameters.mu = 1.47
    assert len(session._workers.truths.log) == asked
    session.sleep(False)
    assert len(session._workers.truths.log) == asked + 1


def test_a_run_that_was_cancelled_stays_so_after_sleep(session):
    session.cancel_truth()
    session.sleep(True)
    asked = len(session._workers.truths.log)
    session.sleep(False)
    assert session.truth_state == "cancelled"
    assert len(session._workers.truths.log) == asked


@pytest.mark.parametrize(
    ("took", "counts"),
    [
        ({}, [4_096]),
        ({(4_096,): 0.01, (2_048, 2): 0.0}, [4_096]),
        ({(4_096,): 0.1, (2_048, 2): 0.0}, [2_048, 4_096]),
        ({(4_096,): 0.7, (2_048, 2): 0.0}, [2_048, 4_096]),
        ({(4_096,): 9.0, (512, 2): 0.0}, [512, 4_096]),
        ({(4_096,): 0.7, (512, 2): 0.0}, [512, 4_096]),
        ({(4_096,): 0.1, (2_048,): 0.0}, [4_096]),
    ],
    ids=[
        "nothing is known",
        "quick",
        "slow",
        "slower",
        "slowest",
        "only the smallest is compiled",
        "would have to be compiled",
    ],
)
def test_few_particles_answer_first_where_all_take_long(took, counts, monkeypatch):
    def answer_at_once(effort, case, *given):
        return SimpleNamespace(case=case._replace(particles=effort.particles), nbytes=1)

    shelf = catalogue()
    name = shelf.models_of("two-stream")[0]
    case = Case("two-stream", name, (1.234,), 5, 4_096)
    monkeypatch.setattr(jobs, "answer_with", answer_at_once)
    known = {jobs.Effort(name, *effort): seconds for effort, seconds in took.items()}
    monkeypatch.setattr(jobs, "took", known)
    monkeypatch.setattr(jobs, "answers", Memory(2**26))
    assert [run.case.particles for run in answer(case, shelf, (0, 1))] == counts
    # What is remembered comes alone, and a coarse answer is none to its own number of particles.
    assert [run.case.particles for run in answer(case, shelf, (0, 1))] == [4_096]
    assert jobs.answers.get(case._replace(particles=2_048)) is None


@pytest.mark.parametrize(
    ("share", "tenths"),
    # Once the wave is damped, half the steps make of it what roundings will, which are others where
    # programs are compiled in a hurry (conftest.py): there only the first quarter is judged.
    [(0.25, 1.0), pytest.param(1.0, 1.3, marks=pytest.mark.slow)],
)
def test_a_coarse_answer_is_near_the_full_one(share, tenths):
    shelf = catalogue()
    name = shelf.models_of("landau")[0]
    mu = tuple(p.default for p in shelf.systems["landau"].parameters)
    case = Case("landau", name, mu, 5, 4_096)
    full, coarse = (
        jobs.answer_with(jobs.Effort(name, n, stride), case, shelf, (0, 1))
        for n, stride in ((4_096, 1), (2_048, 2))
    )
    assert len(coarse) == len(full) == len(full.ts)
    energy, other = (run.curves["electric_energy"] for run in (full, coarse))
    # Half the steps, and straight ways between them: a tenth of the first height of the wave.
    judged = slice(round(share * len(full)))
    assert np.abs(other - energy)[judged].max() < 0.1 * tenths * energy.max()
    # A particle that crosses the edge of the box is halfway on its short way, not in the middle.
    assert np.abs(coarse.moments.mean - full.moments.mean).max() < 0.1 * full.ranges.high[0]


def test_a_frame_of_a_coarse_answer_is_not_taken_for_that_of_a_full_one():
    shelf = catalogue()
    name = shelf.models_of("two-stream")[0]
    case = Case("two-stream", name, (1.321,), 6, 512)
    coarse, full = (
        jobs.answer_with(jobs.Effort(name, 512, stride), case, shelf, (0, 1)) for stride in (2, 1)
    )
    assert coarse.case == full.case
    drawn = [run.smoothed(75, (0, 1), 512).density for run in (coarse, full, full)]
    assert not np.array_equal(drawn[0], drawn[1])
    # Remembered, not smoothed again.
    assert drawn[1] is drawn[2]


def test_a_person_is_told_of_answers_that_may_take_long_and_of_no_others(session, monkeypatch):
    state, asked = session.state, session._workers.models
    known = jobs.Effort(state.model, state.particles)
    monkeypatch.setattr(jobs, "took", {known: 0.03})
    state.parameters.mu = 1.413
    assert not session.computing
    state.particles = 16_384  # of which none has come yet
    assert session.computing
    last = asked.log[-1].deliver
    last(SimpleNamespace(case=session.case._replace(particles=2_048), doubts=()))  # the coarse one
    assert session.computing
    last(SimpleNamespace(case=session.case, doubts=()))
    assert not session.computing
    jobs.took[jobs.Effort(state.model, 16_384)] = 2.0
    state.seed = 3
    assert session.computing
    asked.log[-1].deliver(ValueError("it failed"))
    assert not session.computing
    state.seed = 4
    state.model = ""
    assert not session.computing


@pytest.mark.parametrize("text", ["-5", "abc", "99999999999999", "2.5", ""])
def test_a_seed_that_is_none_is_told_and_the_seed_stays(session, text):
    field = seed_field(session.state)
    field.value = text
    assert "is not a seed" in field.helper_text
    assert field.error_state
    assert session.state.seed == 77
    field.value = "12"
    assert (session.state.seed, field.helper_text, field.error_state) == (12, "", False)


def test_sliders_say_their_ends_and_the_trained_range_has_labels():
    shelf = catalogue()
    model = shelf.models["ising-partial"]
    words = re.sub(r"</?button[^>]*>", "", html.about_model(model, shelf.systems["ising"]))
    labels = [p.label for p in shelf.systems["ising"].parameters]
    assert all(label in words for label in labels)
    assert "64 – 64" not in words
    assert f"{labels[-1]} = 64 alone" in words
    assert "m0" not in words
    assert [mark["label"] for mark in ends(-0.75, 1.0)] == ["−0.75", "1"]


def test_a_view_and_a_link_are_entries_of_the_history_and_a_slider_is_none():
    history = History()

    def entry(mark: str, **more) -> int:
        return history.place("?", mark, **more)["entry"]

    assert [entry(mark) for mark in ("explore", "explore", "train", "train")] == [0, 0, 1, 1]
    with history.restoring(1):
        assert history.place("?", "explore") == {"search": "?", "entry": 1, "restored": 1}
    assert entry("explore") == 1
    assert entry("compare", follows=True) == 1
    assert entry("sweep") == 2


def test_a_projector_fits_views_to_its_screen_and_has_a_key_in_the_address():
    changes = []
    bridge = Bridge(lambda message: None)
    projector = Projector(bridge, lambda: changes.append(projector.screen))
    assert (projector.on, projector.screen, projector.suffix) == (False, None, "")
    projector.toggle()
    projector.fit(1_280.0, 800.0)
    projector.fit(1_280.0, 800.0)
    assert (bridge.projector, projector.suffix) == (True, "&projector=1")
    assert changes[1:] == [(1_280, 800)]
    high, low = projector.screen.share(320)
    assert high + low == 480
    assert high > low
    projector.toggle(False)
    assert projector.screen is None


@pytest.mark.parametrize("name", ["explore", "compare"])
def test_on_a_projector_pictures_and_curve_share_the_screen_and_the_rest_steps_aside(visit, name):
    view = VIEWS[name].view(visit)
    view.open()
    view.complete()
    figures = [pane.object for pane in view.__panel__().select(pn.pane.Bokeh)]
    usual = [one.height for one in figures]
    view.present(Screen(1_920, 1_080))
    heights = {one.name: one.height for one in figures}
    main, first = {"explore": ("main", "learned"), "compare": ("compared-main", "compared-A")}[name]
    if main in heights:
        assert heights[main] >= 170
    assert heights[first] > 300
    assert not any(one.visible for one in view._asides._made)
    view.present(None)
    assert [one.height for one in figures] == usual
    assert all(one.visible for one in view._asides._made)
    view.hide()


def test_sliders_of_all_columns_are_shown_while_a_column_follows_them(visit):
    view = VIEWS["compare"].view(visit)
    view.open()
    shared = view._sliders.__panel__()
    assert shared.visible
    for slot in range(len(view.choice.columns)):
        assert shared.visible
        view.choice.pin(slot, view.state.mu)
    assert not shared.visible
    view.choice.pin(0, view.state.mu)
    assert shared.visible
