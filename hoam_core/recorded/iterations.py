"""Read the contents of an openPMD series' HDF5 files, with h5py alone.

Only what is needed is read, so that unrelated attributes of unreadable types do no harm; anything
needed that cannot be used is reported with file, place and name.
A component is a dataset or, where all particles have one value, a group with the attributes `value`
and `shape` (openPMD standard, "Constant Record Components").
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from hoam_core.checks import brief
from hoam_core.recorded.attributes import as_number, plain
from hoam_core.recorded.options import MOST_NUMBERS

Node = h5py.Dataset | h5py.Group
# A group beside the records of a species that holds no values of particles.
PATCHES = "particlePatches"


class Extent(NamedTuple):
    """Number of particles in a component, and whether they all have the same value."""

    count: int
    constant: bool


class Dump(NamedTuple):
    """One iteration: its file, its time in s, the components of its species, and attributes.

    `particles` is the place of the species in the file; `called` the file's name in messages;
    `attributes` are those of the file and the iteration, of which only the wanted ones were read.
    """

    number: int
    file: Path
    called: str
    particles: str
    time: float
    species: Mapping[str, Mapping[str, Extent]]
    attributes: Mapping[str, object]

    def __str__(self) -> str:
        return f"iteration {self.number} (t = {self.time:.6g} s)"


def dumps_of(path: Path, called: str, wanted: Sequence[str]) -> Iterator[Dump]:
    """The iterations in a file, with the attributes that are wanted. Raises ValueError."""
    with h5py.File(path) as file:
        root = str(_attribute(file, "basePath", called, "/data/%T/")).partition("%T")[0] or "/"
        inside = str(_attribute(file, "particlesPath", called, "particles/")).strip("/")
        group = child(file, root)
        for key, iteration in group.items() if isinstance(group, h5py.Group) else ():
            if not (key.isascii() and key.isdecimal()):
                continue
            if not isinstance(iteration, h5py.Group):
                raise ValueError(
                    f"{called!r} holds no iteration at {root}{key}; write a group there."
                )
            particles = child(iteration, inside) if inside else None
            yield Dump(
                int(key), path, called, f"{iteration.name}/{inside}", _time(iteration, called),
                _species(particles, called), _attributes([file, iteration], wanted, called),
            )  # fmt: skip


def child(group: h5py.Group, place: str) -> Node | None:
    """The group or dataset at a place; None if there is none, or for a dangling link."""
    found = group.get(place)
    return found if isinstance(found, h5py.Dataset | h5py.Group) else None


def species_at(file: h5py.File, dump: Dump, name: str) -> h5py.Group:
    """The group of a species. Raises ValueError if it is missing."""
    group = child(file, f"{dump.particles}/{name}")
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{dump.called!r} lacks the species {name!r} at {dump}; copy it again.")
    return group


def values_of(species: h5py.Group, place: str, called: str) -> np.ndarray | None:
    """Values of a component (n,) as stored in a file; None if there is no such component."""
    node = child(species, place)
    if node is None:
        return None
    if not _is_component(node):
        raise ValueError(f"{called!r} holds no numbers at {node.name}, but a group; write them.")
    count = _extent(node, called).count
    if count > MOST_NUMBERS:
        raise ValueError(
            f"{called!r} holds {count:,} particles, but at most {MOST_NUMBERS:,} can be read; save "
            "fewer."
        )
    if isinstance(node, h5py.Group):
        return np.full(count, number_at(node, "value", called))
    if node.dtype.kind not in "iuf":
        raise ValueError(
            f"{called!r} holds values of type {node.dtype} at {node.name}; write real numbers."
        )
    if node.ndim != 1:
        raise ValueError(
            f"{called!r} holds an array of shape {node.shape} at {node.name}; write one number for "
            "each particle."
        )
    return node[...]


def si_values_of(species: h5py.Group, place: str, called: str) -> np.ndarray | None:
    """Values of a component (n,) in SI units; None if there is no such component."""
    node, values = child(species, place), values_of(species, place, called)
    if node is None or values is None:
        return None
    return np.asarray(values, float) * number_at(node, "unitSI", called)


def power_of_weight(species: h5py.Group, record: str, called: str) -> float:
    """The power of the weight by which a record's values are multiplied (macroWeighted), or 0."""
    node = child(species, record)
    if node is None or not number_at(node, "macroWeighted", called, 0.0):
        return 0.0
    return number_at(node, "weightingPower", called, 0.0)


def number_at(node: Node, key: str, called: str, default: float | None = None) -> float:
    """A finite number from an attribute. Raises ValueError with file, place and attribute."""
    value = _attribute(node, key, called, default)
    try:
        found = as_number(value)
        good = isfinite(found)
    except (TypeError, ValueError, OverflowError):
        found, good = 0.0, False
    if not good:
        raise ValueError(
            f"The attribute `{key}` of {called!r} at {node.name} is {brief(value)}; write one "
            "finite number."
        )
    return found


def _attribute(node: Node, key: str, called: str, default: object = None) -> object:
    if key not in node.attrs:
        if default is not None:
            return default
        raise ValueError(
            f"{called!r} lacks the attribute `{key}` at {node.name}, which the openPMD standard "
            "requires; add it."
        )
    try:
        return plain(node.attrs[key])
    except Exception as error:  # types that the library below cannot read raise anything
        raise ValueError(
            f"The attribute `{key}` of {called!r} at {node.name} has a type that cannot be read "
            f"({type(error).__name__}); write it anew as a plain number or text."
        ) from error


def _attributes(nodes: Sequence[Node], wanted: Sequence[str], called: str) -> dict[str, object]:
    """Names of all attributes, with values of the wanted ones; later nodes take precedence."""
    found: dict[str, object] = {}
    for node in nodes:
        found |= {
            key: _attribute(node, key, called) if key in wanted else None for key in node.attrs
        }
    return found


def _time(iteration: h5py.Group, called: str) -> float:
    return number_at(iteration, "time", called) * number_at(iteration, "timeUnitSI", called)


def _species(particles: object, called: str) -> dict[str, dict[str, Extent]]:
    if not isinstance(particles, h5py.Group):
        return {}
    return {
        name: dict(_components(group, called)) for name, group in particles.items()
        if isinstance(group, h5py.Group)
    }  # fmt: skip


def _components(species: h5py.Group, called: str) -> Iterator[tuple[str, Extent]]:
    """Components by place: record/component, or the record alone where it is a scalar."""
    for record, node in species.items():
        if _is_component(node):
            yield record, _extent(node, called)
        elif isinstance(node, h5py.Group) and record != PATCHES:
            for component, part in node.items():
                if _is_component(part):
                    yield f"{record}/{component}", _extent(part, called)


def _is_component(node: object) -> bool:
    constant = isinstance(node, h5py.Group) and "value" in node.attrs and not len(node)
    return constant or isinstance(node, h5py.Dataset)


def _extent(node: Node, called: str) -> Extent:
    if isinstance(node, h5py.Dataset):
        return Extent(int(node.size or 0), False)
    shape = _attribute(node, "shape", called)
    try:
        return Extent(int(np.prod(np.asarray(shape, np.int64))), True)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"The attribute `shape` of {called!r} at {node.name} is {brief(shape)}; write the "
            "number of particles."
        ) from error
