"""The glossary: its file, and the words of a text that it explains.

The entries stand in assets/glossary.yaml. `marked` makes a button of the first occurrence of each
known word in a piece of HTML; what it means is shown by the panel (panel.py), in the browser alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any, final

from dashboard.content.asset_files import AssetFolder, read_entries
from dashboard.content.lessons import html
from hoam_core.files.assets import asset

FIELDS = {"name": str, "title": str, "also": str, "text": str}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SYMBOL = 2  # characters at most
TAG = re.compile(r"(<[^>]*>)")
# No word becomes a button inside these.
WHOLE = ("a", "button", "code", "h2", "math", "script", "style", "svg", "title")


@final
@dataclass(frozen=True)
class Term:
    """A word, the other forms of it that the page uses, and HTML of what it means."""

    name: str
    title: str
    also: tuple[str, ...]
    text: str


def read_glossary(file: Path) -> AssetFolder[Term]:
    """The terms of a file by name; a wrong entry is left out and reported in one sentence."""
    known: set[str] = set()

    def made(where: str, found: dict[str, Any]) -> Term:
        name, title = found["name"], found["title"]
        if not NAME.fullmatch(name) or name in known:
            raise ValueError(
                f"File {where!r}: field `name` must be lower-case letters, digits, hyphens, and "
                f"new, but is {name[:80]!r}."
            )
        also = tuple(one.strip() for one in found["also"].split(",") if one.strip(" -"))
        term = Term(name, title, also, html(found["text"]))
        known.add(name)
        return term

    shelf = read_entries(file, FIELDS, made)
    in_order = sorted(shelf.items.values(), key=lambda term: term.title.lower())
    return AssetFolder({term.name: term for term in in_order}, shelf.problems)


@cache
def glossary() -> AssetFolder[Term]:
    """The terms that ship, read once."""
    return read_glossary(asset("glossary.yaml"))


@cache
def _known() -> tuple[re.Pattern, dict[str, str], set[str]]:
    """A pattern for any form of a term, the names of terms by their forms, and the forms."""
    terms = glossary().items.values()
    exact = {form for term in terms for form in (term.title, *term.also)}
    forms = {form.casefold(): term.name for term in terms for form in (term.title, *term.also)}
    longest_first = sorted(forms, key=len, reverse=True)
    either = "|".join(re.escape(form) for form in longest_first)
    return re.compile(rf"(?<![\w-])({either})(?![\w-])", re.IGNORECASE), forms, exact


def marked(text: str, seen: Iterable[str] = ()) -> str:
    """HTML in which the first occurrence of each known word, but for those `seen`, is a button."""
    pattern, forms, exact = _known()
    used, inside, pieces = set(seen), [], []

    def button(found: re.Match) -> str:
        word = found[0]
        name = forms[unescape(word).casefold()]
        # Symbols are case-sensitive: W is an energy, w a width.
        if name in used or (len(word) <= SYMBOL and word not in exact):
            return word
        used.add(name)
        return f'<button type="button" class="term" data-term="{escape(name)}">{word}</button>'

    for piece in TAG.split(text):
        if piece.startswith("<"):
            tag = re.match(r"</?\s*(\w+)", piece)
            if tag and tag[1].lower() in WHOLE:
                if piece.startswith("</"):
                    inside = inside[:-1]
                elif not piece.endswith("/>"):
                    inside = [*inside, tag[1]]
            pieces.append(piece)
        else:
            pieces.append(piece if inside else pattern.sub(button, piece))
    return "".join(pieces)
