"""Judging a model against the full model, every error beside its noise floor.

The truth is a run of the full model; the floor is the same error between two such runs of different
seeds. No model can be judged below it. Neither shares its particles with training or prediction.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from hoam_core.checks import check_count, check_within
from hoam_core.metrics import curve_error, over_subsets, transport_distance
from hoam_core.models import Model
from hoam_core.simulate import simulate_pieces, start_truth
from hoam_core.store import observe
from hoam_core.systems import System


class Reference(NamedTuple):
    """A full-model run: its observables at all times and its states at a few."""

    ts: np.ndarray
    observables: dict[str, np.ndarray]
    states: dict[float, Float[Array, "n d"]]


def reference(
    system: System, mu: Float[Array, " p"], ts: np.ndarray, seed: int, snapshots: tuple[float, ...],
    particles: int | None = None,
) -> Reference:  # fmt: skip
    """A truth run of the system's own particle count, kept only where it is needed."""
    x0, run_key = start_truth(system, mu, particles or system.truth_particles, seed)
    curves: dict[str, list[np.ndarray]] = {}
    states = {}
    for piece in simulate_pieces(system, run_key, mu, x0, ts):
        for name, values in observe(system, piece.x, mu).items():
            curves.setdefault(name, []).append(np.asarray(values))
        for time in snapshots:
            hit = np.flatnonzero(np.isclose(piece.ts, time))
            if hit.size:
                states[time] = piece.x[hit[0]]
    return Reference(ts, {k: np.concatenate(v) for k, v in curves.items()}, states)


def evaluate(
    model: Model,
    parameters: Mapping[str, float],
    *,
    particles: int = 16_384,
    seed: int = 0,
    steps: int | None = None,
) -> xr.Dataset:
    """Errors of a model at one parameter set, each beside its floor.

    Variables: for systems with a field `electric_energy(run, time)` of model, truth and second
    truth, and its mean and L2 error with their floors (and those of the energy that a method knows
    without a roll-out); `w2(time)` and `w2_floor(time)` at half and full time, sliced in more than
    twelve dimensions. Raises ValueError for parameters outside the bounds.
    """
    stages = evaluate_steps(model, parameters, particles=particles, seed=seed, steps=steps)
    *_, (_, result) = stages
    return result


def evaluate_steps(
    model: Model, parameters: Mapping[str, float], *, particles: int, seed: int,
    steps: int | None = None,
) -> Iterator[tuple[str, xr.Dataset]]:  # fmt: skip
    """`evaluate` as a generator of (what is done now, result so far), for progress and cancel."""
    check_within("seed", seed, 0, 2**32 - 2)
    check_count("particles", particles, 10)
    system, mu = model.system, model.system.vector(parameters)
    ts = model.times()
    snapshots = (float(ts[len(ts) // 2]), float(ts[-1]))
    result = xr.Dataset(attrs={"model": model.name, "particles": particles, "seed": seed})
    result.attrs.update({f"parameter_{k}": v for k, v in system.named(mu).items()})
    yield "truth", result
    truth = reference(system, mu, ts, seed, snapshots)
    yield "second truth, for the floor", result
    other = reference(system, mu, ts, seed + 1, snapshots)
    yield "prediction", result
    run = model.predict(parameters, particles=particles, seed=seed, steps=steps)
    if "electric_energy" in truth.observables:
        energies = [
            run["electric_energy"].values,
            *(r.observables["electric_energy"] for r in (truth, other)),
        ]
        result["electric_energy"] = (("run", "time"), np.stack(energies))
        result = result.assign_coords(run=["model", "truth", "second truth"], time=ts)
        for name, curve in (("error", energies[0]), ("floor", energies[2])):
            error = curve_error(energies[1], curve)
            result[f"electric_energy_mean_{name}"] = error.mean
            result[f"electric_energy_l2_{name}"] = error.l2
        known = model.learned_energy(parameters, ts)
        if known is not None:
            result["electric_energy_learned"] = (("time",), known)
            error = curve_error(energies[1], known)
            result["electric_energy_mean_learned"] = error.mean
            result["electric_energy_l2_learned"] = error.l2
    scale, domain = model.scaling.scale, system.domain(mu)
    distance = transport_distance(len(system.components))
    values, floors = [], []
    for time in snapshots:
        yield f"transport distance at t = {time:g}", result
        mine = run["state"].sel(time=time, method="nearest").values
        for population, found in ((mine, values), (np.asarray(other.states[time]), floors)):
            # One generator for both, so that both meet the same subsets of the truth.
            rng = np.random.default_rng(seed)
            truth_state = np.asarray(truth.states[time])
            found.append(
                over_subsets(distance, truth_state, population, domain, scale, rng,
                             size=min(2_000, len(mine) // 5))
            )  # fmt: skip
    result["w2"] = (("snapshot",), np.array(values))
    result["w2_floor"] = (("snapshot",), np.array(floors))
    yield "done", result.assign_coords(snapshot=list(snapshots))


def report(result: xr.Dataset, model: Model) -> dict[str, Any]:
    """The result as plain values, in the layout of `hoam evaluate --json`."""
    names = [p.name for p in model.system.parameters]
    summary: dict[str, Any] = {
        "model": model.name,
        "parameters": {name: result.attrs[f"parameter_{name}"] for name in names},
        "particles": result.attrs["particles"],
        "seed": result.attrs["seed"],
    }
    if "electric_energy" in result:
        summary["electric_energy"] = {
            "mean_error": float(result["electric_energy_mean_error"]),
            "l2_error": float(result["electric_energy_l2_error"]),
            "floor_mean": float(result["electric_energy_mean_floor"]),
            "floor_l2": float(result["electric_energy_l2_floor"]),
        }
    if "electric_energy_learned" in result:
        summary["electric_energy"] |= {
            "learned_mean": float(result["electric_energy_mean_learned"]),
            "learned_l2": float(result["electric_energy_l2_learned"]),
        }
    summary["w2"] = [
        {"t": float(t), "value": float(v), "floor": float(f), "ratio": float(v / f)}
        for t, v, f in zip(result.snapshot, result["w2"], result["w2_floor"], strict=True)
    ]
    return summary
