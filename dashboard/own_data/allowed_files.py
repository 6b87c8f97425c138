"""Which files a visitor may give: those in the folders of HOAM_DATA, and uploads within limits.

Several folders are separated like those of PATH. Without the variable a visitor can only upload:
access to a page must not give access to the files of its machine.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from hoam_core.files.order import natural
from hoam_core.recorded.reader import ITERATION

VARIABLE, UPLOAD = "HOAM_DATA", "HOAM_UPLOAD_MB"
# Runs, each of them one file or an openPMD series of one file for each iteration.
MOST_FILES = 64
# Most iterations of a series that counts as one run.
MOST_ITERATIONS = 500
LARGEST_MB = 400
LONGEST_NAME = 120  # bytes
# As openPMD calls the files of a series.
SERIES = re.compile(r"[0-9]+\.h5$", re.IGNORECASE)
# Names that every file system accepts, and that are not hidden.
PLAIN = re.compile(r'[^\s.<>:"|?*][^<>:"|?*]*\.(nc|h5)', re.IGNORECASE)
DEVICES = {"CON", "PRN", "AUX", "NUL"} | {
    f"{name}{i}" for name in ("COM", "LPT") for i in range(10)
}


def allowed_folders() -> list[Path]:
    """The folders that may be read, without links."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    return [Path(folder).expanduser().resolve() for folder in named if folder.strip()]


def found_files(pattern: str) -> list[Path]:
    """The files that a path, a folder or a pattern such as runs/*.nc names, in natural order.

    %T stands for the iterations of an openPMD series, as in data_%T.h5. A relative path starts at
    each allowed folder. Raises ValueError for anything that is not allowed or does not exist.
    """
    folders = allowed_folders()
    if not folders:
        raise ValueError(
            f"Files on the server cannot be read from here; set {VARIABLE} to the folder that may "
            "be read and restart the server, or upload the files."
        )
    try:
        matching = _matching(ITERATION.sub("*", pattern.strip()), folders)
        kept = sorted(matching, key=natural)
    except (
        OSError,
        RuntimeError,
        ValueError,
        NotImplementedError,
    ):  # not a pattern of files at all
        kept = []
    if sentence := refusal(count_runs([str(path) for path in kept]), 0):
        raise ValueError(sentence)
    if not kept:
        shown = ", ".join(str(folder) for folder in folders)
        raise ValueError(
            f"There are no .nc or .h5 files at {pattern[:80]!r}; give a path or a pattern such as "
            f"runs/*.nc inside {shown}."
        )
    return kept


def _matching(pattern: str, folders: Sequence[Path]) -> Iterator[Path]:
    wanted, found = Path(pattern).expanduser(), set()
    for folder in folders:
        inside = _relative(wanted, folder)
        if inside is None:
            continue
        for hit in folder.glob(inside) if inside != "." else [folder]:
            found |= set(hit.iterdir()) if hit.is_dir() else {hit}
    for path in found:
        # A link may lead out of the folder that was allowed.
        inside = any(path.resolve().is_relative_to(folder) for folder in folders)
        if inside and path.is_file() and path.suffix in (".nc", ".h5"):
            yield path


def _relative(wanted: Path, folder: Path) -> str | None:
    """A pattern below the folder; None if it lies outside."""
    if not wanted.is_absolute():
        inside = wanted
    elif wanted.is_relative_to(folder):
        inside = wanted.relative_to(folder)
    else:
        return None
    return None if ".." in inside.parts else str(inside)


def largest_upload() -> int:
    """Bytes that may be uploaded together: the variable HOAM_UPLOAD_MB, or 400 MB."""
    text = os.environ.get(UPLOAD, "")
    return 2**20 * (int(text) if text.isdecimal() and int(text) > 0 else LARGEST_MB)


def tally() -> Callable[[str], int]:
    """A function that takes one name after another and returns the least number of runs so far.

    Names that differ by a last number may be those of one openPMD series; the reader of the files
    counts again.
    """
    places: Counter[str] = Counter()
    runs = 0

    def add(name: str) -> int:
        nonlocal runs
        place = SERIES.sub("%T.h5", name)
        runs += 1 if place == name else places[place] % MOST_ITERATIONS == 0
        places[place] += 1
        return runs

    return add


def count_runs(names: Iterable[str]) -> int:
    """The least number of runs that files of these names can be."""
    return max(map(tally(), names), default=0)


def refusal(files: int, size: int) -> str:
    """Why this many files or bytes are refused; empty if they are accepted."""
    if files > MOST_FILES:
        return (
            f"{files} files are too many; give at most {MOST_FILES}, where an openPMD series of "
            f"one file per iteration counts as one (for each {MOST_ITERATIONS} iterations)."
        )
    if size > largest_upload():
        return (
            f"The files hold {size / 2**20:.0f} MB, but at most {largest_upload() // 2**20} MB can "
            f"be uploaded; save fewer particles, or let the server read them ({VARIABLE})."
        )
    return ""


def check_upload(sizes: Sequence[tuple[str, int]]) -> list[str]:
    """Names under which files of these names and sizes can be stored in one folder.

    Raises ValueError if they are too many, too large, or have the same name.
    """
    if sentence := refusal(count_runs([n for n, _ in sizes]), sum(size for _, size in sizes)):
        raise ValueError(sentence)
    names = [upload_name(name) for name, _ in sizes]
    often = Counter(name.lower() for name in names)
    for name in names:
        if often[name.lower()] > 1:
            raise ValueError(f"Two files are called {name!r}; give them different names.")
    return names


def upload_name(name: str) -> str:
    """The last part of a file's name. Raises ValueError for a name that no file should have."""
    last = re.split(r"[/\\]", name)[-1]
    fits = last.isprintable() and PLAIN.fullmatch(last) and len(last.encode()) <= LONGEST_NAME
    if not fits or last.split(".")[0].strip().upper() in DEVICES:
        raise ValueError(
            f"A file is called {last[:60]!r}; give it a plain name that ends in .nc or .h5."
        )
    return last
