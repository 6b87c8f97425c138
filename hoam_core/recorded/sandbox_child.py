"""The process that sandbox.py starts to read files: `python -m hoam_core.recorded.sandbox_child`.

A task comes as JSON on standard input. Each part is written under another name and then renamed, so
that the parent sees complete files only. Exit codes: 0 done; 2 a file is bad, and the file
`problem` says why.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from hoam_core.recorded.netcdf import read_start
from hoam_core.recorded.options import Reading
from hoam_core.recorded.reader import read_run, runs_of
from hoam_core.recorded.sandbox_protocol import (
    NOW,
    PROBLEM,
    InitialState,
    of_recording,
    of_start,
    part_name,
)
from hoam_core.storage.datasets import whole_file

# Bytes allowed for the description of the numbers.
ROOM = 2**20


def bound(memory: int, output: int, seconds: float, files: int) -> None:
    """Limit this process's memory, file size and CPU time (`seconds` for each of `files` files)."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time limit remains
        return
    jnp.zeros(1).block_until_ready()  # memory that the compiler reserves does not count
    pages = Path("/proc/self/statm")
    used = int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 0
    cpu = int(seconds * (files + 1)) + 1
    wanted = {
        resource.RLIMIT_AS: used + memory, resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: output + ROOM, resource.RLIMIT_CORE: 0,
    }  # fmt: skip
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard < 0 else min(most, hard), hard))


def parts(task: dict[str, Any]) -> Iterator[bytes]:
    """The output for each file, or for each run of several files, as bytes."""
    folder, paths = Path(task["folder"]), [Path(path) for path in task["paths"]]
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in task["reading"].items()
    }
    if task["kind"] == "start":
        for path in paths:
            say(folder, path.name)
            yield of_start(InitialState(*read_start(path)))
        return
    runs = runs_of(paths)
    if len(runs) > task["runs"]:
        raise ValueError(
            f"{len(runs)} files are too many; give at most {task['runs']}, where an openPMD series "
            "of one file for each iteration counts as one."
        )
    for run in runs:
        say(folder, run.name)
        yield of_recording(read_run(run, Reading(**options)))


def say(folder: Path, name: str) -> None:
    """Tell the parent which file is being read."""
    with whole_file(folder / NOW) as part:
        part.write_text(name, "utf-8")


def fitting(found: Iterable[bytes], output: int) -> Iterator[bytes]:
    """The parts, unchanged; raises ValueError when their total size exceeds `output`."""
    total = 0
    for data in found:
        total += len(data)
        if total > output + ROOM:
            raise ValueError(
                f"The files hold more than {output / 2**20:.0f} MB of numbers together; give fewer "
                "files, or save fewer particles or times."
            )
        yield data


def main() -> int:
    """Read the task's files and return the exit code."""
    task = json.load(sys.stdin)
    folder = Path(task["folder"])
    bound(task["memory"], task["output"], task["seconds"], len(task["paths"]))
    try:
        for number, data in enumerate(fitting(parts(task), task["output"])):
            with whole_file(folder / part_name(number)) as part:
                part.write_bytes(data)
    except ValueError as error:
        with whole_file(folder / PROBLEM) as part:
            part.write_text(str(error), "utf-8")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
