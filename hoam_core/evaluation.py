"""Judge a model against the full model, every error beside its noise floor.

The truth is a run of the full model; the floor is the same error between two such runs of different
seeds. No model can be judged below it. Neither run shares particles with training or prediction.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Complex, Float

from hoam_core.checks import check_count, check_finite, check_within
from hoam_core.files.json_text import json_text
from hoam_core.metrics import (
    Distance,
    ModeFit,
    curve_error,
    density_error,
    fit_mode,
    fit_window,
    over_blocks,
    over_subsets,
    transport_distance,
)
from hoam_core.metrics.density import marginals
from hoam_core.metrics.rates import strongest, wavenumber, why, with_second
from hoam_core.metrics.transport import SUBSETS, block_size
from hoam_core.models.model import Model
from hoam_core.simulation import simulate_pieces, start_truth
from hoam_core.storage.datasets import observe_all
from hoam_core.systems import Lattice, System


class FullModelRun(NamedTuple):
    """A full-model run: its observables at all times and its states at a few."""

    ts: np.ndarray
    observables: dict[str, np.ndarray]
    states: dict[float, Float[Array, "n d"]]
    modes: Complex[np.ndarray, "t m"] | None = None


def reference(
    system: System, mu: Float[Array, " p"], ts: np.ndarray, seed: int, snapshots: tuple[float, ...],
    particles: int | None = None,
) -> FullModelRun:  # fmt: skip
    """A truth run of the system's own particle count; states are kept at `snapshots` only."""
    particles = particles or system.judged_particles or system.truth_particles
    x0, run_key = start_truth(system, mu, particles, seed)
    curves: dict[str, list[np.ndarray]] = {}
    modes: list[np.ndarray] = []
    states = {}
    for piece in simulate_pieces(system, run_key, mu, x0, ts):
        observed, waves = observe_all(system, piece.x, mu)
        modes += [] if waves is None else [np.asarray(waves)]
        for name, values in observed.items():
            curves.setdefault(name, []).append(np.asarray(values))
        for time in snapshots:
            hit = np.flatnonzero(np.isclose(piece.ts, time))
            if hit.size:
                states[time] = piece.x[hit[0]]
    observables = {k: np.concatenate(v) for k, v in curves.items()}
    check_finite(f"The full model of {system.title!r}", (observables, states))
    return FullModelRun(ts, observables, states, np.concatenate(modes) if modes else None)


class Stage(NamedTuple):
    """The current stage, and how many of all stages are done."""

    name: str
    done: int
    total: int


# The stages of a judgement: those that make the references, and those after them.
TRUTHS = ("truth", "second truth, for the floor")
JUDGED = ("prediction", "transport distances", "densities")
# Particles of each population whose densities are compared, and of its evaluations of a field, for
# methods that need many of them for each particle.
DENSITY_PARTICLES, DENSITY_EVALUATIONS = 131_072, 2**26


class FullModelRuns(NamedTuple):
    """The truth and a second truth of another seed, which gives the noise floor."""

    truth: FullModelRun
    second: FullModelRun


