"""The systems, by the names that the command line, model files and page use."""

from hoam_core.checks import lookup
from hoam_core.systems.base import Component, Observable, Parameter, System
from hoam_core.systems.oscillator import Oscillator
from hoam_core.systems.vlasov import TwoStream

SYSTEMS: dict[str, System] = {system.name: system for system in (TwoStream(), Oscillator())}


def get_system(name: str) -> System:
    """The system of that name; raises ValueError with the nearest name if there is none."""
    return lookup(name, SYSTEMS, "system")


__all__ = ["SYSTEMS", "Component", "Observable", "Parameter", "System", "get_system"]
