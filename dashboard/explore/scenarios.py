"""Scenarios: moments worth a look, as links with a title, a sentence and a thumbnail.

They stand in assets/scenarios.yaml, one entry each; thumbnails are pictures in assets/thumbnails,
made by docs/make_thumbnails.py. They are embedded in the page, so they must be small. A strip above
an exploration shows them, with the visitor's own presets among them.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, final

import panel as pn

from dashboard.content.asset_files import (
    AssetFolder,
    own_folder,
    parsed_link,
    read_entries,
    stamps,
    with_own,
)
from dashboard.parts.cards import Cards
from dashboard.state.exploration import Exploration
from hoam_core.files.assets import asset

PRESETS = "hoam-presets"
FIELDS = {"name": str, "title": str, "sentence": str, "link": str, "alt": str}
FILE = "scenarios.yaml"
MOST_BYTES = 12_000
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@final
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
            f"Field `name` must be lower-case letters, digits and hyphens, but is {name[:80]!r}."
        )
    path = folder / f"{name}.webp"
    if not path.exists():
        return ""
    data = path.read_bytes()
    if len(data) > MOST_BYTES or data[8:12] != b"WEBP":
        raise ValueError(
            f"File {path.name!r} must be a WebP picture of at most {MOST_BYTES} bytes, but has "
            f"{len(data)}; make it again with docs/make_thumbnails.py."
        )
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def read_scenarios(file: Path, thumbnails: Path) -> AssetFolder[Scenario]:
    """The scenarios of a file in its order; a wrong entry is reported in one sentence."""

    def made(where: str, found: dict[str, Any]) -> Scenario:
        parsed_link(where, "link", found["link"])
        return Scenario(image=thumbnail(found["name"], thumbnails), **found)

    return read_entries(file, FIELDS, made)


def scenarios() -> AssetFolder[Scenario]:
    """The scenarios that ship and your own; read again only when they have changed."""
    folder = own_folder()
    return _scenarios(folder, stamps(folder))


@lru_cache(maxsize=4)
def _scenarios(folder: Path | None, seen: tuple) -> AssetFolder[Scenario]:
    shipped = _shipped()
    if folder is None or not (folder / FILE).is_file():
        return shipped
    return with_own(shipped, read_scenarios(folder / FILE, folder / "thumbnails"))


@cache
def _shipped() -> AssetFolder[Scenario]:
    return read_scenarios(asset(FILE), asset("thumbnails"))


def as_card(scenario: Scenario) -> dict[str, str]:
    """A scenario as `Cards` shows it."""
    return {
        "link": scenario.link,
        "title": scenario.title,
        "text": scenario.sentence,
        "image": scenario.image,
        "alt": scenario.alt,
    }


@final
class Scenarios(pn.viewable.Viewer):
    """Cards that `go` to a scenario; hidden below a lesson, which chooses the state itself."""

    def __init__(self, state: Exploration, go: Callable[[str], None], **params):
        super().__init__(**params)
        self._state = state
        shipped = scenarios()
        self._cards = Cards(
            go,
            cards=[as_card(one) for one in shipped.items.values()],
            label="Scenarios",
            kind="strip",
            store=PRESETS,
            problem=" ".join(shipped.problems),
        )
        state.param.watch(lambda *_: self._show(), "view")
        self._show()

    def step(self, by: int) -> None:
        """Open the next or previous card; only the browser knows the visitor's own cards."""
        self._cards.step(by)

    def _show(self) -> None:
        self._cards.visible = self._state.view == "explore"

    def __panel__(self):
        return self._cards
