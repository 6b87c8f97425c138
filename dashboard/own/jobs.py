"""Jobs of the view "data": reading and checking files, making an example, training.

Generators for the workers: between two values they can be stopped. Nothing of what they make is
kept anywhere until the last value, which is the whole.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dashboard.own.paths import count_runs
from dashboard.own.preview import Row, rows_of
from hoam_core import Model, simulate
from hoam_core.collection import Collection
from hoam_core.imports import Reading
from hoam_core.imports.apart import recordings_apart
from hoam_core.learn_recorded import learn_recorded
from hoam_core.recordings import Recording, collect, with_values
from hoam_core.store import write_dataset

EXAMPLE = (1.3, 1.4, 1.5, 1.6, 1.7)
STAGES = {"training": "Learning", "judging": "Judging at the value that was held out"}


class Step(NamedTuple):
    """What goes on, and the share of it that is done; None if that is not known."""

    words: str
    done: float | None


@dataclass(frozen=True)
class Request:
    """Files, with what the visitor says about them."""

    paths: tuple[Path, ...]
    reading: Reading
    values: Mapping[str, Sequence[float]]
    lengths: Mapping[str, float]
    title: str


class Checked(NamedTuple):
    """Files that fit together, and a row of the table for each."""

    collection: Collection
    rows: list[Row]


def check(request: Request) -> Iterator[Step | Checked]:
    """Read all files, then see whether they fit together. Raises ValueError with the cure.

    They are read in a process of their own, which ends when this is stopped.
    """
    recordings: list[Recording] = []
    runs = max(1, count_runs([str(path) for path in request.paths]))
    with closing(recordings_apart(request.paths, request.reading)) as reading:
        for one in reading:
            recordings += [] if one is None else [one]
            yield Step("Reading the files", min(1.0, len(recordings) / runs))
    yield Step("Comparing the files", 1.0)
    together = with_values(recordings, request.values)
    collection = collect(together, title=request.title, lengths=request.lengths)
    found = {one.file: one.found for one in together}
    yield Checked(collection, rows_of(collection, found))


def example(
    folder: Path, values: Sequence[float] = EXAMPLE, particles: int = 8_192
) -> Iterator[Step | tuple[Path, ...]]:
    """Files of short runs of the two-stream instability; the last value are their paths."""
    paths = []
    for i, mu in enumerate(values):
        yield Step(f"Running a two-stream instability, mu = {mu:g}", i / len(values))
        run = simulate(
            "two-stream", {"mu": mu}, particles=particles, seed=i, t_end=20.0, n_times=81
        )
        paths.append(folder / f"two-stream-mu-{mu:g}.nc")
        write_dataset(run, paths[-1])
    yield tuple(paths)


def train(
    collection: Collection, folder: Path, method: str, held_out: tuple[str, float] | None
) -> Iterator[Step | Model]:
    """Learn, judge and save; the last value is the model."""
    yield Step("Learning", None)
    for state in learn_recorded(collection, folder, method=method, held_out=held_out):
        if state.stage == "saved" and state.model is not None:
            yield state.model
        else:
            share = state.done / state.total if state.total > 1 else None
            yield Step(STAGES.get(state.stage, state.stage), share)


def zipped(folder: Path, name: str) -> io.BytesIO:
    """The files of a model's folder, in a folder of that name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{name}/{path.name}")
    buffer.seek(0)
    return buffer
