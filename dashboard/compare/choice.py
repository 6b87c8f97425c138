"""What the view "compare" shows side by side: two to four columns, and their place in a link.

A column is the full model or a learned one, at the parameters of the sliders or pinned to values of
its own. A link says `with=truth,two-stream-galerkin,two-stream-dice@mu=1.4`. Pure state.
"""

from typing import NamedTuple, final
from urllib.parse import quote, unquote

import param

from dashboard.parts.colours import COLUMNS
from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, value_of
from dashboard.view.choice import Choice
from hoam_core import System
from hoam_core.checks import lookup
from hoam_core.methods import MethodEntry

FEWEST, MOST = 2, len(COLUMNS)
USUAL = 3
FULL = "truth"


class Column(NamedTuple):
    """A model (empty for the full model), and its own parameters unless it follows the sliders."""

    model: str = ""
    pinned: tuple[float, ...] | None = None


def usual(system: str, catalogue: Offer) -> tuple[Column, ...]:
    """The full model and the best learned model of each kind, then others.

    Kinds are: given the equation of one particle, gradient fields in a closed loop, and those of
    networks. Further methods are chosen by hand.
    """
    names = catalogue.models_of(system)
    kinds = [_kind(catalogue.models[name].entry) for name in names]
    # The best of a kind comes before the second best of another.
    order = sorted(range(len(names)), key=lambda i: (kinds[i] == "", kinds[:i].count(kinds[i])))
    shown = min(MOST, max(USUAL, 1 + len(set(kinds) - {""})))
    return (Column(), *(Column(names[i]) for i in order))[:shown]


def _kind(entry: MethodEntry) -> str:
    if entry.knows_equations:
        return "equations"
    if not entry.is_gradient:
        return ""
    return "network" if entry.needs_network else "closed loop"


@final
class Comparison(Choice):
    """The columns of a system; they make room for the usual ones when the system changes."""

    addressed = ("columns",)
    columns = param.Parameter(default=(), doc="Two to four of Column.")
    system = param.String(doc="The system to which the columns belong.")

    def read(self, reader: Reader, state: Exploration) -> None:
        system = reader.catalogue.systems[state.system]
        found = reader.attempt("with", lambda text: _columns(text, system, reader, state.mu))
        if found:
            self.param.update(system=state.system, columns=found)
        self.suit(state.system, reader.catalogue)

    def write(self, state: Exploration) -> dict[str, str]:
        if self.system != state.system:
            return {}
        return {"with": ",".join(_entry(column, tuple(state.mu)) for column in self.columns)}

    def suit(self, system: str, catalogue: Offer) -> None:
        """Take the default columns of a system, unless the present ones already belong to it."""
        if self.system != system:
            self.param.update(system=system, columns=usual(system, catalogue))

    def put(self, slot: int, column: Column) -> None:
        """Replace a column."""
        self.columns = (*self.columns[:slot], column, *self.columns[slot + 1 :])

    def remove(self, slot: int) -> None:
        """Remove a column, unless only two are left."""
        if len(self.columns) > FEWEST:
            self.columns = (*self.columns[:slot], *self.columns[slot + 1 :])

    def add(self, catalogue: Offer, mu: dict[str, float]) -> None:
        """Add a column: a model that is not shown yet, else the first model as it is now."""
        if len(self.columns) >= MOST:
            return
        all_of_it = [Column(), *map(Column, catalogue.models_of(self.system))]
        missing = [column for column in all_of_it if column not in self.columns]
        pinned = Column(all_of_it[min(1, len(all_of_it) - 1)].model, tuple(mu.values()))
        self.columns = (*self.columns, missing[0] if missing else pinned)

    def pin(self, slot: int, mu: dict[str, float]) -> None:
        """Keep a column at these parameters, or let it follow the sliders again."""
        column = self.columns[slot]
        values = tuple(mu.values()) if column.pinned is None else None
        self.put(slot, column._replace(pinned=values))


def _entry(column: Column, names: tuple[str, ...]) -> str:
    model = column.model or FULL
    if column.pinned is None:
        return model
    pairs = zip(names, column.pinned, strict=True)
    # Names of parameters of own data may contain the separators of the pairs; others need no
    # quoting.
    return f"{model}@" + ";".join(f"{quote(name)}={value:.12g}" for name, value in pairs)


def _columns(text: str, system: System, reader: Reader, mu: dict[str, float]) -> tuple[Column, ...]:
    entries = [entry.strip() for entry in text.split(",")]
    if not FEWEST <= len(entries) <= MOST:
        raise ValueError(
            f"Argument `with` must name {FEWEST} to {MOST} columns with commas between them, such "
            f"as {FULL},{FULL}, but is {text!r}."
        )
    return tuple(_column(entry, system, reader, mu) for entry in entries)


def _column(entry: str, system: System, reader: Reader, mu: dict[str, float]) -> Column:
    name, at, pins = entry.partition("@")
    model = "" if name == FULL else reader.model_for(system)(name)
    if not at:
        return Column(model)
    values, known = dict(mu), {p.name: p for p in system.parameters}
    for pair in pins.split(";"):
        parameter, _, value = pair.partition("=")
        parameter = unquote(parameter)
        values[parameter] = value_of(lookup(parameter, known, "parameter"))(value)
    return Column(model, tuple(values.values()))
