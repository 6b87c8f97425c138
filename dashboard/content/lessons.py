"""Lessons as Markdown files: front matter, then a heading for each step.

    ---
    title: Landau damping
    level: third year
    minutes: 25
    order: 1
    summary: A wave dies although nothing rubs.
    ---

    ## A small wave
    state: ?view=explore&system=landau&alpha=0.05&k=0.5&t=0

    What is seen, with $formulas$ in LaTeX.

    ### Try
    ### Answer
    ### Notes

Formulas become MathML here, once, when the file is read, so that mistakes are found and screen
readers can read them. Few machines have a font with the roots and brackets that MathML asks for, so
the card draws the LaTeX over it with Bokeh's own MathJax. See docs/lessons.md.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import final

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from dashboard.content.asset_files import (
    AssetFolder,
    checked_fields,
    own_folder,
    parsed_link,
    parsed_yaml,
    stamps,
    text_of,
    with_own,
)
from hoam_core.checks import lookup
from hoam_core.files.assets import asset

FIELDS = {"title": str, "level": str, "minutes": int, "order": int, "summary": str}
PARTS = {"Try": "question", "Answer": "answer", "Notes": "notes"}


@final
@dataclass(frozen=True)
class Step:
    """One step: HTML of its parts, and the entries of the link to what it shows.

    `question`, `answer` and the instructor's `notes` are empty where the file has none.
    """

    title: str
    state: dict[str, str]
    text: str
    question: str = ""
    answer: str = ""
    notes: str = ""

    @property
    def view(self) -> str:
        """Name of the view that the step shows."""
        return self.state.get("view", "explore")


@final
@dataclass(frozen=True)
class Lesson:
    """A lesson and its steps; `name` is the stem of its file, which links use."""

    name: str
    title: str
    level: str
    minutes: int
    order: int
    summary: str
    steps: tuple[Step, ...]


def mathml(latex: str, options: dict) -> str:
    """A formula as MathML beside its LaTeX. Raises ValueError for LaTeX that cannot be read."""
    try:
        found = convert(latex, display="block" if options.get("display_mode") else "inline")
    except Exception as error:  # the converter raises a different class for every mistake
        raise ValueError(
            f"formula ${latex[:80]}$ is not LaTeX ({type(error).__name__})."
        ) from error
    if unknown := re.search(r"\\[A-Za-z]+", found):
        raise ValueError(f"formula ${latex[:80]}$ has the unknown command {unknown[0][:40]}.")
    return f'<span class="formula" data-tex="{escape(latex)}">{found}</span>'


@cache
def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "typographer": True})
    reader.enable(["table", "replacements", "smartquotes"])
    return reader.use(dollarmath_plugin, allow_space=False, double_inline=True, renderer=mathml)


def html(text: str) -> str:
    """Markdown with $formulas$ as HTML. Raises ValueError for a formula that cannot be read."""
    return _markdown().render(text.strip())


def parsed_lesson(name: str, text: str) -> Lesson:
    """A lesson from the text of its file. Raises ValueError naming the file and the field."""
    file = f"{name}.md"
    pieces = re.split(r"^---\s*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(pieces) != 3 or pieces[0].strip():
        raise ValueError(f"File {file!r} must begin with its fields between two lines of `---`.")
    about = checked_fields(file, parsed_yaml(file, pieces[1]), FIELDS)
    _, *found = re.split(r"^## +(.+)$", pieces[2], flags=re.MULTILINE)
    if not found:
        raise ValueError(f"File {file!r} has no step; begin one with a line `## Its title`.")
    pairs = zip(found[::2], found[1::2], strict=True)
    steps = tuple(_step(file, title.strip(), body) for title, body in pairs)
    return Lesson(name=name, steps=steps, **about)


def _step(file: str, title: str, body: str) -> Step:
    where = f"File {file!r}, step {title!r}"
    text, *found = re.split(r"^### +(.+)$", body, flags=re.MULTILINE)
    link = re.match(r"\s*state: *(\S.*)$", text, flags=re.MULTILINE)
    if link is None:
        raise ValueError(f"{where}: a line `state: ?view=...` must follow the heading.")
    state = parsed_link(file, f"state of {title!r}", link[1])
    try:
        parts = {
            lookup(head.strip(), PARTS, "part of a step"): html(part)
            for head, part in zip(found[::2], found[1::2], strict=True)
        }
        return Step(title, state, html(text[link.end() :]), **parts)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def read_lessons(folder: Path) -> AssetFolder[Lesson]:
    """The lessons of a folder in their order; an unreadable file is reported in one sentence."""
    lessons, problems = [], []
    for path in sorted(folder.glob("*.md")):
        try:
            lessons.append(parsed_lesson(path.stem, text_of(path)))
        except ValueError as error:
            problems.append(str(error))
    lessons.sort(key=lambda lesson: (lesson.order, lesson.name))
    return AssetFolder({lesson.name: lesson for lesson in lessons}, tuple(problems))


def lessons() -> AssetFolder[Lesson]:
    """The lessons that ship and your own, in their order; read again only after changes."""
    folder = own_folder()
    return _lessons(folder, stamps(folder))


@lru_cache(maxsize=4)
def _lessons(folder: Path | None, seen: tuple) -> AssetFolder[Lesson]:
    shipped = _shipped()
    if folder is not None:
        shipped = with_own(shipped, read_lessons(folder))
    in_order = sorted(shipped.items.values(), key=lambda lesson: (lesson.order, lesson.name))
    return AssetFolder({lesson.name: lesson for lesson in in_order}, shipped.problems)


@cache
def _shipped() -> AssetFolder[Lesson]:
    return read_lessons(asset("lessons"))
