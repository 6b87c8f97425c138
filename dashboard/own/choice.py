"""What a visitor says about data of his own: how they are read, and what is trained on them.

Pure `param` state. The texts are read here, so that a slip is told by the field it is in.
"""

from collections.abc import Mapping

import param

from dashboard.url import number
from hoam_core import METHODS
from hoam_core.imports import Reading

METHOD_TITLES = {e.title: name for name, e in METHODS.items() if not e.of_lattices}


class OwnChoice(param.Parameterized):
    """The fields of the view; all may be left as they are."""

    title = param.String(default="My data", label="Title")
    attributes = param.String(label="Attributes with the parameters")
    values = param.String(label="Parameter values, if no file tells them")
    lengths = param.String(label="Periodic components")
    species = param.String(label="Particle species (openPMD)")
    components = param.String(label="Components (openPMD)")
    method = param.Selector(default="galerkin", objects=METHOD_TITLES, label="Method")
    held_out = param.Selector(default="", objects={"nothing": ""}, label="Hold out to judge")

    def reading(self) -> Reading:
        """How files are read."""
        return Reading(
            attributes=_words(self.attributes), species=self.species.strip(),
            components=_words(self.components),
        )  # fmt: skip

    def typed_values(self) -> dict[str, list[float]]:
        """Values for each file by parameter, from "mu = 1.2, 1.4; drift = 2, 3"."""
        return {
            name: [number(name, one) for one in _words(text)]
            for name, text in assignments(self.values, "values").items()
        }

    def typed_lengths(self) -> dict[str, float]:
        """Circumferences by component, from "x = 50; y = 20"."""
        told = assignments(self.lengths.replace(",", ";"), "lengths")
        return {name: number(name, text) for name, text in told.items()}

    def offer(self, interior: list[tuple[str, float]]) -> None:
        """Values that can be held out; the middle one is chosen."""
        objects = {f"{name} = {value:g}": f"{name}={value!r}" for name, value in interior}
        self.param.held_out.objects = {**objects, "nothing": ""}
        self.held_out = list(objects.values())[len(objects) // 2] if objects else ""

    def held(self) -> tuple[str, float] | None:
        """The value that is held out, or None."""
        if not self.held_out:
            return None
        name, _, value = self.held_out.rpartition("=")
        return name, float(value)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def assignments(text: str, field: str) -> Mapping[str, str]:
    """Names and texts from "a = ...; b = ..."; ValueError where there is no name."""
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
