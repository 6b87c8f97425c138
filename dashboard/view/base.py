"""What a view is: a part of the page with a name, and what the shell requires of every view.

A view is made when it is first opened and kept until the visitor leaves. While another one is open
it is hidden: it keeps its figures, draws nothing and requests nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, final

import numpy as np
import panel as pn
import xarray as xr

from dashboard.compute.session import Session
from dashboard.compute.threads import Workers
from dashboard.parts.projector import Screen
from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import Exploration
from dashboard.view.animation import Animation
from dashboard.view.choice import Choice

Chosen = TypeVar("Chosen", bound=Choice)


@final
@dataclass(frozen=True)
class Visit:
    """Everything that belongs to one visitor and that views share.

    `schedule` runs a function on the visitor's own event loop, from any thread; `go` opens a link
    such as "?view=explore&system=landau&k=0.5" in place; `tell` says something in a toast;
    `after_paint` runs a function when the browser has painted what it was sent; `unsaved` hears
    whether something would be lost if the page were left, so that the browser asks first.
    """

    state: Exploration
    session: Session
    catalogue: Offer
    workers: Workers
    schedule: Callable[[Callable[[], None]], None]
    go: Callable[[str], None]
    tell: Callable[[str], None]
    choices: dict[str, Choice] = field(default_factory=dict)
    after_paint: Callable[[Callable[[], None]], None] = lambda act: act()
    unsaved: Callable[[bool], object] = lambda is_it: None

    def choice(self, view: str, kind: type[Chosen]) -> Chosen:
        """The choice of a view; the default one if none was made for it, as in a notebook."""
        made = self.choices.get(view)
        return made if isinstance(made, kind) else kind()


@final
@dataclass(frozen=True)
class Exportable:
    """What a view can export.

    `name` is the stem of file names; `description` the state in words; `script` the Python that
    makes the same numbers with `hoam_core` alone; `dataset` all numbers with units and provenance,
    the variables of which that depend on one dimension alone become the CSV; `animation` what
    moves, for a film and an offline hand-out; `film` the frames (h, w, 3), eight bits each, where
    there is none; `title` system, parameters, time and seed, above saved plots.
    """

    name: str
    description: str
    script: str
    dataset: Callable[[], xr.Dataset] | None = None
    film: Callable[[], Iterator[np.ndarray]] | None = None
    animation: Callable[[], Animation] | None = None
    title: str = ""


class View(pn.viewable.Viewer):
    """A part of the page below the title bar; `uses` are the common controls that concern it.

    A concrete view builds its `_layout` once, in its constructor; but what its first picture need
    not wait for may be left to `complete`.
    """

    uses: ClassVar[frozenset[str]] = frozenset()
    _layout: pn.Column

    def __init__(self, visit: Visit, **params):
        super().__init__(**params)
        self.visit = visit
        self.shown = False

    def open(self) -> None:
        """The view becomes visible: update everything."""
        self.shown = True

    def complete(self) -> None:
        """The browser has painted the open view: build the parts it did not wait for."""

    def hide(self) -> None:
        """Another view is opened: stop drawing and requesting for this one."""
        self.shown = False

    def doze(self, dozing: bool) -> None:
        """The open view is unseen for a while: stop what follows the controls by itself."""

    @property
    def idle(self) -> bool:
        """Whether nothing should be drawn: the view is hidden, or changing to another system."""
        return not (self.shown and self.visit.state.settled)

    def act(self, action: str) -> None:
        """A key of the player: toggle, back, forward, first, last or restart."""

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""

    def present(self, screen: Screen | None) -> None:
        """Fit the screen of a projector, or return to the usual layout."""

    def exportable(self) -> Exportable | None:
        """What can be exported now; None if there is nothing."""
        return None

    @property
    def below(self) -> str | None:
        """Name of the view below this one, for a lesson that shows another view."""
        return None

    def close(self) -> None:
        """The visitor has left."""

    def __panel__(self):
        return self._layout
