"""What one visitor can show: the catalogue of the process, and what he made of data of his own.

Recordings may be confidential, so they and their models are never offered to anybody else; they end
with the visit.
"""

from collections.abc import Callable

from dashboard.runs.catalogue import Catalogue
from hoam_core import Model, System


class Shelf(Catalogue):
    """A catalogue with systems and models of one visitor over those of everybody."""

    def __init__(self, shared: Catalogue):
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

    def keep(self, model: Model) -> None:
        """Offer a model and its system to this visitor alone."""
        self._systems[model.system.name] = model.system
        self._models[model.name] = model

    def add(self, model: Model) -> None:
        """Offer a model to everybody."""
        self._shared.add(model)

    def watch(self, heard: Callable[[Model], None]) -> Callable[[], None]:
        """Call `heard` with every model that is offered to everybody."""
        return self._shared.watch(heard)
