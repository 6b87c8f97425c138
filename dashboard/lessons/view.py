"""The view "lessons": a list of lessons, and one step of a lesson above the view that it shows.

Moving to a step opens the link that the step names; the visitor may then move the sliders freely,
and "Set it again" opens the link once more.
"""

from html import escape
from typing import Any, final

import panel as pn

from dashboard.content.lessons import Lesson, lessons
from dashboard.lessons.card import LessonCard
from dashboard.lessons.choice import LessonsChoice, link_to
from dashboard.parts import html
from dashboard.parts.cards import Cards
from dashboard.parts.layout import Asides, card, stack
from dashboard.parts.projector import Screen
from dashboard.view.base import View, Visit

WELCOME = (
    "<h2>Lessons</h2><p class='soft'>Each step sets up the page, asks a question and leaves the "
    "sliders to you.</p>"
)


def as_card(lesson: Lesson) -> dict[str, str]:
    """A lesson as `Cards` shows it."""
    count = len(lesson.steps)
    steps = f"{count} step" + "s" * (count > 1)
    return {
        "link": link_to(lesson.name),
        "title": lesson.title,
        "text": lesson.summary,
        "note": f"{lesson.level} · {lesson.minutes} min · {steps}",
    }


@final
class Lessons(View):
    """The list while no lesson is open, else the card of a step."""

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.choice = visit.choice("lessons", LessonsChoice)
        shelf = lessons()
        welcome = html.pane()
        welcome.object = WELCOME + "".join(
            f"<p class='warn'>{escape(sentence)}</p>" for sentence in shelf.problems
        )
        shown = [as_card(lesson) for lesson in shelf.items.values()]
        self._list = stack(welcome, Cards(visit.go, cards=shown, label="Lessons", kind="gallery"))
        self._step = LessonCard(self.heard)
        self._card = card(self._step)
        self._asides = Asides()
        self._layout = stack(self._list, self._asides(self._card), margin=(10, 14, 0, 14))
        self.choice.param.watch(lambda *_: self._show(), list(LessonsChoice.addressed))
        self._show()

    @property
    def below(self) -> str | None:
        step = self.choice.current
        if step is None:
            return None
        return step.view if step.view in self.visit.choices else "explore"

    def open(self) -> None:
        super().open()
        self._show()

    def present(self, screen: Screen | None) -> None:
        """On a projector, tell the card, whose keys move between steps."""
        self._asides.show(screen is None)

    def act(self, action: str) -> None:
        number = self.choice.step + {"next": 1, "previous": -1}.get(action, 0)
        if number != self.choice.step:
            self.heard({"step": number})

    def heard(self, message: Any) -> None:
        """Handle the card's buttons."""
        if message == "list":
            self.choice.lesson = ""
        elif "notes" in message:
            self.choice.notes = bool(message["notes"])
        elif self.choice.about and 1 <= message.get("step", 0) <= len(self.choice.about.steps):
            self.visit.go(link_to(self.choice.lesson, message["step"]))

    def _show(self) -> None:
        if not self.shown:
            return
        with pn.io.hold():
            opened = self.choice.about is not None
            self._list.visible, self._card.visible = not opened, opened
            if opened:
                self._step.show(self.choice)
