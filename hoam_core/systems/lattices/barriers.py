r"""Migration barriers of a vacancy in bcc NbMoTa: a linear model in the species of 112 sites.

An atom of species a that jumps into the vacancy along [1, 1, 1] has the barrier, in eV,

    E_b = C_a + sum_o sum_{j in o} c[a, o, s_j],      sum_s c[a, o, s] = 0,

where the sites j with species s_j fall into 30 orbits o of the symmetry C3v of the jump's axis
(the jumping atom is the 31st). Permutations of x, y, z make up that symmetry, so an orbit is named
by its sorted offset, in half lattice constants. That is 3 (1 + 30 * 2) = 183 coefficients. The
other seven directions are reflections of the first. A vacancy on a site counts zero, the mean
species.

The coefficients are fitted by least squares to 45,000 barriers of the neural network of Xing,
Rupert, Pan and Cao (Nat. Commun. 15, 3879, 2024; assets/data/NOTICE.md). Errors are for folds whose
environments the fit has not seen, as many environments occur more than once. Forward and backward
barriers are separate predictions: detailed balance holds as well as the fit does.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int

from hoam_core.checks import check_count, check_shape, lookup
from hoam_core.files.assets import asset
from hoam_core.solvers import kmc

SPECIES = ("Nb", "Mo", "Ta")
JUMP = (1, 1, 1)
NUMBERS = {name: number for number, name in enumerate(SPECIES, 1)}
ORBITS = sorted({tuple(sorted(map(int, site))) for site in kmc.SITES} - {JUMP})


class Measured(NamedTuple):
    """Barriers (n,) in eV of environments (n, 112) of species 1, 2, 3 on sites at `offsets`."""

    offsets: Int[np.ndarray, "112 3"]
    environment: Int[np.ndarray, "n 112"]
    barrier: Float[np.ndarray, " n"]


@final
@dataclass(frozen=True)
class Barriers:
    """Coefficients in eV, as tuples, so that a system that holds them can be hashed.

    `constants` of the three jumping species, `orbits` [jumping][orbit][species], and the energy
    `reference` that sets the unit of time.
    """

    constants: tuple[float, ...]
    orbits: tuple[tuple[tuple[float, ...], ...], ...]
    reference: float


def species(name: str) -> int:
    """The number of a species, 1 to 3; raises ValueError with the nearest name if unknown."""
    return lookup(name, NUMBERS, "species")


def equal_barriers(energy: float) -> Barriers:
    """The same barrier everywhere, so that every vacancy performs a random walk."""
    nothing = (((0.0,) * 3,) * len(ORBITS),) * 3
    return Barriers((float(energy),) * 3, nothing, float(energy))


def membership(offsets: Int[np.ndarray, "s 3"]) -> Float[np.ndarray, "s 30"]:
    """1 where a site belongs to an orbit of the jump along [1, 1, 1]; the jumping atom to none."""
    names = [tuple(sorted(map(int, site))) for site in offsets]
    return np.array([[float(name == orbit) for orbit in ORBITS] for name in names])


def jumping(data: Measured) -> Int[np.ndarray, " n"]:
    """The species of the atom that jumps."""
    return data.environment[:, int(np.flatnonzero((data.offsets == JUMP).all(1))[0])]


def evaluate(barriers: Barriers, data: Measured) -> Float[np.ndarray, " n"]:
    """Predicted barriers in eV for the environments of `data`, whose own barriers are not read."""
    found = np.empty(len(data.environment))
    for a, own in _by_species(data):
        table = np.array(barriers.orbits[a])
        found[own] = barriers.constants[a] + _design(data, own)[:, 1:] @ table[:, :2].T.ravel()
    return found


def fit(data: Measured, reference: float | None = None) -> Barriers:
    """Barriers fitted by least squares, per jumping species; `reference` is the mean by default."""
    _check(data)
    constants, orbits = [], []
    for _, own in _by_species(data):
        design, target = _design(data, own), data.barrier[own].astype(float)
        # The normal equations: 61 well-conditioned columns, and a hundred times as many rows.
        found = np.linalg.lstsq(design.T @ design, design.T @ target, rcond=None)[0]
        first, second = found[1:].reshape(2, -1)
        constants.append(float(found[0]))
        orbits.append(_rows(np.stack([first, second, -first - second], axis=1)))
    mean = float(np.mean(data.barrier)) if reference is None else reference
    return Barriers(tuple(constants), tuple(orbits), mean)


def held_out(data: Measured, folds: int = 5, seed: int = 0) -> Float[np.ndarray, " n"]:
    """Barriers in eV, each predicted by a fit to the folds without its environment."""
    check_count("folds", folds, 2)
    number = np.unique(data.environment, axis=0, return_inverse=True)[1].ravel()
    fold = np.random.default_rng(seed).integers(0, folds, number.max() + 1)[number]
    found = np.empty(len(number))
    for k in range(folds):
        seen, unseen = (Measured(data.offsets, *(x[keep] for x in data[1:]))
                        for keep in (fold != k, fold == k))  # fmt: skip
        found[fold == k] = evaluate(fit(seen), unseen)
    return found


@cache
def law(barriers: Barriers) -> kmc.BarrierTable:
    """The barriers minus their reference, for all eight directions, in the solver's form."""
    # The reflection that turns a direction into [1, 1, 1] turns the sites with it.
    turned = np.stack([membership(kmc.SITES * d) for d in kmc.DIRECTIONS])
    weights = np.einsum("dso,aoc->csad", turned, np.array(barriers.orbits)[..., :2])
    constants = np.array(barriers.constants) - barriers.reference
    return kmc.BarrierTable(
        constants.astype(np.float32), weights.reshape(224, 24).astype(np.float32)
    )


