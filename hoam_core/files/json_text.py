"""JSON for every file and answer of this project: plain text without NaN or infinity.

Python writes `NaN` and `Infinity` into JSON, which the standard does not allow and other readers
refuse; and a number that is not finite is no result. Such a number therefore raises an error that
names its place. NumPy scalars are written as plain numbers.
"""

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import numpy as np

from hoam_core.checks import DivergedError


def json_text(value: Any, **layout: Any) -> str:
    """The JSON of plain values; `layout` goes to `json.dumps`, such as indent=1.

    Raises DivergedError with the place of the first number that is not finite.
    """
    try:
        return json.dumps(value, allow_nan=False, default=_plain, **layout)
    except ValueError as error:
        place, number = next(_not_finite(value, ()), ((), None))
        if number is None:
            raise
        raise DivergedError(
            f"The number at `{'.'.join(place)}` is {number}, which is no result and is not "
            "written; what made it has diverged."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no plain value")


def _not_finite(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Places and values of the numbers that are not finite."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _not_finite(part, (*place, str(key)))
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _not_finite(part, (*place, str(i)))
    elif isinstance(value, (float, np.floating)) and not isfinite(value):
        yield place, float(value)
