"""Attributes of files, in which numbers and texts are wrapped in many ways."""

import numpy as np


def plain(value: object) -> object:
    """An attribute as a plain value: text as str, and the element of an array of one element."""
    if isinstance(value, np.ndarray | np.generic) and value.size == 1:
        value = np.asarray(value).reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


def as_number(value: object) -> float:
    """A real number, also from text. Raises TypeError or ValueError, also for bool and complex."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{type(value).__name__} is no real number")
    return float(value)
