"""What the view "sweep" sweeps, the belief about the parameter, and their form in a link.

A link says `tab=map&over=mu&between=1.2:1.9&runs=128&observable=electric_energy_learned`, and of an
uncertain parameter `belief=normal:1.5:0.05` (mean, standard deviation) or `belief=uniform:...`
(mean, half width). Pure state.
"""

from typing import NamedTuple, final

import param

from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, number, whole
from dashboard.view.choice import Choice
from hoam_core import Model
from hoam_core.checks import check_positive, check_within, lookup
from hoam_core.inference.sweeps import LEARNED, observables_of
from hoam_core.systems import Parameter

TABS = {"map": "Map", "uncertain": "Uncertain", "infer": "Infer"}
KINDS = {"normal": "Normal", "uniform": "Uniform"}
RUNS = (32, 64, 128, 256, 512, 1_024, 2_048)
# Cheap runs may be many from the start.
USUAL, USUAL_LEARNED = 64, 128


class Belief(NamedTuple):
    """What is known of the parameter: a kind, a mean, and a standard deviation or half width."""

    kind: str
    mean: float
    spread: float


@final
class SweepChoice(Choice):
    """The choices of a system and model; they make room for the usual ones when those change."""

    addressed = ("tab", "observable", "over", "between", "runs", "belief")
    tab = param.Selector(default="map", objects=list(TABS))
    observable = param.String(doc="One of `observables_of` the model.")
    over = param.String(doc="The parameter that is swept.")
    between = param.Tuple(default=(0.0, 1.0), doc="Lowest and highest value of it.")
    runs = param.Selector(default=USUAL_LEARNED, objects=list(RUNS))
    belief = param.Parameter(doc="The Belief about it.")
    model = param.String(doc="The model to which these choices belong.")

    def suit(self, name: str, catalogue: Offer) -> None:
        """Take the default choices of a model, unless the present ones already belong to it."""
        if self.model == name or name not in catalogue.models:
            return
        model = catalogue.models[name]
        observable = usual_observable(model)
        over = model.system.parameters[0].name
        runs = USUAL_LEARNED if observable.endswith(LEARNED) else USUAL
        self.param.update(model=name, observable=observable, runs=runs, **of_parameter(model, over))

    def turn(self, over: str, catalogue: Offer) -> None:
        """Sweep another parameter of the same model, over its trained range."""
        if over != self.over:
            self.param.update(**of_parameter(catalogue.models[self.model], over))

    def read(self, reader: Reader, state: Exploration) -> None:
        names = {name: name for name in TABS}
        if tab := reader.attempt("tab", lambda text: lookup(text, names, "tab")):
            self.tab = tab
        self.suit(state.model or "", reader.catalogue)
        model = reader.catalogue.models.get(state.model or "")
        if model is None:
            return
        known = {p.name: p for p in model.system.parameters}
        if over := reader.attempt("over", lambda text: lookup(text, known, "parameter").name):
            self.turn(over, reader.catalogue)
        about = known[self.over]
        names = {o.name: o.name for o in observables_of(model)}
        found = {
            "observable": reader.attempt(
                "observable", lambda text: lookup(text, names, "observable")
            ),
            "between": reader.attempt("between", lambda text: _between(text, about)),
            "runs": reader.attempt("runs", _runs),
            "belief": reader.attempt("belief", lambda text: _belief(text, about)),
        }
        self.param.update(**{name: value for name, value in found.items() if value is not None})

    def write(self, state: Exploration) -> dict[str, str]:
        if not self.model or self.model != state.model:
            return {"tab": self.tab}
        found = {
            "tab": self.tab, "observable": self.observable, "over": self.over,
            "between": "{:g}:{:g}".format(*self.between), "runs": str(self.runs),
        }  # fmt: skip
        if self.tab == "uncertain":
            found["belief"] = f"{self.belief.kind}:{self.belief.mean:g}:{self.belief.spread:g}"
        return found


def usual_observable(model: Model) -> str:
    """The energy without a roll-out if there is one, else the energy, else the first observable."""
    names = [o.name for o in observables_of(model)]
    for wanted in ("electric_energy" + LEARNED, "electric_energy"):
        if wanted in names:
            return wanted
    return names[0]


def of_parameter(model: Model, over: str) -> dict:
    """A parameter to sweep, its trained range, and a belief in the middle of that."""
    low, high = model.trained_range()[over]
    about = model.system.parameter(over)
    if low == high:  # Trained at one value: it does not enter what is learned.
        low, high = about.low, about.high
    belief = Belief("normal", round(0.5 * (low + high), 6), round(0.05 * (high - low), 6))
    return {"over": over, "between": (low, high), "belief": belief}


def _parts(name: str, text: str, count: int, example: str) -> list[str]:
    parts = text.split(":")
    if len(parts) != count:
        raise ValueError(
            f"Argument `{name}` must have {count} parts with colons between them, such as "
            f"{example}, but is {text!r}."
        )
    return parts


def _between(text: str, about: Parameter) -> tuple[float, float]:
    low, high = (number("between", part) for part in _parts("between", text, 2, f"{about.low:g}:1"))
    for value in (low, high):
        check_within("between", value, about.low, about.high)
    if low >= high:
        raise ValueError(f"Argument `between` must name the lower value first, but is {text!r}.")
    return low, high


def _runs(text: str) -> int:
    runs = whole("runs", text)
    if runs not in RUNS:
        known = ", ".join(map(str, RUNS))
        raise ValueError(f"Argument `runs` must be one of {known}, but is {text!r}.")
    return runs


def _belief(text: str, about: Parameter) -> Belief:
    kind, mean, spread = _parts("belief", text, 3, "normal:1.5:0.05")
    lookup(kind, dict.fromkeys(KINDS), "belief")
    found = Belief(kind, number("belief", mean), number("belief", spread))
    check_within("belief", found.mean, about.low, about.high)
    check_positive("belief", found.spread)
    return found
