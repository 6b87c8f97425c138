"""A measured curve, such as an electric energy over time: read from CSV, and checked."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hoam_core.checks import brief
from hoam_core.files.csv_text import read_table
from hoam_core.inference.sweeps import LEARNED, is_energy, levels

FEWEST = 5


class Measurement(NamedTuple):
    """Values (j,) of an observable at times ts (j,), in any order, in the units of the model."""

    ts: Float[np.ndarray, " j"]
    values: Float[np.ndarray, " j"]


def read_measurement(text: str, observable: str = "electric_energy") -> Measurement:
    """A measurement from CSV text: the columns `time` and that of the observable.

    Other columns are ignored; csv_text.py describes the accepted formats. Raises ValueError, with
    the line, for a missing column or a cell that is no number.
    """
    name = observable.removesuffix(LEARNED)
    table = read_table(text, ("time", name))
    if table is None:
        raise ValueError(f"The measurement is empty; give a CSV file with the columns time,{name}.")
    for wanted in ("time", name):
        if wanted not in table.heads:
            found = ", ".join(map(brief, table.heads[:12]))
            raise ValueError(
                f"The measurement lacks the column `{wanted}`: its first line names {found}; "
                f"it must have the columns time,{name}."
            )
    columns = [table.heads.index(wanted) for wanted in ("time", name)]
    numbers = [[table.number(row, column) for column in columns] for row in table.rows]
    values = np.asarray(numbers, float).reshape(-1, 2)
    return Measurement(values[:, 0], values[:, 1])


def check_measurement(
    measured: Measurement, t_end: float, observable: str
) -> tuple[Float[np.ndarray, " j"], Float[np.ndarray, " j"]]:
    """Sorted times, and values as they are compared (energies by their logarithms).

    Zero energies have no logarithm and are left out. Raises ValueError for unusable measurements.
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
