"""The view "explore": what both models do now, how they got there, and how far they differ.

The layout is built once. What changes afterwards are the sources of its figures and the text of a
few panes, in one message to the browser for each event. Pictures follow the frame and the plane;
curves, words and tables follow the runs.
"""

from typing import final

import panel as pn

from dashboard.explore.choice import ExploreChoice
from dashboard.explore.details import ExplorationDetails
from dashboard.explore.export import exportable
from dashboard.explore.flipbook_player import Flipping
from dashboard.explore.lattice_pictures import LatticeScene
from dashboard.explore.pictures import Scene
from dashboard.explore.scenarios import Scenarios
from dashboard.explore.snapshot import snapshot
from dashboard.explore.solved import SUMMARY, solved, welcome
from dashboard.explore.trust import status_line
from dashboard.parts import html
from dashboard.parts.batched import together
from dashboard.parts.controls import Sliders, physics
from dashboard.parts.fold import Fold
from dashboard.parts.layout import AT_HAND, NOT_FIRST, Asides, Later, WhenWanted, card, stack
from dashboard.parts.player import Player, act
from dashboard.parts.projector import Screen
from dashboard.parts.welcome import Welcome
from dashboard.runs.errors import ErrorRow, errors
from dashboard.runs.references import Reference
from dashboard.runs.run import Run
from dashboard.runs.speaker import headline_of
from dashboard.runs.verdict import Verdict, doubts_of, judge
from dashboard.view.base import Exportable, View, Visit

STEPS = {"next": 1, "previous": -1}
BESIDE = 330  # sliders, player and gaps, on a projector (px)


