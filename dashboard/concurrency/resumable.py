"""Values that one job after another takes, such as a training that pauses or a sweep that stops."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar, final

T = TypeVar("T")


@final
class Resumable(Generic[T]):
    """An iterable that continues where its reader stopped; at its end the last value is repeated.

    A worker drops what it computes for a job that has been stopped meanwhile. If that were the very
    last value, no other job would learn of the end.
    """

    def __init__(self, values: Iterable[T]):
        self._values = iter(values)
        self._last: list[T] = []

    def __iter__(self) -> Iterator[T]:
        ended = True
        # Unlike `yield from` this does not close the values with their reader.
        for value in self._values:
            ended, self._last = False, [value]
            yield value
        if ended:
            yield from self._last
