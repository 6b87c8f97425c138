"""The curves of a dataset as one table that spreadsheets, pandas and numpy read.

Comment lines say where the numbers come from; then follow one line of names with units and one line
a value of the coordinate. Curves over another coordinate stand beside the first ones, with their
own coordinate before them, and end where they end: the rest of their columns is empty, and so are
the cells of a run that diverged. Names that begin like a formula get an apostrophe, as in
spreadsheets.
"""

import csv
import io
from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from hoam_core.store import check_not_infinite

# With these a spreadsheet begins a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def curves(dataset: xr.Dataset) -> dict[str, list[str]]:
    """Names of the variables of one dimension, by that dimension; that of most curves first."""
    found: dict[str, list[str]] = {}
    for name, variable in dataset.data_vars.items():
        if variable.ndim == 1 and np.issubdtype(variable.dtype, np.number):
            found.setdefault(str(variable.dims[0]), []).append(str(name))
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def to_csv(dataset: xr.Dataset, words: str = "") -> str:
    """The table; ValueError where no variable runs over one dimension alone, DivergedError where
    one is infinite.
    """
    groups = curves(dataset)
    if not groups:
        raise ValueError("There is no curve to write: no variable has one dimension only.")
    heads, columns = [], []
    for name in (name for names in groups.values() for name in names):
        check_not_infinite(dataset[name])
    for dimension, names in groups.items():
        coordinate = dataset[dimension]
        for one in (coordinate, *(dataset[name] for name in names)):
            heads.append(_head(str(one.name), one.attrs))
            columns.append([_plain(value) for value in one.values])
    length = max(len(column) for column in columns)
    padded = [column + [""] * (length - len(column)) for column in columns]
    file = io.StringIO(newline="")
    for line in _comments(dataset.attrs, words):
        file.write(f"# {line}\n")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(heads)
    table.writerows(zip(*padded, strict=True))
    return file.getvalue()


def _head(name: str, attributes: Mapping) -> str:
    unit = attributes.get("units", "1")
    return _text(name if unit in ("1", "") else f"{name} [{unit}]")


def _text(words: str) -> str:
    """Words that no spreadsheet takes for a formula."""
    return f"'{words}" if words.startswith(FORMULA) else words


def _plain(value) -> str:
    """A value in a cell, which is empty where a run diverged."""
    if isinstance(value, str | np.str_):
        return _text(str(value))
    return "" if np.isnan(value) else f"{float(value):.9g}"


def _comments(attributes: Mapping, words: str) -> Iterator[str]:
    if words:
        yield " ".join(words.split())
    for name, value in attributes.items():
        yield f"{name}: {' '.join(str(value).split())}"
