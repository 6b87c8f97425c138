"""Curves of both models against time, with the line of linear theory and the window of the fit."""

from typing import final

from dashboard.parts.colours import KINDS
from dashboard.parts.curves import MODELS, Curves
from dashboard.parts.observables import LOW, Observables
from dashboard.runs.catalogue import Offer
from dashboard.runs.rates import Rates, theory_line
from dashboard.runs.run import Run
from dashboard.state.exploration import Exploration


@final
class Evolution(Observables):
    """The curves of the learned and of the full model."""

    def __init__(self, state: Exploration, catalogue: Offer, **params):
        curves = [Curves("main", 246, has_legend=True, log=True)]
        curves += [Curves(f"other-{i}", LOW, kinds=MODELS) for i in range(4)]
        super().__init__(state, catalogue, curves, **params)

    def draw(self, answer: Run | None, truth: Run | None, found: Rates | None) -> None:
        """All curves of the runs that are here, the line of theory, and the window of its fit."""
        self.draw_runs({"model": answer, "truth": truth}, with_paths=True)
        self.curves[0].show("theory", *theory_line(truth, found))
        self.curves[0].mark(found.window if found else None)
        self.curves[0].explain([kind for kind in KINDS if self.curves[0].has(kind)])
