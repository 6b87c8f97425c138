"""Snapshots of particles assembled into a recording: selection, identity and units of particles.

Particles of unequal weight are resampled in proportion to their weights, at each time
independently. Particles with an `id` are sorted by id, since many codes reorder them; ids that
occur twice, as some parallel codes write them by mistake, do not identify particles.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hoam_core.recorded.options import Reading
from hoam_core.recorded.prefixes import TIME, Counted, counted, recounted, span_of
from hoam_core.recorded.recordings import Recording, time_note
from hoam_core.systems.base import Component

UNITS = {"position": "m", "momentum": "kg m/s", "velocity": "m/s"}
SHORT = {"position": "", "momentum": "p", "velocity": "v"}


class Snapshot(NamedTuple):
    """One snapshot at a time in s: SI values (n, d), weights (n,) if unequal, ids (n,) if any.

    `found` is the number of particles in the file at that time; `twice` tells if an id is repeated.
    """

    time: float
    found: int
    x: Float[np.ndarray, "n d"]
    weights: np.ndarray | None
    ids: np.ndarray | None
    twice: bool = False


class Place(NamedTuple):
    """A component of the particles: its record and its name there, empty for a scalar record."""

    record: str
    component: str

    def __str__(self) -> str:
        return f"{self.record}/{self.component}".removesuffix("/")

    @property
    def name(self) -> str:
        """The name of the component in a model, such as x or px."""
        return f"{SHORT.get(self.record, self.record)}{self.component}"


def thinned(snapshot: Snapshot, reading: Reading) -> Snapshot:
    """At most `reading.most` particles in random order, the same at all times if ids allow it."""
    n, rng, ids = len(snapshot.x), np.random.default_rng(reading.seed), snapshot.ids
    order = np.arange(n) if ids is None else np.argsort(ids, kind="stable")
    twice = ids is not None and bool(np.any(np.diff(ids[order]) == 0))
    if snapshot.weights is not None:
        rows = _drawn(snapshot.weights, min(n, reading.most), rng)
    else:
        rows = order[rng.permutation(n)[: reading.most]]
    ids = None if ids is None else ids[rows]
    return snapshot._replace(x=snapshot.x[rows], ids=ids, twice=twice)


def assembled(
    snapshots: Sequence[Snapshot], places: Sequence[Place], parameters: Mapping[str, float],
    lengths: Mapping[str, float], reading: Reading, name: str,
) -> Recording:  # fmt: skip
    """The recording of snapshots, in powers of SI units in which numbers are of order one."""
    n = min(one.found for one in snapshots)
    paths, notes = _followed(snapshots)
    if n > reading.most:
        notes.append(f"{reading.most:,} particles of each file are used.")
    whole = np.stack([one.x[: min(n, reading.most)] for one in snapshots])
    units = _units(whole, places)
    x = np.empty(whole.shape, np.float32)
    with np.errstate(over="ignore"):  # infinities are reported later, by component
        for i, unit in enumerate(units):
            x[..., i] = whole[..., i] / 10.0**unit.power
    components = tuple(
        Component(place.name, f"{place.record} {place.component}".strip(), str(unit), (0.0, 1.0))
        for place, unit in zip(places, units, strict=True)
    )
    si = {c.name: unit for c, unit in zip(components, units, strict=True)}
    sides = {
        k: recounted(v, 10.0 ** -si[k].power) if k in si else v for k, v in lengths.items()
    }  # fmt: skip
    seconds = np.array([one.time for one in snapshots])
    si[TIME] = counted("s", float(np.ptp(seconds)))
    notes.append(time_note(si[TIME]))
    return Recording(
        name, parameters, seconds / 10.0 ** si[TIME].power, x, components, sides, n, paths,
        tuple(notes), str(si[TIME]), si,
    )  # fmt: skip


def _followed(snapshots: Sequence[Snapshot]) -> tuple[bool, list[str]]:
    """Whether row i is the same particle at all times, and notes on the reason."""
    first, ids = snapshots[0].ids, [one.ids for one in snapshots]
    if any(one.weights is not None for one in snapshots):
        return False, ["Particles of unequal weight were resampled by their weights."]
    if len({one.found for one in snapshots}) > 1:
        return False, ["The number of particles changes with time; the smallest is used."]
    if all(one is None for one in ids):
        return True, ["Particles have no ids and are taken to keep their places in the file."]
    if any(one.twice for one in snapshots):
        return False, ["Some ids belong to two particles, so that no particle is followed."]
    if first is None or any(one is None or not np.array_equal(one, first) for one in ids):
        return False, ["The ids change with time, so that no particle is followed."]
    return True, []


def _drawn(weights: Float[np.ndarray, " k"], n: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of n particles in proportion to their weights (systematic resampling)."""
    # Shuffled first: equal steps through particles in a regular order would favour some of them.
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order]) / np.sum(weights)
    found = np.searchsorted(edges, (np.arange(n) + rng.random()) / n)
    return rng.permutation(order[np.minimum(found, len(edges) - 1)])


def _units(x: Float[np.ndarray, "t n d"], places: Sequence[Place]) -> list[Counted]:
    # One unit for all components of a record, so that they can be compared.
    spans: dict[str, float] = {}
    for i, place in enumerate(places):
        spans[place.record] = max(spans.get(place.record, 0.0), span_of(x[..., i]))
    return [counted(UNITS.get(place.record, ""), spans[place.record]) for place in places]
