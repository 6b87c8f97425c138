"""Read files from visitors in a child process with bounded resources, which can be killed.

The library below NetCDF and openPMD trusts the contents of a file: a damaged one can crash the
process that reads it, keep it busy for ever, or make it unpack gigabytes from kilobytes. So a child
process reads (sandbox_child.py), bounded in memory, time and output, and hands over numbers and
text (sandbox_protocol.py) as files in a temporary folder. Whatever happens to it is reported here
as one sentence, and no files are left behind.
"""

import json
import os
import subprocess  # nosec B404 -- without a shell
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

import hoam_core
from hoam_core.recorded.options import Reading
from hoam_core.recorded.recordings import Recording
from hoam_core.recorded.sandbox_protocol import (
    NOW,
    PROBLEM,
    InitialState,
    part_name,
    to_recording,
    to_start,
)

COMMAND = (sys.executable, "-m", "hoam_core.recorded.sandbox_child")
# Seconds that the process may take to start, before it reads.
STARTING = 120.0
BETWEEN_LOOKS = 0.1
BAD_INPUT = 2
# A run of many files gets at most so many times the time for one file.
MOST_SHARES = 10
MOST_RUNS = 64


@final
@dataclass(frozen=True)
class ReadingLimits:
    """Limits for reading: seconds for each run, bytes of memory and of output, number of runs."""

    seconds: float = 60.0
    memory: int = 4 * 2**30
    output: int = 512 * 2**20
    runs: int = MOST_RUNS


@final
class OvertaxedError(ValueError):
    """Raised for a file that exceeds the limits, or that crashes the process which reads it."""


def read_recordings_sandboxed(
    paths: Sequence[Path], reading: Reading = Reading(), limits: ReadingLimits = ReadingLimits(),  # noqa: B008
    *, command: Sequence[str] = COMMAND,
) -> Generator[Recording | None]:  # fmt: skip
    """The recordings of files, openPMD series joined; yields None while it waits for one.

    Raises ValueError with the sentence of `read_recording`, and OvertaxedError. Closing the
    iterator kills the process.
    """
    task = {"kind": "recordings", "paths": list(map(str, paths)), "reading": asdict(reading)}
    for data in _parts(task, limits, command):
        yield None if data is None else to_recording(data)


def read_start_sandboxed(
    path: Path, limits: ReadingLimits = ReadingLimits(), *, command: Sequence[str] = COMMAND
) -> InitialState:  # fmt: skip
    """The first state of a run in a file. Raises ValueError, including OvertaxedError."""
    task = {"kind": "start", "paths": [str(path)], "reading": {}}
    *_, start = (to_start(data) for data in _parts(task, limits, command) if data is not None)
    return start


def _parts(task: dict, limits: ReadingLimits, command: Sequence[str]) -> Iterator[bytes | None]:
    """The child's output, part by part; yields None while it waits."""
    with tempfile.TemporaryDirectory(prefix="hoam-read-", ignore_cleanup_errors=True) as name:
        folder, paths = Path(name), task["paths"]
        # All of the files may belong to one run, one for each iteration.
        seconds = limits.seconds * min(MOST_SHARES, 1 + (len(paths) - 1) // limits.runs)
        child = _started({**task, **asdict(limits), "folder": name}, command)
        try:
            for number in range(len(paths)):
                part = folder / part_name(number)
                yield from _awaited(part, child, seconds)
                if not part.exists():
                    break
                yield part.read_bytes()
                part.unlink()
            yield from _awaited(folder / part_name(-1), child, seconds)
        finally:
            child.kill()
            child.wait()


def _started(task: dict, command: Sequence[str]) -> subprocess.Popen:
    # The child must import the same code, wherever this process was started.
    code = os.pathsep.join([str(Path(hoam_core.__file__).parents[1]), *_path()])
    child = subprocess.Popen(  # noqa: S603 # nosec B603 -- this interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": code, "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    if child.stdin is not None:
        try:
            with child.stdin as pipe:
                pipe.write(json.dumps(task).encode())
        except BrokenPipeError:
            pass  # the child has ended; `_awaited` reports it
    return child


def _path() -> list[str]:
    return [one for one in (os.environ.get("PYTHONPATH"),) if one]


def _awaited(part: Path, child: subprocess.Popen, seconds: float) -> Iterator[None]:
    """Yields None until the part exists or the child is done. Raises what went wrong with it."""
    begun, reads = time.monotonic(), False
    while not part.exists():
        ended = child.poll()
        if ended is not None and not part.exists():
            _judge(ended, part.parent)
            return
        if not reads and (part.parent / NOW).exists():
            # The time that the process took to start does not count for the file.
            begun, reads = time.monotonic(), True
        allowed = seconds if reads else STARTING
        if time.monotonic() - begun > allowed:
            raise OvertaxedError(
                f"{_reading_now(part.parent)} takes longer than {allowed:g} s to read; save fewer "
                "particles or times."
            )
        time.sleep(BETWEEN_LOOKS)
        yield None


def _judge(code: int, folder: Path) -> None:
    """Raise the error that belongs to the child's exit code; none for 0."""
    if code == 0:
        return
    if code == BAD_INPUT and (folder / PROBLEM).exists():
        raise ValueError((folder / PROBLEM).read_text("utf-8"))
    raise OvertaxedError(
        f"{_reading_now(folder)} ended the process that read it: it is damaged or needs too much "
        "memory; copy it again, or save fewer particles or times."
    )


def _reading_now(folder: Path) -> str:
    now = folder / NOW
    return repr(now.read_text("utf-8")) if now.exists() else "A file"
