"""Snapshots from NetCDF in this project's layout, `state(time, particle, component)`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from hoam_core.imports.reading import Reading, checked, fewer, numbers_of, read_parameters
from hoam_core.recordings import Recording
from hoam_core.store import read_dataset
from hoam_core.systems import SYSTEMS
from hoam_core.systems.base import Component


def read_netcdf(path: Path, reading: Reading, name: str) -> Recording:
    """The population of a file; ValueError where a variable or an attribute is missing."""
    try:
        dataset = read_dataset(path)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), name)) from error
    for variable in ("time", "component"):
        if variable not in dataset.coords:
            raise ValueError(
                f"{name!r} lacks the coordinate `{variable}`; add the "
                f"{'times' if variable == 'time' else 'names of the components'} as one."
            )
    state = dataset["state"].transpose("time", "particle", "component")
    ts, x, found = np.asarray(dataset["time"], float), state.values, state.shape[1]
    components = _components(dataset, name, x)
    parameters = read_parameters(dict(dataset.attrs), reading.attributes, name)
    lengths = _lengths(dataset, parameters, name)
    x, note = fewer(x, reading, name)
    return checked(
        Recording(name, parameters, ts, x, components, lengths, found, True, (*note,))
    )  # fmt: skip


def read_start(path: Path) -> tuple[float, tuple[str, ...], np.ndarray]:
    """Time, names of the components and state (n, d) of the first time of a run in a file.

    Raises ValueError where the file holds no run.
    """
    try:
        run = read_dataset(path)
        names = tuple(str(one) for one in run["component"].values)
        state = run["state"].transpose("time", "particle", "component")
        return float(run["time"].values[0]), names, np.asarray(state.values[0], float)
    except (TypeError, IndexError, KeyError, AttributeError) as error:
        raise ValueError(
            f"File {str(path)!r} holds no run whose first state can be read; give one that "
            "`hoam simulate` wrote."
        ) from error


def _components(dataset: xr.Dataset, name: str, x: np.ndarray) -> tuple[Component, ...]:
    names = [str(value) for value in dataset["component"].values]
    if len(set(names)) != len(names):
        raise ValueError(f"{name!r} names a component twice ({', '.join(names)}); rename one.")
    system = SYSTEMS.get(str(dataset.attrs.get("system")))
    known = {c.name: c for c in system.components} if system else {}
    told = str(dataset["state"].attrs.get("units", ""))
    units = dict(part.split(":", 1) for part in told.split(",") if ":" in part)
    units = {key.strip(): unit.strip().removeprefix("1") for key, unit in units.items()}
    return tuple(
        known.get(one) or Component(one, one, units.get(one, ""), (0.0, 1.0)) for one in names
    )


def _lengths(dataset: xr.Dataset, parameters: Mapping[str, float], name: str) -> dict[str, float]:
    """The attribute `lengths` (JSON); else what one of this project's own systems says."""
    if "lengths" in dataset.attrs:
        return numbers_of(str(dataset.attrs["lengths"]), "lengths", name)
    system = SYSTEMS.get(str(dataset.attrs.get("system")))
    if system is None or {p.name for p in system.parameters} != set(parameters):
        return {}
    domain = system.domain(system.vector(parameters))
    sides = zip(system.components, np.asarray(domain.length), domain.periodic, strict=True)
    return {c.name: float(length) for c, length, closes in sides if closes}