@final
class Explore(View):
    """Pictures, player, curves and errors of a `Session`."""

    uses = frozenset({"system", "model", "particles", "seed", "share"})

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.state, self.session, self.catalogue = visit.state, visit.session, visit.catalogue
        state, session, catalogue = self.state, self.session, self.catalogue
        self.player, self._sliders = Player(state), Sliders(state, catalogue)
        self.scene = Scene(state, session, catalogue)
        self.lattice = WhenWanted(lambda: LatticeScene(state, catalogue, visit.after_paint))
        self._stage = stack()
        self._scenes: list[Scene | LatticeScene] = []
        self._now: Scene | LatticeScene = self.scene
        self.choice = visit.choice("explore", ExploreChoice)
        self._asides, self._screen = Asides(), None
        self.details = ExplorationDetails(session, self.scene.below, self._asides, self.choice)
        self._flipping = Flipping(visit, self.player, self.scene, self.details.evolution)
        self._rest = Later(self._draw_rest, lambda: session.answer_is_coming, visit.after_paint)
        self._headline, self._notices = html.pane(), html.pane()
        self._status = html.Status(sizing_mode="stretch_width", margin=0)
        self._placed: tuple[str, str] | None = None
        self._solved = Fold(SUMMARY)
        self._layout = self._build()
        state.param.watch(lambda *_: self._draw_frame(), "frame")
        state.param.watch(lambda *_: self._flip(), "playing")
        state.param.watch(
            lambda *_: self._place(), ["parameters", "model", "horizontal", "vertical"]
        )
        self.choice.param.watch(lambda *_: self._rest(), ["mode", "window"])
        session.param.watch(lambda *_: self._draw_lattice(), "lattice")
        session.param.watch(
            lambda *_: self.update(), ["answer", "reference", "truth_state", "problem", "warnings"]
        )

        session.param.watch(lambda *_: self._compute(), "computing")

    def _build(self) -> pn.Column:
        self._cards = Scenarios(self.state, self.visit.go)
        details = stack(self.details, style=NOT_FIRST)
        return stack(
            self._asides(
                Welcome(welcome(), lambda: self.visit.go("?view=lessons")),
                self._cards,
                pn.Column(self._headline, self._status, sizing_mode="stretch_width", margin=(0, 2)),
                style=NOT_FIRST,
            ),
            card(
                physics(self._sliders, self.state),
                self._notices,
                self._asides(self._solved),
            ),
            self._stage,
            card(self.player, style=AT_HAND),
            details,
            margin=(10, 14),
        )

    def open(self) -> None:
        super().open()
        self.player.rest(False)
        self.session.sleep(False)
        self._place()

    def complete(self) -> None:
        if self.details.complete():
            self._flipping.close()
            self._place()

    def hide(self) -> None:
        super().hide()
        self._flipping.close()
        self.player.rest(True)
        self.doze(True)

    def doze(self, dozing: bool) -> None:
        self.session.sleep(dozing)

    def act(self, action: str) -> None:
        if action in STEPS:
            self._cards.step(STEPS[action])
        else:
            act(self.state, action)

    def exportable(self) -> Exportable | None:
        return exportable(snapshot(self.state, self.session, self.catalogue, self.choice.wanted))

    @property
    def system(self):
        """The system of the state."""
        return self.catalogue.systems[self.state.system]

    def _place(self) -> None:
        """Axes, labels and titles of another system, model or plane."""
        if self.idle:
            return
        self.choice.suit(self.state.system)
        with together():
            self._sliders.show()
            self._solved.text = solved(self.system)
            self._solved.visible = bool(self._solved.text)
            scene = self._on_stage()
            self.details.place()
            self.scene.below.visible = scene is self.scene and not self.scene.alone
        if self._screen is not None:
            self.present(self._screen)
        if self._placed != (chosen := (self.state.system, self.state.model)):
            # Texts and pictures of another system or model are removed before new ones arrive.
            self._placed = chosen
            self._draw_rest()
        self.update()

    def present(self, screen: Screen | None) -> None:
        """Pictures, player and curve fill the screen of a projector."""
        self._screen = screen
        self._asides.show(screen is None)
        high, low = screen.share(BESIDE) if screen is not None else (None, None)
        for scene in (self.scene, self.lattice.made):
            if scene is not None:
                scene.fit(high)
        self.details.fit(low)

    def _on_stage(self) -> Scene | LatticeScene:
        """Show the scene of the system, added to the page when first needed, and no other."""
        self._now = wanted = self.scene if self.system.family.has_plane else self.lattice()
        wanted.place()
        if wanted not in self._scenes:
            self._scenes.append(wanted)
            self._stage.append(wanted)
        for scene in self._scenes:
            scene.__panel__().visible = scene is wanted
        return wanted

    def update(self) -> None:
        """Update what depends on the runs: the pictures at once, the rest a moment later."""
        self._draw_pictures()
        self._rest()

    def _compute(self) -> None:
        """Mark that what is shown is about to be replaced, or has been."""
        if self.session.computing:
            self._flipping.close()
        self.update()

    def _runs(self):
        """The learned and the full model's run, where they belong to the present system."""
        answer, reference = self.session.answer, self.session.reference
        if answer is not None and answer.case.system != self.state.system:
            answer = None
        if reference is not None and reference.truth.case.system != self.state.system:
            reference = None
        return answer, reference

    def _both(self) -> tuple[Run | None, Run | None]:
        """The run of the learned model and that of the full one."""
        answer, reference = self._runs()
        return answer, reference.truth if reference else None

    def _draw_pictures(self) -> None:
        if self.idle:
            return
        both = self._both()
        with pn.io.hold():
            if not self._flipping.shows(*both):
                self.details.at(self.state.time)
                self._now.draw(*both)

    def _flip(self) -> None:
        """Let the browser play complete runs by itself."""
        if not self.idle and self._now.turns_pages:
            self._flipping.follow(*self._both())

    def _draw_lattice(self) -> None:
        if self.idle:
            return
        with pn.io.hold():
            if self.lattice.made is not None:
                self.lattice.made.show(self.session.lattice)
            self._draw_pictures()

    def _draw_frame(self) -> None:
        """Draw another time of the same runs: pictures, cursors and densities together."""
        if self.idle:
            return
        both = self._both()
        if self._flipping.shows(*both):
            return
        with pn.io.hold():
            self._draw_pictures()
            self._now.draw_densities(*both)

    def _draw_rest(self) -> None:
        if self.idle:
            return
        answer, reference = self._runs()
        with pn.io.hold():
            truth = reference.truth if reference else None
            if not self._flipping.shows(answer, truth):
                self._now.draw_densities(answer, truth)
            rows, verdict = self._judge(reference)
            self.details.draw(answer, reference, rows, verdict)
            self._write(answer, truth, verdict)
        self._flip()

    def _judge(self, reference: Reference | None) -> tuple[list[ErrorRow], Verdict]:
        """Errors and verdict of the answer, where it is the last one."""
        state, session = self.state, self.session
        rows = errors(session.judged, reference, self.system, state.axes)
        model = self.catalogue.models.get(state.model or "")
        return rows, judge(model, state.mu, rows, doubts_of(session.judged, session.problem))

    def _write(self, answer: Run | None, truth: Run | None, verdict: Verdict) -> None:
        session = self.session
        said = headline_of(answer, truth, self.system, self.state.axes, verdict)
        if session.computing:
            said = f"Computing with {self.state.particles:,} {self.system.population} …"
        self._headline.object = html.headline(said, verdict)
        self._notices.object = html.notices(session.warnings, session.problem)
        self._notices.visible = bool(session.warnings or session.problem)
        self._write_status(answer)
        self._now.title(answer)

    def _write_status(self, answer) -> None:
        session = self.session
        self._status.param.update(
            text=status_line(self.state, self.system, answer, session),
            version=session.version, truth=session.truth_state,
            model_ms=1000 * answer.seconds if answer is not None else 0.0,
            particles=answer.case.particles if answer is not None else 0,
        )  # fmt: skip

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        with pn.io.hold():
            self.scene.theme(dark)
            self.lattice.theme(dark)
            self.details.theme(dark)
