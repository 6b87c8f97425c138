"""What a link to the quadrature lab restores: frequency, rule, nodes and particles per node."""

from typing import ClassVar, final

import param

from dashboard.quadrature.study import NODES, OMEGA, RULES, SAMPLES, QuadratureCase
from dashboard.state.exploration import Exploration
from dashboard.state.parameters import nice_step
from dashboard.state.url import Reader, number, whole
from dashboard.view.choice import Choice
from hoam_core.checks import check_within, lookup

NAMES = {entry.title: name for name, entry in RULES.items()}


def one_of(name: str, allowed: tuple[int, ...]):
    """A reader of whole numbers that must be among those allowed."""

    def read(text: str) -> int:
        value = whole(name, text)
        if value not in allowed:
            known = ", ".join(map(str, allowed))
            raise ValueError(f"Argument `{name}` must be one of {known}, but is {text!r}.")
        return value

    return read


def _omega(text: str) -> float:
    value = number("omega", text)
    check_within("omega", value, OMEGA.low, OMEGA.high)
    return value


@final
class QuadratureChoice(Choice):
    """The integral that is shown, and the rule for it."""

    addressed: ClassVar[tuple[str, ...]] = ("rule", "nodes", "samples", "omega")

    # A network learns this frequency within seconds with 33 nodes, but not with few or random ones.
    omega = param.Number(
        default=4.0, bounds=(OMEGA.low, OMEGA.high), step=nice_step(OMEGA.low, OMEGA.high),
        label="Angular frequency ω",
    )  # fmt: skip
    rule = param.Selector(default="gauss", objects=NAMES, label="Rule in time")
    nodes = param.Selector(default=33, objects=list(NODES), label="Nodes")
    samples = param.Selector(default=16, objects=list(SAMPLES), label="Particles at each node")

    def case(self, seed: int) -> QuadratureCase:
        """What the lab computes now."""
        return QuadratureCase(float(self.omega), self.rule, self.nodes, self.samples, seed)

    def read(self, reader: Reader, state: Exploration) -> None:
        found = {
            "rule": reader.attempt("rule", lambda text: lookup(text, RULES, "rule")) and
            reader.query["rule"],
            "nodes": reader.attempt("nodes", one_of("nodes", NODES)),
            "samples": reader.attempt("samples", one_of("samples", SAMPLES)),
        }  # fmt: skip
        if state.system == "oscillator":
            # The common state has read it and reported any error.
            found["omega"] = state.mu["omega"] if "omega" in reader.query else None
        else:
            found["omega"] = reader.attempt("omega", _omega)
        self.param.update(**{name: value for name, value in found.items() if value is not None})

    def write(self, state: Exploration) -> dict[str, str]:
        return {
            "rule": self.rule, "nodes": str(self.nodes), "samples": str(self.samples),
            "omega": f"{self.omega:g}",
        }  # fmt: skip
