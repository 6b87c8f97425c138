"""What the page can show: every system, every model that ships, and those that are trained here.

Nothing is listed by hand. A model folder that cannot be read is left out and the reason kept, so
that one damaged file only removes one entry of a selector. A model that is trained while the page
runs is added for everybody; those in the user's own folder are found again at the start.
"""

import abc
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import final

from platformdirs import user_data_path

from dashboard.concurrency.watchers import Watchers
from hoam_core import SYSTEMS, Model, System, load_model
from hoam_core.files.assets import asset
from hoam_core.files.order import natural
from hoam_core.methods import with_share
from hoam_core.models.files import shipped_models
from hoam_core.systems import Recorded

FRAMES = 101
PARTICLES = (1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536)
MOST_PARTICLES = 131_072
# A roll-out is one array of all its times, single precision; a visitor must not fill the machine.
MOST_BYTES = 512 * 2**20
USUAL, USUAL_NUMBERS = 4_096, 131_072
PREFERRED = ("partial", "mean-field", "galerkin", "hybrid", "dice", "hoam-gauss")


def judged_density(model: Model) -> float:
    """The mean density error at the test values inside the trained range; infinite if unknown."""
    inside = [one for one in model.errors if not model.outside(one["parameters"])]
    found = [row["value"] for one in inside for row in one.get("density", ())]
    return sum(found) / len(found) if found else math.inf


class Offer(abc.ABC):
    """What views read from a catalogue, whether everybody's or one visitor's.

    `shipped` are the names of the models that everybody has; `problems` are sentences about models
    that were left out.
    """

    systems: dict[str, System]
    models: dict[str, Model]
    problems: tuple[str, ...]
    shipped: frozenset[str]

    @abc.abstractmethod
    def add(self, model: Model) -> None:
        """Offer a model to everybody, in place of one of the same name; from any thread."""

    @abc.abstractmethod
    def watch(self, heard: Callable[[Model], None]) -> Callable[[], None]:
        """Call `heard` with every new model, on the adding thread; returns a stop function."""

    def models_of(self, system: str) -> list[str]:
        """Names of the models of a system, the most accurate methods first.

        Everybody's page opens with the first, so models that ship come before trained ones.
        """
        names = [name for name, m in self.models.items() if m.experiment.system == system]
        return sorted(names, key=self._rank)

    def _rank(self, name: str) -> tuple[bool, float, int, str]:
        model = self.models[name]
        method = model.experiment.method
        place = PREFERRED.index(method) if method in PREFERRED else len(PREFERRED)
        return name not in self.shipped, judged_density(model), place, name

    def model(self, name: str, share: float = 1.0) -> Model:
        """A model; one of a lattice with the noise of another lambda, `share` times the right one.

        Too large a lambda makes the paths too quiet, since the increments are divided by it.
        """
        model = self.models[name]
        if share == 1.0 or not model.system.family.is_noisy:
            return model
        params = with_share(model.params, share * model.params["units"]["share"])
        return replace(model, params=params)

    def plane(self, system: str) -> tuple[str, str]:
        """Names of the two components that a view of a system starts with."""
        about = self.systems[system]
        names = about.plane or [c.name for c in about.components[:2]]
        # A single component would be drawn against itself, so it is not drawn.
        return names[0], names[-1]

    def axes(self, system: str, plane: tuple[str, str] | None = None) -> tuple[int, int]:
        """Indices of two components by their names; those of `plane` unless given."""
        names = [c.name for c in self.systems[system].components]
        horizontal, vertical = plane or self.plane(system)
        return names.index(horizontal), names.index(vertical)

    def particles(self, system: str, model: str = "") -> tuple[int, ...]:
        """Numbers of particles on offer: as many as can be rolled out in bounded memory.

        Numbers with which the model was found to fail are left out.
        """
        least = self.least_particles(model)
        return tuple(n for n in PARTICLES if least <= n <= self.most_particles(system))

    def least_particles(self, model: str) -> int:
        """The number that a model was found to need; one if that is unknown."""
        about = self.models.get(model)
        return (about.limits.particles if about else None) or 1

    def usual_particles(self, system: str, model: str = "") -> int:
        """The default number of a view: fewer in many dimensions, so that an answer is quick."""
        room = USUAL_NUMBERS // len(self.systems[system].components)
        usual = max(n for n in PARTICLES if n <= min(USUAL, max(room, PARTICLES[0])))
        return max(usual, min(self.particles(system, model), default=usual))

    def most_particles(self, system: str) -> int:
        """The largest number of particles of a roll-out, a power of two."""
        room = MOST_BYTES // (4 * FRAMES * len(self.systems[system].components))
        return min(MOST_PARTICLES, 1 << (room.bit_length() - 1))

    def times(self, system: str, model: str):
        """The frames of a view: equispaced, up to where the model was trained if there is one."""
        about = self.systems[system]
        # Between the recorded times nothing can be compared.
        frames = about.n_times if isinstance(about, Recorded) else FRAMES
        return (self.models[model] if model else about).times(n_times=frames)


@final
@dataclass(eq=False)
class Catalogue(Offer):
    """The systems and models for everybody.

    `models` is replaced, never changed, so that any thread may read it while another adds to it.
    """

    systems: dict[str, System]
    models: dict[str, Model]
    problems: tuple[str, ...] = ()
    shipped: frozenset[str] = frozenset()
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _watchers: Watchers[Model] = field(default_factory=Watchers, repr=False)

    def add(self, model: Model) -> None:
        with self._lock:
            self.models = {**self.models, model.name: model}
        self._watchers.tell(model)

    def watch(self, heard: Callable[[Model], None]) -> Callable[[], None]:
        return self._watchers.watch(heard)


def own_folder() -> Path:
    """Where models that are trained here are kept: the folder HOAM_MODELS, else the user's data."""
    named = os.environ.get("HOAM_MODELS")
    writable = named and os.access(named, os.W_OK) and Path(named).is_dir()
    return Path(named) if named and writable else user_data_path("hoam") / "models"


@cache
def catalogue() -> Catalogue:
    """The catalogue of this process, read once."""
    own = {
        path.parent.name: path.parent
        for path in sorted(own_folder().glob("*/model.json"), key=natural)
    }
    models, problems = {}, []
    # Names of models that ship cannot be replaced.
    for name, folder in (own | shipped_models()).items():
        try:
            models[name] = replace(load_model(folder), name=name)
        except ValueError as error:
            problems.append(str(error))
    recorded = {m.recorded.name: m.recorded for m in models.values() if m.recorded}
    shipped = frozenset(shipped_models(asset("models")))
    return Catalogue({**SYSTEMS, **recorded}, models, tuple(problems), shipped)
