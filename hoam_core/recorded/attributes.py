"""Attributes of files, whose authors wrap numbers and texts in many ways."""

import numpy as np


def plain(value: object) -> object:
    """An attribute as it was meant: text as str, and what an array of one element holds."""
    if isinstance(value, np.ndarray | np.generic) and value.size == 1:
        value = np.asarray(value).reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


def as_number(value: object) -> float:
    """A real number, or text that is one. Raises TypeError or ValueError, also for true and i."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{type(value).__name__} is no real number")
    return float(value)
