"""The view "compare": two to four models side by side, on one clock and one colour scale.

As in explore/view.py, the layout is built once; pictures follow at once, curves and text a moment
later.
"""

from typing import final

import panel as pn

from dashboard.compare import text as compare_words
from dashboard.compare.choice import MOST, Comparison
from dashboard.compare.details import ComparisonDetails
from dashboard.compare.export import exportable
from dashboard.compare.headers import ColumnHeader, ComparisonBar
from dashboard.compare.pictures import CompareScene, Drawn, Zoom
from dashboard.compare.runs import Comparing
from dashboard.compare.summary import ColumnSummary, standing, summaries_of, warnings
from dashboard.parts import html
from dashboard.parts.colours import entitle
from dashboard.parts.controls import Sliders, physics
from dashboard.parts.layout import AT_HAND, Asides, Later, card, grid, stack
from dashboard.parts.player import Player, act
from dashboard.parts.projector import Screen
from dashboard.runs.pictures import Plane, Ranges
from dashboard.runs.run import Run
from dashboard.view.base import Exportable, View, Visit

# Sliders, heads of columns, player and gaps, on a projector (px).
BESIDE = 450
NEEDED = "minmax(min(232px, 100%), 1fr)"


@final
class Compare(View):
    """Columns of a `Comparison`, kept up to date by a `Comparing`."""

    uses = frozenset({"system", "seed", "particles"})

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.state, self.catalogue = visit.state, visit.catalogue
        self.choice = visit.choice("compare", Comparison)
        workers = visit.workers.models, visit.workers.truths
        self.runs = Comparing(self.state, self.choice, self.catalogue, workers, visit.schedule)
        self.zoom = Zoom()
        self.scene = CompareScene(self.state, self.catalogue, self.zoom)
        self.details = ComparisonDetails(self.runs, self.zoom, self.scene.cross[1])
        self._rest = Later(
            self._draw_rest, lambda: self.runs.answer_is_coming, visit.after_paint
        )  # fmt: skip
        self._dark, self._sentence, self._painted = False, "", False
        self._asides, self._screen = Asides(), None
        self.player, self._sliders = Player(self.state), Sliders(self.state, self.catalogue)
        self._layout = self._build()
        state = self.state
        state.param.watch(lambda *_: self._draw_pictures(below=True), "frame")
        state.param.watch(lambda *_: self._follow(), ["parameters", "horizontal", "vertical"])
        state.param.watch(lambda *_: self._ask(), ["seed", "particles"])
        state.watch_mu(lambda *_: self._ask())
        self.choice.param.watch(lambda *_: self._place(), ["columns"])
        self.runs.param.watch(lambda *_: self.update(), "version")

    def _build(self) -> pn.Column:
        self._headline = html.pane()
        self._heads: list[ColumnHeader] = []
        self._cards: list[pn.Column] = []
        self._columns = grid(columns=f"repeat(auto-fit, {NEEDED})", narrow=0)
        self._bar = ComparisonBar(
            lambda: self.choice.add(self.catalogue, self.state.mu), self._switch_zoom,
            self._reset_zoom,
        )  # fmt: skip
        return stack(
            self._asides(self._headline),
            card(
                physics(self._sliders, self.state),
                self._asides(self._bar),
            ),
            self._columns,
            card(self.player, style=AT_HAND),
            self.details,
            margin=(10, 14),
        )  # fmt: skip

    def _grow(self, count: int) -> None:
        """Build columns that are needed for the first time."""
        self.scene.grow(count)
        for slot in range(len(self._heads), count):
            head = ColumnHeader(slot, self.choice, self.state, self.catalogue)
            self._heads.append(head)
            values = self._asides(head.values)
            self._cards.append(card(head, self.scene.panes[slot], values))

    def _switch_zoom(self, on: bool) -> None:
        with pn.io.hold():
            self.zoom.switch(on)
            if not on:
                self._reset_zoom()

    def _reset_zoom(self) -> None:
        with pn.io.hold():
            on, self.zoom.on = self.zoom.on, False
            self.scene.reset()
            self.details.draw_curves(summaries_of(self.runs))
            self.zoom.on = on

    def open(self) -> None:
        super().open()
        self.player.rest(False)
        self._follow()

    def complete(self) -> None:
        self._painted = True
        self._rest()

    def hide(self) -> None:
        super().hide()
        self.player.rest(True)
        self.doze(True)

    def close(self) -> None:
        self.doze(True)

    def doze(self, dozing: bool) -> None:
        self.runs.sleep(dozing)

    def act(self, action: str) -> None:
        act(self.state, action)

    def present(self, screen: Screen | None) -> None:
        """Pictures, player and curve fill the screen of a projector."""
        self._screen = screen
        self._asides.show(screen is None)
        high, low = screen.share(BESIDE) if screen is not None else (None, None)
        self.scene.fit(high)
        self.details.fit(low)

    def _follow(self) -> None:
        """Follow a change of system or plane: parameters, columns and axes."""
        if self.idle:
            return
        with pn.io.hold():
            self.choice.suit(self.state.system, self.catalogue)
            self._sliders.show()
            self._place()

    def _place(self) -> None:
        """The heads of the columns, and as many cards as there are columns."""
        if self.idle or self.choice.system != self.state.system:
            return
        columns = self.choice.columns
        with pn.io.hold():
            self._grow(len(columns))
            self.scene.place()
            if self.scene.flat:
                self.details.begin()
            self.details.place()
            for head in self._heads[: len(columns)]:
                head.show()
            cards = self._cards[: len(columns)]
            if list(self._columns) != cards:
                self._columns[:] = cards
            self._bar.full = len(columns) == MOST
            # If every column has its own sliders, the common ones would change nothing.
            self._sliders.__panel__().visible = any(column.pinned is None for column in columns)
            if self._screen is not None:
                self.present(self._screen)
        self.runs.asleep = False
        self._ask()

    def _ask(self) -> None:
        if not self.idle:
            self.runs.refresh()

    def update(self) -> None:
        """Update what depends on the runs: the pictures at once, the rest a moment later."""
        self._draw_pictures()
        self._rest()

    @property
    def _stale(self) -> bool:
        return self.idle or self.choice.system != self.state.system

    def _drawn(self) -> list[Drawn]:
        """What can be drawn of each column now."""
        runs, slots = self.runs, self.runs.slots
        return [
            Drawn(runs.run(i), self._why_empty(i), slots[i].version, runs.is_late(i), runs.truth(i))
            for i in range(len(runs.columns))
        ]

    def _draw_pictures(self, below: bool = False) -> None:
        """At once what the runs show now; at another time also what stands `below` the pictures."""
        if self._stale:
            return
        columns = self._drawn()
        with pn.io.hold():
            self.scene.frame_all([self._plane(i, one.run) for i, one in enumerate(columns)])
            self.scene.draw(columns, self.state.time)
            if below or self.scene.flat:  # then the densities are the picture
                self.details.draw_frame(columns, self.state.time)

    def _plane(self, slot: int, run: Run | None) -> Plane:
        system = self.catalogue.systems[self.state.system]
        ranges = run.ranges if run is not None else Ranges.of(system, self.runs.mu(slot))
        return ranges.plane(self.state.axes)

    def _why_empty(self, slot: int) -> str:
        return "no answer" if self.runs.problem(slot) else standing(self.runs, slot)[0]

    def _draw_rest(self) -> None:
        if self._stale:
            return
        with pn.io.hold():
            if self._painted:
                self.details.complete()
            self.details.draw_frame(self._drawn(), self.state.time)
            summaries = summaries_of(self.runs)
            self.details.draw_curves(summaries)
            self._write(summaries)

    def _write(self, summaries: list[ColumnSummary]) -> None:
        runs, busy = self.runs, self.runs.progress is not None
        self._sentence = compare_words.headline(summaries, busy)
        self._headline.object = html.headline(self._sentence)
        for slot, one in enumerate(summaries):
            words, done = standing(runs, slot)
            self._heads[slot].caption.object = compare_words.caption(
                one.letter, one.where, words, warnings(runs, slot), runs.problem(slot), done,
                self._dark, one.verdict,
            )  # fmt: skip
            entitle(self.scene.pictures[slot].figure, one.label)
        self.details.write(summaries, self._dark)

    def exportable(self) -> Exportable | None:
        """The numbers of all columns, once there are some."""
        return None if self._stale else exportable(self.runs, self._sentence)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self._dark = dark
        with pn.io.hold():
            self.scene.theme(dark)
            self.details.theme(dark)
        self._draw_rest()
