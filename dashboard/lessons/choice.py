"""Which lesson is open, at which step, and whether its notes for instructors are shown.

A link to a step stands for the link that the step itself names: `arriving` merges the two, so that
the page, a button and a typed address all reach a step in the same way. The address of a lesson
also holds the whole physics; a link with a system keeps it, so that a reload restores what the
visitor had changed in the step.
"""

from collections.abc import Mapping
from typing import final
from urllib.parse import parse_qsl, urlencode

import param

from dashboard.content.lessons import Lesson, Step, lessons
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, whole
from dashboard.view.choice import Choice
from hoam_core.checks import check_within, lookup


@final
class LessonsChoice(Choice):
    """An empty `lesson` is the list of all; steps count from one."""

    addressed = ("lesson", "step", "notes", "pupils")

    lesson = param.String(default="", doc="Name of the open lesson.")
    step = param.Integer(default=1, bounds=(1, None))
    notes = param.Boolean(default=False, label="Instructor notes")
    pupils = param.Boolean(default=False, doc="Whether there are no notes to be shown.")

    def read(self, reader: Reader, state: Exploration) -> None:
        name = reader.attempt("lesson", _lesson_name)
        about = lessons().items.get(self.lesson if name is None else name)
        last = len(about.steps) if about else 1
        same = name in (None, self.lesson)
        step = reader.attempt("step", lambda text: _whole_within("step", text, 1, last))
        notes = reader.attempt("notes", lambda text: _whole_within("notes", text, 0, 1))
        pupils = reader.attempt("pupils", lambda text: _whole_within("pupils", text, 0, 1))
        pupils = self.pupils if pupils is None else bool(pupils)
        notes = self.notes if notes is None else bool(notes)
        self.param.update(
            lesson=self.lesson if name is None else name,
            step=step or (min(self.step, last) if same else 1),
            notes=notes and not pupils,
            pupils=pupils,
        )

    def write(self, state: Exploration) -> dict[str, str]:
        if not self.lesson:
            return {}
        query = {"lesson": self.lesson, "step": str(self.step)}
        marked = [name for name in ("notes", "pupils") if getattr(self, name)]
        return query | dict.fromkeys(marked, "1")

    @property
    def about(self) -> Lesson | None:
        """The open lesson."""
        return lessons().items.get(self.lesson)

    @property
    def current(self) -> Step | None:
        """The open step."""
        about = self.about
        # A visitor's own file may have lost steps since it was opened.
        return about.steps[min(self.step, len(about.steps)) - 1] if about else None


def link_to(lesson: str, step: int = 1) -> str:
    """The link that opens a step with the state that it names."""
    return f"?view=lessons&lesson={lesson}&step={step}"


def for_pupils(link: str) -> str:
    """A link to give to a class: in a lesson, without the notes for instructors."""
    query = dict(parse_qsl(link.lstrip("?")))
    if "lesson" not in query:
        return link
    query.pop("notes", None)
    return "?" + urlencode(query | {"pupils": "1"}, safe=",:;@")


def arriving(query: Mapping[str, str]) -> dict[str, str]:
    """A query with the state of the step that it leads to, unless it names a system itself."""
    about = lessons().items.get(query.get("lesson", ""))
    number = query.get("step", "1")
    if query.get("view") != "lessons" or about is None or "system" in query:
        return dict(query)
    if not number.isdecimal() or not 1 <= int(number) <= len(about.steps):
        return dict(query)
    return {**about.steps[int(number) - 1].state, **query}


def _lesson_name(text: str) -> str:
    return lookup(text, {name: name for name in lessons().items}, "lesson")


def _whole_within(name: str, text: str, low: int, high: int) -> int:
    value = whole(name, text)
    check_within(name, value, low, high)
    return value
