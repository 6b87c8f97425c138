"""Functions to be notified of something, whichever thread reports it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, final

T = TypeVar("T")


@final
class Watchers(Generic[T]):
    """Functions that are called with every new item, on the thread that reports it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: tuple[Callable[[T], None], ...] = ()

    def watch(self, heard: Callable[[T], None]) -> Callable[[], None]:
        """Call `heard` from now on; returns a function that ends this."""
        with self._lock:
            self._heard = (*self._heard, heard)

        def stop() -> None:
            with self._lock:
                self._heard = tuple(one for one in self._heard if one is not heard)

        return stop

    def tell(self, item: T) -> None:
        """Call all of them."""
        for heard in self._heard:
            heard(item)
