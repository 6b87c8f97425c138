"""Flipbooks: what they hold, who gets one, and when it is taken back."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from dashboard.compute.session import Session
from dashboard.compute.threads import Workers
from dashboard.explore import flipbook
from dashboard.explore.flipbook import Flipbook, bound, levels, sides
from dashboard.explore.view import Explore
from dashboard.parts.player import PlayerBar
from dashboard.runs import jobs
from dashboard.runs.cache import Memory
from dashboard.runs.catalogue import catalogue
from dashboard.runs.references import Reference
from dashboard.runs.run import Case
from dashboard.state.exploration import Exploration
from dashboard.view.base import Visit
from tests.dashboard.recorder import Recorder, recorders

AXES = (0, 1)
PARTICLES = 512


@pytest.fixture(scope="module")
def runs():
    shelf = catalogue()
    name = shelf.models_of("two-stream")[0]
    return [
        jobs.answer_with(
            jobs.Effort(name, PARTICLES, 1), Case("two-stream", name, (1.3,), seed, PARTICLES),
            shelf, AXES,
        )
        for seed in (0, 1, 2)
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def empty_memory(monkeypatch):
    monkeypatch.setattr(flipbook, "books", Memory(2**26))


def test_a_flipbook_holds_every_frame_as_the_scene_draws_it(runs):
    both = {"model": runs[0], "truth": runs[1]}
    made = list(bound(tuple(both.items()), AXES))
    book = made[-1]
    assert made[:-1] == [None] * len(made[:-1])
    assert len(made) > 2  # it gave way to others
    names = [strip.part for strip in book.strips]
    pairs = [(kind, side) for kind in both for side in (0, 1)]
    assert names == [*pairs, "model", "truth", "difference"]
    data, start = zlib.decompress(book.data), 0
    for strip in book.strips:
        values = np.frombuffer(data, strip.dtype, int(np.prod(strip.shape)), start)
        start += values.nbytes
        for frame in (0, 50, len(runs[0]) - 1):
            drawn = values.reshape(strip.shape)[frame]
            if isinstance(strip.part, str):
                wanted = levels(both, AXES, frame)[strip.part]
            else:
                wanted = sides(both, AXES, frame)[strip.part[0]][strip.part[1]]
            np.testing.assert_array_equal(drawn, wanted)
    assert start == len(data)
    # Once for everybody who looks at these runs.
    assert list(bound(tuple(both.items()), AXES)) == [book]


def test_runs_of_different_parameters_have_no_difference(runs):
    other = replace(runs[1], case=runs[1].case._replace(mu=(1.4,)))
    assert set(levels({"model": runs[0], "truth": other}, AXES, 3)) == {"model", "truth"}
    assert levels({}, AXES, 3) == {}


class Page:
    """An open view without a browser: what it asks of the thread, and what it tells the player."""

    def __init__(self, told: list[dict], complete: bool = True):
        shelf, self.told = catalogue(), told
        self.state = Exploration(shelf, mu={"mu": 1.3}, particles=PARTICLES)
        self.session = Session(self.state, shelf, recorders(), lambda f: f())
        self.worker = worker = Recorder()
        visit = Visit(
            self.state, self.session, shelf, Workers(*[worker] * 7),
            lambda f: f(), go=lambda link: None, tell=lambda sentence: None,
        )  # fmt: skip
        self.view = Explore(visit)
        self.view.open()
        if complete:
            self.view.complete()

    def show(self, answer, truth, truth_state: str = "done"):
        self.state.seed = answer.case.seed
        self.session.param.update(
            answer=answer, reference=Reference(truth) if truth else None, truth_state=truth_state
        )

    def bind(self) -> list[Flipbook]:
        """Let the thread do what it was asked last."""
        job, deliver, _ = self.worker.log[-1]
        made = list(job())
        for value in made:
            deliver(value)
        return made

    def drawn(self) -> np.ndarray:
        return self.view.scene.pictures["model"].source.data["image"][0]


@pytest.fixture
def page(monkeypatch):
    told = []
    monkeypatch.setattr(PlayerBar, "give", lambda self, message: told.append(message))
    made = Page(told)
    yield made
    made.view.hide()
    made.session.close()


def test_only_who_plays_complete_runs_gets_a_flipbook(page, runs):
    page.show(runs[0], runs[1])
    assert page.worker.log == []  # nobody plays
    page.show(runs[0], None, "running")
    page.state.playing = True
    assert page.worker.log == []  # the full model's run is still to come
    page.show(runs[0], runs[1])
    assert len(page.worker.log) == 1
    page.bind()
    assert [message["book"] for message in page.told] == [1]
    assert len(page.told[0]["times"]) == len(runs[0])


def test_no_flipbook_is_made_of_what_the_slider_has_left(page, runs):
    page.show(runs[0], runs[1])
    page.state.playing = True
    page.state.parameters.mu = 1.4
    assert page.bind() == []
    assert page.told == []


def test_while_the_browser_turns_the_pages_nothing_is_drawn_for_it(page, runs):
    page.show(runs[0], runs[1])
    page.state.playing = True
    page.bind()
    bar, before = page.view.player._bar, page.drawn()
    page.state.advance()
    moved = page.drawn()
    assert moved is not before  # it has the book, but has not opened it yet
    bar._handle_msg({"opened": 1})
    at = bar.frame
    page.state.advance()
    assert page.drawn() is moved
    assert (bar.frame, page.state.frame) == (at, at + 1)
    bar._handle_msg({"frame": 60})  # where the browser is
    assert (bar.frame, page.state.frame) == (at, 60)
    page.state.step(1)  # a key: the browser has to be told
    assert bar.frame == page.state.frame == 61
    assert page.drawn() is moved


def test_another_answer_takes_the_flipbook_back_and_is_drawn(page, runs):
    page.show(runs[0], runs[1])
    page.state.playing = True
    page.bind()
    bar = page.view.player._bar
    bar._handle_msg({"opened": 1})
    bar._handle_msg({"frame": 70})
    page.show(runs[2], runs[1])
    assert page.told[-1] == {"book": 0}
    assert bar.frame == page.state.frame == 70
    both = {"model": runs[2], "truth": runs[1]}
    np.testing.assert_array_equal(page.drawn(), levels(both, AXES, 70)["model"])
    cursor = page.view.details.evolution().cursors[0]
    assert cursor.location == pytest.approx(page.state.time)
    bar._handle_msg({"opened": 1})  # too late
    assert not page.view.player.turns_pages
    page.bind()  # of the new runs, for it plays on
    assert page.told[-1]["book"] == 2


def test_curves_that_come_after_the_flipbook_move_with_it(monkeypatch, runs):
    told = []
    monkeypatch.setattr(PlayerBar, "give", lambda self, message: told.append(message))
    page = Page(told, complete=False)
    page.show(runs[0], runs[1])
    page.state.playing = True
    page.bind()
    assert told[-1]["cursors"] == []
    page.view.complete()
    assert told[-1] == {"book": 0}
    page.bind()
    made = page.view.details.evolution().cursors
    assert told[-1]["cursors"] == [cursor.id for cursor in made] != []
    page.view.hide()
    page.session.close()


def test_a_picture_that_python_believes_to_be_there_is_sent_again_after_a_flipbook(page, runs):
    page.show(runs[0], runs[1])
    page.state.playing = True
    page.bind()
    page.view.player._bar._handle_msg({"opened": 1})
    sent = []
    source = page.view.scene.pictures["truth"].source
    source.on_change("data", lambda attr, old, new: sent.append(new))
    page.session.answer = runs[2]  # the same full model's run at the same frame
    assert len(sent) == 1


def test_a_hidden_view_holds_no_flipbook(page, runs):
    page.show(runs[0], runs[1])
    page.state.playing = True
    page.bind()
    page.view.hide()
    assert page.told[-1] == {"book": 0}
    assert page.worker.cancelled


def test_a_job_that_failed_leaves_the_server_to_play(page, runs):
    page.show(runs[0], runs[1])
    page.state.playing = True
    _, deliver, _ = page.worker.log[-1]
    deliver(ValueError("no room"))
    before = page.drawn()
    page.state.advance()
    assert page.told == []
    assert page.drawn() is not before


def test_words_and_curves_of_another_system_are_cleared_at_once(page, runs):
    page.show(runs[0], runs[1])
    view, page.session.computing = page.view, False
    view.update()
    assert "The field energy" in view._headline.object
    assert "Learned model: " in view._headline.object
    curve = view.details.evolution().curves[0]
    assert curve.has("model")
    view._rest = lambda: None  # what a page would draw a moment later
    page.state.system = "landau"
    assert "The field energy" not in view._headline.object
    assert not curve.has("model")
    assert not curve.has("truth")
    assert view.scene.pictures["model"].figure.title.text.startswith("Learned model, α = ")
