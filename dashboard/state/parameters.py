"""The physics parameters of a system as bounded numbers, of which sliders are made.

They belong to a system, so each system has its own small class with a number for each of them.
"""

import math
from collections.abc import Mapping

import param

from hoam_core import System

# A zero-width space: no parameter name may contain invisible characters.
TAKEN = "\u200b"


def nice_step(low: float, high: float, divisions: int = 200) -> float:
    """The largest 1, 2 or 5 times a power of ten that cuts the range into that many parts."""
    rough = (high - low) / divisions
    power = 10.0 ** math.floor(math.log10(rough))
    factor = max(f for f in (1, 2, 5) if f * power <= rough * (1 + 1e-9))
    return float(f"{factor * power:.12g}")


def attribute(name: str) -> str:
    """The attribute for a physics parameter, whose own name may be taken, as `name` is."""
    return f"{name}{TAKEN}" if hasattr(param.Parameterized, name) else name


def parameter_state(system: System) -> param.Parameterized:
    """A Parameterized with one bounded number for each physics parameter of a system."""
    numbers: dict[str, param.Parameter] = {
        attribute(p.name): param.Number(
            default=p.default,
            bounds=(p.low, p.high),
            label=p.label,
            step=p.whole or nice_step(p.low, p.high),
            precedence=i,
        )
        for i, p in enumerate(system.parameters)
    }
    title = system.name.title().replace("-", "") + "Parameters"
    return param.parameterized_class(title, numbers, bases=param.Parameterized)()


def attributes_of(state: param.Parameterized) -> list[str]:
    """The attributes that hold physics parameters, in the order of the system."""
    return sorted(set(state.param) - {"name"}, key=lambda name: state.param[name].precedence or 0)


def values_of(state: param.Parameterized) -> dict[str, float]:
    """The physics parameters of a `parameter_state` by name, in the order of its system."""
    held = attributes_of(state)
    return {name.removesuffix(TAKEN): float(getattr(state, name)) for name in held}


def number_of(state: param.Parameterized, name: str) -> param.Parameter:
    """The bounded number of a physics parameter, of which a slider is made."""
    return state.param[attribute(name)]


def put(state: param.Parameterized, values: Mapping[str, float]) -> None:
    """Set physics parameters by name."""
    state.param.update(**{attribute(name): value for name, value in values.items()})
