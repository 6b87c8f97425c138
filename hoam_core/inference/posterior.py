r"""Infer the parameter of a measured curve, with its uncertainty, by fitting a learned model.

The measurement is y(t_j), say the logarithm of an electric energy; the model predicts f(t_j; mu).
They differ even at the right mu: by the noise of both populations, and by the error of the model,
which is correlated over many times t_j. The fit itself does not show this, so it is measured
beforehand: full-model runs at K values of the parameter, spread over the range and with seeds of
their own, give residuals r_k(t) = y_k(t) - f(t; mu_k), their mean b(t) and standard deviation s(t).
Then

    q(mu) = sum_j (y_j - f_j(mu) - b_j)^2 / (s_j^2 + e^2),

where e, the smallest value for which min q is at most the number of times, is noise of the
measurement beyond that of the calibration. If the times were independent, q(mu) - min q at the
truth would be chi^2 distributed with one degree of freedom. They are not; the factor T by which it
is larger is taken from the calibration runs, each fitted with the b and s of all the others (and
with noise e added to it, where the residuals of the measurement look like noise). As T is known
from K runs only, the posterior on a uniform prior is Student's

    p(mu) ~ [1 + (q(mu) - min q) / (K T)]^(-(K + 1) / 2).

So the times may be correlated in any way, and arbitrarily dense. The only assumption on f is a
linear response to mu over the width of the posterior.
"""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.optimize import root_scalar

from hoam_core.checks import check_count
from hoam_core.inference.measurement import Measurement, check_measurement
from hoam_core.inference.sweeps import LEARNED, is_energy, levels, surface
from hoam_core.models.model import Model
from hoam_core.seeds import seed_key
from hoam_core.simulation import simulate_pieces
from hoam_core.storage.datasets import observe

GOLDEN = 0.618033988749895
# Standard deviations are at least this, relative to the largest: less would be chance of few runs.
LEAST = 1e-3
LEVEL = 0.95
# Residuals whose neighbours have a smaller correlation are noise of the measurement.
WHITE = 0.5


class Discrepancy(NamedTuple):
    """Residuals (k, t) of the full model about a learned one, at values (k,) and times ts (t,)."""

    values: Float[np.ndarray, " k"]
    ts: Float[np.ndarray, " t"]
    residuals: Float[np.ndarray, "k t"]


def calibrate(model: Model, table: xr.Dataset, observable: str, **options) -> Discrepancy:
    """The discrepancy between full and learned model, after all runs of `calibrate_steps`."""
    *_, (_, discrepancy) = calibrate_steps(model, table, observable, **options)
    if discrepancy is None:
        raise RuntimeError("The calibration ended without a result.")
    return discrepancy


def calibrate_steps(
    model: Model, table: xr.Dataset, observable: str, *,
    runs: int = 24, particles: int | None = None, seed: int = 0,
) -> Iterator[tuple[float, Discrepancy | None]]:  # fmt: skip
    """Measure how full-model runs differ from a swept table; yields (share done, final result).

    The runs lie at values spread evenly over the table, without particles or seeds in common with
    training, truth or prediction; by default 16,384 particles, or the system's own number if that
    is smaller. Raises ValueError for fewer than eight runs or an observable without a full model.
    """
    runs = check_count("runs", runs, 8)
    told, key = surface(table, observable), seed_key(seed, "calibrate")
    fixed, ts = json.loads(table.attrs["parameters"]), np.asarray(table["time"], float)
    values = _spread_values(model, table, runs)
    residuals = []
    for k, value in enumerate(values):
        curve: list[np.ndarray] = []
        point = fixed | {table.attrs["swept"]: float(value)}
        for piece in _full_model(model, point, jax.random.fold_in(key, k), particles, ts):
            curve.append(piece[1][observable.removesuffix(LEARNED)])
            yield (k + piece[0]) / (runs + 1e-9), None
        residuals.append(levels(np.concatenate(curve), observable) - told(np.array([value]))[0])
    yield 1.0, Discrepancy(values, ts, np.array(residuals))


def _spread_values(model: Model, table: xr.Dataset, runs: int) -> Float[np.ndarray, " k"]:
    """Values spread over the table by the golden ratio, so that they avoid grids of training."""
    name = table.attrs["swept"]
    low, high = float(table[name][0]), float(table[name][-1])
    values = low + (high - low) * ((0.5 + GOLDEN * np.arange(runs)) % 1)
    whole = model.system.parameter(name).whole
    return np.clip(whole * np.round(values / whole), low, high) if whole else values


def _full_model(model: Model, point: dict, key, particles: int | None, ts: np.ndarray):
    """Pieces of a full-model run as (share done, observables)."""
    system = model.system
    if particles is None:
        particles = min(16_384, system.truth_particles)
    start_key, run_key = jax.random.split(key)
    mu = system.vector(point)
    x0 = system.initial(start_key, mu, particles)
    for piece in simulate_pieces(system, run_key, mu, x0, ts):
        yield piece.done, {k: np.asarray(v) for k, v in observe(system, piece.x, mu).items()}


