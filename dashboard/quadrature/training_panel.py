"""The live trainings of the quadrature lab: buttons, progress, losses and learned samples."""

from collections.abc import Callable
from functools import partial
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.compute.question import Question, Schedule
from dashboard.concurrency.resumable import Resumable
from dashboard.concurrency.worker import Worker
from dashboard.parts import html
from dashboard.parts.layout import WhenWanted, card, drawn, grid, stack
from dashboard.quadrature import text as say
from dashboard.quadrature.curves import EndFigure, LossFigure, SpreadFigure
from dashboard.quadrature.study import QuadratureCase
from dashboard.quadrature.training import Race, race

BUTTON = {"size": "small", "margin": (4, 6, 4, 0)}


def contenders(rule: str) -> tuple[str, ...]:
    """Monte Carlo beside the chosen rule; beside Gauss-Legendre where Monte Carlo is chosen."""
    return ("monte-carlo", "gauss" if rule == "monte-carlo" else rule)


@final
class RaceFigures(pn.viewable.Viewer):
    """Losses and learned samples of a race."""

    def __init__(self, **params):
        super().__init__(**params)
        self.losses, self.spreads, self.ends = LossFigure(), SpreadFigure(), EndFigure()
        self._table = html.pane()
        samples = grid(
            drawn(self.spreads.figure), drawn(self.ends.figure),
            columns="minmax(0, 1fr) minmax(0, 1fr)", narrow=359,
        )  # fmt: skip
        self._layout = grid(
            drawn(self.losses.figure), stack(self._table, samples),
            columns="minmax(0, 1fr) minmax(0, 1fr)",
        )  # fmt: skip

    def show(self, now: Race) -> None:
        """Draw a race as it stands."""
        self._table.object = say.table(now)
        for one in (self.losses, self.spreads, self.ends):
            one.show(now)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for one in (self.losses, self.spreads, self.ends):
            one.inks.theme(dark, "gauss")

    def __panel__(self):
        return self._layout


@final
class TrainingRace(pn.viewable.Viewer):
    """Starts, pauses, resumes and drops a race for the case that `case()` returns."""

    def __init__(
        self,
        case: Callable[[], QuadratureCase],
        worker: Worker,
        schedule: Schedule,
        **params,
    ):
        super().__init__(**params)
        self._case, self._worker = case, worker
        self._race: Question[Resumable[Race], Race] = Question(
            schedule, self._receive, complete=lambda race: race.over
        )
        self.figures = WhenWanted(RaceFigures)
        self._outlook, self._progress = html.pane(), html.pane()
        self._verdict = html.pane(margin=(6, 0))
        self._announced = ""
        self._start, self._pause, self._drop = (
            pmui.Button(label=label, icon=icon, variant=variant, on_click=lambda _, f=f: f(),
                        **BUTTON)
            for label, icon, variant, f in (
                ("Train side by side", "play_arrow", "contained", self.start),
                ("Pause", "pause", "outlined", self.toggle),
                ("Cancel", "close", "outlined", self.drop),
            )
        )  # fmt: skip
        self._shown = stack(visible=False)
        self._layout = card(
            self._outlook,
            pn.Row(self._start, self._pause, self._drop, margin=0),
            self._progress, self._verdict, self._shown,
        )  # fmt: skip
        self.update()

    def start(self) -> None:
        """Start a new race with the present choice."""
        self.drop()
        case = self._case()
        values, self._announced = Resumable(race(case, contenders(case.rule))), ""
        self._race.ask(self._worker, values, partial(iter, values), known=next(iter(values)))
        self.update()

    @property
    def race(self) -> Race | None:
        """The present state of the race."""
        return self._race.value

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._race.busy

    def _receive(self) -> None:
        problem = self._race.problem
        if problem:
            self._race.forget()
        self.update()
        if problem:
            self._verdict.object = html.notices([], problem)

    def pause(self) -> None:
        """Stop at the next chunk of steps; nothing is lost."""
        if self.running:
            self._race.stop()
            self.update()

    def toggle(self) -> None:
        """Pause, or go on."""
        if self.running:
            self.pause()
        elif self.race is not None and not self.race.over:
            self._race.resume()
            self.update()

    def drop(self) -> None:
        """Forget the race."""
        self._race.forget()
        self.update()

    def update(self) -> None:
        """Buttons, words and figures of the race as it stands."""
        now = self.race
        with pn.io.hold():
            case = self._case()
            self._outlook.object = (
                "<h3>What the rule does to training</h3><p class='soft'>"
                f"{say.outlook(case, contenders(case.rule))}</p>"
            )
            idle = now is None or now.over
            self._start.visible = idle
            self._pause.visible = self._drop.visible = not idle
            self._pause.param.update(
                label="Pause" if self.running else "Go on",
                icon="pause" if self.running else "play_arrow",
            )
            self._shown.visible = now is not None
            self._progress.visible = self._verdict.visible = now is not None
            if now is not None:
                self._draw(now)

    def _draw(self, now: Race) -> None:
        paused = not self.running and not now.over
        self._progress.object = say.progress(now, paused, self._race.waiting)
        words = say.verdict(now)
        if words != self._announced:
            # Only when it changes, since screen readers read it aloud.
            self._announced = words
            self._verdict.object = f'<div role="status" aria-live="polite">{words}</div>'
        if not len(self._shown):
            self._shown.append(self.figures())
        self.figures().show(now)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.figures.theme(dark)

    def __panel__(self):
        return self._layout
