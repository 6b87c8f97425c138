"""What the page can show: every system, and every model that ships, found when the page starts.

Nothing is listed by hand. A model folder that cannot be read is left out and its sentence kept, so
that one damaged file costs one entry of a selector and not the page.
"""

from dataclasses import dataclass
from functools import cache

from hoam_core import SYSTEMS, Model, System, load_model
from hoam_core.models import shipped_models

FRAMES = 101
STEPS = 100
PREFERRED = ("galerkin", "hybrid", "dice", "hoam-gauss")


@dataclass(frozen=True)
class Catalogue:
    """Systems and models by name; `problems` are sentences about models that were left out."""

    systems: dict[str, System]
    models: dict[str, Model]
    problems: tuple[str, ...] = ()

    def models_of(self, system: str) -> list[str]:
        """Names of the models of a system, the most accurate methods first."""
        names = [name for name, m in self.models.items() if m.experiment.system == system]
        return sorted(names, key=lambda name: (self._rank(name), name))

    def _rank(self, name: str) -> int:
        method = self.models[name].experiment.method
        return PREFERRED.index(method) if method in PREFERRED else len(PREFERRED)

    def times(self, system: str, model: str):
        """The frames of a view: equispaced, up to where the model was trained if there is one."""
        if model:
            return self.models[model].times(n_times=FRAMES)
        return self.systems[system].times(n_times=FRAMES)


@cache
def catalogue() -> Catalogue:
    """The catalogue of this process, read once."""
    models, problems = {}, []
    for name, folder in shipped_models().items():
        try:
            models[name] = load_model(folder)
        except ValueError as error:
            problems.append(str(error))
    return Catalogue(dict(SYSTEMS), models, tuple(problems))
