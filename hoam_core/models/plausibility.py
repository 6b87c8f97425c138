"""Checks of whether a run of a learned model is physically plausible.

A learned model always gives an answer: with too few particles, or far from its training data, its
numbers may be finite, but such as no run of the full model gives. These checks need no run of the
full model:

- bounds that an observable cannot leave (a magnetisation, a share, a density);
- the energy of a field, which grows only at the expense of the motion: its growth is known at the
  parameters of the training data, and is interpolated multilinearly in between;
- the total energy of a plasma, which is conserved, or changes slowly by collisions;
- the share of the samples outside the range in which the population is usually drawn;
- the least number of particles and of steps that the model was measured to need.

An implausible run is no error: it is returned with sentences that say not to trust it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.interpolate import RegularGridInterpolator

from hoam_core.checks import check_count, check_shape, check_within
from hoam_core.systems import System

FIELD, KINETIC, TOTAL = "electric_energy", "kinetic_energy", "total_energy"
# The largest allowed ratio to the energy that start and growth allow. Models err by a few per cent,
# and so does the interpolation; runs that go wrong exceed it by factors of tens to thousands.
EXCESS = 1.5
# A field energy below this share of the kinetic energy counts as noise, for every model.
NOISE = 1e-6
DRIFT = 0.1
SHARE_OUTSIDE = 0.05
# Tolerance beyond a bound, relative to it: a model accurate to one per cent may touch the bound.
ROOM, TINY = 0.01, 1e-30
VERDICT = "this run is not to be trusted."


@final
@dataclass(frozen=True)
class Limits:
    """Measured limits within which a model's runs are plausible.

    The least number of `particles` with which it stays plausible, the number of integration
    `steps` beyond which only its own error counts, and by how much the energy of the field grew in
    each training run, in the order of the grid. None, or empty, where it is not known.
    """

    particles: int | None = None
    steps: int | None = None
    growth: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {"particles": self.particles, "steps": self.steps, "growth": list(self.growth)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any], axes: tuple[tuple[float, ...], ...]) -> "Limits":
        """The inverse of `to_json`; ValueError for values that belong to no model of these axes."""
        counts = {name: found.get(name) for name in ("particles", "steps")}
        for name, value in counts.items():
            if value is not None:
                check_count(name, value)
        growth = tuple(float(value) for value in found.get("growth", ()))
        if growth:
            check_shape("growth", (len(growth),), (prod(len(axis) for axis in axes),))
            for value in growth:
                check_within("growth", value, 0.0, np.inf)
        return cls(**counts, growth=growth)


def share_outside(
    system: System, mu: Float[Array, " p"], x: Float[Array, "t n d"]
) -> Float[Array, " t"]:
    """Share of samples outside the usual range at each time, of the worst free component."""
    periodic = system.domain(mu).periodic
    free = [i for i, closes in enumerate(periodic) if not closes]
    low, high = (np.array([system.components[i].view[side] for i in free]) for side in (0, 1))
    return _share_outside(x[..., np.array(free, int)], low, high)


@jax.jit
def _share_outside(x, low, high):
    missed = (x < low[None, None]) | (x > high[None, None])
    # Of the worst component: in many dimensions some component of a sample is always an outlier.
    return jnp.max(jnp.mean(missed, axis=1), axis=-1, initial=0.0)


def growth_of(energy: Float[np.ndarray, " t"]) -> float:
    """The largest increase of a field's energy over its initial value."""
    return float(f"{max(float(np.max(energy)) - float(energy[0]), 0.0):.4g}")


def allowed_energy(
    limits: Limits, axes: tuple[tuple[float, ...], ...], mu: Float[np.ndarray, " p"], start: float
) -> float:
    """The largest energy that the field can reach from its start; infinite if not known."""
    if not limits.growth:
        return np.inf
    sides = [np.asarray(axis, float) for axis in axes]
    inside = [np.clip(value, side[0], side[-1]) for value, side in zip(mu, sides, strict=True)]
    known = np.reshape(limits.growth, [len(side) for side in sides])
    # A single training value makes no side of a cell.
    wide = [i for i, side in enumerate(sides) if len(side) > 1]
    known = known.reshape([len(sides[i]) for i in wide])
    if not wide:
        return start + float(known)
    law = RegularGridInterpolator([sides[i] for i in wide], known)
    return start + float(law([[inside[i] for i in wide]])[0])


