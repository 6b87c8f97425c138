"""Jobs for the workers: what the learned model answers, and runs of the full model.

Jobs are generators, so that the worker can stop them between two values. They compute the limits of
the shown plane at once, so that the page only reads them; those of any other plane are found later.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from dashboard.runs.catalogue import Offer
from dashboard.runs.pictures import Ranges
from dashboard.runs.playback import playback
from dashboard.runs.run import Axes, Case, Run, answers, named, truths
from dashboard.runs.states import Growing, Moments, digest
from hoam_core import Model, System
from hoam_core.checks import DivergedError
from hoam_core.numerics.domain import Domain
from hoam_core.simulation import Piece, simulate_pieces, start_truth
from hoam_core.storage.datasets import observe_all
from hoam_core.systems import Recorded

SAVES = 5
PATHS = 6
# Where all particles take longer than a moment (s), a picture of fewer in few steps comes first: of
# the first of these numbers that is expected to take less than a while, or of the last.
COARSE, COARSE_STEPS, MOMENT, WHILE = (2_048, 512), 50, 0.04, 0.15

# Answers slower than this are announced as being computed (s).
LONG = 0.5


class Effort(NamedTuple):
    """The cost of an answer, and the compiled variant that it needs.

    A `stride` of more than one frame makes it a preview: few steps, to every so many frames.
    """

    model: str
    particles: int
    stride: int = 1


# The last duration of an answer (s); a missing entry is not compiled yet.
took: dict[Effort, float] = {}
# A visitor who requests what the warm-up is compiling waits for it: two threads that trace one
# model at the same time compile it twice, which has been seen to fail.
tracing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def expected(case: Case) -> float:
    """Expected seconds of an answer, its coarse one included: those of the last time.

    0 if it is remembered or not known.
    """
    if answers.get(case) is not None:
        return 0.0
    full = Effort(case.model, case.particles)
    return sum(took.get(effort, 0.0) for effort in (full, coarser(full)) if effort)


def may_take_long(case: Case) -> bool:
    """Whether an answer may take noticeably long: it did last time, or was never computed."""
    if answers.get(case) is not None:
        return False
    return took.get(Effort(case.model, case.particles), LONG) >= LONG


def answer(case: Case, catalogue: Offer, axes: Axes) -> Iterator[Run]:
    """The learned model's run of a case, after a coarse one if it takes more than a moment.

    Raises DivergedError.
    """
    if (known := answers.get(case)) is not None:
        yield known
        return
    full = Effort(case.model, case.particles)
    if (coarse := coarser(full)) is not None and coarse in took:
        yield answer_with(coarse, case, catalogue, axes)
    run = answer_with(full, case, catalogue, axes)
    answers.put(case, run)
    yield run


def coarser(full: Effort) -> Effort | None:
    """A smaller effort, where the full one is known to take more than a moment.

    A compiled one, if there is any: another would not arrive while a slider moves.
    """
    seconds = took.get(full, 0.0)
    fewer = [Effort(full.model, n, 2) for n in COARSE if n < full.particles]
    if seconds < MOMENT or not fewer:
        return None
    among = [one for one in fewer if one in took] or fewer
    quick = (one for one in among if 0.5 * seconds * one.particles / full.particles < WHILE)
    return next(quick, among[-1])


def answer_with(effort: Effort, case: Case, catalogue: Offer, axes: Axes) -> Run:
    """The run of a case with the particles and steps of an effort, remembered nowhere."""
    model, system = catalogue.model(case.model, case.share), catalogue.systems[case.system]
    case = case._replace(particles=effort.particles)
    ts = catalogue.times(case.system, case.model)
    first = effort not in took
    x, seen, seconds = predict(model, system, case, ts, effort.stride)
    ranges = Ranges.of(system, case.mu)
    found = digest(x, ranges, len(ts))
    if not (found.finite and _finite(seen.curves)):
        raise DivergedError(
            f"Model {model.name!r} diverged at {named(system, case)}; choose a parameter inside "
            "the trained range."
        )
    paths = np.array(np.asarray(x)[:, :PATHS])  # a copy without x, or all of x would be kept
    # A preview is followed by the full answer.
    doubts = () if effort.stride > 1 else model.doubts(
        named(system, case), seen.curves, found.outside, effort.particles
    )  # fmt: skip
    run = Run(
        case, ts, found.states, ranges, found.moments, seen.curves, seconds, first=first,
        paths=paths, modes=seen.modes, outside=found.outside, doubts=doubts,
    )  # fmt: skip
    run.limits(axes)
    return run


class Observed(NamedTuple):
    """Observables of states, and the complex amplitudes of the waves of their field."""

    curves: dict[str, Float[np.ndarray, " t"]]
    modes: Complex[np.ndarray, "t m"] | None


def see(curves: Mapping[str, Float[Array, " t"]], modes: Complex[Array, "t m"] | None) -> Observed:
    """Both, as arrays of NumPy."""
    found = {name: np.asarray(values) for name, values in curves.items()}
    return Observed(found, None if modes is None else np.asarray(modes))


def _finite(curves: dict[str, np.ndarray]) -> bool:
    return all(bool(np.all(np.isfinite(values))) for values in curves.values())


def predict(
    model: Model, system: System, case: Case, ts: np.ndarray, stride: int = 1
) -> tuple[Float[Array, "t n d"], Observed, float]:
    """Samples of the learned model and their observables, and the seconds that both took.

    Its steps are the model's own. With a `stride` of 2 they are few, and every second frame lies
    halfway between its neighbours.
    """
    start = time.perf_counter()
    mu, x0, key = model.start(named(system, case), case.particles, case.seed)
    # Noise is not smooth, nor are inner steps those from one frame to the next.
    steps = COARSE_STEPS if stride > 1 and model.method.smooth else None
    with tracing[case.model]:
        x = model.sample(x0, ts[::stride], mu, key, steps=steps)
        x = jax.block_until_ready(x if stride == 1 else _with_middles(x, system.domain(mu)))
    seen = see(*model.observe(x, ts[: len(x)], mu))
    seconds = time.perf_counter() - start
    took[Effort(case.model, case.particles, stride)] = seconds
    return x, seen, seconds


@jax.jit
def _with_middles(x: Float[Array, "t n d"], domain: Domain) -> Float[Array, "s n d"]:
    """States at the 2 t - 1 times that lie at and halfway between those of x."""
    middle = domain.wrap(x[:-1] + 0.5 * domain.displacement(x[:-1], x[1:]))
    both = jnp.stack([x[:-1], middle], 1).reshape(-1, *x.shape[1:])
    return jnp.concatenate([both, x[-1:]])


def truth(case: Case, system: System, ts: np.ndarray, axes: Axes) -> Iterator[Run]:
    """The full model's run, longer with every value; the last is complete and remembered."""
    if isinstance(system, Recorded):
        yield playback(case, system, axes)
        return
    key = (case, float(ts[-1]))
    if (known := truths.get(key)) is not None:
        yield known
        return
    mu = system.vector(named(system, case))
    x0, run_key = start_truth(system, mu, case.particles, case.seed)
    pieces = simulate_pieces(system, run_key, mu, x0, ts, saves=SAVES)
    for run in grown(case, system, ts, pieces, axes):
        if run.complete:
            truths.put(key, run)
        yield run


