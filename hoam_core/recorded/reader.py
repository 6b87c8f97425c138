"""Read snapshots from files: NetCDF in this project's layout, and openPMD."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hoam_core.recorded.files import ITERATION, RunFiles, names_of, runs_of, series_of
from hoam_core.recorded.netcdf import read_netcdf
from hoam_core.recorded.openpmd import is_openpmd, read_openpmd
from hoam_core.recorded.options import Reading, check_file
from hoam_core.recorded.recordings import Recording

LONGEST_REASON = 200


def read_recording(path: str | Path, reading: Reading = Reading(), name: str = "") -> Recording:  # noqa: B008
    """The population in a file, or in an openPMD series `data_%T.h5` of one file each iteration.

    `name` is used in messages, by default the file's own. Raises ValueError with the cure.
    """
    (run,) = runs_of([Path(path)])
    # A single file of a series is read as it is.
    return read_run(RunFiles(Path(path), run.files, name or Path(path).name), reading)


def read_recordings(
    paths: Sequence[str | Path], reading: Reading = Reading()  # noqa: B008
) -> Iterator[Recording]:  # fmt: skip
    """The populations in files, in order; the files of one openPMD series are one population.

    They are named by as much of their paths as distinguishes them. Raises ValueError.
    """
    for run in runs_of([Path(path) for path in paths]):
        yield read_run(run, reading)


def read_run(run: RunFiles, reading: Reading) -> Recording:
    """The population in the files of one run. Raises ValueError with the cure."""
    names = {run.name, *map(run.called, run.files)}
    try:
        return _read(run, reading)
    except MemoryError as error:
        raise ValueError(
            f"{run.name!r} needs more memory than there is; save fewer particles or times."
        ) from error
    except Exception as error:  # a damaged file makes the libraries raise anything
        # This project's own errors about a file name it.
        if isinstance(error, ValueError) and any(repr(name) in str(error) for name in names):
            raise
        raise ValueError(
            f"{run.name!r} cannot be read ({_reason(error, run)}): it is damaged or of another "
            "kind; copy it again, or give another file."
        ) from error


def _read(run: RunFiles, reading: Reading) -> Recording:
    if not run.files:
        raise ValueError(f"There are no files {run.name!r}; check the path.")
    for file in run.files:
        check_file(file, run.called(file))
    first, *others = run.files
    if is_openpmd(first):
        return read_openpmd(run, reading)
    if others:
        raise ValueError(f"{run.name!r} is no openPMD series; give its files one by one.")
    return read_netcdf(first, reading, run.name)


def _reason(error: Exception, run: RunFiles) -> str:
    """A library's error message, without the folders of this machine."""
    told = " ".join(str(error).split())
    for folder in {str(file.parent) for file in run.files} - {".", "/"}:
        told = told.replace(folder, "")
    name = type(error).__name__
    return f"{name}: {told[:LONGEST_REASON]}" if told else name


__all__ = [
    "ITERATION", "Reading", "RunFiles", "is_openpmd", "names_of", "read_recording",
    "read_recordings", "read_run", "runs_of", "series_of",
]  # fmt: skip
