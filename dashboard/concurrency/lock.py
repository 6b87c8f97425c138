"""Which process a training belongs to while it runs.

Several processes may share one folder of models, and each finds what a cut-off process has left
there. A lock of the operating system on the training's folder tells what has been cut off from what
still runs: it ends with its process, however that ends, and leaves no file behind.
"""

import os
from pathlib import Path
from typing import final

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None


def _locked(folder: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: proceed as if nobody shared it
        return True
    return True


@final
class FolderLock:
    """A folder that one holder at a time can have."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._held: int | None = None

    def take(self) -> bool:
        """Take the lock; False if another process holds it. A missing folder is created."""
        if fcntl is not None and self._held is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            found = os.open(self._folder, os.O_RDONLY)
            if not _locked(found):
                os.close(found)
                return False
            self._held = found
        return True

    def drop(self) -> None:
        """Release the lock."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def is_free(folder: Path) -> bool:
    """Whether a folder exists and is not locked."""
    lock = FolderLock(folder)
    taken = lock.take()
    lock.drop()
    return taken
