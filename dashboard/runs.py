"""Jobs for the workers: what the learned model answers, and runs of the full model.

A run is kept as counts in cells and curves over time, never as states: 131,072 particles at 101
times are 100 MB, their pictures 3 MB. Jobs are generators, so that the worker can stop them between
two values; they return immutable snapshots, so that any thread may read them.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, UInt16

from dashboard.catalogue import STEPS, Catalogue
from dashboard.frames import Plane, colour_limit, count
from hoam_core import Model, System
from hoam_core.checks import DivergedError
from hoam_core.seeds import seed_key
from hoam_core.simulate import simulate_pieces, start_truth
from hoam_core.store import observe

SAVES = 5


class Case(NamedTuple):
    """What a run depends on; the model is empty for the full one."""

    system: str
    model: str
    mu: tuple[float, ...]
    seed: int
    particles: int


@dataclass(frozen=True)
class Run:
    """A run at the first len(counts) of the times ts (t,), as counts in cells and curves."""

    case: Case
    ts: np.ndarray
    counts: UInt16[np.ndarray, "t ny nx"]
    curves: dict[str, Float[np.ndarray, " t"]]
    limit: float = 1.0
    seconds: float = 0.0
    done: float = 1.0

    @property
    def complete(self) -> bool:
        """Whether it has reached its last time."""
        return len(self.counts) == len(self.ts)


class Memory:
    """The most recently used runs of the process, shared by its sessions and threads."""

    def __init__(self, most: int):
        self._most = most
        self._runs: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, case: Hashable) -> Any:
        """The run of that case, or None."""
        with self._lock:
            if case in self._runs:
                self._runs.move_to_end(case)
            return self._runs.get(case)

    def put(self, case: Hashable, run: Any) -> None:
        """Keep a run and drop the one that was used longest ago."""
        with self._lock:
            self._runs[case] = run
            self._runs.move_to_end(case)
            while len(self._runs) > self._most:
                self._runs.popitem(last=False)


answers = Memory(most=48)
truths = Memory(most=24)


def answer(case: Case, catalogue: Catalogue) -> Iterator[Run]:
    """The learned model's run of a case, as the only value. Raises DivergedError."""
    if (known := answers.get(case)) is not None:
        yield known
        return
    model, system = catalogue.models[case.model], catalogue.systems[case.system]
    ts = catalogue.times(case.system, case.model)
    x, curves, seconds = predict(model, system, case, ts)
    if not np.isfinite(x).all():
        raise DivergedError(
            f"Model {model.name!r} diverged at {named(system, case)}; choose a parameter inside "
            "the trained range."
        )
    plane = Plane.of(system)
    counts = count(x, plane)
    limit = colour_limit(counts, case.particles, plane)
    run = Run(case, ts, counts, curves, limit, seconds)
    answers.put(case, run)
    yield run


def predict(
    model: Model, system: System, case: Case, ts: np.ndarray
) -> tuple[Float[np.ndarray, "t n d"], dict[str, np.ndarray], float]:
    """Samples and observables of the learned model, and the seconds that both took."""
    start = time.perf_counter()
    mu = system.vector(named(system, case))
    start_key, run_key = jax.random.split(seed_key(case.seed, "predict"))
    x0 = system.initial(start_key, mu, case.particles)
    x = jax.block_until_ready(model.sample(x0, ts, mu, run_key, steps=STEPS))
    curves = {name: np.asarray(values) for name, values in observe(system, x, mu).items()}
    seconds = time.perf_counter() - start
    return np.asarray(x), curves, seconds


def named(system: System, case: Case) -> dict[str, float]:
    """The physics parameters of a case by name."""
    return {p.name: value for p, value in zip(system.parameters, case.mu, strict=True)}


def truth_case(system: System, mu: tuple[float, ...], seed: int) -> Case:
    """The case of a full-model run with the system's own number of particles."""
    return Case(system.name, "", mu, seed, system.truth_particles)


def truth(case: Case, system: System, ts: np.ndarray) -> Iterator[Run]:
    """The full model's run, longer with every value; the last is complete and remembered."""
    key = (case, float(ts[-1]))
    if (known := truths.get(key)) is not None:
        yield known
        return
    start, plane = time.perf_counter(), Plane.of(system)
    mu = system.vector(named(system, case))
    x0, run_key = start_truth(system, mu, case.particles, case.seed)
    counts: list[np.ndarray] = []
    curves: dict[str, list[np.ndarray]] = {o.name: [] for o in system.observable_info}
    for piece in simulate_pieces(system, run_key, mu, x0, ts, saves=SAVES):
        counts.append(count(piece.x, plane))
        for name, values in observe(system, piece.x, mu).items():
            curves[name].append(np.asarray(values))
        all_counts = np.concatenate(counts)
        run = Run(
            case, ts, all_counts, {k: np.concatenate(v) for k, v in curves.items()},
            colour_limit(all_counts, case.particles, plane),
            time.perf_counter() - start, piece.done,
        )  # fmt: skip
        if run.complete:
            truths.put(key, run)
        yield run


class Reference(NamedTuple):
    """The truth of a case, a second run of the next seed, and the rate of linear theory."""

    truth: Run
    second: Run | None = None
    rate: float | None = None

    @property
    def done(self) -> float:
        """Share of both runs that is computed."""
        return 0.5 * (self.truth.done + (self.second.done if self.second else 0.0))


def reference(case: Case, system: System, ts: np.ndarray) -> Iterator[Reference]:
    """First the truth, then what judges it: the theoretical rate and the noise floor's run."""
    last = None
    for last in truth(case, system, ts):
        yield Reference(last)
    rate = growth_rate(system, case.mu)
    for second in truth(case._replace(seed=case.seed + 1), system, ts):
        yield Reference(last, second, rate)


@lru_cache(maxsize=512)
def growth_rate(system: System, mu: tuple[float, ...]) -> float | None:
    """Growth rate of linear theory; None where the system has none or no root is found."""
    try:
        return system.growth_rate(np.asarray(mu))
    except ValueError:
        return None


def first_case(catalogue: Catalogue, system: str, particles: int) -> Case | None:
    """What a visitor of a system is shown first; None if it has no model."""
    mu = tuple(p.default for p in catalogue.systems[system].parameters)
    name = next(iter(catalogue.models_of(system)), None)
    return Case(system, name, mu, 0, particles) if name else None


def warm(catalogue: Catalogue, particles: int) -> Iterator[object]:
    """Compile what the first visitor will need: each model and each full model once."""
    for system in catalogue.systems.values():
        mu = tuple(p.default for p in system.parameters)
        names = catalogue.models_of(system.name)
        for name in names:
            case = Case(system.name, name, mu, 0, particles)
            # Once to compile; the answer that is remembered then tells the model's own time.
            predict(catalogue.models[name], system, case, catalogue.times(system.name, name))
            yield name
            yield from answer(case, catalogue)
    for system in catalogue.systems.values():
        mu = tuple(p.default for p in system.parameters)
        ts = catalogue.times(system.name, next(iter(catalogue.models_of(system.name)), ""))
        pieces = truth(truth_case(system, mu, 0), system, ts)
        next(pieces)
        next(pieces)
        yield system.name
