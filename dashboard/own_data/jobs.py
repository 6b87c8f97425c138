"""Jobs of the view "data": reading and checking files, making an example, training.

Generators for the workers: between two values they can be stopped. Nothing they make is kept until
the last value, which is complete. What could not be kept for the visitor can still be used, with a
sentence that says why it is lost when the page closes.
"""

import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, final

from dashboard.keeping import packed
from dashboard.keeping.collections import write_collection
from dashboard.keeping.store import FullError, SavedItems
from dashboard.own_data.allowed_files import count_runs
from dashboard.own_data.preview import Row, rows_of
from hoam_core import Model, simulate
from hoam_core.recorded.collection import Collection
from hoam_core.recorded.learning import learn_recorded
from hoam_core.recorded.reader import Reading
from hoam_core.recorded.recordings import Recording, collect, with_values
from hoam_core.recorded.sandbox import read_recordings_sandboxed
from hoam_core.storage.datasets import write_dataset

EXAMPLE = (1.3, 1.4, 1.5, 1.6, 1.7)
STAGES = {"training": "Learning", "judging": "Testing at the held-out value"}


class ReadingStep(NamedTuple):
    """The present step, and the share of it that is done; None if that is not known."""

    text: str
    done: float | None


@final
@dataclass(frozen=True)
class ReadingRequest:
    """Files, with what the visitor says about them."""

    paths: tuple[Path, ...]
    reading: Reading
    values: Mapping[str, Sequence[float]]
    lengths: Mapping[str, float]
    title: str
    keep: SavedItems = field(default_factory=SavedItems)
    fields: Mapping[str, str] = field(default_factory=dict)


class Made(NamedTuple):
    """A model with the folder of its files; `unsaved_reason` is empty if it is kept."""

    model: Model
    folder: Path
    unsaved_reason: str = ""


class Checked(NamedTuple):
    """Files that fit together, and a row of the table for each."""

    collection: Collection
    rows: list[Row]


class Found(NamedTuple):
    """Checked files, and what belongs to them.

    `name` is the name they are kept under, empty if they are not kept; `unsaved_reason` says why
    not; `fields` are what the visitor entered about them, `made` an existing model of them.
    """

    checked: Checked
    name: str = ""
    unsaved_reason: str = ""
    fields: Mapping[str, str] = {}
    made: Made | None = None


def check(request: ReadingRequest) -> Iterator[ReadingStep | Found]:
    """Read all files, then see whether they fit together. Raises ValueError with the cure.

    They are read in a process of their own, which ends when this is stopped.
    """
    recordings: list[Recording] = []
    runs = max(1, count_runs([str(path) for path in request.paths]))
    with closing(read_recordings_sandboxed(request.paths, request.reading)) as reading:
        for one in reading:
            recordings += [] if one is None else [one]
            yield ReadingStep("Reading the files", min(1.0, len(recordings) / runs))
    yield ReadingStep("Comparing the files", 1.0)
    together = with_values(recordings, request.values)
    collection = collect(together, title=request.title, lengths=request.lengths)
    found = {one.file: one.found for one in together}
    checked = Checked(collection, rows_of(collection, found))
    if request.keep:
        yield ReadingStep("Keeping them on this server", 1.0)
    yield _kept_data(Found(checked, fields=request.fields), found, request.keep)


def _kept_data(made: Found, counts: Mapping[str, int], keep: SavedItems) -> Found:
    """The same, with the name it is kept under, or the reason why it is not kept."""
    if not keep:
        return made
    collection = made.checked.collection
    name = collection.system().name
    try:
        with keep.making("data", name, collection.title, collection.x.nbytes) as folder:
            write_collection(collection, folder, {"found": counts, "fields": dict(made.fields)})
    except FullError as error:
        return made._replace(unsaved_reason=str(error))
    return made._replace(name=name)


def example(
    folder: Path, values: Sequence[float] = EXAMPLE, particles: int = 8_192
) -> Iterator[ReadingStep | tuple[Path, ...]]:
    """Files of short runs of the two-stream instability; the last value are their paths."""
    paths = []
    for i, mu in enumerate(values):
        yield ReadingStep(f"Running a two-stream instability, mu = {mu:g}", i / len(values))
        run = simulate(
            "two-stream", {"mu": mu}, particles=particles, seed=i, t_end=20.0, n_times=81
        )
        paths.append(folder / f"two-stream-mu-{mu:g}.nc")
        write_dataset(run, paths[-1])
    yield tuple(paths)


def train(
    collection: Collection, folder: Path, method: str, held_out: tuple[str, float] | None,
    keep: SavedItems, data: str = "",
) -> Iterator[ReadingStep | Made]:  # fmt: skip
    """Learn, judge and save; the last value is the model.

    `data` is the name under which its data are kept.
    """
    yield ReadingStep("Learning", None)
    for state in learn_recorded(collection, folder, method=method, held_out=held_out):
        if state.stage == "saved" and state.model is not None:
            yield kept_model_of(state.model, folder, keep, data)
        else:
            share = state.done / state.total if state.total > 1 else None
            yield ReadingStep(STAGES.get(state.stage, state.stage), share)


def kept_model_of(model: Model, folder: Path, keep: SavedItems, data: str = "") -> Made:
    """A model whose files are in a folder, from now on kept for the visitor if there is room."""
    if not keep:
        return Made(model, folder)
    files = sorted(folder.iterdir())
    title, size = model.system.title, sum(path.stat().st_size for path in files)
    about = {"system": model.experiment.system, "method": model.experiment.method, "data": data}
    try:
        with keep.making("model", model.name, title, size, **about) as place:
            for path in files:
                shutil.copyfile(path, place / path.name)
    except FullError as error:
        return Made(model, folder, str(error))
    thing = keep.find(model.name)
    return Made(model, thing.folder if thing is not None else folder)


def zipped(folder: Path, name: str) -> io.BytesIO:
    """The files of a model's folder, in a folder of that name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        # A kept model has the page's description beside it.
        for path in (folder / file for file in packed.LIMITS):
            if path.is_file():
                archive.write(path, f"{name}/{path.name}")
    buffer.seek(0)
    return buffer
