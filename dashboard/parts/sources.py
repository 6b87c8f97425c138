"""What the sources of figures are given: single precision, and nothing that they hold already."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource


def column(values: Sequence[float] | np.ndarray) -> np.ndarray | list:
    """What a source is given: single precision; nothing at all as a list.

    An array without bytes gets lost on the way to a notebook, and with it all that is sent beside.
    """
    return np.asarray(values, np.float32) if len(values) else []


def columns_of(source: ColumnDataSource) -> Mapping[str, Any]:
    """What a source holds; Bokeh's own type says that it could be a table of pandas as well."""
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
