"""The numbers of steps and particles that a model needs, measured at the test parameters.

Steps: the fewest of 100, 200, 400, ... (or from its own number for a method that knows the
equations) for which the curves of the observables differ from those with four times as many steps
by less than the latter differ from the truth. More steps would change less than the model's error;
with fewer the integration would add to that error.

Particles: a closed loop takes its field from its own population, so that a small one can run away.
The model needs the least power of two from which on every run is plausible (plausibility.py), with
two seeds at the tests, at the corners of the trained range and in its middle. Where particles do
not interact any number will do.
"""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from hoam_core.checks import DivergedError
from hoam_core.models.model import Model
from hoam_core.models.plausibility import FIELD, growth_of
from hoam_core.storage.datasets import observe

Values = Mapping[str, float]
Curves = Mapping[str, Float[np.ndarray, " t"]]
FEWEST_STEPS, MOST_STEPS = 100, 1_600
FEWEST, USUAL, MOST = 64, 4_096, 16_384
SEEDS = (1, 2)
# Smaller distances are due to rounding, or to chance in the paths of single particles.
ALIKE = 2e-3


def with_growth(model: Model, runs: Iterable[Float[Array, "t n d"]] | None) -> Model:
    """The model with the growth of its field's energy in each training run, if it has a field.

    Without the runs the energy is what the method knows without a roll-out.
    """
    system = model.system
    if all(o.name != FIELD for o in system.observable_info):
        return model
    places = list(product(*model.experiment.axes))
    if runs is None:
        names, ts = [p.name for p in system.parameters], model.times()
        known = [model.learned_energy(dict(zip(names, mu, strict=True)), ts) for mu in places]
        energies = [energy for energy in known if energy is not None]
    else:
        pairs = zip(runs, places, strict=True)
        energies = [np.asarray(observe(system, x, jnp.asarray(mu))[FIELD]) for x, mu in pairs]
    growth = tuple(map(growth_of, energies))
    return replace(model, limits=replace(model.limits, growth=growth))


def measured(
    model: Model, tests: Sequence[Values], truths: Sequence[Curves]
) -> Generator[None, None, Model]:
    """The model with the steps and particles that it needs; a generator that yields between runs.

    `truths` are the observables of the full model at each of the `tests`, at equispaced times of
    the trained range. Tests at which the model extrapolates are left out.
    """
    known = [
        (values, truth)
        for values, truth in zip(tests, truths, strict=True)
        if not model.outside(values)
    ]
    if not model.method.smooth:
        return model
    if known:
        steps = yield from _steps(model, known)
        model = replace(model, limits=replace(model.limits, steps=steps))
    if not model.method.coupled:
        return model
    particles = yield from _particles(model, [*(values for values, _ in known), *places(model)])
    return replace(model, limits=replace(model.limits, particles=particles))


def places(model: Model) -> list[dict[str, float]]:
    """The corners of the trained range, and its middle."""
    ranges = model.trained_range()
    corners = [dict(zip(ranges, corner, strict=True)) for corner in product(*ranges.values())]
    return [*corners, {name: 0.5 * (low + high) for name, (low, high) in ranges.items()}]


def difference(one: Curves, other: Curves) -> float:
    """Relative L2 distance over time: of the field energies, or else of all curves together."""
    names = [FIELD] if FIELD in other else list(other)
    first, second = (np.concatenate([np.asarray(c[n], float) for n in names]) for c in (one, other))
    return float(np.linalg.norm(first - second) / np.linalg.norm(second))


def _steps(model: Model, tests: Sequence[tuple[Values, Curves]]) -> Generator[None, None, int]:
    # Of a known equation the steps are chosen for the densities, finer than any curve.
    steps = model.method.steps if model.entry.knows_equations else FEWEST_STEPS
    known: dict[tuple[int, int], Curves | None] = {}
    while steps < MOST_STEPS:
        for i, (values, truth) in enumerate(tests):
            n_times = len(next(iter(truth.values())))
            for count in (steps, 4 * steps):
                if (i, count) not in known:
                    known[i, count] = _curves(model, values, count, n_times, list(truth))
                    yield
            few, many = known[i, steps], known[i, 4 * steps]
            if few is None or many is None:
                break
            if difference(few, many) > max(difference(many, truth), ALIKE):
                break
        else:
            return steps
        steps *= 2
    return steps


def _particles(model: Model, tried: Sequence[Values]) -> Generator[None, None, int]:
    particles = MOST
    while particles > FEWEST:
        for values, seed in product(tried, SEEDS):
            run = _run(model, values, particles=particles // 2, seed=seed, n_times=51)
            if run is None or json.loads(run.attrs["warnings"]):
                return particles
            yield
        particles //= 2
    return particles


def _curves(
    model: Model, values: Values, steps: int, n_times: int, names: list[str]
) -> Curves | None:
    run = _run(model, values, particles=USUAL, seed=SEEDS[0], n_times=n_times, steps=steps)
    return None if run is None else {name: run[name].values for name in names}


def _run(model: Model, values: Values, **options: Any) -> xr.Dataset | None:
    try:
        return model.predict(values, **options)
    except DivergedError:
        return None
