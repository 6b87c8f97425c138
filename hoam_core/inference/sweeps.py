"""Sweeps of a learned model over a parameter, and observables for an uncertain parameter.

A sweep is a table: observables over time at many values of one parameter, the others held fixed.
All its runs share their random numbers (the points of the unit cube that are loaded, and the key of
the noise), so that the table is as smooth in the parameter as the model itself. The runs go one
after another through one compiled roll-out, which on few cores is faster than many at once, and
from coarse to fine: a sweep that is stopped early covers the whole range, with fewer values.

Where a method knows the electric energy without a roll-out, the sweep has it as
`electric_energy_learned`. It costs a thousandth of a run and has no particle noise.

A parameter with a distribution p(mu) makes every observable f(t; mu) a random curve. Its quantiles
are those of f(t; mu_i) at stratified draws mu_i, interpolated in the table by cubic splines along
the parameter (of the logarithm for energies, which grow exponentially).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Float
from scipy.interpolate import CubicSpline, interp1d

from hoam_core.checks import check_count, check_within, lookup
from hoam_core.files.json_text import json_text
from hoam_core.metrics.physics import TINY
from hoam_core.models.model import Model
from hoam_core.models.plausibility import share_outside
from hoam_core.numerics.loading import quiet
from hoam_core.seeds import run_keys
from hoam_core.systems import Observable, Parameter, Recorded, System
from hoam_core.version import __version__

LEARNED = "_learned"
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)


def sweep(model: Model, name: str, values: Sequence[float], **options) -> xr.Dataset:
    """Observables over time at many values of one parameter: the final table of `sweep_steps`."""
    *_, (_, table) = sweep_steps(model, name, values, **options)
    return table


def sweep_steps(
    model: Model,
    name: str,
    values: Sequence[float],
    *,
    parameters: Mapping[str, float] | None = None,
    observables: Sequence[str] | None = None,
    particles: int = 1_024,
    seed: int = 0,
    n_times: int | None = None,
    steps: int | None = None,
    every: int = 1,
) -> Iterator[tuple[float, xr.Dataset]]:
    """Observables over time at many `values` of the parameter `name`, coarse to fine.

    Yields the share done and the table so far, after every `every` runs: variables
    (name, time) with units, sorted by value, with provenance in the attributes. `parameters` holds
    the other parameters (their defaults unless given), `observables` is one or more of
    `observables_of(model)`, by default all that roll-outs give. Rows of diverged runs are NaN.
    Raises ValueError for unknown names, values outside the hard bounds or fewer than two.
    """
    system = model.system
    about = lookup(name, {p.name: p for p in system.parameters}, "parameter")
    fixed = {p.name: p.default for p in system.parameters} | dict(parameters or {})
    grid = _grid(name, values)
    points = [fixed | {name: float(value)} for value in grid]
    for point in points:
        system.vector(point)
    known = {o.name: o for o in observables_of(model)}
    wanted = [lookup(one, known, "observable") for one in observables or _rolled(known)]
    ts = model.times(n_times=n_times)
    run = _runner(model, ts, [o.name for o in wanted], particles, seed, steps)
    attributes = {
        "system": system.name, "method": model.experiment.method,
        **model.provenance(particles, steps),
        "parameters": json_text({k: v for k, v in fixed.items() if k != name}), "swept": name,
        "particles": int(particles), "seed": int(seed), "version": __version__,
    }  # fmt: skip
    table = partial(_table, model.system, about, wanted, ts, _trained(model, name))
    rows: dict[int, list[np.ndarray]] = {}
    doubted: dict[int, list[str]] = {}
    for i in coarse_to_fine(len(grid)):
        rows[i], doubts = run(points[i])
        doubted[i] = [f"{name} = {grid[i]:g}: {sentence}" for sentence in doubts]
        if len(rows) % every == 0 or len(rows) == len(grid):
            here = sorted(rows)
            said = json_text([one for j in here for one in doubted[j]], ensure_ascii=False)
            told = attributes | {"warnings": said}
            yield len(rows) / len(grid), table(told, grid[here], [rows[j] for j in here])


def observables_of(model: Model) -> list[Observable]:
    """Observables that a sweep can give: the system's own, and the learned energy if any."""
    found = list(model.system.observable_info)
    energy = next((o for o in found if o.name == "electric_energy"), None)
    if energy is not None and model.method.modes is not None:
        label = f"{energy.label}, without roll-out"
        found.append(Observable(energy.name + LEARNED, label, energy.unit))
    return found


def is_energy(observable: str) -> bool:
    """Whether an observable is an energy, which is compared by its logarithm."""
    return observable.removesuffix(LEARNED) == "electric_energy"


def levels(values: Float[np.ndarray, " ..."], observable: str) -> Float[np.ndarray, " ..."]:
    """Values as they are interpolated and compared: energies by their logarithms."""
    values = np.asarray(values, float)
    return np.log(np.maximum(values, TINY)) if is_energy(observable) else values


def coarse_to_fine(n: int) -> list[int]:
    """The indices 0..n-1, both ends first, then by repeated halving of the gaps."""
    if n < 3:
        return list(range(n))
    order, stride = [0, n - 1], 1 << (n - 2).bit_length()
    while stride:
        order += range(stride, n - 1, 2 * stride)
        stride //= 2
    return order


def surface(
    table: xr.Dataset, observable: str
) -> Callable[[Float[np.ndarray, " k"]], Float[np.ndarray, "k t"]]:
    """A function that interpolates an observable of a table by cubic splines in the parameter.

    Energies are interpolated, and returned, as logarithms. Runs that diverged are left out.
    """
    name = table.attrs["swept"]
    values = levels(
        lookup(observable, {str(k): v for k, v in table.data_vars.items()}, "observable").values,
        observable,
    )
    finite = np.isfinite(values).all(axis=1)
    grid = np.asarray(table[name], float)[finite]
    check_count(f"finite runs over {name}", len(grid), 2)
    if len(grid) < 4:
        return interp1d(grid, values[finite], axis=0)
    return CubicSpline(grid, values[finite], axis=0)


