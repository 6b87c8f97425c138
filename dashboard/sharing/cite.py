"""How to cite what is shown: the software, the paper of its methods, and the source of a system.

The entries lie in assets/references.bib. A system gives its source as one line of text; an entry
belongs to it if both have the same preprint number, or the same first author together with the year
or the title. A source without an entry is cited as that text.
"""

import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.parts import html
from dashboard.parts.copyable import Copyable
from hoam_core import System, __version__
from hoam_core.files.assets import asset

PAPER = "berman2024parametric"
LATTICES = "chen2025scalable"
SOFTWARE = """@software{hoam_core,
  author = {{The hoam_core developers}},
  title = {hoam\\_core: learned gradient fields for parametric population dynamics},
  version = {%s}
}"""
FIELD = re.compile(r"^\s*(\w+) = \{(.*)\},?$", re.MULTILINE)


@cache
def entries() -> dict[str, str]:
    """The text of every entry of the bibliography by its key."""
    text = asset("references.bib").read_text(encoding="utf-8")
    found = (entry.strip() for entry in re.split(r"^(?=@)", text, flags=re.MULTILINE))
    return {entry.split("{")[1].split(",")[0]: entry for entry in found if entry}


def belongs(entry: str, source: str) -> bool:
    """Whether an entry is (part of) what a source names."""
    about = dict(FIELD.findall(entry))
    author = about["author"].split(",")[0]
    title = re.sub(r"[{}]", "", about["title"])
    return about.get("eprint", "\0") in source or (
        author in source and (about["year"] in source or title in source)
    )


def bibliography(system: System) -> str:
    """BibTeX of the software, of the paper whose method it implements, and of a system's source."""
    known = entries()
    keys = [key for key in known if belongs(known[key], system.reference)]
    keys = keys if LATTICES in keys else [PAPER, *(key for key in keys if key != PAPER)]
    texts = [SOFTWARE % __version__, *(known[key] for key in keys)]
    if not any(belongs(known[key], system.reference) for key in keys):
        name = re.sub(r"\W+", "_", system.name)
        texts.append(f"@misc{{{name},\n  title = {{{system.title}}},\n"
                     f"  note = {{{system.reference}}}\n}}")  # fmt: skip
    return "\n\n".join(texts)


@final
class Cite(pn.viewable.Viewer):
    """A dialog with the BibTeX of what is shown; `system` is asked when it opens."""

    def __init__(self, system: Callable[[], System], **params):
        super().__init__(**params)
        self._system = system
        self._request, self._entries = html.pane(), Copyable("BibTeX entries")
        self._layout = pmui.Dialog(
            pn.Column(
                self._request, self._entries, sizing_mode="stretch_width", styles={"gap": "8px"}
            ),
            title="Cite", show_close_button=True, close_on_click=True, width_option="md",
        )  # fmt: skip

    def open(self) -> None:
        """Show what to cite for the present system."""
        system = self._system()
        self._request.object = (
            "<p>If this helps your work, please cite the software, the paper whose method it "
            f"implements, and the source of “{escape(system.title)}”.</p>"
        )
        self._entries.text = bibliography(system)
        self._layout.open = True

    def __panel__(self):
        return self._layout
