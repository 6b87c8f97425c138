"""Small openPMD series, written with h5py so that anything can be wrong with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

PARTICLES = "particles/electrons"


def population(n: int = 300, times: int = 6, seed: int = 0) -> dict[str, np.ndarray]:
    """Positions and momenta (t, n) of particles that fly freely."""
    rng = np.random.default_rng(seed)
    p = rng.normal(size=(2, n))
    x = rng.uniform(0, 10, n) + np.arange(times)[:, None] * p[0]
    return {
        "position/x": x, "momentum/x": np.tile(p[0], (times, 1)),
        "momentum/y": np.tile(p[1], (times, 1)),
    }  # fmt: skip


def written(
    path: Path, columns: Mapping[str, Sequence], *, steps: Sequence[int] = (), start: float = 0.0,
    units: Mapping[str, float] | None = None, **attributes: object,
) -> Path:  # fmt: skip
    """A series with one row of each component an iteration, 0.5 fs apart for each ten of `steps`.

    A row that is None is not there; `path` may hold %T for one file each iteration.
    """
    units = {"position": 1e-6, "positionOffset": 1e-6, "momentum": 1e-24} | dict(units or {})
    count = len(next(iter(columns.values())))
    steps = steps or [10 * k for k in range(count)]
    encoding = "fileBased" if "%T" in path.name else "groupBased"
    for k, step in enumerate(steps):
        place = path.with_name(path.name.replace("%T", f"{step:04d}"))
        with h5py.File(place, "a") as file:
            file.attrs.update(
                openPMD="1.1.0", openPMDextension=np.uint32(0), basePath="/data/%T/",
                particlesPath="particles/", iterationEncoding=encoding, **attributes,
                iterationFormat="/data/%T/" if encoding == "groupBased" else place.stem[:-4] + "%T",
            )  # fmt: skip
            iteration = file.create_group(f"data/{step}")
            iteration.attrs.update(time=start + step / 20, dt=0.05, timeUnitSI=1e-15)
            for name, rows in columns.items():
                if rows[k] is not None:
                    add(iteration, name, rows[k], units)
    return path


def add(
    iteration: h5py.Group, name: str, row: np.ndarray, units: Mapping[str, float]
) -> None:  # fmt: skip
    """A component of the electrons."""
    record, _, _ = name.partition("/")
    made = iteration.create_dataset(f"{PARTICLES}/{name}", data=row)
    made.attrs["unitSI"] = units.get(record, 1.0)
    iteration[f"{PARTICLES}/{record}"].attrs.update(
        unitDimension=np.zeros(7), timeOffset=0.0, macroWeighted=np.uint32(0), weightingPower=0.0
    )


def changed(path: Path, place: str, **attributes: object) -> Path:
    """The file with other attributes at a place."""
    with h5py.File(path, "r+") as file:
        file[place].attrs.update(attributes)
    return path


def without(columns: Mapping[str, np.ndarray], *times: int, rows: np.ndarray | None = None) -> dict:
    """Columns with `rows` in place of those at some times."""
    return {
        name: [rows if k in times else row for k, row in enumerate(values)]
        for name, values in columns.items()
    }  # fmt: skip


def sorted_rows(values: np.ndarray) -> np.ndarray:
    """Each time's values in order, for particles are drawn in any."""
    return np.sort(values, axis=1)
