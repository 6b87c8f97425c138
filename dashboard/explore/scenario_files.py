"""Scenarios: moments worth a look, as links with a title, a sentence and a thumbnail.

They stand in assets/scenarios.yaml, one entry each; thumbnails are pictures in assets/thumbnails,
made by docs/make_thumbnails.py. They travel inside the page, so they must be small.
"""

import base64
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from dashboard.asset_files import (
    Shelf,
    assets,
    checked_fields,
    own_folder,
    parsed_link,
    parsed_yaml,
    stamps,
    text_of,
    with_own,
)

FIELDS = {"name": str, "title": str, "sentence": str, "link": str, "alt": str}
FILE = "scenarios.yaml"
MOST_BYTES = 12_000
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True)
class Scenario:
    """A scenario; `image` is an address that holds the picture itself, empty if there is none."""

    name: str
    title: str
    sentence: str
    link: str
    alt: str
    image: str = ""


def thumbnail(name: str, folder: Path) -> str:
    """The thumbnail of that name as an address. Raises ValueError if it is not a small picture."""
    if not SLUG.fullmatch(name):
        raise ValueError(
            f"Field `name` must be small letters, digits and hyphens, but is {name[:80]!r}."
        )
    path = folder / f"{name}.webp"
    if not path.exists():
        return ""
    data = path.read_bytes()
    if len(data) > MOST_BYTES or data[8:12] != b"WEBP":
        raise ValueError(
            f"File {path.name!r} must be a WebP picture of at most {MOST_BYTES} bytes, but has "
            f"{len(data)}; make it anew with docs/make_thumbnails.py."
        )
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def read_scenarios(file: Path, thumbnails: Path) -> Shelf[Scenario]:
    """The scenarios of a file in its order; an entry that is wrong costs one sentence."""
    scenarios, problems = {}, []
    try:
        entries = parsed_yaml(file.name, text_of(file))
        if not isinstance(entries, list):
            raise ValueError(f"File {file.name!r} must be a list; begin each entry with `- name:`.")
    except ValueError as error:
        return Shelf({}, (str(error),))
    for number, entry in enumerate(entries, 1):
        try:
            found = checked_fields(f"{file.name}, entry {number}", entry, FIELDS)
            parsed_link(f"{file.name}, entry {number}", "link", found["link"])
            image = thumbnail(found["name"], thumbnails)
            scenarios[found["name"]] = Scenario(image=image, **found)
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return Shelf(scenarios, tuple(problems))


def scenarios() -> Shelf[Scenario]:
    """The scenarios that ship and one's own; read again only where they changed."""
    folder = own_folder()
    return _scenarios(folder, stamps(folder))


@lru_cache(maxsize=4)
def _scenarios(folder: Path | None, seen: tuple) -> Shelf[Scenario]:
    shelf = _shipped()
    if folder is None or not (folder / FILE).is_file():
        return shelf
    return with_own(shelf, read_scenarios(folder / FILE, folder / "thumbnails"))


@cache
def _shipped() -> Shelf[Scenario]:
    return read_scenarios(assets(FILE), assets("thumbnails"))