def infer(
    table: xr.Dataset,
    observable: str,
    measured: Measurement,
    discrepancy: Discrepancy,
    *,
    points: int = 2_001,
) -> xr.Dataset:
    """The posterior of the swept parameter given a measured curve, on a uniform prior.

    Variables: `posterior(name)` per unit of the parameter, `measured(time)`, `fitted(time)` with
    `fitted_low` and `fitted_high` (95 % band of a measurement). Attributes in addition to the
    provenance: `best`, `mean`, `deviation`, `low`, `high` (95 %), `edge` (1 where the interval
    touches an end of the table), `noise` (e), `misfit` (min q per time, over the largest of the
    calibration runs), `correlation` of neighbouring residuals, `temper` (T). Raises ValueError for
    times outside the table or fewer than five of them.
    """
    name = table.attrs["swept"]
    ts, y = check_measurement(measured, float(table["time"][-1]), observable)
    grid = np.linspace(float(table[name][0]), float(table[name][-1]), points)
    told = surface(table, observable)

    def at_times(values) -> Float[np.ndarray, "k j"]:
        return CubicSpline(np.asarray(table["time"], float), told(values), axis=1)(ts)

    curves, at_runs = at_times(grid), at_times(discrepancy.values)
    residuals = np.array([np.interp(ts, discrepancy.ts, one) for one in discrepancy.residuals])
    bias, spread = _moments(residuals)
    q, noise, misfit = _misfit(y, curves + bias, spread)
    k, best = len(residuals), int(np.argmin(q))
    scale, fitted = np.hypot(spread, noise), curves[best] + bias
    correlation = _correlation((y - fitted) / scale)
    temper, usual = _temper(curves, at_runs, residuals)
    if noise and correlation < WHITE:
        temper, _ = _temper(curves, at_runs, residuals, noise)
    density = (1 + (q - q[best]) / (k * temper)) ** (-0.5 * (k + 1))
    density /= np.trapezoid(density, grid)
    attributes = table.attrs | _summary(grid, density) | {
        "best": float(grid[best]), "noise": noise, "misfit": misfit / usual, "temper": temper,
        "calibration_runs": k, "observable": observable, "correlation": correlation,
    }  # fmt: skip
    return _dataset(table, observable, grid, density, ts, y, fitted, 1.96 * scale, attributes)


def _moments(residuals: Float[np.ndarray, "k j"]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the residuals at every time."""
    spread = residuals.std(axis=0, ddof=1)
    return residuals.mean(axis=0), np.maximum(spread, LEAST * spread.max() + np.finfo(float).tiny)


def _misfit(
    y: Float[np.ndarray, " j"], curves: Float[np.ndarray, "k j"], spread: Float[np.ndarray, " j"]
) -> tuple[Float[np.ndarray, " k"], float, float]:
    """q on the grid, the noise e in it, and min q per time before e was added."""
    q = (((y - curves) / spread) ** 2).sum(axis=1)
    best, count = int(np.argmin(q)), len(y)
    if (least := float(q[best]) / count) <= 1:
        return q, 0.0, least
    square = (y - curves[best]) ** 2

    def excess(e: float) -> float:
        return float((square / (spread**2 + e**2)).mean()) - 1

    noise = float(root_scalar(excess, bracket=(0.0, np.sqrt(square.mean()) + 1e-300)).root)
    return (((y - curves) ** 2) / (spread**2 + noise**2)).sum(axis=1), noise, least


def _correlation(rest: Float[np.ndarray, " j"]) -> float:
    """Correlation of neighbouring residuals: near zero for noise, near one for model error."""
    return float(np.mean(rest[1:] * rest[:-1]) / max(np.mean(rest**2), np.finfo(float).tiny))


def _temper(
    curves: Float[np.ndarray, "g j"], at_runs: Float[np.ndarray, "k j"],
    residuals: Float[np.ndarray, "k j"], noise: float = 0.0,
) -> tuple[float, float]:  # fmt: skip
    """T, at least 1, and the largest misfit, from fitting each calibration run by all the others.

    With `noise`, every run gets as much noise as the measurement has.
    """
    excess, misfits = [], []
    added = noise * np.random.default_rng(0).standard_normal(residuals.shape)
    for k, residual in enumerate(residuals):
        bias, spread = _moments(np.delete(residuals, k, axis=0))
        # The right value comes last, so that one call gives q there and on the grid.
        tried = np.concatenate([curves, at_runs[k : k + 1]]) + bias
        q, _, misfit = _misfit(at_runs[k] + residual + added[k], tried, spread)
        excess.append(q[-1] - q.min())
        misfits.append(misfit)
    return max(1.0, float(np.mean(excess))), max(1.0, *misfits)


def _summary(grid: np.ndarray, density: np.ndarray) -> dict[str, float]:
    """Mean, deviation and 95 % interval of a density, and whether that touches an end."""
    weights = density / density.sum()
    below = np.cumsum(weights)
    low, high = np.interp([0.5 - LEVEL / 2, 0.5 + LEVEL / 2], below, grid)
    mean = float(weights @ grid)
    deviation = float(np.sqrt(weights @ (grid - mean) ** 2))
    # If an end of the range is still likely, the parameter may lie beyond it.
    edge = max(density[0], density[-1]) > 0.02 * density.max()
    return {
        "mean": mean, "deviation": deviation, "low": float(low), "high": float(high),
        "edge": int(edge),
    }  # fmt: skip


def _dataset(
    table: xr.Dataset, observable: str, grid: np.ndarray, density: np.ndarray, ts: np.ndarray,
    y: np.ndarray, fitted: np.ndarray, half: np.ndarray, attributes: dict,
) -> xr.Dataset:  # fmt: skip
    name, shown = table.attrs["swept"], dict(table[observable].attrs)
    back: Callable = np.exp if is_energy(observable) else np.asarray
    curves = {"measured": y, "fitted": fitted, "fitted_low": fitted - half}
    curves["fitted_high"] = fitted + half
    variables = {key: (("time",), back(value), shown) for key, value in curves.items()}
    variables["posterior"] = ((name,), density, {"units": "1", "long_name": "probability density"})
    coordinates = {
        name: (name, grid, dict(table[name].attrs)),
        "time": ("time", ts, dict(table["time"].attrs)),
    }
    return xr.Dataset(variables, coordinates, attributes)