def to_dict(barriers: Barriers) -> dict[str, Any]:
    """The coefficients with the names of species and orbits, for a JSON file."""
    return {
        "reference_eV": barriers.reference,
        "constants_eV": dict(zip(SPECIES, barriers.constants, strict=True)),
        "orbits": [list(orbit) for orbit in ORBITS],
        "coefficients_eV": dict(zip(SPECIES, barriers.orbits, strict=True)),
    }


def from_dict(about: Mapping[str, Any]) -> Barriers:
    """The inverse of `to_dict`; a mean over species is moved into the constant."""
    found = {species(name): np.array(rows) for name, rows in about["coefficients_eV"].items()}
    constants = {species(name): float(value) for name, value in about["constants_eV"].items()}
    if set(found) != {1, 2, 3} or set(constants) != {1, 2, 3}:
        raise ValueError(f"The barriers need each of {', '.join(SPECIES)} as the jumping species.")
    order = [tuple(orbit) for orbit in about["orbits"]]
    if sorted(order) != ORBITS:
        raise ValueError(f"The barriers have {len(order)} orbits, but need the {len(ORBITS)} ones "
                         "of sorted offsets without (1, 1, 1).")  # fmt: skip
    tables, means = [], []
    for a in (1, 2, 3):
        check_shape("coefficients_eV", found[a].shape, (len(ORBITS), 3))
        table = found[a][[order.index(orbit) for orbit in ORBITS]]
        mean = table.mean(axis=1, keepdims=True)
        sites = membership(kmc.SITES).sum(axis=0)
        means.append(constants[a] + float(sites @ mean[:, 0]))
        tables.append(_rows(table - mean))
    return Barriers(tuple(means), tuple(tables), float(about["reference_eV"]))


def read_barriers(path: Path) -> Barriers:
    """Coefficients from a JSON file; ValueError with the cure if it does not hold any."""
    try:
        return from_dict(json.loads(Path(path).read_text()))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError) as error:
        raise ValueError(
            f"File {str(path)!r} cannot be read as barriers ({type(error).__name__}: {error}); "
            "give a file with the keys of assets/data/nbmota_barriers.json."
        ) from error


@cache
def shipped_barriers() -> Barriers:
    """The fitted barriers that are shipped with the package."""
    return read_barriers(asset("data") / "nbmota_barriers.json")


def read_measured(path: Path | None = None) -> Measured:
    """The barriers to which the shipped fit was made, or those of another file of this kind."""
    path = asset("data") / "nbmota_barriers.npz" if path is None else path
    try:
        # Member by member, so that nothing but plain arrays can be read.
        with zipfile.ZipFile(path) as archive:
            names = ("offsets", "environment", "barrier_eV")
            parts = [_member(archive, name) for name in names]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"File {str(path)!r} cannot be read as measured barriers ({error}); give one like "
            "assets/data/nbmota_barriers.npz, or copy that again."
        ) from error
    return Measured(parts[0].astype(int), parts[1], parts[2])


def _member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member)


def _rows(table: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in table)


def _by_species(data: Measured) -> list[tuple[int, np.ndarray]]:
    """(index of the jumping species, rows where it jumps)."""
    return [(a, np.flatnonzero(jumping(data) == a + 1)) for a in range(3)]


def _design(data: Measured, rows: np.ndarray) -> Float[np.ndarray, "n 61"]:
    """One, then the orbits' sums of the first code, then of the second (see solvers.kmc)."""
    near, orbits = data.environment[rows], membership(data.offsets)
    sums = [((near == k).astype(float) - (near == 3)) @ orbits for k in (1, 2)]
    return np.concatenate([np.ones((len(near), 1)), *sums], axis=1)


def _check(data: Measured) -> None:
    """Raises ValueError unless the environments are those of a jump along [1, 1, 1]."""
    check_shape("environment", data.environment.shape, (len(data.barrier), len(kmc.SITES)))
    if {tuple(site) for site in data.offsets} != {tuple(site) for site in kmc.SITES}:
        raise ValueError(f"Argument `offsets` must be the {len(kmc.SITES)} sites nearest to a "
                         "vacancy, in half lattice constants, each once.")  # fmt: skip
