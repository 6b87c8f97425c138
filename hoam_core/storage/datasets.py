"""Populations as `xarray.Dataset`, and files that are written completely or not at all."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax.traverse_util import flatten_dict
from jaxtyping import Array, Complex, Float
from safetensors.numpy import save as save_arrays

from hoam_core.checks import check_finite
from hoam_core.files.json_text import json_text
from hoam_core.systems import Lattice, System
from hoam_core.version import __version__

# Deflate packs at most 1032 bytes into one; a header that claims more is false.
MOST_PACKED = 1_100
# First bytes of NetCDF 3.
CLASSIC = b"CDF"


def check_folder(folder: str | Path) -> Path:
    """Make a folder and check that it can be written; ValueError with the cure if not."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise  # the folder is right, the disk is full
        raise ValueError(
            f"Argument `out` names the folder {str(folder)!r}, which cannot be written "
            f"({error.strerror}); choose one that you own."
        ) from error
    return folder


def check_file(path: str | Path) -> Path:
    """Check that a file can be written at `path`, before a long run; ValueError if not."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"Argument `out` names the folder {str(path)!r}; add a file name.")
    if not path.parent.is_dir():
        raise ValueError(
            f"Argument `out` names the folder {str(path.parent)!r}, which does not exist; "
            "create it or choose another."
        )
    check_folder(path.parent)
    return path


def arrays_bytes(params: Any) -> bytes:
    """A tree of arrays as safetensors; equal numbers give equal bytes."""
    arrays = {name: np.asarray(a) for name, a in flatten_dict(params, sep="/").items()}
    # safetensors ignores strides, so a transposed view must be copied first.
    return save_arrays({name: np.array(a, order="C") for name, a in arrays.items()})


@contextlib.contextmanager
def whole_file(path: str | Path) -> Generator[Path]:
    """A temporary path beside `path` to write to: renamed to `path` at the end, removed on failure.

    Raises ValueError where the folder is missing or cannot be written; a full disk raises OSError.
    """
    path = check_file(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        # mkstemp makes private files; give the result the permissions of any new file.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_files(folder: str | Path, files: Mapping[str, bytes]) -> None:
    """Write files, by their paths in the folder: all to temporary ones, then renamed in order.

    After a failure, such as a full disk, the folder is unchanged.
    """
    with contextlib.ExitStack() as stack:
        parts = {}
        # The last context that is entered is the first to exit, which renames its file.
        for name in [*files][::-1]:
            check_folder((Path(folder) / name).parent)
            parts[name] = stack.enter_context(whole_file(Path(folder) / name))
        for name, data in files.items():
            parts[name].write_bytes(data)


def observe(
    system: System, x: Float[Array | np.ndarray, "t n d"], mu: Float[Array | np.ndarray, " p"]
) -> dict[str, Float[Array, " t"]]:
    """The observables of a path at every time, by name."""
    return observe_all(system, x, mu)[0]


def observe_all(
    system: System, x: Float[Array | np.ndarray, "t n d"], mu: Float[Array | np.ndarray, " p"]
) -> tuple[dict[str, Float[Array, " t"]], Complex[Array, "t m"] | None]:
    """The observables of a path, and the complex amplitudes of its field's waves (or None)."""
    # Only the functions: compiled code keeps its arguments, and a system may hold much memory.
    return _observe(system.observables, system.field_modes, jnp.asarray(x), jnp.asarray(mu))


@partial(jax.jit, static_argnames=("observables", "field_modes"))
def _observe(observables, field_modes, x, mu):
    # The energy of a field is a sum over the same waves, so that they cost nothing extra.
    return jax.lax.map(lambda one: (observables(one, mu), field_modes(one, mu)), x)


def to_dataset(
    system: System, mu: Float[Array, " p"], ts: np.ndarray, x: Float[Array, "t n d"],
    *, seed: int, method: str, observed: Mapping[str, Float[Array, " t"]] | None = None,
) -> xr.Dataset:  # fmt: skip
    """A run as a dataset, with its observables (those of the samples unless given), units and
    provenance.

    Variables: state(time, particle, component) in physical units with periodic positions wrapped,
    and one variable of time for each observable. Raises DivergedError where one is not finite.
    """
    names = ", ".join(f"{c.name}: {c.unit or '1'}" for c in system.components)
    state = (("time", "particle", "component"), np.asarray(x), {"units": names})
    observed = observe(system, x, mu) if observed is None else observed
    run = _with_observables(system, mu, ts, state, observed, x.shape[1], seed=seed, method=method)
    return run.assign_coords(component=[c.name for c in system.components])