def quarters(ts: np.ndarray) -> tuple[float, ...]:
    """The times at which densities are compared: a quarter, half, three quarters and the end."""
    n = len(ts)
    return tuple(float(ts[i]) for i in (n // 4, n // 2, 3 * n // 4, n - 1))


def snapshots(ts: np.ndarray) -> tuple[float, float]:
    """The times at which transport distances are taken: half and full time."""
    return quarters(ts)[1], quarters(ts)[3]


def evaluate(
    model: Model,
    parameters: Mapping[str, float],
    *,
    particles: int = 16_384,
    seed: int = 0,
    steps: int | None = None,
    n_times: int | None = None,
    references: FullModelRuns | None = None,
    distances: Mapping[str, Distance] | None = None,
) -> xr.Dataset:
    """Errors of a model at one parameter set, each beside its floor.

    Variables: for systems with a field, `electric_energy(run, time)` of model, truth and second
    truth, and its mean and L2 error with their floors (and those of the energy that a method knows
    without a roll-out); for lattices, `mean_error(component)` and `spread_error`, the largest over
    time, with floors; each distance, by default `w2(snapshot)`, with its `_floor`, at half and
    full time (sliced in more than twelve dimensions), over random subsets; with the default one
    also `w2_aligned`, over aligned blocks, since truths and prediction are loaded quietly and
    keep their order: less noise, and a lower floor. The attributes `samples_of_w2` and
    `samples_of_w2_aligned` describe the samples; `growth` (JSON) holds the rate of one wave of the
    field beside linear theory; those of `densities`, with their floor. Raises ValueError for
    parameters outside the bounds.
    """
    options = {"references": references, "distances": distances, "n_times": n_times}
    stages = evaluate_steps(
        model, parameters, particles=particles, seed=seed, steps=steps, **options
    )
    *_, (_, result) = stages
    return result


def evaluate_steps(
    model: Model, parameters: Mapping[str, float], *, particles: int, seed: int,
    steps: int | None = None, n_times: int | None = None, references: FullModelRuns | None = None,
    distances: Mapping[str, Distance] | None = None,
) -> Iterator[tuple[Stage, xr.Dataset]]:  # fmt: skip
    """`evaluate` as a generator of (stage, result so far), for progress and cancel."""
    check_within("seed", seed, 0, 2**32 - 2)
    particles = check_count("particles", particles, 10)
    system, mu = model.system, model.system.vector(parameters)
    ts = model.times(n_times=n_times)
    is_usual = distances is None
    if distances is None:
        distances = {"w2": transport_distance(len(system.components))}
    about = {"particles": particles, "seed": seed}
    result = xr.Dataset(attrs=model.provenance(particles, steps) | about)
    result.attrs.update({f"parameter_{k}": v for k, v in system.named(mu).items()})
    names = JUDGED if references is not None else (*TRUTHS, *JUDGED)
    stages = (Stage(name, i, len(names)) for i, name in enumerate((*names, "done")))
    if references is None:
        yield next(stages), result
        truth = reference(system, mu, ts, seed, quarters(ts))
        yield next(stages), result
        references = FullModelRuns(truth, reference(system, mu, ts, seed + 1, quarters(ts)))
    yield next(stages), result
    run = model.predict(parameters, particles=particles, seed=seed, steps=steps, n_times=n_times)
    result.attrs["warnings"] = run.attrs["warnings"]
    if "electric_energy" in references.truth.observables:
        known = model.learned_energy(parameters, ts)
        result = _energy(result, run["electric_energy"].values, references, known)
    if found := _growth(model, mu, run, references):
        result.attrs["growth"] = json_text(found)
    if isinstance(system, Lattice):
        result = _means(result, system, run, references)
    yield next(stages), result
    result = _distances(result, model, mu, run, references, distances, seed, aligned=is_usual)
    yield next(stages), result
    found = densities(model, parameters, references, seed=seed, steps=steps)
    result = result.merge(found).assign_attrs(result.attrs | found.attrs)
    yield next(stages), result


def _energy(
    result: xr.Dataset, energy: np.ndarray, references: FullModelRuns, known: np.ndarray | None
) -> xr.Dataset:
    """Curves and errors of the electric energy."""
    truth, second = (r.observables["electric_energy"] for r in references)
    result["electric_energy"] = (("run", "time"), np.stack([energy, truth, second]))
    result = result.assign_coords(run=["model", "truth", "second truth"], time=references.truth.ts)
    curves = {"error": energy, "floor": second}
    if known is not None:
        result["electric_energy_learned"] = (("time",), known)
        curves["learned"] = known
    for name, curve in curves.items():
        error = curve_error(truth, curve)
        result[f"electric_energy_mean_{name}"] = error.mean
        result[f"electric_energy_l2_{name}"] = error.l2
    return result


def _growth(
    model: Model, mu: Array, run: xr.Dataset, references: FullModelRuns
) -> dict[str, Any] | None:
    """The rate of one wave of the field in truth and model, beside linear theory (rates.py)."""
    system, (truth, second) = model.system, references
    theory = system.linear_modes(mu)
    if truth.modes is None or not theory:
        return None
    mode = strongest(truth.modes, theory)
    fit = fit_mode(truth.ts, truth.modes, mode.number, grows=mode.growth_rate > 0)
    fits: dict[str, ModeFit | None] = {"truth": fit, "model": None}
    if fit is not None:
        fits["truth"] = fit = with_second(fit, truth.ts, second.modes, mode)
        ts = run["time"].values
        modes = np.asarray(model.observe(jnp.asarray(run["state"].values), ts, mu)[1])
        window = fit.start, fit.end
        fits["model"] = fit_window(ts, modes, mode.number, window)
    told = {kind: one._asdict() if one else None for kind, one in fits.items()}
    words = why(fit, mode, theory, truth.ts, truth.modes, wavenumber(system, mu))
    return {"mode": mode.number, "theory": mode.growth_rate, **told, "why": words}


def _means(
    result: xr.Dataset, lattice: Lattice, run: xr.Dataset, references: FullModelRuns
) -> xr.Dataset:
    """Largest error over time of the mean and of the spread of each observable of a lattice."""
    names = [c.name for c in lattice.components]
    result = result.assign_coords(component=names)
    truth = references.truth.observables
    others = {"error": {k: run[k].values for k in truth}, "floor": references.second.observables}
    for kind, other in others.items():
        for what, suffix in (("mean", ""), ("spread", "_spread")):
            found = [np.abs(other[n + suffix] - truth[n + suffix]).max() for n in names]
            result[f"{what}_{kind}"] = (("component",), np.array(found))
    return result


def _distances(
    result: xr.Dataset, model: Model, mu: Array, run: xr.Dataset, references: FullModelRuns,
    distances: Mapping[str, Distance], seed: int, *, aligned: bool,
) -> xr.Dataset:  # fmt: skip
    """Distances of model and second truth from the truth, at the snapshots."""
    domain, scale = model.system.domain(mu), model.scaling.scale
    times = [t for t in references.truth.states if t in snapshots(references.truth.ts)]
    size = min(2_000, len(run.particle) // SUBSETS)
    block = block_size(len(references.truth.states[times[0]]), len(run.particle))

    def by_subsets(distance: Distance, a: np.ndarray, b: np.ndarray) -> float:
        # One generator for both, so that both meet the same subsets of the truth.
        rng = np.random.default_rng(seed)
        return over_subsets(distance, a, b, domain, scale, rng, size=size)

    def by_blocks(distance: Distance, a: np.ndarray, b: np.ndarray) -> float:
        return over_blocks(distance, a, b, domain, scale, largest=block)

    ways = {"": (by_subsets, f"{SUBSETS} random subsets of {size:,}")}
    if aligned:
        ways["_aligned"] = by_blocks, f"{SUBSETS} aligned blocks of {block:,}"
    for (name, distance), (suffix, (measure, words)) in product(distances.items(), ways.items()):
        values = np.zeros((2, len(times)))
        for i, time in enumerate(times):
            truth, second = (np.asarray(r.states[time]) for r in references)
            mine = run["state"].sel(time=time, method="nearest").values
            values[:, i] = [measure(distance, truth, other) for other in (mine, second)]
        result[f"{name}{suffix}"] = (("snapshot",), values[0])
        result[f"{name}{suffix}_floor"] = (("snapshot",), values[1])
        result.attrs[f"samples_of_{name}{suffix}"] = words
    return result.assign_coords(snapshot=times)


def densities(
    model: Model, parameters: Mapping[str, float], references: FullModelRuns, *, seed: int,
    steps: int | None = None,
) -> xr.Dataset:  # fmt: skip
    """Density errors of model and second truth, each the largest of all planes.

    Variables `density`, `density_floor` and `density_plane`, where the model's is largest, over
    `quarter`, the times at which the references have states. As many samples are compared as these
    have, but at most 131,072, and fewer where a method needs many evaluations of its field.
    """
    times = list(references.truth.states)
    asked = np.array([0.0, *times])
    most = min(DENSITY_PARTICLES, len(references.truth.states[times[0]]))
    evaluations = max(model.method.evaluations(asked, steps or model.steps), 1)
    # A power of two, so that the first of a quiet population are quiet too.
    particles = 2 ** (max(min(most, DENSITY_EVALUATIONS // evaluations), 1).bit_length() - 1)
    mu, x0, key = model.start(parameters, particles, seed)
    path = np.asarray(model.sample(x0, asked, mu, key, steps=steps))[1:]
    rows = []
    for time, mine in zip(times, path, strict=True):
        truth, second = (np.asarray(r.states[time])[:particles] for r in references)
        on = marginals(model.system, mu)
        errors, floors = ([density_error(x, truth, one) for one in on] for x in (mine, second))
        # The largest of each: the floor on the plane of the model's largest error would be too low.
        rows.append((max(errors), max(floors), on[int(np.argmax(errors))]))
    return xr.Dataset(
        {
            "density": (("quarter",), [value for value, _, _ in rows]),
            "density_floor": (("quarter",), [floor for _, floor, _ in rows]),
            "density_plane": (("quarter",), ["-".join(one.names) for *_, one in rows]),
        },
        coords={"quarter": times},
        attrs={"samples_of_density": f"{particles:,} samples"},
    )


def report(result: xr.Dataset, model: Model) -> dict[str, Any]:
    """The result as plain values, in the layout of `hoam evaluate --json`."""
    names = [p.name for p in model.system.parameters]
    summary: dict[str, Any] = {
        "model": model.name,
        "parameters": {name: result.attrs[f"parameter_{name}"] for name in names},
        "particles": result.attrs["particles"],
        "seed": result.attrs["seed"],
        "steps": result.attrs["steps"],
        "warnings": json.loads(result.attrs["warnings"]),
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
    if "growth" in result.attrs:
        summary["growth"] = json.loads(result.attrs["growth"])
    if "mean_error" in result:
        kinds = ("mean_error", "mean_floor", "spread_error", "spread_floor")
        summary["observables"] = {
            str(name): {kind: float(result[kind].sel(component=name)) for kind in kinds}
            for name in result.component.values
        }
    for name in (n for n in result.data_vars if f"{n}_floor" in result):
        over = result[result[name].dims[0]]
        rows = zip(over, result[name], result[f"{name}_floor"], strict=True)
        summary[str(name)] = [
            {"t": float(t), "value": float(v), "floor": float(f), "ratio": float(v / f)}
            for t, v, f in rows
        ]
        summary.setdefault("samples", {})[str(name)] = result.attrs[f"samples_of_{name}"]
    if "density_plane" in result:
        for row, plane in zip(summary["density"], result["density_plane"].values, strict=True):
            row["plane"] = str(plane)
    return summary


def other_seeds(seed: int, count: int) -> list[int]:
    """`count` seeds from `seed` on, of which no two share a truth: each takes the next one too."""
    return [(seed + 2 * i) % (2**32 - 1) for i in range(count)]


def uncertainty(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Standard deviations over reports of several seeds, in their layout; at least two of them."""
    check_count("seeds", len(reports), 2)

    def spread(those: Sequence[Any]) -> Any:
        first = those[0]
        if isinstance(first, Mapping):
            return {key: spread([one[key] for one in those]) for key in first}
        if isinstance(first, list):
            return [spread(rows) for rows in zip(*those, strict=True)]
        return float(np.std(those, ddof=1))

    found: dict[str, Any] = {"seeds": [one["seed"] for one in reports]}
    for name in ("electric_energy", "observables"):
        if name in reports[0]:
            found[name] = spread([one[name] for one in reports])
    for name in reports[0]["samples"]:
        # Which plane is the worst may differ between seeds.
        rows = [[{k: row[k] for k in ("value", "floor")} for row in one[name]] for one in reports]
        found[name] = [
            {"t": row["t"], **one} for row, one in zip(reports[0][name], spread(rows), strict=True)
        ]
    return found


def affordable_times(model: Model) -> int | None:
    """Number of saved times for a prediction that is judged or drawn; None: the model's own.

    It is few for methods that integrate anew for every saved time and would otherwise take hours.
    """
    return None if model.method.evaluations(model.times(), None) <= 5_000 else 21
