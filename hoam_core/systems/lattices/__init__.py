"""Stochastic lattices as systems: their population are independent runs."""

from hoam_core.systems.lattices.base import Lattice
from hoam_core.systems.lattices.curie_weiss import CurieWeiss
from hoam_core.systems.lattices.ising import Ising

__all__ = ["CurieWeiss", "Ising", "Lattice"]
