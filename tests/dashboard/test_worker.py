"""The worker: newest wins, nothing queues, cancelled runs stop."""

import threading
import time
from functools import partial

import pytest

from dashboard.concurrency.resumable import Resumable
from dashboard.concurrency.worker import Worker


@pytest.fixture
def worker():
    made = Worker("test")
    yield made
    made.end()


def once(value):
    return lambda: iter([value])


def held(value):
    """A job that waits until it is let go, and events for its start and its release."""
    started, release = threading.Event(), threading.Event()

    def job():
        started.set()
        assert release.wait(20)
        yield value

    return job, started, release


def test_only_the_newest_of_many_requests_is_computed(worker):
    job, started, release = held("first")
    seen, last = [], threading.Event()
    worker.ask("me", job, seen.append, finish=True)
    assert started.wait(20)
    for i in range(50):
        worker.ask("me", once(i), seen.append, finish=True)
    worker.ask("me", once("newest"), lambda v: (seen.append(v), last.set()), finish=True)
    release.set()
    assert last.wait(20)
    assert seen == ["first", "newest"]


def test_a_replaced_run_stops_at_its_next_value(worker):
    steps, second, go_on = [], threading.Event(), threading.Event()

    def endless():
        for i in range(10_000):
            steps.append(i)
            yield i
            second.set()
            assert go_on.wait(20)

    done = threading.Event()
    worker.ask("me", endless, lambda _: None)
    assert second.wait(20)
    worker.ask("me", once("new"), lambda _: done.set())
    go_on.set()
    assert done.wait(20)
    assert len(steps) <= 2


def test_cancelled_and_delayed_requests_do_not_run(worker):
    seen, done = [], threading.Event()
    worker.ask("me", once("late"), seen.append, delay=0.05)
    worker.cancel("me")
    worker.ask("other", once("end"), lambda _: done.set(), delay=0.1)
    assert done.wait(20)
    assert seen == []


def test_an_error_reaches_its_owner_and_the_thread_lives_on(worker):
    seen, done = [], threading.Event()

    def bad():
        raise ValueError("Argument `x` is wrong.")
        yield

    worker.ask("me", bad, seen.append)
    worker.ask("other", once(1), lambda _: done.set())
    assert done.wait(20)
    assert str(seen[0]) == "Argument `x` is wrong."


def test_a_worker_gives_way_to_the_one_before_it(worker):
    behind = Worker("behind", behind=(worker,))
    job, started, release = held("quick")
    order, done = [], threading.Event()
    worker.ask("me", job, order.append)
    assert started.wait(20)
    behind.ask("me", once("slow"), lambda v: (order.append(v), done.set()))
    release.set()
    assert done.wait(20)
    behind.end()
    assert order == ["quick", "slow"]


def test_what_is_cancelled_while_it_gives_way_computes_nothing(worker):
    behind = Worker("behind", behind=(worker,), patience=60.0)
    job, started, release = held("quick")
    steps, done = [], threading.Event()

    def slow():
        steps.append(1)
        yield 1

    worker.ask("me", job, lambda _: None)
    assert started.wait(20)
    behind.ask("me", slow, lambda _: None)
    behind.ask("other", once("end"), lambda _: done.set(), delay=0.1)
    while behind.queue > 1:  # until it gives way
        time.sleep(0.01)
    behind.cancel("me")
    release.set()
    assert done.wait(20)
    behind.end()
    assert steps == []


def test_a_worker_waits_for_calm_but_not_for_ever(worker):
    patient = Worker("patient", behind=(worker,), calm=0.2, patience=20.0)
    hasty = Worker("hasty", behind=(worker,), calm=20.0, patience=0.1)
    job, started, release = held("quick")
    worker.ask("me", job, lambda _: None)
    assert started.wait(20)
    seen, both = [], threading.Event()
    patient.ask("me", once("patient"), lambda v: (seen.append(v), both.set()))
    hasty.ask("me", once("hasty"), lambda v: (seen.append(v), release.set()))
    assert both.wait(20)
    assert seen == ["hasty", "patient"]
    assert worker.has_been_idle(0.15)
    patient.end()
    hasty.end()


def test_everybody_is_given_something_before_one_is_given_all():
    worker, order, done = Worker("turns", turns=True), [], threading.Event()
    job, started, release = held("first")
    worker.ask("busy", job, order.append)
    assert started.wait(20)
    for owner in ("a", "b"):
        values = [f"{owner}, coarse", f"{owner}, fine"]
        worker.ask(owner, partial(iter, values), order.append)
    worker.ask("last", once("last"), order.append)
    worker.ask("end", lambda: iter([1, 2, 3]), lambda v: done.set() if v == 3 else None)
    release.set()
    assert done.wait(20)
    worker.end()
    assert order == ["first", "a, coarse", "b, coarse", "last", "a, fine", "b, fine"]


def test_what_has_given_a_value_stops_when_its_owner_asks_anew():
    worker, seen, done = Worker("turns", turns=True), [], threading.Event()
    job, started, release = held("coarse")

    def both():
        yield from job()
        yield "fine, and too late"

    worker.ask("me", both, seen.append, finish=True)
    assert started.wait(20)
    worker.ask("me", once("newest"), lambda v: (seen.append(v), done.set()), finish=True)
    release.set()
    assert done.wait(20)
    worker.end()
    assert seen == ["coarse", "newest"]


def test_what_waits_for_its_next_turn_can_be_cancelled():
    worker, seen, done = Worker("turns", turns=True), [], threading.Event()
    (first, started, release), (other, taken, leave) = held("coarse"), held("other")

    def both():
        yield from first()
        yield "fine, and too late"

    worker.ask("me", both, seen.append)
    assert started.wait(20)
    worker.ask("other", other, seen.append)
    release.set()
    assert taken.wait(20)
    worker.cancel("me")
    leave.set()
    worker.ask("end", once("end"), lambda _: done.set())
    assert done.wait(20)
    worker.end()
    assert seen == ["coarse", "other"]


def test_a_job_that_is_stopped_at_its_last_value_hears_of_it_when_it_goes_on(worker):
    """The thread drops what it computes for a stopped job; the next job is told it again."""
    job, started, release = held("last")
    values, told, last = Resumable(job()), [], threading.Event()
    worker.ask("me", partial(iter, values), told.append)
    assert started.wait(20)
    worker.cancel("me")
    release.set()
    worker.ask("me", partial(iter, values), lambda v: (told.append(v), last.set()))
    assert last.wait(20)
    assert told == ["last"]
