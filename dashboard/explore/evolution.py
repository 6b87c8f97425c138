"""Curves of both models against time, with the line of linear theory and the rates by fit."""

from dashboard.parts.curves import Curves
from dashboard.parts.ink import KINDS
from dashboard.parts.observables import LOW, Observables
from dashboard.runs import describe, energy
from dashboard.runs.catalogue import Catalogue
from dashboard.runs.memory import Run
from dashboard.state import Exploration
from hoam_core.metrics.physics import GrowthFit


class Evolution(Observables):
    """The curves of the learned and of the full model."""

    def __init__(self, state: Exploration, catalogue: Catalogue, **params):
        curves = [Curves("main", 246, has_legend=True, log=True)]
        curves += [Curves(f"other-{i}", LOW) for i in range(4)]
        super().__init__(state, catalogue, curves, **params)
        self.fits: dict[str, GrowthFit | None] = {"model": None, "truth": None}

    def draw(self, answer: Run | None, truth: Run | None, rate: float | None) -> None:
        """All curves of the runs that are here."""
        runs = {"model": answer, "truth": truth}
        self.draw_runs(runs, with_paths=True)
        self.fits = {kind: energy.growth(run) for kind, run in runs.items()}
        anchor = "truth" if self.fits["truth"] or answer is None else "model"
        line = [], []
        if describe.has_field(self.system):
            line = energy.theory_line(runs[anchor], self.fits[anchor], rate)
        self.curves[0].show("theory", *line)
        self.curves[0].explain([kind for kind in KINDS if self.curves[0].has(kind)])
