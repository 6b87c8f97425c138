r"""Particles of an openPMD series (openPMD standard 1.0 to 2.0, HDF5) as a recording.

Positions are `position` + `positionOffset`, each times its unitSI; a record that holds values of
the whole macroparticle (macroWeighted) is divided by weighting^weightingPower.

First everything is surveyed: which iterations hold particles, which components vary, which times
are equally spaced. Then only what is used is read. Notes report what is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

from hoam_core.checks import brief
from hoam_core.recorded.files import RunFiles
from hoam_core.recorded.iterations import (
    Dump,
    Extent,
    dumps_of,
    power_of_weight,
    si_values_of,
    species_at,
    values_of,
)
from hoam_core.recorded.options import (
    FEWEST_PARTICLES,
    Reading,
    checked,
    numbers_of,
    read_parameters,
)
from hoam_core.recorded.recordings import Recording
from hoam_core.recorded.snapshots import Place, Snapshot, assembled, thinned
from hoam_core.recorded.times import FEWEST_TIMES, kept_times

MOST_TOLD = 6
# The extent of a component that is missing.
STILL = Extent(0, True)


def is_openpmd(path: Path) -> bool:
    """Whether a file is HDF5 and declares that it follows the openPMD standard."""
    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path) as file:
        return "openPMD" in file.attrs or "iterationEncoding" in file.attrs


def read_openpmd(run: RunFiles, reading: Reading) -> Recording:
    """The recording of one particle species; ValueError if it is missing or lacks a record."""
    name, wanted = run.name, {*reading.attributes, "parameters", "lengths"}
    found = [dump for file in run.files for dump in dumps_of(file, run.called(file), [*wanted])]
    dumps = sorted(found, key=lambda dump: dump.number)
    if not dumps:
        raise ValueError(f"{name!r} holds no iterations; give the series with particles.")
    for one, other in pairwise(dumps):
        if one.number == other.number:
            raise ValueError(
                f"Iteration {one.number} stands in {one.called!r} and in {other.called!r}, both of "
                f"{name!r}; remove one of them."
            )
    attributes = _one_for_all(dumps, wanted, name)
    parameters = read_parameters(attributes, reading.attributes, name)
    told = attributes.get("lengths")
    lengths = {} if told is None else numbers_of(str(told), "lengths", name)
    species = _species(dumps, reading.species, name)
    full, notes = _with_particles(dumps, species, name)
    places, constant = _places(full, species, reading, name)
    ts = np.array([dump.time for dump in full])
    kept = kept_times(
        ts, name, lambda i: str(full[i]), source=f"The attribute `time` in {name!r}",
        missing="".join(f" {note}" for note in notes),
    )  # fmt: skip
    used = full[kept.rows]
    snapshots = [thinned(_snapshot(dump, species, places), reading) for dump in used]
    recording = assembled(snapshots, places, parameters, lengths, reading, name)
    told = (*recording.notes, *notes, *constant, *kept.notes)
    return checked(replace(recording, notes=told))


def _one_for_all(dumps: Sequence[Dump], wanted: set[str], name: str) -> Mapping[str, object]:
    """The attributes of the first iteration; ValueError if a wanted one changes with time."""
    first = dumps[0]
    for dump in dumps[1:]:
        for key in sorted(wanted & {*first.attributes} & {*dump.attributes}):
            mine, others = first.attributes[key], dump.attributes[key]
            if repr(mine) != repr(others):
                raise ValueError(
                    f"The attribute {key!r} of {name!r} is {brief(mine)} at iteration "
                    f"{first.number}, but {brief(others)} at iteration {dump.number}; name one "
                    "that is the same for the whole run, or type the values."
                )
    return first.attributes


def _species(dumps: Sequence[Dump], wanted: str, name: str) -> str:
    known = sorted({species for dump in dumps for species in dump.species})
    if not known:
        raise ValueError(f"{name!r} holds no particle species; give files with particles.")
    if wanted not in known and (wanted or len(known) > 1):
        raise ValueError(
            f"{name!r} holds the species {', '.join(known)}; name one of them"
            + (f" instead of {wanted!r}." if wanted else ".")
        )
    return wanted or known[0]


def _with_particles(
    dumps: Sequence[Dump], species: str, name: str
) -> tuple[list[Dump], tuple[str, ...]]:
    """The iterations that hold enough particles, and a note on those that do not.

    If too few iterations hold enough, all that hold any are taken.
    """
    counts = [
        max((one.count for one in dump.species.get(species, {}).values()), default=0)
        for dump in dumps
    ]
    if not any(counts):
        raise ValueError(
            f"{name!r} holds no particles of {species!r} at any iteration; name another species."
        )
    least = FEWEST_PARTICLES
    if sum(count >= least for count in counts) < FEWEST_TIMES:
        least = 1
    few = [dump for dump, count in zip(dumps, counts, strict=True) if count < least]
    kept = [dump for dump, count in zip(dumps, counts, strict=True) if count >= least]
    if not few:
        return kept, ()
    numbers = ", ".join(str(dump.number) for dump in few[:MOST_TOLD])
    more = f" and {len(few) - MOST_TOLD} more" if len(few) > MOST_TOLD else ""
    what = "no" if least == 1 else f"fewer than {least}"
    which = "iteration" if len(few) == 1 else "iterations"
    note = f"Left out with {what} particles of {species!r}: {which} {numbers}{more}."
    return kept, (note,)


def _places(
    dumps: Sequence[Dump], species: str, reading: Reading, name: str
) -> tuple[list[Place], tuple[str, ...]]:
    """The requested components, or by default all that vary, and a note on those that do not."""
    parts = [dump.species[species] for dump in dumps]
    known = {place: Place(*place.partition("/")[::2]) for part in parts for place in part}
    if reading.components:
        for place in reading.components:
            if place not in known:
                told = ", ".join(sorted(known))[:200]
                raise ValueError(f"{name!r} has no {place}; it has {told}.")
        return [known[place] for place in dict.fromkeys(reading.components)], ()
    for record in ("position", "momentum"):
        if all(place.record != record for place in known.values()):
            told = ", ".join(sorted({place.record for place in known.values()}))
            raise ValueError(
                f"{name!r} lacks the record {record!r} of its particles; name the components to "
                f"learn, such as position/x, of {told}."
            )
    state = [
        known[place] for record in ("position", "momentum") for place in sorted(known)
        if known[place].record == record
    ]  # fmt: skip
    still = [p for p in state if all(part.get(str(p), STILL).constant for part in parts)]
    told = ", ".join(map(str, still))
    notes = (f"Constant for all particles and left out: {told}.",) if still else ()
    if len(still) == len(state):
        raise ValueError(
            f"Nothing varies in {name!r}: {told} are constant at all iterations; name the "
            "components to learn, such as position/x."
        )
    return [place for place in state if place not in still], notes


def _snapshot(dump: Dump, species: str, places: Sequence[Place]) -> Snapshot:
    called = dump.called
    with h5py.File(dump.file) as file:
        group = species_at(file, dump, species)
        weights = _weights(group, dump)
        columns = [_column(group, place, weights, dump) for place in places]
        ids = values_of(group, "id", called)
    sizes = {str(place): len(column) for place, column in zip(places, columns, strict=True)}
    others = {"weighting": weights, "id": ids}
    sizes |= {record: len(values) for record, values in others.items() if values is not None}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{size:,} of {place}" for place, size in sizes.items())
        raise ValueError(
            f"{called!r} holds different numbers of values at {dump}: {told}; write one of each "
            "for every particle."
        )
    unequal = weights is not None and np.ptp(weights) > 1e-9 * np.max(np.abs(weights))
    x = np.stack(columns, axis=1)
    return Snapshot(dump.time, len(x), x, weights if unequal else None, ids)


def _weights(group: h5py.Group, dump: Dump) -> np.ndarray | None:
    weights = si_values_of(group, "weighting", dump.called)
    if weights is not None and not (np.all(weights >= 0) and 0 < np.sum(weights) < np.inf):
        raise ValueError(
            f"The weights of {dump.called!r} at {dump} must be finite and not negative, but range "
            f"from {weights.min():g} to {weights.max():g}; remove those particles."
        )
    return weights


def _column(
    group: h5py.Group, place: Place, weights: np.ndarray | None, dump: Dump
) -> np.ndarray:  # fmt: skip
    """SI values (n,) of one component."""
    called = dump.called
    values = si_values_of(group, str(place), called)
    if values is None:
        raise ValueError(f"{called!r} lacks {place} at {dump}; write it at every iteration.")
    if place.record == "position" and "positionOffset" in group:
        offset = si_values_of(group, f"positionOffset/{place.component}", called)
        if offset is None:
            raise ValueError(
                f"{called!r} lacks positionOffset/{place.component} at {dump}; write it, or leave "
                "out positionOffset as a whole."
            )
        values = values + offset
    power = power_of_weight(group, place.record, called)
    return values / weights**power if weights is not None and power else values
