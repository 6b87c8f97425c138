"""State <-> query string, so that a link restores a view.

    /app?view=explore&system=two-stream&model=two-stream-galerkin&mu=1.25&t=20&seed=3&particles=4096

Reading never fails: errors in a link are returned as the engine's own sentences, and the default is
used instead.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, final
from urllib.parse import urlencode

from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import HIGHEST_SEED, SHARES, VIEWS, Exploration
from hoam_core import Parameter, System
from hoam_core.checks import check_count, check_multiple, check_within, lookup
from hoam_core.systems import Recorded

# What a link of any view may contain besides parameters.
ENTRIES = frozenset(
    ("view", "system", "model", "t", "seed", "particles", "share", "plane", "format", "data")
)
# Prefix of the names of parameters of own data.
OWN = "mu."
# Prefix of names of visitors' data and models; nothing that ships has it.
BROUGHT = "own-"
GONE = (
    "The data or the model of this link are not here: uploads are kept only for the visitor who "
    "made them, in the same browser and for a limited time. The view Own data shows what is kept."
)


@final
class Reader:
    """Reads one query, collecting sentences about the entries it cannot use."""

    def __init__(self, query: Mapping[str, str], catalogue: Offer):
        self.query, self.catalogue = query, catalogue
        self.problems: list[str] = []
        self.values: dict[str, Any] = {}

    def attempt(self, name: str, read: Callable[[str], Any]) -> Any:
        """`read` of one entry; None, and a sentence, where it is missing or wrong."""
        if name not in self.query:
            return None
        try:
            return read(self.query[name])
        except ValueError as error:
            self.problems.append(str(error))
            return None

    def keep(self, name: str, read: Callable[[str], Any]) -> None:
        """Store an entry among the values if it can be read."""
        if (value := self.attempt(name, read)) is not None:
            self.values[name] = value

    def model_for(self, system: System) -> Callable[[str], str]:
        """A reader of model names that refuses those of another system."""

        def read(text: str) -> str:
            if text == "none":
                return ""
            if _is_gone(text, self.catalogue.models):
                raise ValueError(GONE)
            model = lookup(text, self.catalogue.models, "model")
            if model.experiment.system != system.name:
                raise ValueError(
                    f"Model {text!r} belongs to the system {model.experiment.system!r}, not to "
                    f"{system.name!r}; choose another model or system."
                )
            return text

        return read


def _is_gone(name: str | None, known: Mapping[str, Any]) -> bool:
    """Whether a name is that of a visitor's own item that is not available here."""
    return name is not None and name.startswith(BROUGHT) and name not in known


