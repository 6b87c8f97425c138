"""Jobs of the view "compare": learned models that compute every time separately; common times.

Flow matching and noise-conditioned score matching integrate separately for every time that is
shown: a hundred times the cost of a roll-out, in one piece that could not be stopped. Here they are
computed one time after another, at a few of the frames, so that the picture fills in step by step
and other jobs get their turn.
"""

from collections.abc import Iterator
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from dashboard.runs.catalogue import Offer
from dashboard.runs.jobs import answer, grown
from dashboard.runs.run import Axes, Case, Run, answers, named
from dashboard.runs.states import Moments
from hoam_core import Model, System
from hoam_core.checks import DivergedError
from hoam_core.evaluation import affordable_times
from hoam_core.simulation import Piece


def is_slow(model: Model) -> bool:
    """Whether a model computes every time separately, a late one at the cost of an early one."""
    ts = model.times()
    late, early = (model.method.evaluations(ts[[0, i]]) for i in (-1, 1))
    return late == early


def times_of(name: str, catalogue: Offer) -> np.ndarray:
    """The frames of a view at which a model is shown (t,), of a slow one as many as is fair."""
    model = catalogue.models[name]
    ts = catalogue.times(model.experiment.system, name)
    few = affordable_times(model) if is_slow(model) else None
    return ts if few is None else ts[:: max(1, (len(ts) - 1) // (few - 1))]


def evaluations(name: str, catalogue: Offer) -> int:
    """Cost of these frames per particle, in evaluations of the learned field."""
    return catalogue.models[name].evaluations(times_of(name, catalogue))


def learned(case: Case, catalogue: Offer, axes: Axes) -> Iterator[Run]:
    """The run of a learned model: at once, or of a slow one longer with every value.

    Raises DivergedError.
    """
    model = catalogue.model(case.model, case.share)
    if not is_slow(model):
        yield from answer(case, catalogue, axes)
        return
    if (run := known(case, catalogue)) is not None:
        yield run
        return
    ts, system = times_of(case.model, catalogue), catalogue.systems[case.system]
    for run in grown(case, system, ts, _one_by_one(model, system, case, ts), axes):
        if run.complete:
            doubts = model.doubts(named(system, case), run.curves, run.outside, case.particles)
            run = replace(run, doubts=doubts)
            answers.put((case, len(ts)), run)
        yield run


def known(case: Case, catalogue: Offer) -> Run | None:
    """The remembered run of a learned model, or None."""
    slow = is_slow(catalogue.models[case.model])
    return answers.get((case, len(times_of(case.model, catalogue))) if slow else case)


def _one_by_one(model: Model, system: System, case: Case, ts: np.ndarray) -> Iterator[Piece]:
    parameters = named(system, case)
    mu, x0, key = model.start(parameters, case.particles, case.seed)
    yield Piece(ts[:1], x0[None], 0.0)
    for i in range(1, len(ts)):
        # The same key at every time gives what one call with all of them would.
        x = model.sample(x0, ts[[0, i]], mu, key)[1:]
        if not bool(jnp.all(jnp.isfinite(x))):
            raise DivergedError(
                f"Model {model.name!r} diverged at {parameters}; choose a parameter inside the "
                "trained range."
            )
        yield Piece(ts[i : i + 1], x, i / (len(ts) - 1))


def frame_at(run: Run, time: float) -> int | None:
    """The last frame of a run that is not after a time; None where the run has not come so far.

    A run at few times stands still between two of them.
    """
    tiny = 1e-6 * float(run.ts[-1])
    frame = int(np.searchsorted(run.ts, time + tiny, side="right")) - 1
    return frame if frame < len(run) else None


def at_times(run: Run, ts: np.ndarray) -> Run | None:
    """A complete run at some of its own times; None if it lacks one of them."""
    tiny = 1e-6 * float(run.ts[-1])
    found = np.clip(np.searchsorted(run.ts, ts - tiny), 0, len(run.ts) - 1)
    if not run.complete or np.any(np.abs(run.ts[found] - ts) > 2 * tiny):
        return None
    if len(found) == len(run.ts):
        return run
    states = type(run.states)(
        np.take(run.states.array, found, run.states.axis), run.states.particles
    )
    return replace(
        run, ts=ts, states=states, moments=Moments(*(one[found] for one in run.moments)),
        paths=None,
        curves={name: values[found] for name, values in run.curves.items()},
        modes=None if run.modes is None else run.modes[found],
    )  # fmt: skip
