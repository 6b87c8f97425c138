r"""Short-range order in equimolar bcc NbMoTa by vacancy diffusion (arXiv 2511.12842).

One site in 1,024 is vacant. A vacancy exchanges places with a nearest neighbour at the rate

    Gamma = nu exp(-E_b / k_B T),      nu = 1e13 Hz,      T in K,

with barriers E_b that depend on the species around it (barriers.py). A cube of side L, in lattice
constants, has N = 2 L^3 sites, K = N / 1,024 vacancies and n = 341 K atoms of each species. The
observables are the three short-range-order numbers of unlike species,

    delta_ij = mean number of j-neighbours of an i-atom, minus 8/3 = B_ij / n - 8/3,

B_ij the number of i-j bonds, hence delta_ij = delta_ji exactly. The other three follow from the sum
rules sum_j delta_ij = 0; atoms next to a vacancy have only seven neighbours, so measured on a
lattice each sum is minus the vacancies' contacts with that species per atom, at most 8/341.

One unit of time is that in which a vacancy with all barriers equal to E_0 jumps 1,024 times, or
each site once: 1024 / (8 nu exp(-E_0 / k_B T)) seconds. With E_0 = 1.91 eV one time axis serves all
temperatures: from a random solution the order of Mo and Ta reaches 1 - 1/e of its final value
after 0.9 units at 3000 K, 0.85 at 2000 K, 1.05 at 1500 K and 1.7 at 1000 K, where 10 % are left at
7. Atoms jump more often than that, most of them back and forth: 2.5 jumps per site at 3000 K, 5 at
2000 K, 11 at 1500 K and 50 at 1000 K, and the cost of a run grows accordingly.

The natural patch is one vacancy: all others are frozen. Each contributes a K-th part of the change
of z, whichever sites it visits. As the others leave their sites unchanged, a patch is ahead of the
whole: from a random solution at 2000 K its drift of Mo and Ta is too large by 25 % at dt = 0.2, by
15 % at 0.1, 7 % (+- 3 %) at 0.05, and at 0.025 by no more than the measurement's error of 5 %.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from hoam_core.checks import check_multiple, check_positive
from hoam_core.solvers import kmc
from hoam_core.systems.base import Component, Parameter
from hoam_core.systems.lattices.barriers import SPECIES, Barriers, law, shipped_barriers, species
from hoam_core.systems.lattices.base import Lattice, Time, means_and_spreads

ATTEMPTS = 1e13  # nu in Hz
BOLTZMANN = 8.617333262e-5  # eV / K
# Sites of which one is vacant: a cube of side 8.
SHARE, BOX = 1_024, 8
ATOMS = (SHARE - 1) // 3
# The range of each pair's order, from a random solution to 1,400 K.
VIEWS = ((-0.2, 0.5), (-0.4, 0.2), (-0.2, 1.2))
PAIRS = (("Nb", "Mo"), ("Nb", "Ta"), ("Mo", "Ta"))
# Time in which the copies of a lattice become different, as each vacancy moves independently.
# Copies shifted against each other would have seams, which take four times as long to heal.
RELAXATION = 0.25


class Alloy(NamedTuple):
    """Species (1 Nb, 2 Mo, 3 Ta, 0 none) in layers of sites, and flat indices of the vacancies."""

    cells: kmc.Cells
    vacancies: Int[Array, "k r"]


@final
@dataclass(frozen=True)
class NbMoTa(Lattice):
    """The alloy with the shipped barriers, or with others."""

    barriers: Barriers | None = None

    name = "nbmota"
    title = "NbMoTa alloy, vacancy kinetic Monte Carlo"
    reference = (
        "Chen, Huang, Novoselov, Li, arXiv 2511.12842; barriers: Xing, Rupert, Pan, Cao, "
        "Nat. Commun. 15, 3879 (2024)"
    )
    equations = (
        r"\Gamma = \nu\, e^{-E_b/k_B T},\quad"
        r" \delta_{ij} = \langle \text{number of } j \text{ next to } i \rangle - \tfrac83"
    )
    parameters = (
        Parameter(
            "T", "temperature T in K", 700.0, 3_000.0,
            train=(1_400.0, 3_000.0), test=(2_000.0,), unit="K",
        ),
        Parameter("L", "side L", 8, 24, train=(16,), optional=True, whole=BOX),
    )  # fmt: skip
    cell_names = {0: "vacancy", 1: "Nb", 2: "Mo", 3: "Ta"}
    components = tuple(
        Component(f"{i}{j}", f"order δ of {i} and {j}", "", view)
        for (i, j), view in zip(PAIRS, VIEWS, strict=True)
    )
    plane = ("MoTa", "NbTa")
    observable_info = means_and_spreads(components, ((-8 / 3, 16 / 3),) * len(PAIRS))
    dimension = 3
    rates = 1
    patch = BOX
    small = BOX
    t_end = 6.0
    n_times = 61
    truth_particles = 32
    judged_particles = 256

    @property
    def energies(self) -> Barriers:
        """The barriers in use."""
        return shipped_barriers() if self.barriers is None else self.barriers

    def seconds(self, temperature: float) -> float:
        """Physical seconds of one unit of time."""
        check_positive("temperature", temperature)
        slowness = math.exp(self.energies.reference / (BOLTZMANN * temperature))
        return SHARE * slowness / (len(kmc.DIRECTIONS) * ATTEMPTS)

    def load(self, u: Float[Array, "n 1"], mu: Float[Array, " 2"]) -> Float[Array, "n 3"]:
        return jnp.zeros((len(u), len(PAIRS)))

    def start(self, key: PRNGKeyArray, mu: Float[Array, "r 2"], size: int) -> Alloy:
        check_multiple("L", size, BOX)
        return _solution(jax.random.split(key, len(mu)), size)

    def evolve(
        self, key: PRNGKeyArray, mu: Float[Array, "r 2"], state: Alloy, duration: Time
    ) -> Alloy:
        return self._moved(key, mu, state.cells, state.vacancies, duration)

    def observe(self, state: Alloy) -> Float[Array, "r 3"]:
        return _observe(state.cells)

    def picture(self, state: Alloy) -> np.ndarray:
        """(2 L, L, L): layers half a lattice constant apart, odd ones shifted by (1/2, 1/2)."""
        return np.asarray(state.cells[..., 0], np.uint8)

    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r 2"], state: Alloy, patch: int,
        duration: Time,
    ) -> Float[Array, "c r 3"]:  # fmt: skip
        _check_patch(patch)
        count = len(state.vacancies)
        before = self.observe(state)
        changes = []
        for i in range(count):
            own, mover = jax.random.fold_in(key, i), state.vacancies[i : i + 1]
            after = self._moved(own, mu, state.cells, mover, duration)
            changes.append(count * (self.observe(after) - before))
        return jnp.stack(changes)

    def enlarge(
        self, key: PRNGKeyArray, mu: Float[Array, "r 2"], state: Alloy, patch: int
    ) -> Alloy:
        """Eight copies, which fit without seams, then relaxed so that they become different."""
        return self.relax(key, mu, _eightfold(state), patch)

    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r 2"], state: Alloy, patch: int) -> Alloy:
        """Move every vacancy in turn, with the others frozen."""
        _check_patch(patch)
        cells, vacancies = state
        for i in range(len(vacancies)):
            own, mover = jax.random.fold_in(key, i), vacancies[i : i + 1]
            cells, moved = self._moved(own, mu, cells, mover, RELAXATION)
            vacancies = vacancies.at[i].set(moved[0])
        return Alloy(cells, vacancies)

    def _moved(self, key, mu, cells, vacancies, duration) -> Alloy:
        """The state after a time in which these vacancies move; only they are returned."""
        beta = 1 / (BOLTZMANN * mu[:, 0])
        pace = SHARE / len(kmc.DIRECTIONS)
        moved = kmc.evolve(key, cells, vacancies, law(self.energies), beta, pace, duration)
        return Alloy(moved.cells, moved.vacancies)


def short_range_order(z: Float[Array, "*n 3"]) -> dict[str, Float[Array, "*n"]]:
    """All six order numbers by name; those of like species follow from the sum rules."""
    nb_mo, nb_ta, mo_ta = (z[..., k] for k in range(len(PAIRS)))
    unlike = {"NbMo": nb_mo, "NbTa": nb_ta, "MoTa": mo_ta}
    return unlike | {"NbNb": -(nb_mo + nb_ta), "MoMo": -(nb_mo + mo_ta), "TaTa": -(nb_ta + mo_ta)}


def order_between(z: Float[Array, "*n 3"], first: str, second: str) -> Float[Array, "*n"]:
    """The order number delta of two species, given by name in any order."""
    i, j = sorted((species(first), species(second)))
    return short_range_order(z)[SPECIES[i - 1] + SPECIES[j - 1]]


@jax.jit
def _observe(cells: kmc.Cells) -> Float[Array, "r 3"]:
    even, odd = cells[::2], cells[1::2]
    # An even site has its neighbours in the odd cubes at 0 or -1 along each axis. Products of two
    # species identify their pair: 2 Nb-Mo, 3 Nb-Ta, 6 Mo-Ta, and 0 with a vacancy.
    bonds = jnp.zeros((3, cells.shape[-1]), jnp.int32)
    for shift in kmc.DIRECTIONS:
        pairs = even * jnp.roll(odd, tuple(int(s) for s in (shift + 1) // 2), axis=(0, 1, 2))
        bonds += jnp.stack(
            [jnp.sum(pairs == p, axis=(0, 1, 2), dtype=jnp.int32) for p in (2, 3, 6)]
        )
    atoms = ATOMS * (cells[..., 0].size // SHARE)
    return bonds.T.astype(jnp.result_type(float)) / atoms - 8 / 3


@jax.jit(static_argnames="size")
def _solution(keys: PRNGKeyArray, size: int) -> Alloy:
    """Random solutions, one for each key, with vacancies on sites drawn without replacement."""
    sites = 2 * size**3
    count = sites // SHARE
    labels = np.repeat(np.arange(4, dtype=np.uint8), [count] + 3 * [ATOMS * count])

    def one(key):
        order = jax.random.permutation(key, sites).astype(jnp.int32)
        return jnp.zeros(sites, jnp.uint8).at[order].set(labels, unique_indices=True), order[:count]

    cells, vacancies = jax.vmap(one, out_axes=-1)(keys)
    return Alloy(cells.reshape(2 * size, size, size, -1), vacancies)


def _eightfold(state: Alloy) -> Alloy:
    """Eight copies in a cube of twice the side, with the indices of their vacancies."""
    cells = state.cells
    copies = jnp.tile(cells, (2, 2, 2, 1))
    sites = copies.reshape(-1, cells.shape[-1])
    found = jnp.argsort(sites, axis=0)[: 8 * len(state.vacancies)]
    return Alloy(copies, found.astype(jnp.int32))


def _check_patch(patch: int) -> None:
    """Raises ValueError unless a patch has the side of one vacancy's share of the lattice."""
    if patch != BOX:
        raise ValueError(
            f"Argument `patch` must be {BOX} for the alloy, but is {patch}: a patch is one vacancy "
            f"with its {SHARE} sites. Leave it out, or give {BOX}."
        )
