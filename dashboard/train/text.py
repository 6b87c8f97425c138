"""The texts about a training: a headline, a bar for each stage, and its errors.

HTML from plain values, as in parts/html.py.
"""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from dashboard.parts.html import duration, percent
from dashboard.train.training import Look, Training
from hoam_core import Model

STATUS = {
    "waiting": "waits for its turn", "running": "is training", "paused": "is paused",
    "cancelled": "is cancelled; it can resume from its checkpoint", "failed": "has failed",
    "done": "is trained",
}  # fmt: skip
STAGES = {"full-model runs": "Full-model runs", "training": "Fit", "judging": "Judging"}


class Error(NamedTuple):
    """One error of a model at some parameters, beside its noise floor."""

    at: str
    what: str
    error: float
    floor: float
    relative: bool


def headline(training: Training) -> str:
    """One sentence; screen readers hear it when it changes."""
    look = training.look
    what = STATUS[look.status]
    if look.status == "running" and look.stage == "judging":
        what = "is trained and is being judged"
    return f'<div role="status" aria-live="polite"><h2>{escape(training.name)} {what}</h2></div>'


def progress(look: Look) -> str:
    """A bar for each stage, and the results of the last steps."""
    bars = "".join(
        f'<p class="soft">{escape(STAGES.get(stage, stage.capitalize()))}: {done:,} of '
        f"{total:,}</p>"
        f'<progress max="{max(total, 1)}" value="{done}" aria-label="{escape(stage)}"></progress>'
        for stage, (done, total) in look.stages.items()
        if stage != "saved"
    )
    pieces = [f"{duration(look.seconds)} of work"] if look.seconds else []
    if look.losses:
        pieces.append(f"loss {look.losses[-1]:.4g}".replace("-", "−"))
    if look.preview is not None and look.preview.difference is None:
        pieces.append("samples of the current model diverge")
    elif look.preview is not None:
        pieces.append(
            f"model and data differ in {percent(look.preview.difference, '')} of the mass"
        )
    line = f'<p class="soft">{" · ".join(pieces)}</p>' if pieces else ""
    problem = f'<p class="error" role="alert">✕ {escape(look.problem)}</p>' if look.problem else ""
    return bars + line + problem


def errors_of(model: Model) -> Iterator[Error]:
    """The errors measured for a model."""
    for one in model.errors:
        at = ", ".join(f"{name} = {value:g}" for name, value in one["parameters"].items())
        if energy := one.get("electric_energy"):
            yield Error(at, "field energy, L2", energy["l2_error"], energy["floor_l2"], True)
        for name, found in one.get("observables", {}).items():
            yield Error(at, f"mean of {name}", found["mean_error"], found["mean_floor"], False)
        for row in one.get("density", ()):
            yield Error(at, f"density at t = {row['t']:g}", row["value"], row["floor"], True)
        for row in one.get("w2", ()):
            yield Error(at, f"W₂² at t = {row['t']:g}", row["value"], row["floor"], False)


def error_table(model: Model | None) -> str:
    """Every error beside its noise floor; empty if there are none."""
    found = list(errors_of(model)) if model is not None else []
    if not found:
        return ""
    rows = "".join(
        f"<tr><th scope='row'>{escape(e.at)}</th><td>{escape(e.what)}</td>"
        f"<td><b>{_number(e.error, e.relative)}</b></td>"
        f"<td>{_number(e.floor, e.relative)}</td></tr>"
        for e in found
    )
    return (
        "<h3>Errors beside their noise floors</h3><table><thead><tr><th scope='col'>at</th>"
        "<th scope='col'>of</th><th scope='col'>model</th><th scope='col'>noise floor</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
    )


def _number(value: float, relative: bool) -> str:
    return percent(value, "") if relative else f"{value:.3g}"


def in_words(training: Training | None) -> str:
    """The state of a training as plain sentences."""
    if training is None:
        return "No training is shown."
    look, experiment = training.look, training.experiment
    words = f"{training.name}, a model of {experiment.system} by {experiment.method}, "
    words += f"{STATUS[look.status]}."
    if look.losses:
        words += f" Its loss went from {look.losses[0]:.3g} to {look.losses[-1]:.3g}."
    for e in errors_of(look.model) if look.model is not None else ():
        words += f" At {e.at} its error of {e.what} is {e.error:.3g} (noise floor {e.floor:.3g})."
    return words
