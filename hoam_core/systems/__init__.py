"""The systems, by the names that the command line, model files and page use."""

from hoam_core.checks import lookup
from hoam_core.systems.base import Component, Observable, Parameter, System
from hoam_core.systems.chaos import Chaos
from hoam_core.systems.instabilities import BumpOnTail, TwoStream, TwoStreamBeams
from hoam_core.systems.landau import Landau
from hoam_core.systems.landau6d import StrongLandauAllAxes, StrongLandauOneAxis
from hoam_core.systems.oscillator import Oscillator
from hoam_core.systems.trap import Trap

SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        TwoStream(),
        BumpOnTail(),
        TwoStreamBeams(),
        Landau(),
        StrongLandauOneAxis(),
        StrongLandauAllAxes(),
        Oscillator(),
        Chaos(),
        Trap(),
    )
}


def get_system(name: str) -> System:
    """The system of that name; raises ValueError with the nearest name if there is none."""
    return lookup(name, SYSTEMS, "system")


__all__ = ["SYSTEMS", "Component", "Observable", "Parameter", "System", "get_system"]