def doubts(
    system: System, limits: Limits, axes: tuple[tuple[float, ...], ...],
    values: Mapping[str, float], curves: Mapping[str, Float[np.ndarray, " t"]], outside: float,
    particles: int, steps: int | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """A sentence for each reason not to trust a run; empty if there is none.

    `curves` are the observables of the run of `particles` samples at the parameters `values`,
    `axes` the training values that belong to the limits, `outside` the largest share over time of
    samples outside the usual ranges, `steps` the requested number if it is not the model's own.
    """
    mu = np.array([values[p.name] for p in system.parameters], float)
    found = [
        *_too_few(system, limits, particles, steps),
        *_out_of_bounds(system, curves),
        *_energy(limits, axes, mu, curves),
    ]
    if outside > SHARE_OUTSIDE:
        found.append(
            f"Up to {_percent(outside)} of the {system.population} leave the range in which this "
            "population is found"
        )
    return tuple(f"{sentence}: {VERDICT}" for sentence in found)


def _too_few(system: System, limits: Limits, particles: int, steps: int | None) -> Iterator[str]:
    if limits.particles is not None and particles < limits.particles:
        yield (
            f"{particles:,} {system.population} are fewer than the {limits.particles:,} that this "
            "model needs"
        )
    if limits.steps is not None and steps is not None and steps < limits.steps:
        yield f"{steps:,} steps are fewer than the {limits.steps:,} that this model needs"


def _out_of_bounds(system: System, curves: Mapping[str, Float[np.ndarray, " t"]]) -> Iterator[str]:
    for one in system.observable_info:
        if one.bounds is None or one.name not in curves:
            continue
        (low, high), values = one.bounds, np.asarray(curves[one.name], float)
        room = ROOM * max(1.0, *(abs(b) for b in one.bounds if np.isfinite(b)))
        always = f"always lies from {low:g} to {high:g}"
        if not np.isfinite(high):
            always = f"is always at least {low:g}"
        label = one.label[:1].upper() + one.label[1:]
        if values.min() < low - room:
            yield f"{label} is {values.min():.3g}, but {always}"
        if values.max() > high + room:
            yield f"{label} is {values.max():.3g}, but {always}"


def _energy(
    limits: Limits, axes: tuple[tuple[float, ...], ...], mu: Float[np.ndarray, " p"],
    curves: Mapping[str, Float[np.ndarray, " t"]],
) -> Iterator[str]:  # fmt: skip
    if FIELD in curves:
        energy = np.asarray(curves[FIELD], float)
        kinetic = float(np.asarray(curves[KINETIC], float)[0]) if KINETIC in curves else 0.0
        floor = max(NOISE * kinetic, TINY)
        allowed = max(allowed_energy(limits, axes, mu, float(energy[0])), floor)
        if energy.max() > EXCESS * allowed:
            trained = all(a[0] <= m <= a[-1] for a, m in zip(axes, mu, strict=True))
            yield (
                f"The energy of the field reaches {_number(energy.max())}, "
                f"{_number(energy.max() / allowed)} times "
                + ("its start and all that it can take from the motion here" if trained else
                   "what it can reach at the nearest training values")
            )  # fmt: skip
    if TOTAL in curves:
        total = np.asarray(curves[TOTAL], float)
        moved = float(np.max(np.abs(total - total[0])) / abs(total[0]))
        if moved > DRIFT:
            much = f"changes by {_percent(moved)}"
            if moved > 1:
                much = f"grows {float(f'{1 + moved:.2g}'):,.0f}-fold"
            yield f"The total energy {much}, but the full model keeps it"


def _number(value: float) -> str:
    """A number to three digits, with a power of ten only where it is very large or small."""
    if 1_000 <= value < 1e7:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:,.0f} %"
