"""Data for the sources of figures: single precision, and nothing that they already hold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource


def column(values: Sequence[float] | np.ndarray) -> np.ndarray | list:
    """A column for a source: single precision; an empty one as a list.

    An array without bytes gets lost on the way to a notebook, and with it everything sent with it.
    """
    return np.asarray(values, np.float32) if len(values) else []


def columns_of(source: ColumnDataSource) -> Mapping[str, Any]:
    """The data of a source; Bokeh's own type would also allow a pandas table."""
    held = source.data
    return held if isinstance(held, dict) else {}


def put(source: ColumnDataSource, columns: Mapping[str, Sequence | np.ndarray]) -> None:
    """Replace the columns of a source, unless they are the same.

    A repaint in the browser costs far more than the comparison. Not for sources that the browser
    changes by itself, as with a flipbook.
    """
    old = columns_of(source)
    if old.keys() != columns.keys() or any(
        not np.array_equal(old[name], values) for name, values in columns.items()
    ):
        source.data = dict(columns)
