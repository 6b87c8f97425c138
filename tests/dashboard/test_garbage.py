"""The collector of cyclic garbage: quiet moments, many closed pages, and what it then finds."""

import gc
import weakref

import pytest

from dashboard.operations.garbage import LATEST, MANY, SOONEST, Garbage


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


def test_a_closed_page_waits_for_a_quiet_moment(clock):
    garbage, page = of(clock), Loop()
    found = weakref.ref(page)
    assert not garbage.look()  # the page is set aside
    del page
    garbage.closed()
    assert not garbage.look()
    gc.collect()
    assert found() is not None
    clock.calm = True
    assert garbage.look()
    assert found() is None
    assert not garbage.look()


def test_many_closed_pages_do_not_wait(clock):
    garbage = of(clock)
    for _ in range(MANY - 1):
        garbage.closed()
    assert not garbage.due
    garbage.closed()
    assert garbage.due


def test_other_garbage_is_looked_for_now_and_then(clock):
    garbage = of(clock)
    clock.now, clock.calm = SOONEST - 1, True
    assert not garbage.due
    clock.now = SOONEST + 1
    assert garbage.due
    clock.calm = False
    assert not garbage.due
    clock.now = LATEST + 1
    assert garbage.look()
    assert not garbage.due
