"""The lattices, by the names that the command line, model files and page use."""

from hoam_core.checks import lookup
from hoam_core.lattices.base import Lattice
from hoam_core.lattices.curie_weiss import CurieWeiss
from hoam_core.lattices.ising import Ising

LATTICES: dict[str, Lattice] = {lattice.name: lattice for lattice in (CurieWeiss(), Ising())}


def get_lattice(name: str) -> Lattice:
    """The lattice of that name; raises ValueError with the nearest name if there is none."""
    return lookup(name, LATTICES, "system")


__all__ = ["LATTICES", "Lattice", "get_lattice"]
