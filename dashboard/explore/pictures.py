"""The present frame of both models: three pictures of a plane, and the densities of its components.

Pictures and densities come from the same counts, so that another frame or another plane costs a
smoothing and a message to the browser, never a run. Without a learned model the full model's
picture stands alone, with the densities beside it.
"""

from typing import final

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource

from dashboard.compute.session import Session
from dashboard.explore.flipbook import Part, levels, sides
from dashboard.parts.colours import entitle
from dashboard.parts.curves import Profile
from dashboard.parts.layout import card, drawn, grid
from dashboard.parts.picture import TALL, Origin, Picture
from dashboard.runs.catalogue import Offer
from dashboard.runs.colours import clipped, colour_limit, height_limits
from dashboard.runs.pictures import Plane, Ranges
from dashboard.runs.run import Run
from dashboard.runs.units import density_unit, with_unit
from dashboard.state.exploration import Exploration

LOW, ALONE = 116, 330
NOTHING = np.zeros(0)
WAITING = {
    "waiting": "starts when the sliders stop", "running": "computing …",
    "cancelled": "cancelled", "failed": "failed", "done": "", "absent": "not recorded here",
}  # fmt: skip


def here(answer: Run | None, truth: Run | None) -> dict[str, Run]:
    """The available runs, the learned model's first."""
    return {k: run for k, run in (("model", answer), ("truth", truth)) if run is not None}


@final
class Scene(pn.viewable.Viewer):
    """Pictures and densities of the two models at the frame of the state."""

    turns_pages = True  # the browser may play a flipbook of it

    def __init__(self, state: Exploration, session: Session, catalogue: Offer, **params):
        super().__init__(**params)
        self.state, self.session, self.catalogue = state, session, catalogue
        self.pictures = {
            "model": Picture("learned", "Learned model"),
            "truth": Picture("full", "Full model"),
            "difference": Picture("difference", "Difference, learned − full", signed=True),
        }
        self.profiles = (Profile("horizontal", LOW), Profile("vertical", LOW))
        self._cards = {name: card(drawn(p.figure)) for name, p in self.pictures.items()}
        self._beside = [card(drawn(p.figure)) for p in self.profiles]
        self._pictures = grid(columns="repeat(3, minmax(0, 1fr))", narrow=759)
        self.below = grid(*self._beside, columns="repeat(2, minmax(0, 1fr))", narrow=599)
        self.alone: bool | None = None
        self._tall: int | None = None

    def place(self) -> None:
        """Names of the axes, and the layout with or without a learned model."""
        system = self.catalogue.systems[self.state.system]
        shown = [system.components[i] for i in self.state.axes]
        across, up = (with_unit(c.label, c.unit) for c in shown)
        for picture in self.pictures.values():
            picture.label((across, up), density_unit(*(c.unit for c in shown)))
        for profile, label in zip(self.profiles, (across, up), strict=True):
            profile.label(f"density of {label}")
        self._lay_out()
        plane = Ranges.of(system, tuple(self.state.mu.values())).plane(self.state.axes)
        for picture in self.pictures.values():
            picture.place(plane)

    def _lay_out(self) -> None:
        alone = not self.state.model
        if alone != self.alone:
            self.alone = alone
            self.fit(self._tall)
            for profile in self.profiles:
                profile.fill("truth" if alone else "model")
            self.below[:] = [] if alone else self._beside
            cards = [self._cards["truth"], *self._beside] if alone else self._cards.values()
            self._pictures[:] = list(cards)

    def fit(self, height: int | None) -> None:
        """Set the height of the pictures: this many pixels, or the default."""
        self._tall = height
        usual, low = (ALONE, ALONE) if self.alone else (TALL, LOW)
        for picture in self.pictures.values():
            picture.figure.height = height or usual
        for profile in self.profiles:
            profile.figure.height = height if height and self.alone else low

    def draw(self, answer: Run | None, truth: Run | None) -> None:
        """Draw the pictures at the present frame, from the available runs."""
        runs, axes = here(answer, truth), self.state.axes
        limit, found = colour_limit(runs.values(), axes), levels(runs, axes, self.state.frame)
        for name, picture in self.pictures.items():
            scale = limit / 2 if picture.signed else limit
            run = runs.get(name, answer)
            if name in found and run is not None:
                self._show(picture, found[name], run.plane(axes), scale)
                old = self.session.computing and name != "truth"
                picture.pale("computing …" if old else "")
                if not old:
                    picture.remark(clipped(runs.get(name), limit, axes))
            else:
                picture.scale(scale)
                picture.clear(self._why_empty(name))

    def draw_densities(self, answer: Run | None, truth: Run | None) -> None:
        """The densities of both components at the present frame."""
        runs, axes = here(answer, truth), self.state.axes
        if runs:
            whole = [run for run in runs.values() if run.complete]
            first = next(iter(runs.values()))
            self._place_profiles(first.plane(axes), whole or list(runs.values()))
        found = sides(runs, axes, self.state.frame)
        for kind in ("model", "truth"):
            for side, profile in enumerate(self.profiles):
                if kind in found:
                    profile.show(kind, runs[kind].plane(axes).centres(side), found[kind][side])
                else:
                    profile.show(kind, NOTHING, NOTHING)

    def _place_profiles(self, plane: Plane, runs: list[Run]) -> None:
        heights = height_limits(runs, self.state.axes)
        for i, profile in enumerate(self.profiles):
            profile.place(plane.low[i], plane.high[i], heights[i])

    def _show(self, picture: Picture, found: np.ndarray, plane: Plane, limit: float) -> None:
        picture.place(plane)
        version, answer = self.session.version, self.session.answer
        told = (1000 * answer.seconds, answer.case.particles) if answer is not None else ()
        picture.show(found, limit, Origin(version, *told))

    def source(self, part: Part) -> ColumnDataSource:
        """The source from which the browser draws a part of a flipbook."""
        if isinstance(part, str):
            return self.pictures[part].source
        kind, side = part
        return self.profiles[side].sources[kind]

    def forget(self) -> None:
        """Send all pictures the next time, since the browser has drawn others."""
        for picture in self.pictures.values():
            picture.forget()

    def _why_empty(self, name: str) -> str:
        if name != "truth" and not self.state.model:
            return "no learned model"
        if name == "model":
            return "no answer" if self.session.problem else "computing …"
        return WAITING[self.session.truth_state]

    def title(self, answer: Run | None) -> None:
        """Say which parameters the pictures belong to."""
        system = self.catalogue.systems[self.state.system]
        mu = answer.case.mu if answer is not None else tuple(self.state.mu.values())
        named = system.setting(mu)
        name = system.truth_name
        full = f"{name}, {system.truth_particles:,} particles"
        entitle(self.pictures["model"].figure, f"Learned model, {named}")
        entitle(self.pictures["truth"].figure, f"{name}, {named}" if self.alone else full)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for part in (*self.pictures.values(), *self.profiles):
            part.theme(dark)

    def __panel__(self):
        return self._pictures