def number(name: str, text: str) -> float:
    """A finite number, or ValueError with the name of the argument."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"Argument `{name}` must be a number, but is {text!r}.") from None
    # Form fields cannot hold others: NaN differs from itself, and so would change for ever.
    if not math.isfinite(value):
        raise ValueError(f"Argument `{name}` must be a finite number, but is {text!r}.")
    return value


def whole(name: str, text: str) -> int:
    """A whole number; 4096.0 is one."""
    value = number(name, text)
    if value != int(value):
        raise ValueError(f"Argument `{name}` must be a whole number, but is {text!r}.")
    return int(value)


def particles_up_to(most: int) -> Callable[[str], int]:
    """A reader of numbers of particles."""

    def read(text: str) -> int:
        count = whole("particles", text)
        check_count("particles", count)
        check_within("particles", count, 1, most)
        return count

    return read


def plane_of(system: System) -> Callable[[str], tuple[str, str]]:
    """A reader of two different components, such as x,vx."""
    names = [c.name for c in system.components]
    known = ", ".join(names if len(names) <= 12 else [*names[:3], "…", names[-1]])

    def read(text: str) -> tuple[str, str]:
        parts = text.split(",")
        wrong = [name for name in parts if name not in names]
        if len(parts) != 2 or parts[0] == parts[1]:
            raise ValueError(
                "Argument `plane` must name two different components with a comma between them, "
                f"such as {names[0]},{names[1]}, but is {text!r}."
            )
        if wrong:
            raise ValueError(f"Unknown component {wrong[0]!r} in `plane`. Known: {known}.")
        if len(names) == 2 and parts != names:
            raise ValueError(
                f"Argument `plane` must be {names[0]},{names[1]} for the system {system.name!r}, "
                f"which has no other, but is {text!r}."
            )
        return parts[0], parts[1]

    return read


def key_of(system: System, parameter: str) -> str:
    """The entry of a link that holds a physics parameter.

    Parameters of own data may have any name, even that of another entry, so theirs begin with
    `mu.`.
    """
    return f"{OWN}{parameter}" if isinstance(system, Recorded) else parameter


def key_in(query: Mapping[str, str], system: System, parameter: str) -> str:
    """The entry that holds a parameter in this link, which may be older than the prefix `mu.`."""
    key = key_of(system, parameter)
    return key if key in query or parameter in ENTRIES else parameter


def value_of(p: Parameter) -> Callable[[str], float]:
    """A reader of values of a physics parameter, inside its hard bounds."""

    def read(text: str) -> float:
        value = number(p.name, text)
        check_within(p.name, value, p.low, p.high)
        if p.whole:
            check_multiple(p.name, value, p.whole)
        return value

    return read


def seed_of(text: str) -> int:
    """A seed; ValueError if the text is not one."""
    seed = whole("seed", text)
    check_within("seed", seed, 0, HIGHEST_SEED)
    return seed


def _share(text: str) -> float:
    value = number("share", text)
    if value not in SHARES:
        known = ", ".join(f"{one:g}" for one in SHARES)
        raise ValueError(f"Argument `share` must be one of {known}, but is {text!r}.")
    return value


def _view(text: str) -> str:
    return lookup(text, {name: name for name in VIEWS}, "view")


def read_query(query: Mapping[str, str], catalogue: Offer, system: str = "") -> Reader:
    """A reader with arguments for `Exploration`, and a sentence for each entry it cannot use.

    `system` is the system of a link that names none; by default the first of the catalogue.
    """
    reader = Reader(query, catalogue)
    if _is_gone(query.get("system"), catalogue.systems):
        # The rest of the link refers to that system and must not be applied to another.
        query = {name: text for name, text in query.items() if name == "view"}
        reader = Reader(query, catalogue)
        reader.problems.append(GONE)
    reader.keep("view", _view)
    usual = catalogue.systems[system or next(iter(catalogue.systems))]
    about = reader.attempt("system", lambda text: lookup(text, catalogue.systems, "system"))
    about = about or usual
    reader.values["system"] = about.name
    reader.keep("model", reader.model_for(about))
    reader.keep("plane", plane_of(about))
    reader.keep("particles", particles_up_to(catalogue.most_particles(about.name)))
    reader.keep("seed", seed_of)
    reader.keep("share", _share)
    if "system" in query:  # a complete state, which is written without the default share
        reader.values.setdefault("share", 1.0)
    mu = {}
    for p in about.parameters:
        if (value := reader.attempt(key_in(query, about, p.name), value_of(p))) is not None:
            mu[p.name] = value
    reader.values["mu"] = mu
    end = float(catalogue.times(about.name, reader.values.get("model", ""))[-1])

    def read_time(text: str) -> float:
        value = number("t", text)
        check_within("t", value, 0.0, end)
        return value

    reader.keep("t", read_time)
    return reader


def write_query(state: Exploration, more: Mapping[str, str] | None = None) -> str:
    """The query string, with its question mark, that `read_query` turns into this state.

    `more` are the entries of the view's own choice.
    """
    query = {"view": state.view, "system": state.system, "model": state.model or "none"}
    about = state.about
    query |= {key_of(about, name): f"{value:.12g}" for name, value in state.mu.items()}
    query |= {"t": f"{state.time:g}", "seed": state.seed, "particles": state.particles}
    if state.share != 1.0:
        query["share"] = f"{state.share:g}"
    if len(state.param.horizontal.objects) > 2:
        query["plane"] = ",".join(state.plane)
    return "?" + urlencode(query | dict(more or {}), safe=",:;@")
