"""What is solved here: the equations of a system, its parameters and its observables, in words."""

from functools import lru_cache
from html import escape

from dashboard.content.lessons import html, mathml
from dashboard.runs.units import with_unit
from hoam_core import System

SUMMARY = "What is solved here"


def solved(system: System) -> str:
    """HTML for the fold; empty for data without equations."""
    # Caching by the system would keep the snapshots of recorded ones in memory.
    return _solved(system) if system.equations else ""


@lru_cache(maxsize=32)
def _solved(system: System) -> str:
    parameters = "".join(
        f"<li>{escape(p.label)}: from {p.low:g} to {p.high:g}</li>" for p in system.parameters
    )
    observables = ", ".join(escape(with_unit(o.label, o.unit)) for o in system.observable_info)
    return (
        f"{mathml(system.equations, {'display_mode': True})}"
        f"<p>Parameters:</p><ul>{parameters}</ul>"
        f"<p>Observables of {system.family.observed}: {observables}.</p>"
        f"<p>Source: {escape(system.reference)}.</p>"
    )


def welcome() -> str:
    """What the page is, for a first visit."""
    return html(
        "A slider changes the physics, and a **learned model** answers at once: it was trained on "
        "a few runs of the **full model**, the simulation of the physics itself. Both run side by "
        "side here, so that you see when to trust it."
    )
