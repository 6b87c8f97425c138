"""What kinds of systems there are: what a kind decides for whoever learns, sweeps, names or draws.

A population moves in a space whose plane can be drawn, and is learned from runs of the whole of it.
A lattice is seen through a few observables of single runs: one looks at their noise, too, and they
are learned from small patches (arXiv 2511.12842).
"""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Family:
    """A kind of systems.

    `method` is the usual one, `source` what its methods learn from, and `observed` what an
    observable is of, in words. `from_patches`: the data are increments of patches instead of runs.
    `has_plane`: a state is a density over two components. `is_noisy`: single runs are shown about
    their mean, and the noise of a learned model has a share, lambda over K. A sweep takes so many
    particles for each of its points.
    """

    name: str
    method: str
    source: str
    observed: str
    from_patches: bool
    has_plane: bool
    is_noisy: bool
    sweep_particles: int


POPULATION = Family(
    "population", method="galerkin", source="populations in a field", observed="the population",
    from_patches=False, has_plane=True, is_noisy=False, sweep_particles=1_024,
)  # fmt: skip
LATTICE = Family(
    "lattice", method="partial", source="the patches of a lattice",
    observed="one run of the lattice", from_patches=True, has_plane=False, is_noisy=True,
    sweep_particles=256,
)  # fmt: skip
FAMILIES = {family.name: family for family in (POPULATION, LATTICE)}
