"""What the process remembers of what it computed, within a bound of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar, final


class Sized(Protocol):
    """An object of known memory size."""

    @property
    def nbytes(self) -> int: ...


R = TypeVar("R", bound=Sized)


MEGABYTE = 2**20
# Bytes of everything that a process remembers for all of its pages: 913 MB together.
LIMITS = {
    "answers": 320 * MEGABYTE,
    "full models": 320 * MEGABYTE,
    "frames": 64 * MEGABYTE,
    "flipbooks": 64 * MEGABYTE,
    "lattices": 64 * MEGABYTE,
    "sweeps": 64 * MEGABYTE,
    "calibrations": 16 * MEGABYTE,
    "lattice sweeps": MEGABYTE,
}


@final
class Memory(Generic[R]):
    """The most recently used runs of the process, shared by its sessions and threads."""

    def __init__(self, most_bytes: int):
        self._most, self._held = most_bytes, 0
        self._runs: OrderedDict[Hashable, R] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, case: Hashable) -> R | None:
        """The run of that case, or None."""
        with self._lock:
            if case in self._runs:
                self._runs.move_to_end(case)
            return self._runs.get(case)

    def put(self, case: Hashable, run: R) -> None:
        """Keep a run and drop the least recently used ones, but never the new one."""
        with self._lock:
            before = self._runs.pop(case, None)
            self._runs[case] = run
            self._held += run.nbytes - (before.nbytes if before is not None else 0)
            while len(self._runs) > 1 and self._held > self._most:
                _, dropped = self._runs.popitem(last=False)
                self._held -= dropped.nbytes
