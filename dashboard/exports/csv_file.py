"""The curves of a dataset as one table that spreadsheets, pandas and numpy read.

Comment lines say where the numbers come from; then follow one line of names with units and one line
per value of the coordinate. Curves over another coordinate are placed beside the first ones, after
their own coordinate; shorter columns are left empty at the end, and so are the cells of a run that
diverged. Where there are no curves but tables over several coordinates, such as those of a sweep,
each of their values has a line of its own, with its coordinates before it. Names that begin like a
formula get an apostrophe, as in spreadsheets.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from hoam_core.storage.datasets import check_not_infinite

# Characters with which a spreadsheet begins a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A spreadsheet reads no more lines.
MOST_LINES = 1_000_000


def curves(dataset: xr.Dataset) -> dict[str, list[str]]:
    """Names of the variables of one dimension, by that dimension; the fullest first."""
    found: dict[str, list[str]] = {}
    for name, variable in dataset.data_vars.items():
        if variable.ndim == 1 and np.issubdtype(variable.dtype, np.number):
            found.setdefault(str(variable.dims[0]), []).append(str(name))
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def to_csv(dataset: xr.Dataset, description: str = "") -> str:
    """The table; ValueError where there are neither curves nor tables to write, DivergedError where
    a number is infinite.
    """
    heads, columns = _side_by_side(dataset) if curves(dataset) else _one_by_one(dataset)
    length = max(len(column) for column in columns)
    padded = [column + [""] * (length - len(column)) for column in columns]
    file = io.StringIO(newline="")
    for line in _comments(dataset.attrs, description):
        file.write(f"# {line}\n")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(heads)
    table.writerows(zip(*padded, strict=True))
    return file.getvalue()


def _side_by_side(dataset: xr.Dataset) -> tuple[list[str], list[list[str]]]:
    """Heads and columns of curves, each group behind its coordinate."""
    heads, columns = [], []
    for dimension, names in curves(dataset).items():
        for name in names:
            check_not_infinite(dataset[name])
        for one in (dataset[dimension], *(dataset[name] for name in names)):
            heads.append(_head(str(one.name), one.attrs))
            columns.append([_plain(value) for value in one.values])
    return heads, columns


def _one_by_one(dataset: xr.Dataset) -> tuple[list[str], list[list[str]]]:
    """Heads and columns of the tables over the same coordinates, a line for each value."""
    numbers = (one for one in dataset.data_vars.values() if np.issubdtype(one.dtype, np.number))
    tables = [one for one in numbers if one.ndim > 1]
    tables = [one for one in tables if one.dims == tables[0].dims]
    if not tables or tables[0].size > MOST_LINES:
        raise ValueError(
            f"There is nothing to write: no variable has only one dimension, or at most "
            f"{MOST_LINES:,} values; save the NetCDF instead."
        )
    for table in tables:
        check_not_infinite(table)
    dimensions = tables[0].dims
    places = np.meshgrid(*(dataset[name].values for name in dimensions), indexing="ij")
    pairs = [(dataset[str(name)], place) for name, place in zip(dimensions, places, strict=True)]
    pairs += [(table, table.values) for table in tables]
    heads = [_head(str(one.name), one.attrs) for one, _ in pairs]
    return heads, [[_plain(value) for value in values.ravel()] for _, values in pairs]


def _head(name: str, attributes: Mapping) -> str:
    unit = attributes.get("units", "1")
    return _text(name if unit in ("1", "") else f"{name} [{unit}]")


def _text(description: str) -> str:
    """Text that no spreadsheet interprets as a formula."""
    return f"'{description}" if description.startswith(FORMULA) else description


def _plain(value) -> str:
    """A value in a cell, which is empty where a run diverged."""
    if isinstance(value, str | np.str_):
        return _text(str(value))
    return "" if np.isnan(value) else f"{float(value):.9g}"


def _comments(attributes: Mapping, description: str) -> Iterator[str]:
    if description:
        yield " ".join(description.split())
    for name, value in attributes.items():
        if name == "warnings":
            yield from (f"warning: {sentence}" for sentence in json.loads(value))
        else:
            yield f"{name}: {' '.join(str(value).split())}"
