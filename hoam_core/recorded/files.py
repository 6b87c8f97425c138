"""Grouping of files into runs, with their order and their names.

A run is one file, or the files of an openPMD series of one file for each iteration. Only the given
files are used: others beside them may belong to somebody else, or be links that lead elsewhere.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import final

import h5py

from hoam_core.files.order import natural
from hoam_core.recorded.attributes import plain

# The iteration in the name of a series, as openPMD writes it: data_%T.h5 or data_%06T.h5.
ITERATION = re.compile(r"%[0-9]*T")


@final
@dataclass(frozen=True)
class RunFiles:
    """The files of one run at `place`, a path or the pattern of a series; messages say `name`."""

    place: Path
    files: tuple[Path, ...]
    name: str

    def called(self, file: Path) -> str:
        """The name of one of the files in messages."""
        return self.name if len(self.files) == 1 else str(PurePath(self.name).with_name(file.name))


def runs_of(paths: Sequence[Path]) -> list[RunFiles]:
    """The runs in files, in the order of their first files, with the shortest distinct names.

    A path at which there is no file may be the pattern of a series, such as run1/data_%T.h5.
    """
    found: dict[Path, list[Path]] = {}
    for path in paths:
        if ITERATION.search(path.name) and not path.exists():
            found.setdefault(path, []).extend(_matching(path))
        else:
            found.setdefault(_place(path), []).append(path)
    together = zip(found.items(), names_of(list(found)), strict=True)
    return [
        RunFiles(place, tuple(sorted(dict.fromkeys(files), key=natural)), name)
        for (place, files), name in together
    ]


def series_of(paths: Sequence[Path]) -> list[Path]:
    """The paths, with the iterations of one openPMD series joined into a pattern `data_%T.h5`."""
    return [run.place for run in runs_of(paths)]


def names_of(paths: Sequence[Path]) -> list[str]:
    """The last parts of each path, as few as distinguish it from the others."""
    found: dict[Path, str] = {}
    for length in range(1, 1 + max((len(path.parts) for path in paths), default=0)):
        last = {path: path.parts[-length:] for path in paths if path not in found}
        often = Counter(last.values())
        found |= {path: str(PurePath(*end)) for path, end in last.items() if often[end] == 1}
    return [found[path] for path in paths]


def series_name(path: PurePath) -> PurePath | None:
    """The pattern of the series to which a file could belong by its name; None without a number."""
    stem = path.stem.rstrip("0123456789")
    return None if stem == path.stem else path.with_name(f"{stem}%T{path.suffix}")


def _place(path: Path) -> Path:
    pattern = series_name(path)
    if pattern is None:
        return path
    try:
        with h5py.File(path) as file:
            encoding = plain(file.attrs.get("iterationEncoding", ""))
    except Exception:  # the error is reported when the file is read
        return path
    return Path(pattern) if encoding == "fileBased" else path


def _matching(pattern: Path) -> list[Path]:
    """The files beside `pattern` that differ from it by a number in place of %T."""
    before, after = ITERATION.split(pattern.name, maxsplit=1)
    name = re.compile(f"{re.escape(before)}[0-9]+{re.escape(after)}")
    beside = pattern.parent.iterdir() if pattern.parent.is_dir() else ()
    return [path for path in beside if name.fullmatch(path.name)]