def lattice_dataset(
    lattice: Lattice, mu: Float[Array, " p"], ts: np.ndarray, cells: np.ndarray,
    z: Float[Array, "t r k"], *, seed: int,
) -> xr.Dataset:  # fmt: skip
    """A lattice run as a dataset: cells of one run, `state(time, y, x)`, and all observables."""
    axes, names = ("z", "y", "x")[-(cells.ndim - 1) :], lattice.cell_names
    attributes: dict[str, Any] = {"units": "1"}
    if names:
        attributes |= {"flag_values": list(names), "flag_meanings": " ".join(names.values())}
    else:
        axes = ("component", *axes[1:])
    state = (("time", *axes), cells, attributes)
    seen = observe(lattice, z, mu)
    run = _with_observables(
        lattice, mu, ts, state, seen, z.shape[1], seed=seed, method="full-model"
    )
    return run if names else run.assign_coords(component=[c.name for c in lattice.components])


def _with_observables(
    system: System, mu: Float[Array, " p"], ts: np.ndarray, state: tuple,
    observed: Mapping[str, Float[Array, " t"]], particles: int, *, seed: int, method: str,
) -> xr.Dataset:  # fmt: skip
    info = {o.name: o for o in system.observable_info}
    variables: dict[str, Any] = {"state": state}
    for name, values in observed.items():
        attributes = {"units": info[name].unit or "1", "long_name": info[name].label}
        variables[name] = (("time",), np.asarray(values), attributes)
    check_finite(
        f"The run of {system.title!r} by {method!r} at {system.named(mu)}",
        [np.asarray(variable[1]) for variable in variables.values()],
    )
    attributes = {
        "system": system.name,
        "parameters": json_text(system.named(mu)),
        "seed": int(seed),
        "particles": particles,
        "method": method,
        "backend": system.backend(particles),
        "version": __version__,
    }
    times = {"time": ("time", np.asarray(ts), system.time_attributes)}
    return xr.Dataset(variables, times, attributes)


def check_not_infinite(variable: xr.DataArray) -> None:
    """Raises DivergedError for an infinity; a NaN marks a missing value, as in sweeps."""
    values = variable.values
    if np.issubdtype(values.dtype, np.floating):
        check_finite(f"The variable {str(variable.name)!r}", values[~np.isnan(values)])


def dataset_bytes(dataset: xr.Dataset) -> bytes:
    """The NetCDF file (HDF5) that `write_dataset` writes. Raises DivergedError for an infinity."""
    for name in dataset.data_vars:
        check_not_infinite(dataset[name])
    encoding = {name: {"zlib": True, "complevel": 1} for name in dataset.data_vars}
    return bytes(dataset.to_netcdf(engine="h5netcdf", encoding=encoding))


def write_dataset(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a NetCDF file (HDF5), completely or not at all."""
    # Through memory: HDF5 cannot close a file on a full disk and aborts the process instead.
    data = dataset_bytes(dataset)
    with whole_file(path) as part:
        part.write_bytes(data)


def is_classic(path: Path) -> bool:
    """Whether a file is NetCDF 3, the classic format, which is no HDF5."""
    with path.open("rb") as file:
        return file.read(len(CLASSIC)) == CLASSIC


def _opened(path: Path) -> xr.Dataset:
    # Times as the numbers in the file: decoding would depend on the wording of their unit, and on
    # the version of xarray.
    if is_classic(path):
        with path.open("rb") as file:
            if file.read(len(CLASSIC) + 1)[-1] not in (1, 2):
                raise ValueError("its numbers are of 64 bits, which SciPy would misread")
        return xr.open_dataset(path, engine="scipy", decode_times=False)
    return xr.open_dataset(path, engine="h5netcdf", decode_times=False)


def read_dataset(path: str | Path) -> xr.Dataset:
    """Read a run, NetCDF 4 or 3, into memory; ValueError with the reason where the file is not one.

    Times are the numbers in the file, in the unit that their attribute `units` names.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}; check the path.")
    try:
        with _opened(path) as opened:
            if opened.nbytes > MOST_PACKED * path.stat().st_size:
                raise ValueError("it promises more numbers than a file of its size can hold")
            dataset = opened.load()
    except MemoryError as error:
        raise ValueError(
            f"File {str(path)!r} needs more memory than there is; save fewer particles or times."
        ) from error
    except Exception as error:
        cure = "it may be truncated. Make it again, or give another file."
        if is_classic(path):
            cure = (
                "it is NetCDF 3. Convert it with `nccopy -k nc4 OLD.nc NEW.nc`, or make it again."
            )
        raise ValueError(
            f"File {str(path)!r} cannot be read as NetCDF ({type(error).__name__}); {cure}"
        ) from error
    dims = dataset["state"].dims if "state" in dataset else ()
    if "time" in dims and "particle" not in dims:
        raise ValueError(
            f"File {str(path)!r} holds a lattice or a field, `state({', '.join(map(str, dims))})`, "
            "but particles are wanted, `state(time, particle, component)`; models of a lattice are "
            "trained on its system itself, as by `hoam train ising`."
        )
    if {"time", "particle", "component"} - set(dims):
        raise ValueError(
            f"File {str(path)!r} lacks the variable `state(time, particle, component)`; "
            "write it with `hoam simulate` or rename its variables."
        )
    return dataset
