"""Snapshots out of files: NetCDF in this project's layout, and openPMD."""

from collections.abc import Sequence
from pathlib import Path

import h5py

from hoam_core.imports.netcdf import read_netcdf
from hoam_core.imports.openpmd import read_openpmd
from hoam_core.imports.reading import Reading, check_file
from hoam_core.recordings import Recording


def read_recording(path: str | Path, reading: Reading = Reading(), name: str = "") -> Recording:  # noqa: B008
    """The population in a file, or in an openPMD series `data_%T.h5` of one file each iteration.

    `name` is what messages call it, by default its own. Raises ValueError with the cure.
    """
    path, name = Path(path), name or Path(path).name
    try:
        return _read(path, reading, name)
    except MemoryError as error:
        raise ValueError(
            f"{name!r} needs more memory than there is; save fewer particles or times."
        ) from error
    except Exception as error:  # a damaged file makes the libraries raise anything
        # Every sentence of this project about a file names it.
        if isinstance(error, ValueError) and repr(name) in str(error):
            raise
        raise ValueError(
            f"{name!r} cannot be read ({type(error).__name__}): it is damaged or of another kind; "
            "copy it again, or give another file."
        ) from error


def _read(path: Path, reading: Reading, name: str) -> Recording:
    files = sorted(path.parent.glob(path.name.replace("%T", "*"))) if "%T" in path.name else [path]
    if not files:
        raise ValueError(f"There are no files {name!r}; check the path.")
    for file in files:
        check_file(file, name)
    if is_openpmd(files[0]):
        return read_openpmd(path, reading, name)
    return read_netcdf(path, reading, name)


def is_openpmd(path: Path) -> bool:
    """Whether an HDF5 file says that it follows the openPMD standard."""
    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path) as file:
        return "openPMD" in file.attrs


def series_of(paths: Sequence[Path]) -> list[Path]:
    """The paths, those of the iterations of one openPMD series taken together as `data_%T.h5`."""
    found: dict[Path, None] = {}
    for path in paths:
        found[_pattern(path)] = None
    return list(found)


def _pattern(path: Path) -> Path:
    digits = path.stem[len(path.stem.rstrip("0123456789")) :]
    if not digits:
        return path
    try:
        with h5py.File(path) as file:
            encoding = file.attrs.get("iterationEncoding", "")
    except Exception:  # whoever reads the file says what is wrong with it
        return path
    encoding = encoding.decode() if isinstance(encoding, bytes) else str(encoding)
    stem = path.stem.removesuffix(digits)
    return path.with_name(f"{stem}%T{path.suffix}") if encoding == "fileBased" else path


__all__ = ["Reading", "is_openpmd", "read_recording", "series_of"]
