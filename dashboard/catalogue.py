"""What the page can show: every system, and every model that ships, found when the page starts.

Nothing is listed by hand. A model folder that cannot be read is left out and its sentence kept, so
that one damaged file costs one entry of a selector and not the page.
"""

from dataclasses import dataclass, replace
from functools import cache

from hoam_core import SYSTEMS, Model, System, load_model
from hoam_core.methods import with_share
from hoam_core.models import shipped_models

FRAMES = 101
STEPS = 100
PARTICLES = (1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536)
MOST_PARTICLES = 131_072
# A roll-out is one array of all its times, single precision; a visitor must not fill the machine.
MOST_BYTES = 512 * 2**20
USUAL, USUAL_NUMBERS = 4_096, 131_072
PREFERRED = ("partial", "galerkin", "hybrid", "dice", "hoam-gauss")


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

    def model(self, name: str, share: float = 1.0) -> Model:
        """A model; one of a lattice with the noise of another lambda, `share` times the right one.

        Too large a lambda makes the paths too quiet: it is what the increments are divided by.
        """
        model = self.models[name]
        if share == 1.0 or not model.entry.of_lattices:
            return model
        params = with_share(model.params, share * model.params["units"]["share"])
        return replace(model, params=params)

    def plane(self, system: str) -> tuple[str, str]:
        """Names of the two components that a view of a system starts with."""
        about = self.systems[system]
        names = about.plane or [c.name for c in about.components[:2]]
        # A single component is drawn against itself, or rather not at all.
        return names[0], names[-1]

    def axes(self, system: str, plane: tuple[str, str] | None = None) -> tuple[int, int]:
        """Indices of two components by their names; those of `plane` unless given."""
        names = [c.name for c in self.systems[system].components]
        horizontal, vertical = plane or self.plane(system)
        return names.index(horizontal), names.index(vertical)

    def particles(self, system: str) -> tuple[int, ...]:
        """Numbers of particles on offer: as many as can be rolled out in bounded memory."""
        return tuple(n for n in PARTICLES if n <= self.most_particles(system))

    def usual_particles(self, system: str) -> int:
        """The number a view starts with: fewer in many dimensions, so that an answer is quick."""
        room = USUAL_NUMBERS // len(self.systems[system].components)
        return max(n for n in PARTICLES if n <= min(USUAL, max(room, PARTICLES[0])))

    def most_particles(self, system: str) -> int:
        """The largest number of particles of a roll-out, a power of two."""
        room = MOST_BYTES // (4 * FRAMES * len(self.systems[system].components))
        return min(MOST_PARTICLES, 1 << (room.bit_length() - 1))

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
