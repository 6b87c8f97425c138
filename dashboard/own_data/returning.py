"""Jobs that restore what a visitor had: data and models that are kept, and a model's zip file.

Generators for the workers like those of jobs.py. Anything that no longer exists, or is not a model,
raises a ValueError with a sentence for the visitor.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import final

from dashboard.keeping.collections import read_collection
from dashboard.keeping.packed import renamed, unpacked
from dashboard.keeping.store import SavedItem, SavedItems
from dashboard.own_data.jobs import Checked, Found, Made, ReadingStep, kept_model_of
from dashboard.own_data.preview import rows_of
from dashboard.runs.catalogue import FRAMES
from dashboard.runs.visitor_catalogue import kept_model
from hoam_core import Model, load_model
from hoam_core.checks import DivergedError
from hoam_core.storage.datasets import write_files

TRIED_PARTICLES, TRIED_TIMES = 64, 4
# One thread answers all visitors: most field evaluations per particle, and seconds for a few
# particles.
MOST_LOOKS, MOST_SECONDS = 200_000, 3.0
GONE = (
    "The data or the model of this link are not here: uploads are kept only for the visitor who "
    "made them, in the same browser and for a limited time. Upload the files or the model again."
)


@final
class TooSlowError(RuntimeError):
    """A model that would keep other visitors waiting."""


def reopen(keep: SavedItems, name: str) -> Iterator[ReadingStep | Found | Made]:
    """Data that are kept, and the newest model of them, or a model alone."""
    thing = keep.find(name)
    if thing is None:
        raise ValueError(GONE)
    keep.use(thing)
    yield ReadingStep("Opening what is kept", None)
    if thing.kind == "model":
        yield Made(kept_model(thing), thing.folder)
        return
    collection, more = read_collection(thing.folder)
    rows = rows_of(collection, more["found"])
    made = _made_of(keep, name)
    yield Found(Checked(collection, rows), name, fields=more["fields"], made=made)


def _made_of(keep: SavedItems, data: str) -> Made | None:
    """The newest model of some data that can be read."""
    for thing in keep.things():
        if thing.kind == "model" and thing.about.get("data") == data:
            try:
                return Made(kept_model(thing), thing.folder)
            except ValueError:
                continue
    return None


def take_in(
    data: bytes, keep: SavedItems, owner: str, folder: Path
) -> Iterator[ReadingStep | Made]:
    """The model in a zip file, tested and kept; its files are written into a new folder."""
    yield ReadingStep("Checking the file", None)
    name, files = renamed(unpacked(data), owner)
    place = folder / name
    write_files(place, files)
    model = load_model(place)
    yield ReadingStep("Trying the model", None)
    try_out(model)
    yield kept_model_of(model, place, keep)


def try_out(model: Model) -> None:
    """Raises ValueError unless a model quickly makes finite samples at its default parameters."""
    usual = {p.name: p.default for p in model.system.parameters}
    try:
        looks = model.method.evaluations(model.times(n_times=FRAMES))
        if looks > MOST_LOOKS:
            raise TooSlowError(f"it takes {looks:,.0f} evaluations per particle")
        model.predict(usual, particles=TRIED_PARTICLES, n_times=TRIED_TIMES)  # compiled
        started = time.perf_counter()
        model.predict(usual, particles=TRIED_PARTICLES, n_times=TRIED_TIMES)
        if (took := time.perf_counter() - started) > MOST_SECONDS:
            raise TooSlowError(f"it takes {took:.0f} s for {TRIED_PARTICLES} particles")
    except TooSlowError as error:
        raise ValueError(
            f"The model is too slow for a page that others share: {error}. Train one with fewer "
            "steps or a smaller network, or use `hoam predict`."
        ) from error
    except DivergedError as error:
        raise ValueError(f"The model cannot be used: {error}") from error
    except Exception as error:  # arrays that do not fit can fail in any part, with any error
        raise ValueError(
            f"The model cannot be used: its arrays do not fit its description "
            f"({type(error).__name__}). Download it again, or train it again."
        ) from error


def what(thing: SavedItem) -> str:
    """What an item is, in a word or two."""
    kind = {"trained": "model of the view Train, available to everybody here"}.get(thing.kind)
    method = thing.about.get("method")
    return (kind or thing.kind) + (f", {method}" if method else "")
