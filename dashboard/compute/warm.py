"""What is compiled in advance, in the order in which visitors are likely to request it.

The first system's learned model comes first, on its own: the page opens with it and must not wait
for the others. Everything else is left to a thread that gives way to the visitors' own workers: the
loop of all models on phase planes, the first system's full model, then best model and full model of
each system from the lightest to the heaviest, then the remaining models. If a visitor is faster,
the request compiles what it needs itself; nothing waits in a queue behind what nobody has
requested.
"""

import time
from collections.abc import Iterator

from dashboard.runs.catalogue import Offer
from dashboard.runs.jobs import Effort, answer, answer_with, coarser, predict, truth
from dashboard.runs.lattice_jobs import lattice_view
from dashboard.runs.run import Case, answers, truth_case
from hoam_core import System
from hoam_core.methods import compile_roll_out

PATIENCE = 5.0  # seconds


def first_case(catalogue: Offer, system: str) -> Case | None:
    """What a visitor sees first of a system; None if it has no model."""
    name = next(iter(catalogue.models_of(system)), None)
    return _case(catalogue, system, name) if name else None


def warm_first(catalogue: Offer) -> Iterator[object]:
    """The first answer of the system with which the page opens."""
    if (case := first_case(catalogue, next(iter(catalogue.systems)))) is not None:
        yield from _warm_model(catalogue, case)


def warm_rest(catalogue: Offer) -> Iterator[object]:
    """All other models and full models, each once."""
    wait_for_first(catalogue, 60.0)
    yield "first"
    first, *others = catalogue.systems.values()
    compile_roll_out()
    yield "phase planes"
    yield from warm_first(catalogue)  # for its coarse answer, and to know its new time
    yield from _warm_truth(catalogue, first)
    for system in sorted(others, key=_weight):
        if (case := first_case(catalogue, system.name)) is not None:
            yield from _warm_model(catalogue, case)
            yield from _warm_lattice(catalogue, case)
        yield from _warm_truth(catalogue, system)
    for name in catalogue.systems:
        for model in catalogue.models_of(name)[1:]:
            yield from _warm_model(catalogue, _case(catalogue, name, model))


def wait_for_first(catalogue: Offer, seconds: float) -> bool:
    """Wait until the first answer has been computed; False if it took longer."""
    case = first_case(catalogue, next(iter(catalogue.systems)))
    end = time.monotonic() + seconds
    while case is not None and answers.get(case) is None:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _case(catalogue: Offer, system: str, model: str) -> Case:
    mu = tuple(p.default for p in catalogue.systems[system].parameters)
    return Case(system, model, mu, 0, catalogue.usual_particles(system, model))


def _weight(system: System) -> int:
    return system.truth_particles * len(system.components)


def _warm_model(catalogue: Offer, case: Case) -> Iterator[object]:
    model, system = catalogue.models[case.model], catalogue.systems[case.system]
    start = time.monotonic()
    predict(model, system, case, catalogue.times(case.system, case.model))
    yield case.model
    # Once to compile; the answer that is remembered then tells the model's own time. What takes
    # long is compiled only, since running it would take time from other visitors.
    first = next(iter(catalogue.systems))
    if case.system == first or time.monotonic() - start < PATIENCE:
        yield from answer(case, catalogue, catalogue.axes(case.system))
    if (coarse := coarser(Effort(case.model, case.particles))) is not None:
        answer_with(coarse, case, catalogue, catalogue.axes(case.system))


def _warm_lattice(catalogue: Offer, case: Case) -> Iterator[object]:
    ts, axes = catalogue.times(case.system, case.model), catalogue.axes(case.system)
    yield from lattice_view(case, catalogue, ts, axes)  # nothing for an unknown system


def _warm_truth(catalogue: Offer, system: System) -> Iterator[object]:
    mu = tuple(p.default for p in system.parameters)
    ts = catalogue.times(system.name, next(iter(catalogue.models_of(system.name)), ""))
    pieces = truth(truth_case(system, mu, 0), system, ts, catalogue.axes(system.name))
    # The first value is the initial state alone; the second has taken every step of a run.
    for _, run in zip(range(2), pieces, strict=False):
        yield run.case.system
