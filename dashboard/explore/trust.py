"""How much the learned model can be trusted here and now: a verdict, and the facts behind it.

Pure functions of plain values: what the model was trained on and what is asked, its error beside
the noise floor of the full model, what an answer cost, and which file it came from.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, final

import param
from panel.custom import JSComponent

from dashboard.compute.session import Session
from dashboard.parts.html import SOFT, TEXT_STYLE, duration
from dashboard.runs.catalogue import own_folder
from dashboard.runs.errors import ErrorRow, percent
from dashboard.runs.run import Run
from dashboard.runs.verdict import Verdict
from dashboard.state.exploration import Exploration
from hoam_core import Model, System, __version__
from hoam_core.models.files import shipped_models

TRUST = f"""
:host {{ {TEXT_STYLE} font-size: 13px; line-height: 1.45; }}
summary {{ cursor: pointer; border-radius: 4px; }}
summary:focus-visible {{ outline: 2px solid var(--panel-primary-color); outline-offset: 2px; }}
summary b {{ margin-right: 10px; }}
summary span {{ {SOFT} }}
dl {{ display: grid; grid-template-columns: minmax(90px, max-content) minmax(0, 1fr);
  margin: 8px 0 2px; gap: 3px 14px; font-variant-numeric: tabular-nums; }}
dt {{ {SOFT} }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
"""


class Fact(NamedTuple):
    """One line of the panel."""

    label: str
    text: str


def distance(value: float, axis: tuple[float, ...]) -> str:
    """Where a value lies among the training values of one parameter, in words."""
    values = sorted(set(axis))
    near = min(values, key=lambda one: abs(one - value))
    away = abs(near - value)
    if len(values) == 1:
        return f"the only training value is {_plain(near)}" + (
            f", {_plain(away)} away" if away else ""
        )
    if value < values[0] or value > values[-1]:
        below = value < values[0]
        place = "below the first" if below else "above the last"
        return f"{_plain(away)} {place} training value {_plain(near)}"
    if away < 1e-9 * (values[-1] - values[0]):
        return f"{_plain(near)} is a training value"
    gap = next(high - low for low, high in pairwise(values) if low <= value <= high)
    return f"{_plain(away)} from the nearest training value {_plain(near)}, spacing {_plain(gap)}"


def _plain(value: float) -> str:
    """Three digits, with commas rather than a power of ten."""
    return f"{float(f'{value:.3g}'):,.10g}"


@lru_cache(maxsize=256)
def fingerprint(name: str) -> str:
    """The first digits of the SHA-256 of a model's arrays; empty for one that is not a file."""
    for folder in (shipped_models().get(name), own_folder() / name):
        if folder is not None and (folder / "model.json").is_file():
            about = json.loads((folder / "model.json").read_text())
            return str(about.get("arrays_sha256", ""))[:12]
    return ""


def trust_lines(
    model: Model, mu: Mapping[str, float], rows: list[ErrorRow], answer: Run | None, waited: float
) -> list[Fact]:
    """All that is known about a learned model's answer; `waited` seconds passed until it came."""
    experiment, system = model.experiment, model.system
    axes = zip(system.parameters, experiment.axes, strict=True)
    found = [Fact(p.label, distance(mu[p.name], axis)) for p, axis in axes]
    for row in rows:
        if row.error is not None:
            floor = percent(row.floor, "not known yet")
            found.append(Fact(row.label, f"{percent(row.error)}, noise floor {floor}"))
    if answer is not None:
        one = system.population.removesuffix("s")
        cost = model.evaluations(answer.ts)
        took = duration(answer.seconds) + (" with compilation" if answer.first else "")
        found += [
            Fact("Population", f"{answer.case.particles:,} of the model against "
                 f"{system.truth_particles:,} {system.population} of the truth"),
            Fact("Cost", f"{cost:,} evaluations of the field for each {one}"),
            Fact("Steps", f"{model.steps:,} over the trained time (the model's default)" + (
                "" if model.method.smooth else "; at least one for each time that is shown")),
            Fact("Latency", f"model {took}, shown after {duration(waited)}"),
        ]  # fmt: skip
    return [*found, *judged_before(model), *origin(model)]


def judged_before(model: Model) -> list[Fact]:
    """Whether a model was given the equations, and its density errors at the test values."""
    known = "no, it has learned from samples alone"
    if model.entry.knows_equations:
        known = "yes, that of one particle; it has learned what couples them"
    facts = [Fact("Knows the equations", known)]
    for one in model.errors:
        rows = one.get("density", ())
        if rows:
            worst = max(rows, key=lambda row: row["ratio"])
            at = ", ".join(f"{name} = {value:g}" for name, value in one["parameters"].items())
            facts.append(
                Fact(
                    f"Density error, {at}",
                    f"{percent(worst['value'])} at t = {worst['t']:g}, noise floor "
                    f"{percent(worst['floor'])} ({one['samples']['density']})",
                )
            )
    return facts


def status_line(state: Exploration, system: System, answer: Run | None, session: Session) -> str:
    """What an answer took, how many took part, and which version made it."""
    particles = answer.case.particles if answer is not None else state.particles
    pieces = [f"{particles:,} {system.population}", f"seed {state.seed}"]
    if answer is not None:
        took = f"model {duration(answer.seconds)}" + (" with compilation" if answer.first else "")
        waited = f"answered in {duration(session.waited)}"
        pieces = [took, waited, *pieces, f"answer {session.version}"]
    elif not state.model:
        pieces[0] = f"{system.truth_particles:,} {system.population}"
    return " · ".join([*pieces, f"hoam_core {__version__}"])


def origin(model: Model) -> list[Fact]:
    """Where a model comes from."""
    training, experiment = model.training, model.experiment
    seconds, device = training.get("seconds"), training.get("device")
    took = f" in {duration(seconds)}" if seconds else ""
    took += f" on {device}" if device else ""
    digits = fingerprint(model.name)
    file = f"{model.name}, version {model.version}" + (f", SHA-256 {digits}…" if digits else "")
    return [
        Fact("Training", f"{experiment.particles:,} {model.system.population}, "
             f"{experiment.n_times} times, seed {experiment.seed}{took}"),
        Fact("Model file", file),
    ]  # fmt: skip


@final
class Trust(JSComponent):
    """A verdict in one line that unfolds into facts."""

    sign = param.String()
    text = param.String()
    lines = param.List(doc="(label, text) of each line.")
    version = param.Integer(doc="Counts the answers that were shown; the age starts anew.")

    _esm = Path(__file__).with_name("trust.js")
    _stylesheets = [TRUST]

    def tell(
        self,
        model: Model | None,
        mu: dict[str, float],
        rows: list[ErrorRow],
        answer: Run | None,
        session: Session,
        verdict: Verdict,
    ) -> None:
        """Say what is known now."""
        lines = trust_lines(model, mu, rows, answer, session.waited) if model is not None else []
        self.param.update(
            sign=verdict.sign, text=f"{verdict.text}." if verdict.word else verdict.text,
            lines=[list(line) for line in lines], version=session.version,
        )  # fmt: skip
