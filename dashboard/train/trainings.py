"""The trainings of this process: those of all visitors, found again after a reload or a restart.

Each has a folder of its own among the user's models, named like the model that it makes. Their
number is bounded, and so is the memory of those that hold data.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import final

from dashboard.concurrency.lock import is_free
from dashboard.concurrency.watchers import Watchers
from dashboard.keeping.store import SavedItems, marked
from dashboard.runs.catalogue import Offer, catalogue, own_folder
from dashboard.state.url import BROUGHT
from dashboard.train.plan import data_bytes
from dashboard.train.training import Training, for_visitors
from hoam_core import Experiment, Model
from hoam_core.checks import lookup
from hoam_core.files.order import natural
from hoam_core.learning import check_buildable
from hoam_core.storage.datasets import check_folder
from hoam_core.systems import get_system
from hoam_core.training.checkpoint import unfinished

log = logging.getLogger(__name__)
MOST = 24
MOST_BYTES = 4 * 2**30
LONGEST_NAME = 48
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@final
class Trainings:
    """Trainings by name, oldest first, in a folder; used by any thread."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._all: dict[str, Training] = {}
        self._lock = threading.Lock()
        self._watchers: Watchers[Training] = Watchers()

    def names(self) -> list[str]:
        """Names, newest first."""
        return list(reversed(self._all))

    def get(self, name: str) -> Training:
        """The training of that name; ValueError if there is none."""
        if not self._all:
            raise ValueError(f"There is no training {name!r}, and no other; start one.")
        return lookup(name, self._all, "training")

    def find(self) -> list[str]:
        """Find what an interrupted process left in the folder; sentences about what is damaged.

        Trainings that another process is running now are left to it.
        """
        problems = []
        for place in sorted(self.folder.glob("*/"), key=natural):
            try:
                found = unfinished(place)
            except (ValueError, OSError) as error:
                problems.append(str(error))
                continue
            if found is not None and place.name not in self._all and is_free(place):
                with self._lock:
                    self._all[place.name] = Training(
                        place.name, found[0], place, changed=self._watchers.tell
                    )
        return problems

    def recall(self, models: Mapping[str, Model]) -> None:
        """Find those that visitors have finished and that are among the models, newest last."""
        places = [one for one in self.folder.glob("*/") if one.name in models and marked(one)]
        for place in sorted(places, key=lambda one: one.stat().st_mtime)[-MOST:]:
            if place.name not in self._all:
                model = models[place.name]
                made = Training(place.name, model.experiment, place, changed=self._watchers.tell)
                made.recall(model)
                with self._lock:
                    self._all[place.name] = made

    def forget(self, name: str) -> None:
        """Delete a training and its model; open pages may still have the model."""
        with self._lock:
            gone = self._all.pop(name, None)
        if gone is not None:
            self._watchers.tell(gone)

    def start(
        self, experiment: Experiment, catalogue: Offer, *, name: str = "", judge: bool = True,
        keep: SavedItems | None = None,
    ) -> Training:  # fmt: skip
        """A new training, which is not run yet.

        Raises ValueError if it cannot be trained. Without a name it gets `<system>-<method>`,
        numbered if that is taken. Its model is deleted with its visitor's items.
        """
        system = get_system(experiment.system)
        check_buildable(experiment)
        keep = keep or SavedItems()
        keep.check_room()
        with self._lock:
            self._check_room(data_bytes(experiment, system))
            taken = {*catalogue.models, *self._all, *self._folders()}
            if name:
                check_name(name, taken)
            else:
                name = free_name(f"{experiment.system}-{experiment.method}", taken)
            folder, tell = self._made_folder(name), self._watchers.tell
            made = Training(name, experiment, folder, judge=judge, changed=tell, keep=keep)
            for old in [one for one in self._all.values() if not one.active][: -(MOST - 1)]:
                del self._all[old.name]
            self._all[name] = made
        self._watchers.tell(made)
        return made

    def _made_folder(self, name: str) -> Path:
        try:
            return check_folder(self.folder / name)
        except ValueError as error:
            log.warning("No model can be kept", extra={"reason": str(error)})
            raise ValueError(for_visitors(error, self.folder / name)) from error

    def _folders(self) -> Iterable[str]:
        return (place.name for place in self.folder.glob("*/"))

    def _check_room(self, more: int) -> None:
        active = [one for one in self._all.values() if one.active]
        held = sum(data_bytes(one.experiment, get_system(one.experiment.system)) for one in active)
        if held + more > MOST_BYTES:
            raise ValueError(
                f"The training data need {more / 1e9:.1f} GB, but trainings here may use only "
                f"{(MOST_BYTES - held) / 1e9:.1f} GB more; use fewer particles or training "
                "values, or cancel another training."
            )
        if len(active) >= MOST:
            raise ValueError(f"There are {MOST} unfinished trainings; cancel one of them.")

    def watch(self, heard: Callable[[Training], None]) -> Callable[[], None]:
        """Call `heard`, on any thread, at every change of a training; returns a stop function."""
        return self._watchers.watch(heard)


def check_name(name: str, taken: Iterable[str]) -> None:
    """Raises ValueError for a name that cannot be that of a new model."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name == "none":
        raise ValueError(
            "Argument `name` must be lower-case letters, digits and single hyphens, a letter "
            f"first and at most {LONGEST_NAME} characters, but is {name!r}; try 'my-model-2'."
        )
    if name.startswith(BROUGHT):
        raise ValueError(
            f"Argument `name` must not begin with {BROUGHT!r}, as names in the view Own data do, "
            f"but is {name!r}; try 'my-model-2'."
        )
    if name in taken:
        raise ValueError(f"Argument `name` is {name!r}, which is taken; choose another.")


def free_name(stem: str, taken: Iterable[str]) -> str:
    """The stem, or the first free one of stem-2, stem-3, ..."""
    taken, number, name = set(taken), 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


@cache
def trainings() -> Trainings:
    """The trainings of this process; those interrupted by a restart are found once."""
    made = Trainings(own_folder())
    made.find()
    made.recall(catalogue().models)
    return made
