"""Choice of the times of a file that are used: equally spaced ones, and not too many."""

from collections.abc import Callable
from typing import NamedTuple, NoReturn

import numpy as np
from jaxtyping import Float

FEWEST_TIMES, MOST_TIMES = 4, 401
# The share of a step by which steps may differ.
UNEVEN = 1e-3


class UsedTimes(NamedTuple):
    """The rows of the times that are used, and notes on the others."""

    rows: slice
    notes: tuple[str, ...]


@np.errstate(over="ignore", invalid="ignore")
def kept_times(
    ts: Float[np.ndarray, " t"], name: str, called: Callable[[int], str], *, source: str = "",
    missing: str = "",
) -> UsedTimes:  # fmt: skip
    """The equally spaced times among `ts`, `MOST_TIMES` at most.

    A first and a last one that lie off the grid of the others are left out. `called(i)` is the name
    of a time in messages, `source` says where the times of `name` come from, and `missing` mentions
    times that were left out before. Raises ValueError, which names the time that does not fit.
    """
    source = source or f"The variable `time` of {name!r}"
    if len(ts) < FEWEST_TIMES:
        raise ValueError(
            f"{source} has {len(ts)} value(s), but a model needs at least {FEWEST_TIMES}; save "
            f"more snapshots.{missing}"
        )
    if not np.all(np.isfinite(ts)):
        first = called(int(np.argmin(np.isfinite(ts))))
        raise ValueError(f"{source} must hold increasing finite times, but not {first}; remove it.")
    if np.any(np.diff(ts) <= 0):
        i = int(np.argmax(np.diff(ts) <= 0))
        raise ValueError(
            f"{source} must hold increasing finite times, but {called(i)} is followed by "
            f"{called(i + 1)}; sort them and remove duplicates."
        )
    last = len(ts) - 1
    for begin, end in ((0, last), (0, last - 1), (1, last), (1, last - 1)):
        if end - begin + 1 >= FEWEST_TIMES and _even(ts[begin : end + 1]):
            break
    else:
        _refuse(ts, name, called, missing)
    notes = [
        f"{_capital(called(i))} does not fit the equal steps of the others and is left out."
        for i in (*range(begin), *range(end + 1, last + 1))
    ]
    stride = -(-(end - begin) // (MOST_TIMES - 1))
    if stride > 1:
        notes.append(f"One of {stride} times of each file is used.")
    return UsedTimes(slice(begin, end + 1, stride), tuple(notes))


def _even(ts: Float[np.ndarray, " t"]) -> bool:
    steps = np.diff(ts)
    return bool(np.ptp(steps) <= UNEVEN * steps.mean())


def _refuse(ts: np.ndarray, name: str, called: Callable[[int], str], missing: str) -> NoReturn:
    steps = np.diff(ts)
    usual = float(np.median(steps))
    i = int(np.argmax(np.abs(steps - usual)))
    raise ValueError(
        f"The times of {name!r} are not equally spaced (steps from {steps.min():g} to "
        f"{steps.max():g}): from {called(i)} to {called(i + 1)} it is {steps[i]:g}, mostly "
        f"{usual:g}; save at equal distances, or leave out what lies between.{missing}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
