"""The registry of systems, by the names used in the command line, model files and the page.

An installed package adds its own by an entry point of the group `hoam_core.systems` that names an
instance of a `System` (docs/extending.md).
"""

import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from threading import RLock
from typing import final
from weakref import WeakValueDictionary

from hoam_core.checks import lookup
from hoam_core.systems.base import Component, Observable, Parameter, System
from hoam_core.systems.chaos import Chaos
from hoam_core.systems.family import FAMILIES, Family
from hoam_core.systems.lattices import (
    CurieWeiss,
    Ising,
    Lattice,
    NbMoTa,
    PatchedLattice,
    PredatorPrey,
)
from hoam_core.systems.oscillator import Oscillator
from hoam_core.systems.plasmas.instabilities import BumpOnTail, TwoStream, TwoStreamBeams
from hoam_core.systems.plasmas.landau import Landau
from hoam_core.systems.plasmas.landau6d import StrongLandauAllAxes, StrongLandauOneAxis
from hoam_core.systems.recorded import Recorded
from hoam_core.systems.trap import Trap


@final
class Systems(Mapping[str, System]):
    """Systems by name; those of other packages are loaded on first use.

    Such a package imports this one, so nothing of it is loaded before this one is fully imported.
    """

    def __init__(self, *built_in: System):
        self._known = {system.name: system for system in built_in}
        self._complete, self._lock = False, RLock()

    def _all(self) -> dict[str, System]:
        with self._lock:
            if not self._complete:
                self._complete = True
                self._known |= plugins(self._known)
        return self._known

    def __getitem__(self, name: str) -> System:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


SYSTEMS = Systems(
    TwoStream(),
    BumpOnTail(),
    TwoStreamBeams(),
    Landau(),
    StrongLandauOneAxis(),
    StrongLandauAllAxes(),
    Oscillator(),
    Chaos(),
    Trap(),
    CurieWeiss(),
    Ising(),
    PredatorPrey(),
    NbMoTa(),
)

# Recorded systems hold much memory and come and go with their visitors: each is registered only
# while it is referenced, for example by a model.
_RECORDED: WeakValueDictionary[str, Recorded] = WeakValueDictionary()


def register(system: Recorded) -> Recorded:
    """Register a recorded system under its name; returns the one registered first, if any.

    Raises ValueError for the name of another kind of system.
    """
    if system.name in SYSTEMS:
        raise ValueError(
            f"Argument `system` has the name {system.name!r}, which is taken; choose another."
        )
    return _RECORDED.setdefault(system.name, system)


def plugins(known: Mapping[str, System]) -> dict[str, System]:
    """Systems of other packages; those that cannot be used are left out with a warning."""
    found: dict[str, System] = {}
    for entry in entry_points(group="hoam_core.systems"):
        try:
            system = entry.load()
        except Exception as error:  # whatever another package raises
            warnings.warn(f"The system {entry.value!r} cannot be loaded: {error}.", stacklevel=2)
            continue
        if not isinstance(system, System):
            sentence = f"The entry point {entry.value!r} is no instance of hoam_core's System."
            warnings.warn(sentence, stacklevel=2)
        elif system.name in known:
            sentence = f"The system {system.name!r} of {entry.value!r} has a name that is taken."
            warnings.warn(sentence, stacklevel=2)
        else:
            found[system.name] = system
    return found


def get_system(name: str) -> System:
    """The system of that name; raises ValueError with the nearest name if there is none."""
    found = _RECORDED.get(name)
    return lookup(name, SYSTEMS, "system") if found is None else found


__all__ = [
    "FAMILIES", "SYSTEMS", "Component", "Family", "Lattice", "Observable", "Parameter",
    "PatchedLattice", "Recorded", "System", "get_system", "register",
]  # fmt: skip
