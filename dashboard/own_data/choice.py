"""What a visitor says about own data: how they are read, and what is trained on them.

Pure `param` state. The texts are parsed here, so that a mistake is reported with its field.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import param

from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, number
from dashboard.view.choice import Choice
from hoam_core import METHODS
from hoam_core.checks import lookup
from hoam_core.recorded.reader import Reading

METHOD_TITLES = {
    e.title: name
    for name, e in METHODS.items()
    if e.family == "population" and not e.knows_equations
}


# What the visitor says about files, kept with them.
SAID = ("title", "attributes", "values", "lengths", "species", "components")
LONGEST_NAME = 120


@final
class OwnChoice(Choice):
    """The fields of the view; all defaults may be kept.

    A link names what is kept for the visitor, which nobody else can open with it, and the plan.
    """

    addressed: ClassVar[tuple[str, ...]] = ("data", "method", "held_out")

    data = param.String(doc="The name of what is shown among the things that are kept.")
    title = param.String(default="My data", label="Title")
    attributes = param.String(label="Attributes with the parameters")
    values = param.String(label="Parameter values, if not in the files")
    lengths = param.String(label="Periodic components")
    species = param.String(label="Particle species (openPMD)")
    components = param.String(label="Components (openPMD)")
    method = param.Selector(default="galerkin", objects=METHOD_TITLES, label="Method")
    held_out = param.Selector(default="", objects={"nothing": ""}, label="Hold out for testing")

    def __init__(self, **params):
        super().__init__(**params)
        self._wanted: str | None = None

    def read(self, reader: Reader, state: Exploration) -> None:
        if state.view != "data":
            return
        methods = {name: name for name in METHOD_TITLES.values()}
        kinds = {
            "data": ("data", lambda text: text[:LONGEST_NAME]),
            "own-method": ("method", lambda text: lookup(text, methods, "method")),
        }
        for entry, (name, read) in kinds.items():
            if (value := reader.attempt(entry, read)) is not None:
                self.param.update(**{name: value})
        # The values that can be held out are known once the data are read.
        self._wanted = reader.query.get("hold-out")

    def write(self, state: Exploration) -> dict[str, str]:
        if not self.data:
            return {}
        found = {"data": self.data, "own-method": self.method}
        return found | ({"hold-out": self.held_out or "nothing"} if self._offered else {})

    @property
    def _offered(self) -> bool:
        return len(self.param.held_out.names) > 1

    def said(self) -> dict[str, str]:
        """What the visitor has entered about files, as it was typed."""
        return {name: getattr(self, name) for name in SAID}

    def take_over(self, said: Mapping[str, str]) -> None:
        """Restore those entries."""
        self.param.update(**{name: said[name] for name in SAID if name in said})

    def reading(self) -> Reading:
        """How files are read."""
        return Reading(
            attributes=_text(self.attributes), species=self.species.strip(),
            components=_text(self.components),
        )  # fmt: skip

    def typed_values(self) -> dict[str, list[float]]:
        """Values for each file by parameter, from "mu = 1.2, 1.4; drift = 2, 3"."""
        return {
            name: [number(name, one) for one in _text(text)]
            for name, text in assignments(self.values, "values").items()
        }

    def typed_lengths(self) -> dict[str, float]:
        """Circumferences by component, from "x = 50; y = 20"."""
        told = assignments(self.lengths.replace(",", ";"), "lengths")
        return {name: number(name, text) for name, text in told.items()}

    def offer(self, interior: list[tuple[str, float]]) -> None:
        """Values that can be held out; that of a link is chosen, else the middle one."""
        objects = {f"{name} = {value:g}": f"{name}={value!r}" for name, value in interior}
        self.param.held_out.objects = {**objects, "nothing": ""}
        usual = list(objects.values())[len(objects) // 2] if objects else ""
        wanted, self._wanted = self._wanted, None
        known = wanted is not None and wanted in (*objects.values(), "nothing")
        self.held_out = usual if not known else "" if wanted == "nothing" else wanted

    def held(self) -> tuple[str, float] | None:
        """The value that is held out, or None."""
        if not self.held_out:
            return None
        name, _, value = self.held_out.rpartition("=")
        return name, float(value)


def _text(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def assignments(text: str, field: str) -> Mapping[str, str]:
    """Names and texts from "a = ...; b = ..."; ValueError if a name is missing."""
    found = {}
    for part in text.split(";"):
        if part.strip():
            name, equals, rest = part.partition("=")
            if not equals or not name.strip() or not rest.strip():
                raise ValueError(
                    f"Argument `{field}` must read name = number, as in x = 50, but holds "
                    f"{part.strip()!r}."
                )
            found[name.strip()] = rest.strip()
    return found
