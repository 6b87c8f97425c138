"""The folders of what is kept: one per visitor, with one per item, which is complete or absent.

An item is written elsewhere and moved into place at the end, with `about.json`, which says what it
is. No name that a visitor gives becomes a file name: folders are named by digests. The time of
`about.json` tells when an item was last used; that of the visitor's folder, when the visitor last
came. Several processes may share the store: space is counted and freed by one at a time, and a
missing item is reported as such.

A model of the view Train is stored elsewhere, among those that are offered to everybody. Its item
holds a mark that is also stored beside the model, so that the model is deleted with the visitor's
items, and a model of the same name that belongs to somebody else is not.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from dashboard.concurrency.lock import FolderLock
from dashboard.keeping.bounds import (
    SECONDS_A_DAY,
    kept_folder,
    kept_seconds,
    megabytes,
    most_bytes,
    most_bytes_of_all,
)  # fmt: skip
from hoam_core.files.json_text import json_text
from hoam_core.storage.datasets import whole_file

log = logging.getLogger(__name__)
ABOUT, PART, MARK = "about.json", ".part-", "kept.json"
VISITOR = re.compile(r"[0-9a-f]{64}")
MOST_THINGS = 64
# Items used in the last day are not deleted to make room.
RESTS_AFTER = SECONDS_A_DAY
# An older partial folder was left by a process that was killed.
STALE = 3_600.0
LOCK_PATIENCE = 10.0  # seconds


@final
class FullError(ValueError):
    """There is no room to keep something; the message says what can be done."""


@final
@dataclass(frozen=True)
class SavedItem:
    """An item that is kept: its `kind` ("data" or "model"), name, title, bytes and times."""

    folder: Path
    kind: str
    name: str
    title: str
    size: int
    used: float
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> Path:
        """The folder of its files."""
        return _elsewhere(self.about) or self.folder


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def marked(folder: Path) -> dict[str, Any]:
    """The mark beside a model that was trained for a visitor; empty for any other folder."""
    try:
        found = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "mark" in found else {}


def _elsewhere(about: dict[str, Any]) -> Path | None:
    """The folder outside the store that an item refers to, if it is still the same."""
    folder = Path(str(about.get("elsewhere", "")))
    same = "elsewhere" in about and marked(folder).get("mark") == about.get("mark")
    return folder if same else None


def _thing(folder: Path) -> SavedItem | None:
    """The item in a folder; None if it holds none, or is being deleted at this moment."""
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        used, size, about = (folder / ABOUT).stat().st_mtime, _size(folder), dict(told["about"])
        kind, name, title = (str(told[key]) for key in ("kind", "name", "title"))
        if place := _elsewhere(about):
            size += _size(place)
        elif "elsewhere" in about:
            return None
        return SavedItem(folder, kind, name, title, size, used, about)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _things(folder: Path) -> list[SavedItem]:
    found = (_thing(place) for place in folder.glob("[!.]*/"))
    return sorted((one for one in found if one is not None), key=lambda one: -one.used)


@contextlib.contextmanager
def _alone(root: Path) -> Generator[None]:
    """One at a time, of all threads and processes; proceeds without the lock after a long wait."""
    lock, end = FolderLock(root), time.monotonic() + LOCK_PATIENCE
    while not lock.take() and time.monotonic() < end:
        time.sleep(0.02)
    try:
        yield
    finally:
        lock.drop()


def _forget(folder: Path) -> None:
    thing = _thing(folder)
    if thing is not None and thing.place != folder:
        shutil.rmtree(thing.place, ignore_errors=True)
    # Without its description the rest no longer counts as an item.
    (folder / ABOUT).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


@final
class SavedItems:
    """What is kept for one visitor; nothing for a visitor without a name."""

    def __init__(self, visitor: str = "", root: Path | None = None):
        if visitor and not VISITOR.fullmatch(visitor):
            raise ValueError("Argument `visitor` must be a digest of 64 hexadecimal digits.")
        self._root = root or kept_folder()
        self._folder = self._root / visitor if visitor and kept_seconds() else None

    def __bool__(self) -> bool:
        """Whether anything can be kept."""
        return self._folder is not None

    @property
    def visitor(self) -> str:
        """The name under which all of it is filed; empty if there is none."""
        return self._folder.name if self._folder is not None else ""

    def things(self) -> list[SavedItem]:
        """All items, the most recently used first."""
        return _things(self._folder) if self._folder is not None else []

    def find(self, name: str) -> SavedItem | None:
        """The item of that name; None if there is none (any more)."""
        if self._folder is None:
            return None
        found = _thing(self._folder / _folder_name(name))
        return found if found is not None and found.name == name else None

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return sum(one.size for one in self.things())

    @property
    def until(self) -> float:
        """When it expires unless the visitor returns; seconds since 1970."""
        try:
            seen = self._folder.stat().st_mtime if self._folder is not None else time.time()
        except OSError:
            seen = time.time()
        return seen + kept_seconds()

    def seen(self) -> None:
        """The visitor has returned: the retention period starts again."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                os.utime(self._folder)

    def use(self, thing: SavedItem) -> None:
        """Note that an item is used; unused ones are deleted first to make room."""
        with contextlib.suppress(OSError):
            os.utime(thing.folder / ABOUT)

    @contextlib.contextmanager
    def making(
        self, kind: str, name: str, title: str, size: int = 0, **about: Any
    ) -> Generator[Path]:
        """A folder for the files of an item; at the end it replaces an item of the same name.

        `size` is how many bytes are expected. Raises FullError, a ValueError, where there is no
        room, and then nothing has changed.
        """
        if self._folder is None:
            raise FullError("Nothing is kept here after the page is closed; download it.")
        self._check(name, size)
        part = self._folder / (PART + secrets.token_hex(8))
        told = {"kind": kind, "name": name, "title": title, "about": about}
        try:
            # Other users of the machine cannot read it either.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.mkdir()
            yield part
            (part / ABOUT).write_text(json_text(told), encoding="utf-8")
            with _alone(self._root):
                self._check(name, _size(part))
                _make_room(self._root, _size(part), self.find(name))
                place = self._folder / _folder_name(name)
                _forget(place)
                part.rename(place)
        except OSError as error:
            log.warning("Something could not be kept", extra={"reason": error.strerror})
            raise FullError(
                f"It could not be kept ({error.strerror}); download it, or try again later."
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def mark(self, kind: str, name: str, title: str, folder: Path, **about: Any) -> None:
        """Keep a folder stored elsewhere, with `about` beside it. FullError without room."""
        told = {"mark": secrets.token_hex(16), **about}
        short: dict[str, Any] = {key: one for key, one in told.items() if isinstance(one, str)}
        thing = self.making(kind, name, title, elsewhere=str(folder), **short)
        with thing, whole_file(folder / MARK) as part:
            part.write_text(json_text(told), encoding="utf-8")

    def check_room(self, size: int = 0) -> None:
        """Raises FullError, a ValueError, if this many more bytes cannot be kept."""
        if self._folder is not None:
            self._check("", size)

    def _check(self, name: str, size: int) -> None:
        others = [one for one in self.things() if one.name != name]
        taken = sum(one.size for one in others)
        if taken + size > most_bytes() or len(others) >= MOST_THINGS:
            raise FullError(
                f"There is no room to keep it: it needs {megabytes(size)}, and {len(others)} "
                f"items use {megabytes(taken)} of your {megabytes(most_bytes())}. Delete some "
                "and try again, or download it."
            )

    def delete(self, name: str) -> None:
        """Delete an item for good; it may already be gone."""
        if self._folder is not None:
            _forget(self._folder / _folder_name(name))

    def clear(self) -> None:
        """Delete everything."""
        for one in self.things():
            _forget(one.folder)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _folder_name(name: str) -> str:
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]


