"""Checks of user input, and the errors that they raise.

A message names the argument, shows its value and says what would be right, so that the command
line and the dashboard can print it unchanged. All checks of input raise `ValueError`: user
interfaces catch that one type.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import isfinite
from reprlib import repr as _brief
from typing import Any, TypeVar, final

import jax
import numpy as np

T = TypeVar("T")
LONGEST_NAME, MARKUP = 60, frozenset("<>&\"'`\\$")


@final
class DivergedError(RuntimeError):
    """Raised when the numbers of a run or a training are no longer finite."""


@final
class ClusterError(RuntimeError):
    """Raised when workers or a scheduler fail or cannot be reached."""


def brief(value: object) -> str:
    """A value from a user's file, shortened to fit into a sentence.

    A file can hold anything, and a few lines of YAML may stand for gigabytes.
    """
    return _brief(value)


def lookup(name: str, table: Mapping[str, T], kind: str) -> T:
    """The entry `name` of a registry; raises ValueError with the nearest name if there is none."""
    if name in table:
        return table[name]
    close = get_close_matches(str(name), table, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"Unknown {kind} {name!r}. {hint}Known: {', '.join(sorted(table))}.")


def check_name(kind: str, name: str) -> None:
    """Raises ValueError unless a name is safe in formulas, file names, pages and code."""
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable() and not MARKUP & set(name)):
        raise ValueError(
            f"The name of {kind} is {name[:LONGEST_NAME]!r}; use 1 to {LONGEST_NAME} letters, "
            f"digits, blanks and signs other than {' '.join(sorted(MARKUP))}."
        )


def check_positive(name: str, value: float) -> None:
    """Raises ValueError unless `value` is finite and greater than zero."""
    if not (isfinite(value) and value > 0):
        raise ValueError(f"Argument `{name}` must be a positive number, but is {value}.")


def check_count(name: str, value: float, minimum: int = 1) -> int:
    """`value` as an int (NumPy integers and 256.0 too); ValueError unless whole and >= minimum."""
    whole = not isinstance(value, bool) and isfinite(value) and int(value) == value
    if not whole or value < minimum:
        raise ValueError(
            f"Argument `{name}` must be a whole number of at least {minimum}, but is {value}."
        )
    return int(value)


def check_finite(what: str, values: Any) -> None:
    """Raises DivergedError where an array, or a tree of arrays, holds a NaN or an infinity."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(values)]
    wrong = sum(int(leaf.size - np.isfinite(leaf).sum()) for leaf in leaves)
    if wrong:
        total = sum(leaf.size for leaf in leaves)
        raise DivergedError(
            f"{what} cannot be used: {wrong:,} of {total:,} numbers are NaN or infinite, so what "
            "made them has diverged; take smaller steps, or parameters nearer to the trained ones."
        )


def check_multiple(name: str, value: float, unit: int) -> None:
    """Raises ValueError unless `value` is a whole multiple of `unit`."""
    if not isfinite(value) or value % unit:
        what = "a whole number" if unit == 1 else f"a multiple of {unit}"
        raise ValueError(f"Argument `{name}` must be {what}, but is {_shown(value)}.")


def check_within(name: str, value: float, low: float, high: float) -> None:
    """Raises ValueError unless `value` is a number in [low, high]."""
    if not isfinite(value):
        raise ValueError(
            f"Argument `{name}` must be a finite number, but is {value}; "
            f"choose one from {_shown(low)} to {_shown(high)}."
        )
    if not low <= value <= high:
        raise ValueError(
            f"Argument `{name}` must lie from {_shown(low)} to {_shown(high)}, but is "
            f"{_shown(value)}; choose a value inside these bounds."
        )


def _shown(value: float) -> str:
    """A number as text: whole numbers without decimals unless huge, others to six digits."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return f"{value:.0f}" if whole else f"{value:g}"


def check_names(kind: str, given: Iterable[str], expected: Iterable[str]) -> None:
    """Raises ValueError unless the names in `given` are exactly those in `expected`."""
    given, expected = list(given), list(expected)
    wanted = ", ".join(f"`{name}`" for name in expected)
    unknown = [name for name in given if name not in expected]
    if unknown:
        raise ValueError(f"Unknown {kind} `{unknown[0]}`; this system has {wanted}.")
    missing = [name for name in expected if name not in given]
    if missing:
        raise ValueError(f"The {kind} `{missing[0]}` is missing; give a value for {wanted}.")


def check_times(ts: np.ndarray) -> None:
    """Raises ValueError unless `ts` (t,) is finite, starts at zero or later and never decreases."""
    ts = np.asarray(ts)
    if ts.ndim != 1 or ts.size == 0:
        raise ValueError(
            f"Argument `ts` must be a list of at least one time, but has shape {ts.shape}."
        )
    if not np.all(np.isfinite(ts)):
        raise ValueError("Argument `ts` must hold finite times, but holds a NaN or an infinity.")
    if ts[0] < 0 or np.any(np.diff(ts) < 0):
        raise ValueError(
            "Argument `ts` must start at zero or later and never decrease; sort the times."
        )


def check_shape(name: str, shape: tuple[int, ...], expected: tuple[int | None, ...]) -> None:
    """Raises ValueError unless `shape` equals `expected`, where None stands for any length."""
    fits = len(shape) == len(expected) and all(
        want is None or have == want for have, want in zip(shape, expected, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("any" if want is None else str(want) for want in expected) + ")"
        raise ValueError(f"Argument `{name}` must have shape {wanted}, but has {tuple(shape)}.")
