"""What one visitor can show: the catalogue of the process, and what the visitor brought.

Recordings may be confidential, so they and their models are never offered to anybody else. What is
kept for the visitor is not loaded until somebody asks for it by its name, and by all pages of the
process only once.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import final
from weakref import WeakValueDictionary

from dashboard.keeping.store import SavedItem, SavedItems
from dashboard.runs.catalogue import Offer
from hoam_core import Model, System, load_model

# A link compares four models at most; more of them only cost memory.
MOST_RECALLED = 4
# Models in use by pages, by their folders and the times of writing.
_loaded: WeakValueDictionary[tuple[Path, int], Model] = WeakValueDictionary()


def kept_model(thing: SavedItem) -> Model:
    """The model of a thing that is kept. ValueError where it is gone or damaged."""
    try:
        written = (thing.folder / "model.json").stat().st_mtime_ns
    except OSError as error:
        raise ValueError(
            f"The model {thing.title!r} is no longer kept here; load it again from its zip file."
        ) from error
    key = thing.folder, written
    if (known := _loaded.get(key)) is None:
        known = _loaded[key] = load_model(thing.folder)
    return known


@final
class VisitorCatalogue(Offer):
    """A visitor's catalogue: everybody's, with the visitor's own systems and models added."""

    def __init__(self, shared: Offer, keep: SavedItems | None = None):
        self.keep = keep or SavedItems()
        self._shared = shared
        self._systems: dict[str, System] = {}
        self._models: dict[str, Model] = {}

    @property
    def systems(self) -> dict[str, System]:
        """All systems by name, the visitor's own last."""
        return {**self._shared.systems, **self._systems}

    @property
    def models(self) -> dict[str, Model]:
        """All models by name, the visitor's own last."""
        return {**self._shared.models, **self._models}

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences about models that were left out."""
        return self._shared.problems

    @property
    def shipped(self) -> frozenset[str]:
        """Names of the models that everybody has."""
        return self._shared.shipped

    def offer(self, model: Model) -> None:
        """Offer a model and its system to this visitor alone."""
        self._systems[model.experiment.system] = model.system
        self._models[model.name] = model

    def recall(self, link: Iterable[str]) -> None:
        """Load kept items that the values of a link name; damaged ones stay unknown."""
        told = " ".join(link)
        kept = [one for one in self.keep.things() if one.kind == "model"]
        wanted = [one for one in kept if one.name in told]
        wanted = wanted or [one for one in kept if str(one.about.get("system")) in told.split()]
        for thing in wanted[:MOST_RECALLED]:
            try:
                model = kept_model(thing)
            except ValueError:
                continue
            self.keep.use(thing)
            self.offer(model)

    def add(self, model: Model) -> None:
        self._shared.add(model)

    def watch(self, heard: Callable[[Model], None]) -> Callable[[], None]:
        return self._shared.watch(heard)


def keep_of(catalogue: Offer) -> SavedItems:
    """What is kept for the visitor of a catalogue; nothing for everybody's catalogue."""
    return catalogue.keep if isinstance(catalogue, VisitorCatalogue) else SavedItems()
