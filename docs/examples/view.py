"""A view of one's own: a table of the observables at the time that is shown.

It stands in a folder of its own, say dashboard/numbers/view.py, and takes two lines elsewhere:

    dashboard/state/exploration.py   VIEWS = (..., "numbers")
    dashboard/page/views.py          "numbers": Entry("Numbers", "Observables now", Numbers, Digits)
"""

from typing import ClassVar

import panel as pn
import param
import xarray as xr

from dashboard.runs.run import Run
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, whole
from dashboard.view.base import Exportable, View, Visit
from dashboard.view.choice import Choice
from hoam_core.checks import check_within


class Digits(Choice):
    """How many digits are shown; `digits=6` in a link."""

    addressed: ClassVar[tuple[str, ...]] = ("digits",)
    digits = param.Integer(default=4, bounds=(2, 8), label="Digits")

    def read(self, reader: Reader, state: Exploration) -> None:
        if (found := reader.attempt("digits", self._digits)) is not None:
            self.digits = found

    @staticmethod
    def _digits(text: str) -> int:
        value = whole("digits", text)
        check_within("digits", value, 2, 8)
        return value

    def write(self, state: Exploration) -> dict[str, str]:
        return {"digits": str(self.digits)}


class Numbers(View):
    """Observables of the learned model and of the full model at one time."""

    # The controls of the sidebar that concern it.
    uses = frozenset({"system", "model", "seed", "particles"})

    def __init__(self, visit: Visit, **params):
        super().__init__(visit, **params)
        self.choice = visit.choices.get("numbers") or Digits()
        self._table = pn.pane.Markdown(sizing_mode="stretch_width")
        self._layout = pn.Column(
            pn.widgets.IntSlider.from_param(self.choice.param.digits), self._table,
            sizing_mode="stretch_width",
        )  # fmt: skip
        # Answers come on the visitor's event loop, where the page may be changed.
        visit.session.param.watch(self._draw, ["answer", "reference"])
        visit.state.param.watch(self._draw, ["frame", "parameters"])
        self.choice.param.watch(self._draw, "digits")

    def open(self) -> None:
        super().open()
        self._draw()

    def _runs(self) -> dict[str, Run | None]:
        session = self.visit.session
        truth = session.reference.truth if session.reference is not None else None
        return {"learned model": session.answer, "full model": truth}

    def _draw(self, *events: param.parameterized.Event) -> None:
        if self.idle:  # hidden, or halfway to another system
            return
        rows = ["| observable | " + " | ".join(self._runs()) + " |", "|---|---|---|"]
        for observable in self.visit.state.about.observable_info:
            values = [self._now(run, observable.name) for run in self._runs().values()]
            rows.append(f"| {observable.label} | " + " | ".join(values) + " |")
        self._table.object = f"t = {self.visit.state.time:.4g}\n\n" + "\n".join(rows)

    def _now(self, run: Run | None, name: str) -> str:
        frame = self.visit.state.frame
        if run is None or name not in run.curves or frame >= len(run):
            return "–"
        return f"{run.curves[name][frame]:.{self.choice.digits}g}"

    def exportable(self) -> Exportable | None:
        run = self.visit.session.answer
        if run is None:
            return None

        def dataset() -> xr.Dataset:
            return xr.Dataset({k: ("time", v) for k, v in run.curves.items()}, {"time": run.times})

        # The Python that makes the same numbers; exports/script.py writes more of it.
        script = (
            "import hoam_core as hoam\n\n"
            f"model = hoam.load_model({run.case.model!r})\n"
            f"run = model.predict({self.visit.state.mu!r}, seed={run.case.seed}, "
            f"particles={run.case.particles})\n"
        )
        return Exportable("numbers", self._table.object or "", script, dataset)
