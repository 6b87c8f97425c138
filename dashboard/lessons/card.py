"""The card of one step of a lesson, drawn in the browser from the HTML of its parts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import param
from panel.custom import JSComponent

from dashboard.lessons.choice import LessonsChoice
from dashboard.parts.fold import FORMULA_LOOKS, FORMULAS

HERE = Path(__file__)


@final
class LessonCard(JSComponent):
    """Shows what `show` was last given; `heard` receives what the visitor presses.

    Messages: {"step": number}, {"notes": bool} and "list".
    """

    lesson = param.String(doc="Title of the lesson.")
    titles = param.List(doc="Titles of its steps.")
    step = param.Integer(default=1)
    notes = param.Boolean(default=False)
    pupils = param.Boolean(default=False, doc="Whether nobody is offered the notes.")
    parts = param.Dict(default={}, doc="HTML of text, question, answer and notes.")

    _esm = FORMULAS + HERE.with_suffix(".js").read_text(encoding="utf-8")
    _stylesheets = [FORMULA_LOOKS, HERE.with_suffix(".css").read_text(encoding="utf-8")]

    def __init__(self, heard: Callable[[Any], None], **params):
        super().__init__(sizing_mode="stretch_width", margin=0, **params)
        self._heard = heard

    def _handle_msg(self, data: Any) -> None:
        self._heard(data)

    def show(self, choice: LessonsChoice) -> None:
        """The open step of an open lesson."""
        lesson, step = choice.about, choice.current
        if lesson is None or step is None:
            return
        self.param.update(
            lesson=lesson.title,
            titles=[one.title for one in lesson.steps],
            step=choice.step,
            notes=choice.notes,
            pupils=choice.pupils,
            parts={
                "text": step.text,
                "question": step.question,
                "answer": step.answer,
                "notes": step.notes if choice.notes else "",
                # Two steps may have the same text; the card must still notice the change.
                "at": f"{lesson.name} {choice.step}",
            },
        )
