"""The view "quadrature": why action matching needs a higher-order rule in time (Figure 2 live).

Berman, Blickhan, Peherstorfer 2024. Above, what a rule sees of the integrand, and its error; below,
trainings that differ in their rule alone. The layout is built once; sources and words change.
"""

from functools import partial
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.compute.question import Question
from dashboard.parts import html
from dashboard.parts.layout import card, drawn, grid, stack, wrapping
from dashboard.parts.sliders import AtOnce, physics_slider
from dashboard.quadrature import text as say
from dashboard.quadrature.choice import QuadratureChoice
from dashboard.quadrature.export import exportable
from dashboard.quadrature.figures import DrawsFigure, ErrorFigure, IntegrandFigure
from dashboard.quadrature.study import (
    OMEGA,
    RULES,
    Draw,
    QuadratureCase,
    QuadratureStudy,
    draw,
    studies,
)
from dashboard.quadrature.training_panel import BUTTON, TrainingRace, contenders
from dashboard.state.parameters import put
from dashboard.view.base import Exportable, View, Visit

# Milliseconds between two draws while they are animated.
BEAT = 350
FIELD = {"size": "small", "margin": (8, 8, 6, 0), "width": 150, "description": ""}


@final
class NodesSlider(AtOnce, pmui.DiscreteSlider):
    """Numbers of nodes, whose every change is handled at once."""


@final
class QuadratureLab(View):
    """Integrand, errors, draws and trainings of a `QuadratureChoice`."""

    uses = frozenset({"seed"})

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.state = visit.state
        self.choice = visit.choice("quadrature", QuadratureChoice)
        self.integrand, self.errors, self.draws = IntegrandFigure(), ErrorFigure(), DrawsFigure()
        # A slightly older study is better than none while a slider moves.
        self._study: Question[QuadratureCase, QuadratureStudy] = Question(
            visit.schedule, self._receive, near=lambda old, new: True
        )
        self._draws: dict[str, Draw] = {}
        self._count = 0
        self._beat: pn.io.PeriodicCallback | None = None
        self._dark, self._placed = False, None
        self._headline, self._particles, self._numbers = (html.pane() for _ in range(3))
        about = html.pane()
        about.object = f'<p class="soft">{say.ABOUT}</p>'
        self.trainings = TrainingRace(
            lambda: self.choice.case(self.state.seed), visit.workers.trainings, visit.schedule
        )
        self._again = pmui.Button(
            label="Draw again", icon="casino", variant="outlined",
            on_click=lambda _: self._draw_again(), **BUTTON,
        )  # fmt: skip
        self._play = pmui.Button(
            label="Keep drawing", icon="play_arrow", variant="outlined",
            on_click=lambda _: self._toggle(), **BUTTON,
        )  # fmt: skip
        self._layout = self._build(about)
        self.choice.param.watch(lambda *_: self.update(), ["omega", "rule", "nodes", "samples"])
        self.choice.param.watch(lambda *_: self._lend(), "omega")
        self.state.param.watch(lambda *_: self.update(), "seed")
        self.state.param.watch(lambda *_: self._borrow(), ["view", "parameters"])

    def _build(self, about: pn.pane.HTML) -> pn.Column:
        choice = self.choice
        sliders = grid(
            physics_slider(choice.param.omega, OMEGA),
            NodesSlider.from_param(
                choice.param.nodes, sizing_mode="stretch_width", margin=(2, 14, 0, 14)
            ),
            columns="repeat(auto-fit, minmax(250px, 1fr))", narrow=599, gap=0,
        )  # fmt: skip
        selects = wrapping(
            pmui.Select.from_param(choice.param.rule, **FIELD),
            pmui.Select.from_param(choice.param.samples, **FIELD | {"width": 165}),
            self._again, self._play,
        )  # fmt: skip
        self._below = [card(drawn(self.draws.figure), self._particles), self.trainings]
        return stack(
            stack(self._headline, about, margin=(0, 2)),
            card(sliders, selects),
            grid(
                card(drawn(self.integrand.figure), self._numbers),
                card(drawn(self.errors.figure)),
                columns="minmax(0, 1fr) minmax(0, 1fr)",
            ),
            margin=(10, 14),
        )

    @property
    def case(self):
        """The present request."""
        return self.choice.case(self.state.seed)

    def open(self) -> None:
        super().open()
        self._borrow()
        self.update()

    def complete(self) -> None:
        below, self._below = self._below, []
        if below:
            self._layout.extend(below)

    def hide(self) -> None:
        super().hide()
        self._stop()
        self.trainings.pause()
        self._study.rest()

    def close(self) -> None:
        self._stop()
        self.trainings.drop()
        self._study.forget()

    def act(self, action: str) -> None:
        if action == "toggle":
            self._toggle()
        elif action in ("forward", "restart"):
            self._draw_again()

    def _borrow(self) -> None:
        """If the common system is the oscillator, both share one frequency."""
        if self.shown and self.state.system == "oscillator" and self.state.settled:
            self.choice.omega = self.state.mu["omega"]

    def _lend(self) -> None:
        if self.shown and self.state.system == "oscillator" and self.state.settled:
            put(self.state.parameters, {"omega": self.choice.omega})

    def update(self) -> None:
        """Update everything for a new choice: the draw at once, the study from a worker."""
        if not self.shown:
            return
        case = self.case
        self._count = 0
        with pn.io.hold():
            self._show_draws()
            self.errors.at(case.nodes)
            self.trainings.update()
            self.theme(self._dark)
        self._study.ask(self.visit.workers.models, case, partial(studies, case), finish=True)

    @property
    def study(self) -> QuadratureStudy | None:
        """The newest available study."""
        return self._study.value

    def _receive(self) -> None:
        if (value := self.study) is None:
            self._headline.object = html.notices([], self._study.problem)
            return
        if not self.shown:
            return
        with pn.io.hold():
            self.errors.show(value)
            self.draws.show(value)
            self._headline.object = html.headline(say.headline(value))
            self._particles.object = f'<p class="soft">{say.particles(value)}</p>'
            self._show_draws()

    def _show_draws(self) -> None:
        case = self.case
        if self._placed != case.omega:
            self._placed = case.omega
            self.integrand.place(case.omega)
        self._draws = {rule: draw(case._replace(rule=rule), self._count) for rule in RULES}
        own = self._draws[case.rule]
        self.integrand.show(own, case.rule)
        self._numbers.object = f'<p class="soft">{say.estimate(own, self.integrand.integral)}</p>'
        self.draws.point(self._draws)

    def _draw_again(self) -> None:
        if self.shown:
            self._count += 1
            with pn.io.hold():
                self._show_draws()

    def _toggle(self) -> None:
        if self._beat is None:
            self._beat = pn.state.add_periodic_callback(self._draw_again, period=BEAT)
        else:
            self._stop()
        self._name_play()

    def _stop(self) -> None:
        if self._beat is not None:
            self._beat.stop()
            self._beat = None
            self._name_play()

    def _name_play(self) -> None:
        playing = self._beat is not None
        self._play.param.update(
            label="Stop drawing" if playing else "Keep drawing",
            icon="pause" if playing else "play_arrow",
        )

    def theme(self, dark: bool) -> None:
        self._dark = dark
        with pn.io.hold():
            for one in (self.integrand, self.errors, self.draws):
                one.inks.theme(dark, self.choice.rule)
            self.trainings.theme(dark)

    def exportable(self) -> Exportable | None:
        if self.study is None or self.study.case != self.case:
            return None
        rules = contenders(self.choice.rule)
        return exportable(self.study, self._draws[self.case.rule], self.trainings.race, rules)
