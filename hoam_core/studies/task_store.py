"""The results of many tasks in one Zarr store, each task stored completely or not at all.

The tasks of a study are the points of a grid, with an axis for each swept parameter, method or
seed. A variable is one array over the grid and over its own dimensions, such as time, with one
chunk per task; `done` (one chunk per task, too) is written last, so that a task without it is
worked on again. The plan of the study is in the attributes, and a store accepts results of no other
plan.

Any Zarr reader can open the store; tasks not done yet are NaN. Names on an axis are stored as
numbers with the attributes `flag_values` and `flag_meanings` of the CF conventions.
"""

import itertools
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
import xarray as xr

from hoam_core.checks import brief, check_names, check_shape
from hoam_core.files.json_text import json_text
from hoam_core.storage.datasets import check_file

FORMAT = 1
DONE = "done"


class Variable(NamedTuple):
    """A variable of each task: dimensions besides those of the grid, attributes (units, names)."""

    dims: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = {}


@final
@dataclass(frozen=True)
class Layout:
    """A plan (plain values) and the arrays that belong to it.

    The tasks are the product of the `axes`, the last axis fastest; `coordinates` are the values
    along the other dimensions. Values are numbers or names, with their attributes in `about`.
    Arrays are of type `dtype`.
    """

    plan: Mapping[str, Any]
    axes: Mapping[str, Sequence[Any]]
    variables: Mapping[str, Variable]
    coordinates: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dtype: str = "float64"

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    def points(self) -> list[dict[str, Any]]:
        """The values of every task, in order."""
        return [
            dict(zip(self.axes, values, strict=True))
            for values in itertools.product(*self.axes.values())
        ]


@final
class TaskStore:
    """A store that is being filled; made by `open_store`."""

    def __init__(self, path: Path, layout: Layout, group: Any) -> None:
        self.path, self.layout, self._group = path, layout, group

    def finished(self) -> np.ndarray:
        """Which tasks (n,) are done."""
        try:
            return np.asarray(self._group[DONE][...]).ravel()
        except Exception as error:
            raise _damaged(self.path, error) from error

    def write(self, task: int, values: Mapping[str, Any]) -> None:
        """Write the variables of a task, then mark it as done.

        Raises ValueError for names or shapes other than the layout's, and for a task already done.
        """
        check_names("variable", values, self.layout.variables)
        for name, variable in self.layout.variables.items():
            # Zarr would silently broadcast or cut values of another shape.
            sizes = tuple(len(self.layout.coordinates[dim]) for dim in variable.dims)
            check_shape(name, np.shape(values[name]), sizes)
        place = np.unravel_index(task, self.layout.shape)
        if self._group[DONE][place]:
            raise ValueError(f"Task {task} is in the store {str(self.path)!r} already.")
        for name, value in values.items():
            self._group[name][place] = np.asarray(value, self.layout.dtype)
        self._group[DONE][place] = True


def open_store(path: str | Path, layout: Layout) -> TaskStore:
    """Open the store at that path to continue it, or make a new one.

    Raises ValueError for a store of another plan, one that cannot be read, or a path that cannot
    be written.
    """
    path = Path(path)
    if not path.exists():
        check_file(path)
        _create(path, layout)
    group = _opened(path)
    _check_plan(path, group.attrs["plan"], json.loads(json_text(layout.plan)))
    return TaskStore(path, layout, group)


def read_store(path: str | Path) -> xr.Dataset:
    """All of a store in memory, with names instead of flags; NaN where a task is not done.

    The variable `done` tells which tasks are done. A store too large for this is read in pieces
    by `xarray.open_zarr(path, consolidated=False)`. Raises ValueError for a damaged one.
    """
    path = Path(path)
    plan = _opened(path).attrs["plan"]
    try:
        with xr.open_dataset(path, engine="zarr", consolidated=False, chunks=None) as opened:
            found = opened.load()
    except Exception as error:
        raise _damaged(path, error) from error
    named = {
        name: np.array(str(c.attrs["flag_meanings"]).split())[c.values.astype(int)]
        for name, c in found.coords.items()
        if "flag_meanings" in c.attrs
    }
    # Zarr lists variables in the order of the folder.
    found = found[sorted(str(name) for name in found.data_vars)]
    return found.assign_coords(named).assign_attrs(plan=json_text(plan))


def _create(path: Path, layout: Layout) -> None:
    """Make the complete store under a temporary name, then rename it."""
    zarr = _zarr()
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        part.chmod(0o755)
        group = zarr.create_group(
            part, zarr_format=3, attributes={"format": FORMAT, "plan": dict(layout.plan)}
        )
        for name, values in {**layout.axes, **layout.coordinates}.items():
            _coordinate(group, name, list(values), dict(layout.about.get(name, {})))
        sizes = {name: len(values) for name, values in layout.coordinates.items()}
        for name, variable in {**layout.variables, DONE: Variable()}.items():
            inner = tuple(sizes[dim] for dim in variable.dims)
            group.create_array(
                name, shape=layout.shape + inner, chunks=(1,) * len(layout.shape) + inner,
                dtype="bool" if name == DONE else layout.dtype,
                fill_value=False if name == DONE else np.nan,
                dimension_names=[*layout.axes, *variable.dims],
                attributes=dict(variable.attributes),
            )  # fmt: skip
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _coordinate(group: Any, name: str, values: list[Any], attributes: dict[str, Any]) -> None:
    if isinstance(values[0], str):
        flags = list(range(len(values)))
        attributes |= {"flag_values": flags, "flag_meanings": " ".join(values)}
        values = flags
    group.create_array(
        name, data=np.asarray(values), chunks=(len(values),), dimension_names=[name],
        attributes=attributes,
    )  # fmt: skip


def _opened(path: Path) -> Any:
    if not path.is_dir():
        raise ValueError(f"There is no Zarr store {str(path)!r}; check the path.")
    try:
        group = _zarr().open_group(path, mode="r+", zarr_format=3)
        found, _ = group.attrs.get("format"), group.attrs["plan"]
    except Exception as error:
        raise _damaged(path, error) from error
    if found != FORMAT:
        raise ValueError(
            f"Store {str(path)!r} has format {brief(found)}, but this version writes format "
            f"{FORMAT}; choose another path."
        )
    return group


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"Store {str(path)!r} cannot be read ({type(error).__name__}): it is no store of a study, "
        "or damaged. Choose another path, or remove it and start anew."
    )


def _check_plan(path: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises ValueError with the first difference."""
    for name in {**stored, **wanted}:
        if stored.get(name) != wanted.get(name):
            raise ValueError(
                f"Store {str(path)!r} was begun with {name} = {json_text(stored.get(name))}, but "
                f"now it is {json_text(wanted.get(name))}; use the same options, or another path."
            )


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise ValueError(
            "A store of many tasks needs the package `zarr`; install `hoam-core[cluster]`."
        ) from error
    return zarr
