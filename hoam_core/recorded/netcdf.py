"""Snapshots from NetCDF in this project's layout, `state(time, particle, component)`.

Names and texts come as strings, as bytes or as arrays of characters (MATLAB, Fortran). Times are
the numbers in the file, whatever their unit; a reference date in the unit is ignored.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from hoam_core.checks import check_name
from hoam_core.recorded.options import Reading, checked, fewer, numbers_of, read_parameters
from hoam_core.recorded.recordings import Recording
from hoam_core.storage.datasets import read_dataset
from hoam_core.systems import SYSTEMS
from hoam_core.systems.base import Component

# netCDF's default fill value of floating-point numbers.
UNWRITTEN = 9.969209968386869e36


def read_netcdf(path: Path, reading: Reading, name: str) -> Recording:
    """The recording in a NetCDF file; ValueError where a variable or an attribute is missing."""
    try:
        dataset = read_dataset(path)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), name)) from error
    if "time" not in dataset.coords:
        raise ValueError(f"{name!r} lacks the coordinate `time`; add the times as one.")
    state = dataset["state"].transpose("time", "particle", "component")
    ts, x, found = np.asarray(dataset["time"], float), state.values, state.shape[1]
    ts, x, cut_off = _written(ts, x, name)
    components = _components(dataset, name, x)
    attributes = dict(dataset.attrs)
    if "parameters" in attributes:
        attributes["parameters"] = _text(attributes["parameters"])
    parameters = read_parameters(attributes, reading.attributes, name)
    lengths = _lengths(dataset, parameters, name)
    unit = _time_unit(dataset, name)
    x, notes = fewer(x, reading, name)
    notes = [*cut_off, *notes]
    if unit:
        notes = [*notes, f"Times are in {unit}, as they stand in the file."]
    return checked(
        Recording(name, parameters, ts, x, components, lengths, found, True, (*notes,), unit)
    )  # fmt: skip


def read_start(path: Path) -> tuple[float, tuple[str, ...], np.ndarray]:
    """First time, names of the components and state (n, d) at that time of a run in a file.

    Raises ValueError if the file holds no run.
    """
    try:
        run = read_dataset(path)
        names = _labels(run, str(path))
        state = run["state"].transpose("time", "particle", "component")
        return float(run["time"].values[0]), names, np.asarray(state.values[0], float)
    except (TypeError, IndexError, KeyError, AttributeError) as error:
        raise ValueError(
            f"File {str(path)!r} holds no run whose first state can be read; give one that "
            "`hoam simulate` wrote."
        ) from error


def _written(
    ts: np.ndarray, x: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Times and states without those at the end that were never written, and notes on these.

    An interrupted run may have written more times than states. The missing states read as NaN, as
    netCDF's default fill value, or as zeros, depending on the library that wrote the file.
    """
    if x.dtype == np.float16:
        x = x.astype(np.float32)  # half precision cannot represent the fill value
    numbers = np.nan_to_num(x.reshape(len(x), -1), nan=UNWRITTEN, posinf=0.5, neginf=0.5)
    unfilled = np.isclose(np.abs(numbers), UNWRITTEN, rtol=1e-6)
    empty = unfilled.all(axis=1) | (numbers == 0).all(axis=1)
    last = len(x) - int(np.argmin(empty[::-1])) if len(x) and not empty.all() else 0
    if unfilled[:last].any() and not np.isnan(x[:last]).any():
        i = int(np.argmax(unfilled[:last].any(axis=1)))
        raise ValueError(
            f"{name!r} has numbers at t = {ts[i]:g} that were never written (netCDF's default fill "
            f"value, {UNWRITTEN:.4g}); write the state of every particle, or leave those times out."
        )
    if last == len(x):
        return ts, x, ()
    count = len(x) - last
    told = "The last time holds" if count == 1 else f"The last {count} times hold"
    return ts[:last], x[:last], (f"{told} no states, as of a run that was cut off: left out.",)


def _text(value: object) -> str:
    """Text from a str, from bytes, or from an array of one, without padding blanks and zeros."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else ""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip(" \0")


def _labels(dataset: xr.Dataset, name: str) -> tuple[str, ...]:
    """Names of the components."""
    found = dataset.variables.get("component")
    if found is not None and found.dims == ("component",):
        return tuple(map(_text, found.values))
    if found is not None and found.ndim == 2 and "component" in found.dims:
        # Single characters that xarray has not joined, since the names run along the last axis.
        letters = found.transpose("component", ...).values.tolist()
        return tuple(_text(b"".join(one or b" " for one in name)) for name in letters)
    raise ValueError(
        f"{name!r} lacks the coordinate `component`; add the names of the components as one."
    )


def _time_unit(dataset: xr.Dataset, name: str) -> str:
    """The unit of the times without its reference date; empty if there is none."""
    unit = _text(dataset["time"].attrs.get("units", "")).partition(" since ")[0].strip()
    check_name(f"the unit of `time` of {name!r}", unit or "1")
    return "" if unit in ("1", "model time") else unit


def _components(dataset: xr.Dataset, name: str, x: np.ndarray) -> tuple[Component, ...]:
    names = _labels(dataset, name)
    if len(set(names)) != len(names):
        raise ValueError(f"{name!r} names a component twice ({', '.join(names)}); rename one.")
    system = SYSTEMS.get(_text(dataset.attrs.get("system")))
    known = {c.name: c for c in system.components} if system else {}
    told = _text(dataset["state"].attrs.get("units", ""))
    units = dict(part.split(":", 1) for part in told.split(",") if ":" in part)
    units = {key.strip(): unit.strip().removeprefix("1") for key, unit in units.items()}
    return tuple(
        known.get(one) or Component(one, one, units.get(one, ""), (0.0, 1.0)) for one in names
    )


def _lengths(dataset: xr.Dataset, parameters: Mapping[str, float], name: str) -> dict[str, float]:
    """Box lengths from the attribute `lengths` (JSON), or else from a known system's domain."""
    if "lengths" in dataset.attrs:
        return numbers_of(_text(dataset.attrs["lengths"]), "lengths", name)
    system = SYSTEMS.get(_text(dataset.attrs.get("system")))
    if system is None or {p.name for p in system.parameters} != set(parameters):
        return {}
    domain = system.domain(system.vector(parameters))
    sides = zip(system.components, np.asarray(domain.length), domain.periodic, strict=True)
    return {c.name: float(length) for c, length, closes in sides if closes}
