"""Stochastic lattices as systems, whose populations are independent runs."""

from hoam_core.systems.lattices.base import Lattice, PatchedLattice
from hoam_core.systems.lattices.curie_weiss import CurieWeiss
from hoam_core.systems.lattices.ising import Ising
from hoam_core.systems.lattices.nbmota import NbMoTa
from hoam_core.systems.lattices.predator_prey import PredatorPrey

__all__ = ["CurieWeiss", "Ising", "Lattice", "NbMoTa", "PatchedLattice", "PredatorPrey"]
