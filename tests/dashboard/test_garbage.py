"""The collector of cyclic garbage: quiet moments, many closed pages, and what it then finds."""

import gc
import weakref
from functools import partial

import pytest
from bokeh.document import Document

from dashboard.concurrency.event_loop import Gate
from dashboard.operations.garbage import AT_ANY_RATE, LATEST, MANY, SOME, Garbage


class Loop:
    """Something that only the collector can free."""

    def __init__(self):
        self.me = self


class Clock:
    def __init__(self):
        self.now, self.calm = 0.0, False

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    yield Clock()
    gc.unfreeze()


def of(clock: Clock) -> Garbage:
    return Garbage(lambda seconds: clock.calm, clock)


def test_the_last_page_leaves_in_a_quiet_moment(clock):
    garbage, page = of(clock), Loop()
    found = weakref.ref(page)
    garbage.heard("opened")
    assert not garbage.look()  # the page is set aside
    del page
    garbage.heard("closed")
    assert not garbage.look()
    gc.collect()
    assert found() is not None
    clock.calm = True
    assert garbage.look()
    assert found() is None
    assert not garbage.look()


def test_who_is_still_there_does_not_wait_for_one_who_left(clock):
    garbage = of(clock)
    clock.calm = True
    for event in ("opened", *("opened", "closed") * (SOME - 1)):
        garbage.heard(event)
    assert not garbage.due
    garbage.heard("refused")
    assert not garbage.due
    garbage.heard("closed")
    assert garbage.due


def test_many_closed_pages_do_not_wait_for_a_quiet_moment(clock):
    garbage = of(clock)
    for event in ("opened", *("opened", "closed") * (MANY - 1)):
        garbage.heard(event)
    assert not garbage.due
    garbage.heard("closed")
    assert garbage.due


def test_other_garbage_is_looked_for_now_and_then(clock):
    garbage = of(clock)
    garbage.heard("opened")
    clock.now, clock.calm = LATEST - 1, True
    assert not garbage.due
    clock.now, clock.calm = LATEST + 1, False
    assert not garbage.due
    clock.calm = True
    assert garbage.look()
    assert not garbage.due


def test_where_it_is_never_calm_garbage_is_looked_for_all_the_same(clock):
    garbage = of(clock)
    garbage.heard("opened")
    clock.now = AT_ANY_RATE - 1
    assert not garbage.due
    clock.now = AT_ANY_RATE + 1
    assert garbage.look()
    assert not garbage.due


def test_a_result_that_was_delivered_waits_for_no_collector():
    document, shown = Document(), []
    gate, result = Gate(document.add_next_tick_callback), Loop()
    result.me = None
    found = weakref.ref(result)
    gate.open()
    gate(partial(shown.append, result))
    gc.disable()
    try:
        for callback in document.session_callbacks:
            callback.callback()
        assert shown.pop() is result
        del callback, result
        assert found() is None
    finally:
        gc.enable()
