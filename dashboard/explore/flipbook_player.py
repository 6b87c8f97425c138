"""Which flipbook the browser holds: that of the two runs on show, once they are complete."""

from collections.abc import Iterator
from functools import partial
from typing import final

import numpy as np

from dashboard.compute.question import Question
from dashboard.explore.curves import Evolution
from dashboard.explore.flipbook import Flipbook, Runs, bound
from dashboard.explore.pictures import Scene, here
from dashboard.parts.layout import WhenWanted
from dashboard.parts.player import Player
from dashboard.runs.run import Axes, Run
from dashboard.view.base import Visit

# A moving slider should not have a flipbook made of each intermediate answer.
SETTLED = 0.3


@final
class Flipping:
    """Gives a playing page the flipbook of what it shows, and withdraws it when that changes."""

    def __init__(self, visit: Visit, player: Player, scene: Scene, curves: WhenWanted[Evolution]):
        self._visit, self._player = visit, player
        self._scene, self._curves = scene, curves
        self._book: Question[tuple[Runs, Axes], Flipbook] = Question(visit.schedule, self._give)

    def shows(self, answer: Run | None, truth: Run | None) -> bool:
        """Whether the browser draws these runs itself; if it draws others, it is stopped."""
        if self._book.key is None:
            return False
        if self._book.key == (tuple(here(answer, truth).items()), self._visit.state.axes):
            return self._player.turns_pages
        self.close()
        return False

    def follow(self, answer: Run | None, truth: Run | None) -> None:
        """Have a flipbook made, if the page plays complete runs."""
        wanted = tuple(here(answer, truth).items()), self._visit.state.axes
        if self._visit.state.playing and self._complete(answer, truth):
            job = partial(self._bind, *wanted)
            self._book.ask(self._visit.workers.models, wanted, job, delay=SETTLED)

    def _bind(self, runs: Runs, axes: Axes) -> Iterator[Flipbook | None]:
        """On the worker's thread: nothing, if the slider has moved on meanwhile."""
        if self._visit.session.is_last(dict(runs).get("model")):
            yield from bound(runs, axes)

    def _complete(self, answer: Run | None, truth: Run | None) -> bool:
        session = self._visit.session
        if (truth is None and session.truth_is_coming) or not session.is_last(answer):
            return False
        runs = here(answer, truth).values()
        return bool(runs) and all(run.complete for run in runs)

    def _give(self) -> None:
        book, key = self._book.value, self._book.key
        if book is None or key is None:  # a step on the way to it, or a problem
            return
        self._book.tell(key, None)  # the browser has it, so no other copy is needed
        strips = [
            {"id": self._scene.source(strip.part).id, "shape": list(strip.shape),
             "column": "image" if isinstance(strip.part, str) else "y", "dtype": strip.dtype}
            for strip in book.strips
        ]  # fmt: skip
        curves = self._curves.made
        self._player.give(
            {"strips": strips, "pages": book.data,
             "times": np.asarray(self._visit.state.ts, float).tolist(),
             "cursors": [cursor.id for cursor in (curves.cursors if curves else ())]}
        )  # fmt: skip

    def close(self) -> None:
        """The browser draws nothing by itself any more."""
        self._book.forget()
        if self._player.take_back():
            self._scene.forget()
            if self._curves.made is not None:
                self._curves.made.forget()
