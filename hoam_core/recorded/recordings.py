"""Recordings: populations from files, and whether several of them fit together.

A `Recording` is one file's population at one parameter set. `collect` turns recordings into a
`Collection`, or raises an error of one sentence that says which file does not fit and what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import final

import numpy as np
from jaxtyping import Float

from hoam_core.checks import check_names, check_within
from hoam_core.recorded.collection import Collection
from hoam_core.recorded.prefixes import TIME, Counted, recounted
from hoam_core.systems.base import Component

# Data are scaled to order one before learning, but stored in single precision.
MOST_SIZE = 1e30
# Names of axes in the files that are written for own data.
AXES = frozenset(("time", "particle", "component", "recording", "state", "quantile", "draw"))


@final
@dataclass(frozen=True, eq=False)
class Recording:
    """Samples x (t, n, d) of a file at equispaced times ts (t,) from zero, at `parameters`.

    `found` is the smallest number of particles in the file, `paths` whether sample i is the same
    particle at all times, `lengths` the circumferences given in the file, by component;
    `notes` tell what was done to the data. `time_unit` is that of the times, if it is known.
    `si` holds the SI units of components, and of the times as `TIME`, where the file has SI units,
    so that several files can be converted to common units.
    """

    file: str
    parameters: Mapping[str, float]
    ts: Float[np.ndarray, " t"]
    x: Float[np.ndarray, "t n d"]
    components: tuple[Component, ...]
    lengths: Mapping[str, float]
    found: int
    paths: bool = True
    notes: tuple[str, ...] = ()
    time_unit: str = ""
    si: Mapping[str, Counted] = field(default_factory=dict)


def with_values(
    recordings: Sequence[Recording], values: Mapping[str, Sequence[float]]
) -> list[Recording]:
    """The recordings with parameter values given by the user, one per file in the given order.

    A note tells which file has which value.
    """
    for name, typed in values.items():
        if len(typed) != len(recordings):
            files = ", ".join(one.file for one in recordings)
            raise ValueError(
                f"Argument `values` must hold a value of {name!r} for each of the "
                f"{len(recordings)} files, but holds {len(typed)}; type as many as there are "
                f"files, in their order: {files}."
            )
    told = tuple(
        f"Typed values of {name}: "
        + ", ".join(f"{v:g} for {one.file}" for v, one in zip(typed, recordings, strict=True))
        + "."
        for name, typed in values.items()
    )
    return [
        replace(
            one, notes=(*one.notes, *told),
            parameters={**one.parameters, **{k: float(v[i]) for k, v in values.items()}},
        )
        for i, one in enumerate(recordings)
    ]  # fmt: skip


def time_note(unit: Counted) -> str:
    """The note on the unit of the times."""
    return f"Times are in {unit}."


def in_common_units(recordings: Sequence[Recording]) -> list[Recording]:
    """The recordings converted to common units where all of them have SI units.

    The common unit is the largest that one of them chose, which belongs to the largest span.
    """
    wanted = {}
    for name, unit in recordings[0].si.items():
        others = [one.si.get(name) for one in recordings]
        if all(other is not None and other.base == unit.base for other in others):
            wanted[name] = max(other for other in others if other is not None)
    return [_counted_in(one, wanted) for one in recordings]


def _counted_in(recording: Recording, wanted: Mapping[str, Counted]) -> Recording:
    si = {**recording.si, **wanted}
    if si == recording.si:
        return recording
    factors = {name: 10.0 ** (recording.si[name].power - si[name].power) for name in si}
    columns = np.array([factors.get(c.name, 1.0) for c in recording.components], np.float32)
    notes, time_unit = recording.notes, recording.time_unit
    if TIME in si:
        old, new = time_note(recording.si[TIME]), time_note(si[TIME])
        notes = tuple(new if note == old else note for note in notes)
        time_unit = str(si[TIME])
    return replace(
        recording, ts=recording.ts * factors.get(TIME, 1.0), x=recording.x * columns, si=si,
        components=tuple(
            replace(c, unit=str(si[c.name])) if c.name in si else c for c in recording.components
        ),
        notes=notes, time_unit=time_unit,
        lengths={k: recounted(v, factors.get(k, 1.0)) for k, v in recording.lengths.items()},
    )  # fmt: skip


def collect(
    recordings: Sequence[Recording], *, title: str = "Own data",
    lengths: Mapping[str, float] | None = None, seed: int = 0,
) -> Collection:  # fmt: skip
    """The recordings as one collection, at the smallest number of particles among them.

    `lengths` are circumferences of periodic components by name, and override those in the files;
    zero makes a component free. Raises ValueError with the file and the cure.
    """
    if not recordings:
        raise ValueError("There is no file to learn from; give at least two.")
    recordings = in_common_units(recordings)
    first = recordings[0]
    for other in recordings[1:]:
        _check_alike(first, other)
    names, axes, ordered = _grid(recordings)
    rng = np.random.default_rng(seed)
    n = min(one.x.shape[1] for one in recordings)
    # In random order, so that any part of the particles is a fair sample.
    x = np.stack([one.x[:, rng.permutation(one.x.shape[1])[:n]] for one in ordered])
    found = _lengths(ordered, lengths or {})
    for i, length in enumerate(found):
        if length is not None:
            x[..., i] %= length
            # The remainder of a tiny negative number rounds to the length itself.
            x[..., i][x[..., i] >= length] = 0.0
    components = tuple(
        replace(c, view=(0.0, length) if length is not None else _view(x[..., i]))
        for i, (c, length) in enumerate(zip(first.components, found, strict=True))
    )
    notes = tuple(dict.fromkeys(note for one in ordered for note in one.notes))
    paths = all(one.paths for one in ordered)
    return Collection(
        title.strip() or "Own data", tuple(one.file for one in ordered), names, axes, components,
        found, first.ts, x, paths, notes,
    )  # fmt: skip


def _check_alike(first: Recording, other: Recording) -> None:
    mine, others = ([c.name for c in one.components] for one in (first, other))
    if mine != others:
        raise ValueError(
            f"{other.file!r} holds the components {', '.join(others)}, but {first.file!r} holds "
            f"{', '.join(mine)}; record the same in all files."
        )
    units = [c.unit for c in first.components], [c.unit for c in other.components]
    if units[0] != units[1]:
        raise ValueError(
            f"The components of {other.file!r} have the units {', '.join(units[1])}, those of "
            f"{first.file!r} {', '.join(units[0])}; write both in the same units."
        )
    times = other.time_unit, first.time_unit
    if all(times) and times[0] != times[1]:
        raise ValueError(
            f"The times of {other.file!r} are in {times[0]}, those of {first.file!r} in "
            f"{times[1]}; write both in the same unit."
        )
    same = len(first.ts) == len(other.ts) and np.allclose(
        first.ts, other.ts, rtol=0, atol=1e-3 * first.ts[1]
    )
    if not same:
        told = [f"{len(r.ts)} times up to {r.ts[-1]:g}" for r in (other, first)]
        raise ValueError(
            f"The variable `time` of {other.file!r} ({told[0]}) differs from that of "
            f"{first.file!r} ({told[1]}); save all files at the same times."
        )


def _grid(
    recordings: Sequence[Recording],
) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...], list[Recording]]:
    """Names and values of the parameters that vary, and the recordings in the grid's order."""
    known = set().union(*(one.parameters for one in recordings)) or {"parameters"}
    for one in recordings:
        if missing := sorted(known - set(one.parameters)):
            raise ValueError(
                f"{one.file!r} does not tell its parameter {missing[0]!r}; add it to its attribute "
                "`parameters`, name the attribute that holds it, or type the values."
            )
    values = {name: sorted({one.parameters[name] for one in recordings}) for name in sorted(known)}
    for name, axis in values.items():
        if len({np.float32(value) for value in axis}) < len(axis):
            raise ValueError(
                f"Two files, {recordings[0].file!r} or later ones, hold values of {name!r} that "
                "are equal in single precision; leave one of them out."
            )
    names = tuple(name for name, axis in values.items() if len(axis) > 1)
    if taken := AXES & set(names):
        raise ValueError(
            f"The parameter {min(taken)!r} of {recordings[0].file!r} and others has the name of an "
            "axis of the files that are written of it; give it another name."
        )
    if not names:
        told = ", ".join(f"{name} = {axis[0]:g}" for name, axis in values.items())
        raise ValueError(
            f"All files have the same parameters ({told}), {recordings[0].file!r} among them; add "
            "files of other values: a model over a parameter needs at least two."
        )
    found: dict[tuple[float, ...], Recording] = {}
    for one in recordings:
        key = tuple(one.parameters[name] for name in names)
        if key in found:
            told = ", ".join(f"{n} = {v:g}" for n, v in zip(names, key, strict=True))
            raise ValueError(
                f"{one.file!r} and {found[key].file!r} both belong to {told}; leave one of them "
                "out or correct its parameter."
            )
        found[key] = one
    axes = tuple(tuple(values[name]) for name in names)
    for key in product(*axes):
        if key not in found:
            told = ", ".join(f"{n} = {v:g}" for n, v in zip(names, key, strict=True))
            raise ValueError(
                f"No file holds {told}: several parameters must fill a whole grid; add that run, "
                "or give only files that differ in one parameter."
            )
    return names, axes, [found[key] for key in product(*axes)]


def _lengths(
    recordings: Sequence[Recording], typed: Mapping[str, float]
) -> tuple[float | None, ...]:
    names = [c.name for c in recordings[0].components]
    check_names("component", {**dict.fromkeys(names), **typed}, names)
    found: list[float | None] = []
    for name in names:
        told = {one.lengths[name] for one in recordings if name in one.lengths}
        if name in typed:
            if typed[name]:
                check_within(f"length of {name}", typed[name], 1 / MOST_SIZE, MOST_SIZE)
            found.append(float(typed[name]) or None)
        elif len(told) > 1:
            raise ValueError(
                f"The box of {name!r} has different lengths in these files "
                f"({', '.join(f'{v:g}' for v in sorted(told))}), {recordings[0].file!r} among "
                "them; a recorded system needs one box, so scale the positions to a common one."
            )
        else:
            found.append(told.pop() if told else None)
    return tuple(found)


def _view(values: np.ndarray) -> tuple[float, float]:
    """The range of nearly all values, with a margin."""
    low, high = np.percentile(values[..., :: max(1, values.size // 2**22)], (0.2, 99.8))
    room = 0.08 * (high - low)
    return float(f"{low - room:.3g}"), float(f"{high + room:.3g}")
