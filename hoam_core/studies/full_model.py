"""Runs of the full model over a grid of parameters and seeds.

Each run equals that of `simulate` with the same options. Runs of one seed share their random
numbers, so that they differ by their parameters only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from hoam_core.checks import check_count, check_names, check_within, lookup
from hoam_core.numerics.loading import LOADINGS
from hoam_core.simulation import simulate_steps
from hoam_core.studies.base import Study
from hoam_core.studies.cluster import Result, Stages
from hoam_core.studies.task_store import Layout, Variable
from hoam_core.systems import Lattice, System, get_system
from hoam_core.version import __version__


def full_model_study(
    system: System | str,
    values: Mapping[str, Sequence[float]],
    *,
    seeds: Sequence[int] = (0,),
    particles: int | None = None,
    t_end: float | None = None,
    n_times: int | None = None,
    loading: str = "quiet",
    states: bool = False,
) -> Study:
    """A study that runs the full model at every combination of the values and seeds.

    By default with 16,384 particles, or for a lattice with as many runs as its models are judged
    by. Variables: each observable over (parameters, seed, time), in the order of `values`, and with
    `states` also state(..., time, particle, component) in physical units. Raises ValueError for
    unknown names, and for values that are outside the bounds or given twice.
    """
    if isinstance(system, str):
        system = get_system(system)
    first = {name: axis[0] for name, axis in values.items() if axis}
    check_names("parameter", system.complete(first), [p.name for p in system.parameters])
    if particles is None:
        runs = system.judged_particles or system.truth_particles
        particles = runs if isinstance(system, Lattice) else 16_384
    particles = check_count("particles", particles)
    lookup(loading, LOADINGS, "loading")
    axes: dict[str, Sequence[Any]] = {
        name: [float(v) for v in axis] for name, axis in values.items()
    }
    axes["seed"] = [int(seed) for seed in seeds]
    for name, axis in axes.items():
        if not axis or len(set(axis)) < len(axis):
            raise ValueError(
                f"Argument `{name}` must hold at least one value and none twice, but is {axis}."
            )
    for seed in seeds:
        check_within("seed", seed, 0, 2**32 - 1)
    ts = system.times(t_end, n_times)
    options = {
        "system": system.name, "particles": particles, "t_end": float(ts[-1]), "n_times": len(ts),
        "loading": loading, "states": states,
    }  # fmt: skip
    precision = jnp.zeros(()).dtype.name
    plan = {"study": "full-model", **options, "grid": axes, "precision": precision}
    layout = _layout(system, {**plan, "version": __version__}, axes, ts, particles, states)
    for point in layout.points():
        system.vector({name: point[name] for name in values})
    return Study(layout, tuple({**options, "point": p} for p in layout.points()), run)


def _layout(
    system: System, plan: Mapping[str, Any], axes: Mapping[str, Sequence[Any]],
    ts: np.ndarray, particles: int, states: bool,
) -> Layout:  # fmt: skip
    variables = {
        o.name: Variable(("time",), {"units": o.unit or "1", "long_name": o.label})
        for o in system.observable_info
    }
    coordinates: dict[str, Sequence[Any]] = {"time": [float(t) for t in ts]}
    if states:
        units = ", ".join(f"{c.name}: {c.unit or '1'}" for c in system.components)
        variables["state"] = Variable(("time", "particle", "component"), {"units": units})
        coordinates["particle"] = range(particles)
        coordinates["component"] = [c.name for c in system.components]
    about = {p.name: {"units": "1", "long_name": p.label} for p in system.parameters}
    about["time"] = system.time_attributes
    return Layout(plan, axes, variables, coordinates, about, dtype=str(plan["precision"]))


def run(task: Mapping[str, Any]) -> Stages:
    """Run the full model at one point of the grid."""
    options = {name: task[name] for name in ("particles", "t_end", "n_times")}
    parameters = {name: value for name, value in task["point"].items() if name != "seed"}
    name = ", ".join(f"{k} = {v:g}" for k, v in task["point"].items())
    result = Result({})
    for share, found in simulate_steps(
        get_system(task["system"]), parameters, seed=task["point"]["seed"],
        loading=LOADINGS[task["loading"]], **options,
    ):  # fmt: skip
        yield name, share
        result = Result({str(variable): found[variable].values for variable in found})
    if not task["states"]:
        del result.values["state"]
    return result
