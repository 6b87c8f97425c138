"""Jobs of the view "sweep": tables, bands, calibrations, measurements and inferred results.

Generators for the workers. A finished table or calibration is cached by the process, so that
another distribution or another measurement costs nothing. No Panel.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, final

import numpy as np
import xarray as xr
from scipy import stats

from dashboard.concurrency.worker import FailedError
from dashboard.runs.cache import LIMITS, Memory
from dashboard.runs.catalogue import FRAMES, Offer
from dashboard.sweep.choice import Belief
from hoam_core import Model, infer, uncertain
from hoam_core.evaluation import affordable_times
from hoam_core.inference import Discrepancy, Measurement
from hoam_core.inference.posterior import calibrate_steps
from hoam_core.inference.sweeps import LEARNED, sweep_steps
from hoam_core.seeds import run_keys
from hoam_core.simulation import simulate_pieces
from hoam_core.storage.datasets import observe

T = TypeVar("T")
# In many dimensions a run costs far more, and a mean over few particles is enough.
FEW, MANY_DIMENSIONS = 256, 6
FIT_LEARNED, FIT_ROLLED = 141, 49
CALIBRATION = 24
MEASURED_TIMES = 81
# Seconds of work between two answers: enough to show progress without keeping others waiting.
PACE = 0.25


class TableRequest(NamedTuple):
    """A requested table: the swept parameter, its range, and everything held fixed."""

    model: str
    observable: str
    over: str
    between: tuple[float, float]
    runs: int
    fixed: tuple[tuple[str, float], ...]
    seed: int
    n_times: int | None


@final
@dataclass(frozen=True, eq=False)
class SweepTable:
    """A table so far, the share of it that is done, and the seconds it took."""

    asked: TableRequest
    data: xr.Dataset
    done: float
    seconds: float

    @property
    def nbytes(self) -> int:
        """Memory of its numbers."""
        return self.data.nbytes


@final
@dataclass(frozen=True, eq=False)
class Calibration:
    """A discrepancy as the process caches it."""

    discrepancy: Discrepancy

    @property
    def nbytes(self) -> int:
        """Memory of its numbers."""
        return self.discrepancy.residuals.nbytes


class SweepStage(NamedTuple):
    """The present stage of a long job, and the completed share of it."""

    text: str
    done: float


class Synthetic(NamedTuple):
    """A full-model run at a value that is hidden at first, with instrument noise."""

    measured: Measurement
    truth: float
    particles: int
    noise: float


class Inferred(NamedTuple):
    """A posterior, and the measurement it comes from."""

    found: xr.Dataset
    measured: Measurement
    synthetic: Synthetic | None
    seconds: float


tables: Memory[SweepTable] = Memory(LIMITS["sweeps"])
calibrations: Memory[Calibration] = Memory(LIMITS["calibrations"])


def piece(values: Iterable[T]) -> Iterator[T]:
    """The newest value after a moment's work on a generator, as the only one; none at its end.

    A worker does one request at a time. A request for thousands of runs is made piece by piece, so
    that small requests are served in between.
    """
    end = time.monotonic() + PACE
    newest = None
    for newest in values:  # noqa: B007 -- the last one is wanted
        if time.monotonic() >= end:
            break
    if newest is not None:
        yield newest


def asked_for(
    model: Model, observable: str, over: str, between: tuple[float, float], runs: int,
    mu: Mapping[str, float], seed: int,
) -> TableRequest:  # fmt: skip
    """The table of a map, at the frames of the page."""
    fixed = tuple((name, value) for name, value in mu.items() if name != over)
    n_times = FRAMES if affordable_times(model) is None else affordable_times(model)
    # Without a roll-out there is nothing that a seed could change.
    seed = 0 if observable.endswith(LEARNED) else seed
    return TableRequest(model.name, observable, over, between, runs, fixed, seed, n_times)


def asked_to_fit(asked: TableRequest, model: Model, observable: str) -> TableRequest:
    """The table that a measurement is fitted with: the trained range, as finely as it needs."""
    learned = observable.endswith(LEARNED)
    return asked._replace(
        observable=observable, between=model.trained_range()[asked.over], seed=0,
        runs=FIT_LEARNED if learned else FIT_ROLLED, n_times=None if learned else asked.n_times,
    )  # fmt: skip


def options_of(asked: TableRequest, model: Model) -> dict[str, Any]:
    """Arguments of `hoam_core.sweep` for a table."""
    particles = model.system.family.sweep_particles
    if len(model.system.components) > MANY_DIMENSIONS:
        particles = min(particles, FEW)
    particles = max(particles, model.limits.particles or 1)
    return {
        "parameters": dict(asked.fixed), "observables": [asked.observable],
        "particles": particles, "seed": asked.seed, "n_times": asked.n_times,
    }  # fmt: skip


def values_of(asked: TableRequest, model: Model) -> np.ndarray:
    """The values of a table, evenly spaced; multiples where the parameter accepts nothing else."""
    values = np.linspace(*asked.between, asked.runs)
    whole = model.system.parameter(asked.over).whole
    return np.unique(whole * np.round(values / whole)) if whole else values


def table(asked: TableRequest, catalogue: Offer) -> Iterator[SweepTable]:
    """The table, finer with every value; the last is complete and cached."""
    if (known := tables.get(asked)) is not None:
        yield known
        return
    model, start = catalogue.models[asked.model], time.perf_counter()
    values = values_of(asked, model)
    for done, data in sweep_steps(model, asked.over, values.tolist(), **options_of(asked, model)):
        # Two rows are the least that can be drawn.
        if len(data[asked.over]) > 1:
            now = SweepTable(asked, data, done, time.perf_counter() - start)
            if done == 1:
                tables.put(asked, now)
            yield now


def frozen(belief: Belief):
    """The distribution of scipy.stats for a belief."""
    if belief.kind == "normal":
        return stats.norm(belief.mean, belief.spread)
    return stats.uniform(belief.mean - belief.spread, 2 * belief.spread)


def band(data: xr.Dataset, observable: str, belief: Belief) -> Iterator[xr.Dataset]:
    """The band of a table, as the only value."""
    yield uncertain(data, observable, frozen(belief))


def synthetic(
    asked: TableRequest, catalogue: Offer, number: int, noise: float
) -> Generator[SweepStage, None, Synthetic]:
    """Stages; returns a run of the full model at a value drawn by that number from the range."""
    model = catalogue.models[asked.model]
    system, rng = model.system, np.random.default_rng(number)
    low, high = asked.between
    truth = float(rng.uniform(low + 0.04 * (high - low), high - 0.04 * (high - low)))
    whole = system.parameter(asked.over).whole
    truth = float(whole * round(truth / whole)) if whole else truth
    mu = system.vector(dict(asked.fixed) | {asked.over: truth})
    particles, ts = min(16_384, system.truth_particles), model.times(n_times=MEASURED_TIMES)
    first, rest = run_keys(number, "synthetic")
    x0, curve = system.initial(first, mu, particles), []
    for piece in simulate_pieces(system, rest, mu, x0, ts):
        curve.append(
            np.asarray(observe(system, piece.x, mu)[asked.observable.removesuffix(LEARNED)])
        )
        yield SweepStage("Measuring: the full model at a hidden value", piece.done)
    values = np.concatenate(curve).astype(float) * np.exp(noise * rng.standard_normal(len(ts)))
    return Synthetic(Measurement(ts, values), truth, particles, noise)


def _staged(steps: Iterator[T], stage: Callable[[T], SweepStage]) -> Generator[SweepStage, None, T]:
    """The stage of each of some steps; returns the last, of which there must be one."""
    one = next(steps)
    yield stage(one)
    for one in steps:
        yield stage(one)
    return one


def _calibrating(done: float) -> SweepStage:
    count = min(int(done * CALIBRATION) + 1, CALIBRATION)
    words = f"Calibrating once for this model: full-model run {count} of {CALIBRATION}"
    return SweepStage(words, done)


def inference(
    asked: TableRequest,
    catalogue: Offer,
    measured: Measurement | None,
    number: int,
    noise: float,
) -> Iterator[SweepStage | Inferred]:
    """Stages, and at the end what is inferred; without a measurement, from a synthetic one."""
    start, made = time.perf_counter(), None
    if measured is None:
        made = yield from synthetic(asked, catalogue, number, noise)
        measured = made.measured
    swept = yield from _staged(
        table(asked, catalogue), lambda one: SweepStage("Sweeping the learned model", one.done)
    )
    model, known = catalogue.models[asked.model], calibrations.get(asked)
    if known is None:
        steps = calibrate_steps(model, swept.data, asked.observable, runs=CALIBRATION)
        _, discrepancy = yield from _staged(steps, lambda step: _calibrating(step[0]))
        if discrepancy is None:
            raise FailedError("The calibration did not finish; infer again.")
        known = Calibration(discrepancy)
        calibrations.put(asked, known)
    found = infer(swept.data, asked.observable, measured, known.discrepancy)
    yield Inferred(found, measured, made, time.perf_counter() - start)
