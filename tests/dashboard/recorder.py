"""A worker that does nothing until it is told to."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from dashboard.compute.threads import Workers


class Asked(NamedTuple):
    """A request: `job()` yields values, `deliver` takes them."""

    job: Callable[[], Iterable[Any]]
    deliver: Callable[[Any], None]
    options: dict[str, Any]


class Recorder:
    """Keeps what it is asked: the newest of each owner in `waiting`, everything in `log`."""

    def __init__(self) -> None:
        self.waiting: dict[Any, Asked] = {}
        self.log: list[Asked] = []
        self.cancelled: list[Any] = []

    def ask(self, owner, job, deliver, **options):
        self.log.append(Asked(job, deliver, options))
        self.waiting[owner] = self.log[-1]

    def cancel(self, owner):
        self.waiting.pop(owner, None)
        self.cancelled.append(owner)

    def step(self):
        """Do what has waited longest; problems are delivered like values."""
        job, deliver, _ = self.waiting.pop(next(iter(self.waiting)))
        try:
            for value in job():
                deliver(value)
        except ValueError as error:
            deliver(error)

    def work(self):
        """Do everything that waits, and what is asked for meanwhile."""
        while self.waiting:
            self.step()


def recorders() -> Workers:
    """One for each kind of work."""
    return Workers(*(Recorder() for _ in range(7)))
