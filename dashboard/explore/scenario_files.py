"""Scenarios: moments worth a look, as links with a title, a sentence and a thumbnail.

They stand in assets/scenarios.yaml, one entry each; thumbnails are pictures in assets/thumbnails,
made by docs/make_thumbnails.py. They travel inside the page, so they must be small.
"""

import base64
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from dashboard.asset_files import (
    Shelf,
    own_folder,
    parsed_link,
    read_entries,
    stamps,
    with_own,
)
from hoam_core.files.assets import asset

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

    def made(where: str, found: dict[str, Any]) -> Scenario:
        parsed_link(where, "link", found["link"])
        return Scenario(image=thumbnail(found["name"], thumbnails), **found)

    return read_entries(file, FIELDS, made)


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
    return read_scenarios(asset(FILE), asset("thumbnails"))
