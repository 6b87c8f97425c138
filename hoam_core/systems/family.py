"""The two kinds of systems, and what depends on the kind in learning, sweeps and figures.

A population moves in a space of which a plane can be drawn, and is learned from runs of the whole
population. A lattice is observed through a few observables of single runs, whose noise matters,
too, and which are learned from small patches (arXiv 2511.12842).
"""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Family:
    """A kind of systems.

    `method` is the default, `source` what its methods learn from, and `observed` what observables
    describe, in words. `from_patches`: the data are increments of patches instead of runs.
    `has_plane`: a state is drawn as a density over two components. `is_noisy`: single runs are
    shown about their mean, and the noise of a learned model has a share, lambda over K. A sweep
    takes `sweep_particles` particles at each of its points.
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