def grown(
    case: Case, system: System, ts: np.ndarray, pieces: Iterable[Piece], axes: Axes
) -> Iterator[Run]:
    """The run assembled from pieces of its states, longer with every piece."""
    start, ranges, growing = time.perf_counter(), Ranges.of(system, case.mu), Growing(len(ts))
    mu = system.vector(named(system, case))
    moments: list[Moments] = []
    paths: list[np.ndarray] = []
    seen: list[Observed] = []
    outside = 0.0
    for piece in pieces:
        found = digest(piece.x, ranges, len(ts))
        if not found.finite:
            raise DivergedError(
                f"The run at {named(system, case)} diverged after t = {piece.ts[0]:.3g}; choose "
                "other parameters, or more particles."
            )
        outside = max(outside, found.outside)
        moments.append(found.moments)
        paths.append(np.asarray(piece.x[:, :PATHS]))
        seen.append(see(*observe_all(system, piece.x, mu)))
        so_far = Moments(*map(np.concatenate, zip(*moments, strict=True)))
        waves = [one.modes for one in seen if one.modes is not None]
        run = Run(
            case, ts, growing.add(found.states), ranges, so_far,
            {k: np.concatenate([one.curves[k] for one in seen]) for k in seen[0].curves},
            time.perf_counter() - start, piece.done, paths=np.concatenate(paths),
            modes=np.concatenate(waves) if waves else None,
            outside=outside,
        )  # fmt: skip
        run.limits(axes)
        yield run
