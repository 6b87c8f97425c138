"""Checks shared by all readers of snapshots: a file is safe to open, and its numbers are usable.

A file is checked before it is read: that it is HDF5, refers to nothing outside of itself (a file
from a visitor must not make the server read its own files), and is not too large. Then the times
and the numbers are checked. Every message names the file, what is wrong with it, and the cure.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import final

import h5py
import numpy as np
from jaxtyping import Float

from hoam_core.checks import brief, check_name
from hoam_core.recorded.attributes import as_number, plain
from hoam_core.recorded.recordings import MOST_SIZE, Recording
from hoam_core.recorded.times import kept_times
from hoam_core.storage.datasets import is_classic

FEWEST_PARTICLES = 256
MOST_NUMBERS = 2**28
# More particles hardly improve the moments that a method learns from.
MOST_PARTICLES = 32_768


@final
@dataclass(frozen=True)
class Reading:
    """Options for reading files; by default everything follows from the files themselves.

    `attributes` are names of attributes that hold parameters, where there is no attribute
    `parameters`; `species` and `components` (such as position/x, momentum/x) choose among what an
    openPMD file holds; of more than `most` particles a random subset is taken, drawn with `seed`.
    """

    attributes: tuple[str, ...] = ()
    species: str = ""
    components: tuple[str, ...] = ()
    most: int = MOST_PARTICLES
    seed: int = 0


def check_file(path: Path, name: str) -> None:
    """Raises ValueError unless the file is HDF5 or NetCDF 3, self-contained and not too large."""
    if not path.is_file():
        raise ValueError(f"There is no file {name!r}; check the path.")
    if is_classic(path):  # NetCDF 3 has no compression and no references
        return
    if not h5py.is_hdf5(path):
        raise ValueError(
            f"{name!r} is no HDF5 file (NetCDF 4 and openPMD are) nor NetCDF 3, or it is "
            "truncated; give a `.nc` file with the variable `state(time, particle, component)` or "
            "an openPMD `.h5`."
        )
    outside: list[str] = []
    numbers: list[int] = []
    chunks: list[int] = []

    def look(place: str, link: object) -> None:
        if isinstance(link, h5py.ExternalLink):
            outside.append(place)
            return
        found = file.get(place)
        if isinstance(found, h5py.Dataset):
            numbers.append(found.size or 0)
            chunks.append(prod(found.chunks or ()))
            if found.external or found.is_virtual:
                outside.append(place)

    with h5py.File(path) as file:
        file.visititems_links(look)
    if outside:
        raise ValueError(
            f"{name!r} refers to another file at {outside[0]!r}; copy the data into it (`h5repack` "
            "or `ncks` do so)."
        )
    if max(numbers, default=0) > MOST_NUMBERS:
        raise ValueError(
            f"{name!r} holds a variable of {max(numbers):,} numbers, but at most {MOST_NUMBERS:,} "
            "can be read; save fewer particles or times."
        )
    if max(chunks, default=0) > MOST_NUMBERS:
        # A chunk is unpacked as a whole, however little of it the variable fills.
        raise ValueError(
            f"{name!r} is stored in chunks of {max(chunks):,} numbers, but at most "
            f"{MOST_NUMBERS:,} can be read; save it with smaller chunks (`h5repack` does so)."
        )


def numbers_of(text: str, attribute: str, name: str) -> dict[str, float]:
    """Named finite numbers from JSON."""
    try:
        values = {str(key): as_number(value) for key, value in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"The attribute `{attribute}` of {name!r} is {brief(text)}; write it as JSON with one "
            'number for each name, such as {"mu": 1.25}.'
        ) from error
    return values


def read_parameters(
    attributes: Mapping[str, object], wanted: Sequence[str], name: str
) -> dict[str, float]:
    """Parameters from the `wanted` attributes, or by default from the attribute `parameters`."""
    found = {}
    if "parameters" in attributes and not wanted:
        found = numbers_of(str(plain(attributes["parameters"])), "parameters", name)
    for one in wanted:
        if one not in attributes:
            raise ValueError(
                f"{name!r} has no attribute {one!r}; it has {', '.join(sorted(attributes)[:12])}."
            )
        try:
            found[one] = as_number(attributes[one])
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"The attribute {one!r} of {name!r} is {brief(attributes[one])}, which is no "
                "number; name another or type the values."
            ) from error
    for key, value in found.items():
        if not abs(value) <= MOST_SIZE:
            raise ValueError(
                f"The parameter {brief(key)} of {name!r} is {value}; give a finite one, of at most "
                f"{MOST_SIZE:g}, in another unit if need be."
            )
    return found


def fewer(
    x: Float[np.ndarray, "t n d"], reading: Reading, name: str = "the file"
) -> tuple[np.ndarray, list[str]]:
    """At most `reading.most` particles, the same at all times, in single precision."""
    if x.dtype.kind not in "iuf":
        raise ValueError(
            f"The variable `state` of {name!r} holds values of type {x.dtype}; write real numbers."
        )
    n = x.shape[1]
    with np.errstate(over="ignore"):  # infinities are reported later, by component
        if n <= reading.most:
            return x.astype(np.float32), []
        rows = np.random.default_rng(reading.seed).permutation(n)[: reading.most]
        return x[:, rows].astype(np.float32), [f"{reading.most:,} particles of each file are used."]


@np.errstate(over="ignore", invalid="ignore")
def checked(recording: Recording) -> Recording:
    """The recording with times from zero; ValueError where its times or numbers cannot be used.

    If there are too many times, equally spaced ones are taken.
    """
    name, unit = recording.file, recording.time_unit
    _check_names(recording)
    ts = np.asarray(recording.ts, float)
    kept = kept_times(ts, name, lambda i: f"time {ts[i]:.6g} {unit}".strip())
    ts, x = ts[kept.rows], recording.x[kept.rows]
    if x.shape[1] < FEWEST_PARTICLES:
        raise ValueError(
            f"{name!r} holds {x.shape[1]} particles, but a model needs at least "
            f"{FEWEST_PARTICLES}; record more."
        )
    if not 1 / MOST_SIZE <= ts[-1] - ts[0] <= MOST_SIZE:
        raise ValueError(
            f"The times of {name!r} span {ts[-1] - ts[0]:g}; choose a unit in which they span from "
            f"{1 / MOST_SIZE:g} to {MOST_SIZE:g}."
        )
    for component, length in recording.lengths.items():
        if not 1 / MOST_SIZE <= length <= MOST_SIZE:
            raise ValueError(
                f"The attribute `lengths` of {name!r} says {length:g} for {component!r}; give a "
                f"number from {1 / MOST_SIZE:g} to {MOST_SIZE:g}, or leave it out where nothing is "
                "periodic."
            )
    for i, component in enumerate(recording.components):
        _check_values(x[..., i], component.name, name)
    notes = (*recording.notes, *kept.notes)
    if ts[0]:
        told = f"{ts[0]:.6g} {unit}".strip()
        notes += (f"Times are counted from the first, which is {told} in the file.",)
    even = np.linspace(0.0, float(ts[-1] - ts[0]), len(ts))
    return replace(recording, ts=even, x=x, notes=notes)


def _check_names(recording: Recording) -> None:
    name = recording.file
    for parameter in recording.parameters:
        check_name(f"a parameter of {name!r}", parameter)
    for one in recording.components:
        check_name(f"a component of {name!r}", one.name)
        check_name(f"a unit of {name!r}", one.unit or "1")


def _check_values(values: Float[np.ndarray, "t n"], component: str, name: str) -> None:
    if not np.all(np.isfinite(values)):
        raise ValueError(
            f"Component {component!r} of the variable `state` of {name!r} holds a NaN or "
            "an infinity; remove those particles."
        )
    if np.max(np.abs(values)) > MOST_SIZE:
        raise ValueError(
            f"Component {component!r} of {name!r} has values beyond {MOST_SIZE:g}; choose "
            "a larger unit."
        )
    if 0 < np.max(np.abs(values)) < 1 / MOST_SIZE:
        raise ValueError(
            f"Component {component!r} of {name!r} has no value beyond {1 / MOST_SIZE:g}; choose "
            "a smaller unit."
        )
    if np.ptp(values) <= 1e-6 * np.max(np.abs(values)):
        raise ValueError(
            f"Component {component!r} of {name!r} is the same for all particles at all "
            "times; leave it out."
        )
