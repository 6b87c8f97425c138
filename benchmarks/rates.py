"""Growth and damping rates of the full model beside linear theory: `python -m benchmarks.rates`.

For every system with a theory at its defaults, every scenario card and every lesson step: the mode
that is fitted, its rate with its uncertainty (two seeds), that of linear theory, and why they
differ. With `--models` the rate of the learned model too.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from dashboard.content.lessons import lessons
from dashboard.explore.scenarios import scenarios
from dashboard.parts.html import rate_of
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.runs.jobs import answer
from dashboard.runs.rates import Rates, rates
from dashboard.runs.references import reference
from dashboard.runs.run import Case, Run, truth_case
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query


class Place(NamedTuple):
    """Where a rate is shown, and the entries of the link that shows it."""

    name: str
    link: Mapping[str, str]


def everywhere(shelf: Catalogue) -> list[Place]:
    """Defaults, cards and lesson steps."""
    found = [Place(f"{name}, default", {"system": name}) for name in shelf.systems]
    cards = scenarios().items.items()
    found += [Place(f"card {name}", dict(parse_qsl(card.link[1:]))) for name, card in cards]
    found += [
        Place(f"lesson {name}, step {i}", step.state)
        for name, lesson in lessons().items.items()
        for i, step in enumerate(lesson.steps, start=1)
        if "system" in step.state
    ]
    return found


def places(shelf: Catalogue) -> Iterator[Place]:
    """Those of systems of which linear theory says something."""
    for place in everywhere(shelf):
        state = state_of(place, shelf)
        system = shelf.systems[state.system]
        if system.linear_modes(system.vector(state.mu)):
            yield place


def state_of(place: Place, shelf: Catalogue) -> Exploration:
    """What the page shows there."""
    return Exploration(shelf, **read_query(place.link, shelf).values)


def measured(place: Place, shelf: Catalogue, with_model: bool = False) -> Rates:
    """The rates that stand there."""
    state = state_of(place, shelf)
    system, mu = shelf.systems[state.system], tuple(state.mu.values())
    *_, found = reference(truth_case(system, mu, state.seed), system, state.ts, state.axes)
    run: Run | None = None
    if with_model and state.model:
        case = Case(system.name, state.model, mu, state.seed, state.particles)
        *_, run = answer(case, shelf, state.axes)
    return rates(system, run, found)


def main() -> None:
    """One line for each place."""
    shelf = catalogue()
    for place in places(shelf):
        found = measured(place, shelf, "--models" in sys.argv)
        truth, model = (rate_of(found.fits[kind]) for kind in ("truth", "model"))
        values = ", ".join(f"{k} {v:g}" for k, v in state_of(place, shelf).mu.items())
        print(
            f"| {place.name} | {values} | {found.mode.number} | {truth} | {model} | "
            f"{found.mode.growth_rate:.4f} | {found.why} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
