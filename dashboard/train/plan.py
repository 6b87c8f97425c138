"""The plan of a training: methods that suit a system, presets, training values, options.

Everything starts from `default_experiment`, the project's own choice. The preset "quick" uses less
of everything, so that a class can watch: fewer particles, times and steps. Pure functions.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from hoam_core import Experiment, System, default_experiment
from hoam_core.checks import check_within
from hoam_core.macro.increments import plan_of
from hoam_core.methods import METHODS
from hoam_core.methods.closed_loop.charts import is_phase_space
from hoam_core.systems import Parameter

PRESETS = ("quick", "full")
QUICK_PARTICLES = 8_192
QUICK_NUMBERS = 131_072  # of one population at one time, in many components
QUICK_STEPS, QUICK_TIMES = 400, 101
QUICK_LATTICE = 8  # so many times fewer runs
MOST_VALUES = 256  # of a parameter
OPTIONS = {
    "nodes": "Nodes in time", "intervals": "Time intervals", "modes_x": "Harmonics of position",
    "modes_v": "Cosines of velocity", "degree": "Highest power", "waves": "Random waves",
    "patch": "Side of a patch",
}  # fmt: skip


class Axis(NamedTuple):
    """Training values of a parameter: `count` of them from `low` to `high`."""

    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: tuple[float, ...]) -> "Axis":
        """The range and number of some values."""
        return cls(min(values), max(values), len(values))

    def values(self, parameter: Parameter, usual: tuple[float, ...] = ()) -> tuple[float, ...]:
        """The `usual` values (the system's own unless given) if they match, else spaced alike."""
        usual = usual or parameter.train
        if self == Axis.of(usual):
            return usual
        if self.count < 1 or (self.count > 1 and not self.high > self.low):
            raise ValueError(
                f"Argument `{parameter.name}` must have at least 1 training value and a range that "
                f"grows, but has {self.count} from {self.low:g} to {self.high:g}; correct it."
            )
        check_within(f"number of {parameter.name}", self.count, 1, MOST_VALUES)
        for end in (self.low, self.high):
            check_within(parameter.name, end, parameter.low, parameter.high)
        spaced = np.geomspace if _is_logarithmic(usual) and self.low > 0 else np.linspace
        unit = parameter.whole
        found = [
            round(value / unit) * unit if unit else float(f"{value:.6g}")
            for value in spaced(self.low, self.high, self.count)
        ]
        return tuple(float(value) for value in found)


def _is_logarithmic(values: tuple[float, ...]) -> bool:
    if len(values) < 3 or min(values) <= 0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return float(np.ptp(ratios) / ratios.mean()) < 0.5 * float(np.ptp(steps) / steps.mean())


def methods_for(system: System) -> dict[str, str]:
    """Names of the methods that suit a system, by their titles."""
    return {entry.title: name for name, entry in METHODS.items() if entry.fits(system)}


def has_loss(method: str) -> bool:
    """Whether a method is trained by steps rather than fitted in closed form."""
    return "steps" in METHODS[method].defaults


def preset(system: System, method: str, network: str | None, which: str) -> Experiment:
    """The experiment of a preset."""
    full = default_experiment(system, method, network=network)
    if which == "full":
        return full
    # Powers of two, for which quiet loading is balanced.
    room = 1 << ((QUICK_NUMBERS // len(system.components)).bit_length() - 1)
    changes: dict[str, Any] = {"particles": min(full.particles, QUICK_PARTICLES, room)}
    if system.family.from_patches:
        changes["particles"] = max(full.particles // QUICK_LATTICE, 16)
    elif has_loss(method):
        changes |= {"n_times": min(full.n_times, QUICK_TIMES)}
    if has_loss(method):
        changes["steps"] = min(full.steps, QUICK_STEPS)
    return default_experiment(system, method, network=network, **changes)


def options_of(experiment: Experiment, system: System) -> dict[str, int]:
    """Integer options of a method, with their defaults."""
    if system.family.from_patches:
        return {"patch": plan_of(experiment).patch}
    known = inspect.signature(METHODS[experiment.method].build).parameters
    names = [name for name in OPTIONS if name in known]
    if "modes_v" in names:
        mu = jnp.asarray([p.default for p in system.parameters])
        planes = is_phase_space(system.domain(mu).periodic)
        names = ["modes_x", "modes_v"] if planes else ["degree", "waves"]
    return {name: experiment.options.get(name, known[name].default) for name in names}


def sets_of(axes: tuple[tuple[float, ...], ...]) -> int:
    """Number of parameter sets that the values span."""
    return int(np.prod([len(axis) for axis in axes]))


def data_bytes(experiment: Experiment, system: System) -> int:
    """Memory of the training data in single precision."""
    numbers = experiment.particles * len(system.components)
    if METHODS[experiment.method].knows_equations:
        # Its runs are measured one after another.
        return 4 * experiment.n_times * numbers
    if system.family.from_patches:
        return 8 * numbers * plan_of(experiment).parts
    return 4 * sets_of(experiment.axes) * experiment.n_times * numbers


def changed(usual: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields that differ from the default."""
    return ((name, value) for name, value in now.items() if usual.get(name) != value)
