r"""How many training values a model needs that interpolates means of the population.

Between two training values of a parameter the error of interpolation is largest near the middle. A
run of the full model there tells it,

    e = |m_interpolated - m| / |m|    (norm over time and means),

and two runs that differ in their seed tell its floor. Greedy refinement adds the value with the
largest error, until all are within 1.5 floors or there are as many values as may be: a few where
the population depends smoothly on the parameter, many where it does not. With several parameters
a value joins the axis on which it errs most; the others are at their lowest, middle and highest
training value then.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from hoam_core.checks import check_count
from hoam_core.data import Ensemble
from hoam_core.methods.mean_field import means_of
from hoam_core.numerics.interpolation import CardinalSpline, grid_weights
from hoam_core.numerics.loading import LOADINGS
from hoam_core.seeds import seed_key
from hoam_core.systems import get_system
from hoam_core.training.experiment import Experiment, parameter_grid

Point = tuple[float, ...]
# Both errors are random: what is interpolated carries the noise of the training runs too.
ALIKE = 1.5


class Spacing(NamedTuple):
    """Training values so far; the largest error between them, where, and the floor there."""

    experiment: Experiment
    error: float
    floor: float
    where: Point
    runs: int
    finished: bool = False


@final
class _Runs:
    """Means of full-model runs, each made once."""

    def __init__(self, experiment: Experiment):
        self._experiment, self._system = experiment, get_system(experiment.system)
        self._known: dict[tuple[Point, int], Float[np.ndarray, "t k"]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, point: Point, which: int = 0) -> Float[np.ndarray, "t k"]:
        """Of a parameter; `which` chooses the seed."""
        if (point, which) not in self._known:
            self._known[point, which] = self._run(point, which)
        return self._known[point, which]

    def _run(self, point: Point, which: int) -> Float[np.ndarray, "t k"]:
        experiment, law = self._experiment, self._system.mean_field
        if law is None:
            raise ValueError(
                f"Argument `experiment` must be of a system whose `mean_field` is known, but is of "
                f"{experiment.system!r}."
            )
        key = jax.random.fold_in(seed_key(experiment.seed, "spacing"), which)
        start_key, run_key = jax.random.split(jax.random.fold_in(key, len(self._known)))
        mu = jnp.asarray(point)
        loading = LOADINGS[experiment.loading]
        x0 = self._system.initial(start_key, mu, experiment.particles, loading)
        x = self._system.simulate(run_key, mu, x0, experiment.times)
        ts = jnp.asarray(experiment.times, x.dtype)
        return np.asarray(means_of(law, Ensemble(mu[None], ts, x[None]))[0])


def relative(a: Float[np.ndarray, "t k"], b: Float[np.ndarray, "t k"]) -> float:
    """|a - b| / |b|; zero where both are."""
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), np.finfo(float).tiny))


def middle(low: float, high: float, tests: tuple[float, ...]) -> float:
    """The middle of an interval, or a value near it: at test values nothing is trained."""
    value = float(f"{0.5 * (low + high):.6g}")
    return value if value not in tests else float(f"{0.55 * low + 0.45 * high:.6g}")


def _points(axes: tuple[Point, ...], axis: int, value: float) -> list[Point]:
    """Where a candidate value of an axis is tried: the others low, in the middle and high."""
    others = [
        (value,) if i == axis else tuple(dict.fromkeys((own[0], own[len(own) // 2], own[-1])))
        for i, own in enumerate(axes)
    ]
    return list(product(*others))


class _Candidate(NamedTuple):
    """A value that may join an axis, with the error, the floor and the place where it errs most."""

    axis: int
    value: float
    error: float
    floor: float
    where: Point

    @property
    def ratio(self) -> float:
        return self.error / max(self.floor, np.finfo(float).tiny)


def _candidates(experiment: Experiment, runs: _Runs) -> Iterator[_Candidate]:
    """The middle of every interval of every axis."""
    axes, system = experiment.axes, get_system(experiment.system)
    splines = [CardinalSpline.through(axis) for axis in axes]
    grid = np.asarray(parameter_grid(axes), float)
    known = np.stack([runs(tuple(float(f"{v:.6g}") for v in point)) for point in grid])
    for axis, own in enumerate(axes):
        for pair in pairwise(own):
            value = middle(*pair, system.parameters[axis].test)
            found = []
            for point in _points(axes, axis, value):
                weights = np.asarray(grid_weights(splines, jnp.asarray(point)))
                truth, second = runs(point), runs(point, 1)
                error = relative(np.tensordot(weights, known, 1), truth)
                found.append(_Candidate(axis, value, error, relative(second, truth), point))
            yield max(found, key=lambda one: one.ratio)


def refine(experiment: Experiment, *, most: int = 256) -> Iterator[Spacing]:
    """The experiment with ever more training values, up to `most` combinations of them.

    A generator, for progress and cancel; the last one is finished. Raises ValueError for a system
    whose equation of one particle is not known.
    """
    most = check_count("most", most, len(parameter_grid(experiment.axes)))
    runs = _Runs(experiment)
    while True:
        worst = _Candidate(0, 0.0, 0.0, 0.0, ())
        for one in _candidates(experiment, runs):
            worst = max(worst, one, key=lambda one: one.ratio)
            yield Spacing(experiment, worst.error, worst.floor, worst.where, len(runs))
        axes = list(experiment.axes)
        axes[worst.axis] = tuple(sorted({*axes[worst.axis], worst.value}))
        if worst.ratio <= ALIKE or len(parameter_grid(tuple(axes))) > most:
            told = worst.error, worst.floor, worst.where, len(runs)
            yield Spacing(experiment, *told, finished=True)
            return
        experiment = replace(experiment, axes=tuple(axes))