def uncertain(
    table: xr.Dataset,
    observable: str,
    distribution,
    *,
    draws: int = 4_096,
    seed: int = 0,
    quantiles: Sequence[float] = QUANTILES,
) -> xr.Dataset:
    """Quantiles of an observable whose parameter follows a frozen distribution of scipy.stats.

    Variables `<observable>(quantile, time)`, its `<observable>_mean(time)`, and the drawn values of
    the parameter, `<name>_draw(draw)`. The part of the distribution outside the range of the table
    is cut off; its share is the attribute `outside`. Raises ValueError where more than half is.
    """
    draws = check_count("draws", draws, 2)
    name = table.attrs["swept"]
    low, high = float(table[name][0]), float(table[name][-1])
    inside = distribution.cdf([low, high])
    if not (outside := 1 - float(inside[1] - inside[0])) <= 0.5 + 1e-9:
        raise ValueError(
            f"The distribution of `{name}` lies to {100 * outside:.0f} % outside the swept range "
            f"{low:g} to {high:g}; move it inside, make it narrower, or sweep a wider range."
        )
    # One draw in each of as many equally likely parts, as quiet loading does.
    u = (np.arange(draws) + np.random.default_rng(seed).random(draws)) / draws
    drawn = np.clip(distribution.ppf(inside[0] + u * (inside[1] - inside[0])), low, high)
    curves = surface(table, observable)(drawn)
    curves = np.exp(curves) if is_energy(observable) else curves
    attributes = dict(table[observable].attrs)
    variables = {
        observable: (("quantile", "time"), np.quantile(curves, quantiles, axis=0), attributes),
        f"{observable}_mean": (("time",), curves.mean(axis=0), attributes),
        f"{name}_draw": (("draw",), drawn, dict(table[name].attrs)),
    }
    provenance = table.attrs | {"draws": draws, "draw_seed": seed, "outside": outside}
    coordinates = {"time": table["time"], "quantile": list(quantiles)}
    return xr.Dataset(variables, coordinates, provenance)


def _grid(name: str, values: Sequence[float]) -> Float[np.ndarray, " k"]:
    grid = np.unique(np.asarray(values, float).ravel())
    check_count(f"different values of {name}", len(grid), 2)
    return grid


def _rolled(known: Mapping[str, Observable]) -> list[str]:
    return [name for name in known if not name.endswith(LEARNED)]


def _trained(model: Model, name: str) -> list[float]:
    names = [p.name for p in model.system.parameters]
    return [float(value) for value in model.experiment.axes[names.index(name)]]


def _runner(
    model: Model, ts: np.ndarray, wanted: list[str], particles: int, seed: int, steps: int | None
) -> Callable[[Mapping[str, float]], tuple[list[np.ndarray], list[str]]]:
    """A function from parameters to the wanted curves and the warnings about their run.

    It rolls out only if one of the curves needs it.
    """
    particles = check_count("particles", particles)
    if steps is not None:
        steps = check_count("steps", steps)
    check_within("seed", seed, 0, 2**32 - 1)
    system = model.system
    needs_run = any(not name.endswith(LEARNED) for name in wanted)
    start_key, run_key = run_keys(seed, "predict")
    u = quiet(start_key, particles, system.loading_dimension) if needs_run else None

    def run(point):
        curves, doubts = {}, model.outside(point)
        if u is not None:
            mu = system.vector(point)
            # Recorded particles are picked by NumPy; compiled code would embed them as constants.
            load = system.load if isinstance(system, Recorded) else partial(_load, system)
            x = model.sample(load(u, mu), ts, mu, run_key, steps=steps)
            curves = {k: np.asarray(v, float) for k, v in model.observe(x, ts, mu)[0].items()}
            # A diverged run is missing from the table, so it needs no further warning.
            if all(np.isfinite(curve).all() for curve in curves.values()):
                outside = float(share_outside(system, mu, x).max())
                doubts = [*doubts, *model.doubts(point, curves, outside, particles, steps)]
        if "electric_energy" + LEARNED in wanted:
            learned = model.learned_energy(point, ts)
            curves["electric_energy" + LEARNED] = np.asarray(learned, float)
        return [curves[name] for name in wanted], doubts

    return run


@partial(jax.jit, static_argnums=0)
def _load(system: System, u: Float[Array, "n k"], mu: Float[Array, " p"]) -> Float[Array, "n d"]:
    return system.load(u, mu)


def _table(
    system: System, about: Parameter, wanted: list[Observable], ts: np.ndarray,
    trained: list[float], attributes: dict[str, Any], grid: np.ndarray,
    rows: list[list[np.ndarray]],
) -> xr.Dataset:  # fmt: skip
    """A labelled table from the curves of every value."""
    variables = {}
    for o, values in zip(wanted, np.swapaxes(np.asarray(rows), 0, 1), strict=True):
        units = {"units": o.unit or "1", "long_name": o.label}
        # A run that is not finite is missing as a whole.
        finite = np.isfinite(values).all(axis=1, keepdims=True)
        variables[o.name] = ((about.name, "time"), np.where(finite, values, np.nan), units)
    told = {"units": "1", "long_name": about.label, "training_values": trained}
    coordinates = {
        about.name: (about.name, grid, told),
        "time": ("time", np.asarray(ts), system.time_attributes),
    }
    return xr.Dataset(variables, coordinates, attributes | {"runs": len(grid)})
