"""A measured curve, such as an electric energy over time: read from CSV, and checked."""

import csv
import io
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hoam_core.sweep import LEARNED, is_energy, levels

FEWEST = 5


class Measurement(NamedTuple):
    """Values (j,) of an observable at times ts (j,), in any order, in the units of the model."""

    ts: Float[np.ndarray, " j"]
    values: Float[np.ndarray, " j"]


def read_measurement(text: str, observable: str = "electric_energy") -> Measurement:
    """The columns `time` and that of the observable of a CSV file; others are ignored.

    Lines that start with # are comments. Raises ValueError, with the line, for a missing column or
    something that is no number.
    """
    name = observable.removesuffix(LEARNED)
    kept = [
        (number, line)
        for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not kept:
        raise ValueError(f"The measurement is empty; give a CSV file with the columns time,{name}.")
    rows = list(
        csv.reader(io.StringIO("\n".join(line for _, line in kept)), delimiter=_comma(kept))
    )
    heads = {head.strip(): i for i, head in enumerate(rows[0])}
    columns = []
    for wanted in ("time", name):
        if wanted not in heads:
            found = ", ".join(repr(head) for head in heads)
            raise ValueError(
                f"The measurement lacks the column `{wanted}`: its first line names {found}; "
                f"it must have the columns time,{name}."
            )
        columns.append(heads[wanted])
    numbers = [
        [_number(row, column, line) for column in columns]
        for row, (line, _) in zip(rows[1:], kept[1:], strict=True)
    ]
    values = np.asarray(numbers, float).reshape(-1, 2)
    return Measurement(values[:, 0], values[:, 1])


def check_measurement(
    measured: Measurement, t_end: float, observable: str
) -> tuple[Float[np.ndarray, " j"], Float[np.ndarray, " j"]]:
    """Sorted times, and values as they are compared (energies by their logarithms).

    Zero energies have none and are left out. Raises ValueError with what is wrong and its cure.
    """
    ts, values = (np.asarray(one, float) for one in measured)
    name = observable.removesuffix(LEARNED)
    if ts.ndim != 1 or ts.shape != values.shape:
        raise ValueError(
            f"A measurement needs one value of `{name}` for each time, but has shapes {ts.shape} "
            f"and {values.shape}."
        )
    bad = ~(np.isfinite(ts) & np.isfinite(values))
    if bad.any():
        raise ValueError(
            f"The measurement holds a NaN or an infinity in {bad.sum()} of its {len(ts)} rows, "
            f"first in row {int(np.argmax(bad)) + 1}; leave these rows out."
        )
    outside = (ts < 0) | (ts > t_end * (1 + 1e-6))
    if outside.any():
        raise ValueError(
            f"The measurement has {outside.sum()} times outside 0 to {t_end:g}, where the model "
            f"was trained, such as t = {ts[outside][0]:g}; leave them out, or give times in the "
            "units of the model."
        )
    if is_energy(observable):
        if (values < 0).any():
            raise ValueError(
                f"The measured `{name}` is negative in {(values < 0).sum()} rows, the lowest being "
                f"{values.min():.3g}; an energy cannot be, so leave these rows out or take away "
                "the right background."
            )
        ts, values = ts[values > 0], values[values > 0]
    if len(np.unique(ts)) < FEWEST:
        raise ValueError(
            f"The measurement must have at least {FEWEST} different times with a value other than "
            f"zero, but has {len(np.unique(ts))}; measure at more times."
        )
    order = np.argsort(ts, kind="stable")
    return np.minimum(ts[order], t_end), levels(values[order], observable)


def _comma(kept: list[tuple[int, str]]) -> str:
    return max(",;\t", key=kept[0][1].count)


def _number(row: list[str], column: int, line: int) -> float:
    text = row[column].strip() if column < len(row) else ""
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"Line {line} of the measurement holds {text!r} where a number is wanted; mend it or "
            "leave the line out."
        ) from None
