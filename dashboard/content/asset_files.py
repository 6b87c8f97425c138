"""Lessons, scenario cards and their thumbnails: where they are stored and how they are read.

Those that ship are assets of the package. A folder of your own, named by the variable HOAM_LESSONS,
may hold more of both and is read again whenever something in it has changed. A damaged file is left
out without affecting the page: what is wrong is a sentence with the file and the field, kept in
`AssetFolder.problems`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, final
from urllib.parse import parse_qsl

import yaml

from hoam_core.checks import brief, lookup

T = TypeVar("T")
FOLDER_VARIABLE = "HOAM_LESSONS"


@final
@dataclass(frozen=True)
class AssetFolder(Generic[T]):
    """What could be read, by name, and a sentence for each thing that could not."""

    items: dict[str, T]
    problems: tuple[str, ...] = ()


def own_folder() -> Path | None:
    """The folder of HOAM_LESSONS, None where the variable is not set."""
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    return Path(named).expanduser() if named else None


def stamps(folder: Path | None) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of each file in a folder and its subfolders, to detect changes."""
    if folder is None:
        return ()
    found = ((path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple((str(path), about.st_mtime_ns, about.st_size) for path, about in found)


def with_own(shipped: AssetFolder[T], added: AssetFolder[T]) -> AssetFolder[T]:
    """The items that ship and your own; yours replace those of the same name."""
    return AssetFolder(shipped.items | added.items, shipped.problems + added.problems)


def text_of(path: Path) -> str:
    """The text of a file. Raises ValueError with its name where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"File {path.name!r} cannot be read as text ({type(error).__name__}); correct it there."
        ) from error


def parsed_yaml(file: str, text: str) -> Any:
    """Plain values from YAML. Raises ValueError with the file and the line."""
    try:
        return yaml.safe_load(text)
    except Exception as error:  # constructors of dates and numbers raise other errors
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark else ""
        raise ValueError(f"File {file!r} is not valid YAML{line}; correct it there.") from error


def checked_fields(file: str, found: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    """The fields of an entry; ValueError for one that is missing, misspelt or of a wrong type."""
    if not isinstance(found, dict):
        raise ValueError(f"File {file!r} must have `name: value` lines, but has {brief(found)}.")
    for name in found:
        try:
            lookup(str(name), kinds, "field")
        except ValueError as error:
            raise ValueError(f"File {file!r}: {error}") from None
    for name, kind in kinds.items():
        value = found.get(name)
        if not isinstance(value, kind) or value == "":
            wanted = {str: "a text", int: "a whole number"}[kind]
            raise ValueError(
                f"File {file!r}: field `{name}` must be {wanted}, but is {brief(value)}; "
                "add or correct it."
            )
    return found


def read_entries(
    file: Path, kinds: Mapping[str, type], made: Callable[[str, dict[str, Any]], T]
) -> AssetFolder[T]:
    """What `made(where, fields)` makes of each entry of a YAML list, by the field `name`.

    A wrong entry, or a file that is not a list, is left out and reported in one sentence.
    """
    items, problems = {}, []
    try:
        entries = parsed_yaml(file.name, text_of(file))
        if not isinstance(entries, list):
            raise ValueError(f"File {file.name!r} must be a list; begin each entry with `- name:`.")
    except ValueError as error:
        return AssetFolder({}, (str(error),))
    for number, entry in enumerate(entries, 1):
        where = f"{file.name}, entry {number}"
        try:
            found = checked_fields(where, entry, kinds)
            items[found["name"]] = made(where, found)
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return AssetFolder(items, tuple(problems))


def parsed_link(file: str, field: str, text: str) -> dict[str, str]:
    """The entries of a link such as `?view=explore&k=0.5`. Raises ValueError if it is not one."""
    entries = text.strip().removeprefix("?")
    try:
        if not text.strip().startswith("?"):
            raise ValueError
        return dict(parse_qsl(entries, strict_parsing=True))
    except ValueError:
        raise ValueError(
            f"File {file!r}: field `{field}` must be a link such as "
            f"?view=explore&system=landau, but is {text.strip()[:80]!r}."
        ) from None
