"""Questions to the workers: which answers are late, what a stop keeps, what is asked anew."""

import threading

import pytest

from dashboard.compute.question import Question
from dashboard.concurrency.resumable import Resumable
from dashboard.concurrency.worker import Worker
from tests.dashboard.recorder import Recorder


def nothing():
    """A job that yields nothing; the tests deliver by hand."""
    return iter(())


def asked(**rules):
    """A question, its worker, and the versions that it told of."""
    heard: list[int] = []
    question: Question = Question(lambda f: f(), lambda: heard.append(question.version), **rules)
    return question, Recorder(), heard


def answer(worker, number, value):
    """Deliver a value to the request of a number."""
    worker.log[number].deliver(value)


def test_only_the_newest_answer_is_taken():
    question, worker, heard = asked()
    for key in ("a", "b"):
        question.ask(worker, key, nothing)
    answer(worker, 0, 1)
    assert (question.value, question.busy, heard) == (None, True, [])
    answer(worker, 1, 2)
    assert (question.value, question.of, question.complete) == (2, "b", True)
    assert len(heard) == 1


def test_a_near_answer_is_better_than_none_but_never_than_the_newest():
    question, worker, heard = asked(near=lambda old, new: old[0] == new[0])
    question.ask(worker, "a1", nothing)
    answer(worker, 0, 1)
    question.ask(worker, "a2", nothing)
    assert (question.value, question.complete) == (1, False)  # it stays
    question.ask(worker, "a3", nothing)
    answer(worker, 1, 2)
    assert (question.value, question.of, question.busy) == (2, "a2", True)
    answer(worker, 2, 3)
    answer(worker, 1, 2)
    assert (question.value, len(heard)) == (3, 3)
    question.ask(worker, "b1", nothing)
    assert question.value is None
    answer(worker, 2, 3)
    assert question.value is None


def test_what_is_known_already_stops_what_is_on_its_way():
    question, worker, heard = asked(near=lambda old, new: True)
    question.ask(worker, "a", nothing)
    question.tell("b", 2)
    answer(worker, 0, 1)
    assert (question.value, question.complete, heard) == (2, True, [])
    assert worker.cancelled == [question]


def test_the_same_question_is_asked_once():
    question, worker, _ = asked()
    question.ask(worker, "a", nothing)
    question.ask(worker, "a", nothing)
    answer(worker, 0, 1)
    question.ask(worker, "a", nothing)
    assert len(worker.log) == 1


def test_another_worker_takes_over():
    question, first, _ = asked()
    second = Recorder()
    question.ask(first, "a", nothing)
    question.ask(second, "b", nothing)
    assert (list(first.waiting), list(second.waiting)) == ([], [question])


def test_a_stop_keeps_what_is_here_and_goes_on():
    question, worker, _ = asked(complete=lambda value: value == 3)
    question.ask(worker, "a", nothing)
    answer(worker, 0, 1)
    question.stop()
    answer(worker, 0, 2)
    assert (question.value, question.busy, question.stopped) == (1, False, True)
    question.ask(worker, "a", nothing)
    assert len(worker.log) == 1
    question.resume()
    assert (question.busy, question.waiting) == (True, True)
    answer(worker, 1, 3)
    assert (question.value, question.complete, question.waiting) == (3, True, False)


def test_a_rest_asks_anew_for_what_is_not_complete_and_for_nothing_else():
    question, worker, _ = asked(complete=lambda value: value == 2)
    question.ask(worker, "a", nothing)
    answer(worker, 0, 1)
    question.rest()
    answer(worker, 0, 2)
    assert (question.key, question.value) == (None, 1)
    question.ask(worker, "a", nothing)
    answer(worker, 1, 2)
    question.rest()
    question.ask(worker, "a", nothing)
    assert len(worker.log) == 2


def test_an_error_is_about_its_own_request():
    question, worker, heard = asked(near=lambda old, new: True)
    question.ask(worker, "a", nothing)
    question.ask(worker, "b", nothing)
    answer(worker, 0, ValueError("old"))
    assert (question.problem, heard) == ("", [])
    answer(worker, 1, ValueError("new"))
    assert (question.problem, question.busy, question.value) == ("new", False, None)
    question.resume()
    assert (question.problem, question.busy) == ("", True)


def test_what_is_known_of_a_question_stands_until_more_comes():
    question, worker, _ = asked(complete=lambda value: value == 2)
    question.ask(worker, "a", nothing, known=1, delay=0.5)
    assert (question.value, question.busy, worker.log[0].options["delay"]) == (1, True, 0.5)
    answer(worker, 0, ValueError("no more"))
    assert (question.value, question.problem) == (1, "no more")


def test_nothing_comes_once_it_is_forgotten():
    question, worker, heard = asked()
    question.ask(worker, "a", nothing)
    question.forget()
    answer(worker, 0, 1)
    assert (question.key, question.value, heard) == (None, None, [])
    version = question.version
    question.forget()
    assert question.version == version


def test_the_first_answer_of_a_request_is_told_apart():
    question, worker, _ = asked(complete=lambda value: value == 2)
    question.ask(worker, "a", nothing)
    answer(worker, 0, 1)
    assert question.first
    assert question.waited > 0
    answer(worker, 0, 2)
    assert not question.first


@pytest.mark.parametrize("pieces", [False, True])
def test_on_a_thread_pieces_come_until_they_are_complete(pieces):
    ended, values = threading.Event(), Resumable(range(1, 5))
    question: Question = Question(
        lambda f: f(), lambda: question.complete and ended.set(), complete=lambda value: value == 4
    )
    thread = Worker("pieces")
    try:
        job = (lambda: iter([next(iter(values))])) if pieces else (lambda: iter(values))
        question.ask(thread, "a", job, pieces=pieces)
        assert ended.wait(20)
        assert question.value == 4
    finally:
        thread.end()