def _visitors(root: Path) -> list[Path]:
    return [place for place in root.glob("*/") if VISITOR.fullmatch(place.name)]


def _make_room(root: Path, more: int, instead: SavedItem | None = None) -> None:
    """Delete the least recently used until there is room; FullError if all of it is in use."""
    everything = (one for place in _visitors(root) for one in _things(place))
    stays = (one for one in everything if instead is None or one.folder != instead.folder)
    things = sorted(stays, key=lambda one: one.used)
    free = most_bytes_of_all() - sum(one.size for one in things)
    for one in things:
        if free >= more or one.used > time.time() - RESTS_AFTER:
            break
        _forget(one.folder)
        free += one.size
    if free < more:
        raise FullError(
            f"There is no room to keep it: it needs {megabytes(more)}, and other visitors' data "
            "fill this server's storage. Download it, or try again tomorrow."
        )


def remove_expired(root: Path | None = None) -> None:
    """Delete what has expired, what was left half-written, and what exceeds the limits."""
    root = root or kept_folder()
    if not root.is_dir():
        return
    with _alone(root):
        now = time.time()
        for place in _visitors(root):
            with contextlib.suppress(OSError):
                if now - place.stat().st_mtime > kept_seconds():
                    for thing in _things(place):
                        _forget(thing.folder)
                    shutil.rmtree(place, ignore_errors=True)
                for part in place.glob(f"{PART}*/"):
                    if now - part.stat().st_mtime > STALE:
                        shutil.rmtree(part, ignore_errors=True)
        with contextlib.suppress(FullError):
            _make_room(root, 0)
