"""The pictures of a comparison at one frame: one colour scale, one zoom, one cursor for all.

Pictures share their ranges, so that the browser zooms them together, and the lines of their
crosshair. The densities of both components stand below, one line for each column. The colour limit
is that of the full model where it is on show, else the highest, and holds for the whole run.
"""

from dataclasses import dataclass

import numpy as np
import panel as pn
from bokeh.models import BoxZoomTool, CrosshairTool, Range1d, Span, WheelZoomTool
from bokeh.plotting import figure

from dashboard.compare.jobs import frame_at
from dashboard.parts.curves import Profile
from dashboard.parts.ink import COLUMNS
from dashboard.parts.layout import card, drawn, grid
from dashboard.parts.picture import Picture
from dashboard.runs.catalogue import Catalogue
from dashboard.runs.frames import Plane, to_levels
from dashboard.runs.memory import Axes, Run
from dashboard.runs.units import with_unit
from dashboard.state import Exploration

LOW, ALONE = 150, 300
GREY = "#8A8A8A"


def line(dimension: str) -> Span:
    """One line of a crosshair; figures that share it show it at the same place."""
    return Span(dimension=dimension, line_color=GREY, line_width=1.2, line_dash=[4, 3])


def limit_of(runs: list[Run], axes: Axes) -> float:
    """What the last colour stands for: that of the full model, which a clumped one must not dim."""
    full = [run for run in runs if not run.case.model] or runs
    return max((run.limits(axes).density for run in full), default=1.0)


class Zoom:
    """Tools of figures that zoom only while they are switched on, so that a page can scroll."""

    def __init__(self):
        self._figures: list[figure] = []
        self.on = False

    def add(self, made: figure, cross: Span | tuple[Span, Span]) -> None:
        """Give a figure a crosshair, and the tools when they are first wanted."""
        made.add_tools(CrosshairTool(overlay=cross))
        made.toolbar.update(active_drag=None, active_scroll=None)
        self._figures.append(made)
        if self.on:
            self.switch(True)

    def switch(self, on: bool) -> None:
        """Turn the tools on or off."""
        self.on = on
        for made in self._figures:
            if on and len(made.toolbar.tools) == 1:
                made.add_tools(BoxZoomTool(), WheelZoomTool())
            _, *tools = made.toolbar.tools
            drag, scroll = tools if on else (None, None)
            made.toolbar.update(active_drag=drag, active_scroll=scroll)


@dataclass
class Drawn:
    """What of a column can be drawn now; `note` says why there is no run."""

    run: Run | None
    note: str
    version: int = 0


class CompareScene:
    """A picture for each column, and the densities of the two components."""

    def __init__(self, state: Exploration, catalogue: Catalogue, zoom: Zoom):
        self.state, self.catalogue = state, catalogue
        self.x, self.y = Range1d(0, 1), Range1d(0, 1)
        self.pictures: list[Picture] = []
        self.panes: list[pn.pane.Bokeh] = []
        self._zoom, self._cross, self._dark = zoom, (line("width"), line("height")), False
        names = ("compared-horizontal", "compared-vertical")
        self.profiles = [Profile(name, LOW, kinds=COLUMNS) for name in names]
        for profile, cross in zip(self.profiles, (self._cross[1], line("height")), strict=True):
            profile.figure.add_tools(CrosshairTool(overlay=cross))
        self._cards = [card(drawn(profile.figure)) for profile in self.profiles]
        self.below = grid(columns="repeat(auto-fit, minmax(min(300px, 100%), 1fr))", narrow=0)
        self._placed: list[Plane] = []

    def grow(self, count: int) -> None:
        """Have so many pictures at least."""
        for letter in COLUMNS[len(self.pictures) : count]:
            picture = Picture(f"compared-{letter}", letter)
            picture.figure.x_range, picture.figure.y_range = self.x, self.y
            picture.theme(self._dark)
            self._zoom.add(picture.figure, self._cross)
            self.pictures.append(picture)
            self.panes.append(drawn(picture.figure))

    @property
    def flat(self) -> bool:
        """Whether there is a single component, and so no plane to draw."""
        return len(self.catalogue.systems[self.state.system].components) == 1

    def place(self) -> None:
        """Names of the axes of another system or plane."""
        system = self.catalogue.systems[self.state.system]
        shown = [system.components[i] for i in self.state.axes]
        labels = tuple(with_unit(c.label, c.unit) for c in shown)
        for picture, pane in zip(self.pictures, self.panes, strict=True):
            picture.label(labels)
            pane.visible = not self.flat
        for profile, label in zip(self.profiles, labels, strict=True):
            profile.label(f"density of {label}")
            profile.figure.height = ALONE if self.flat else LOW
        wanted = self._cards[: 1 if self.flat else 2]
        if list(self.below) != wanted:
            self.below[:] = wanted

    def frame_all(self, planes: list[Plane]) -> None:
        """Ranges that hold the planes of all columns, whose boxes can differ."""
        if planes == self._placed:
            return
        self._placed = planes
        for picture, plane in zip(self.pictures, planes, strict=False):
            picture.place(plane)
        for side, shared in enumerate((self.x, self.y)):
            start = min(plane.low[side] for plane in planes)
            end = max(plane.high[side] for plane in planes)
            shared.update(start=start, end=end, reset_start=start, reset_end=end)

    def reset(self) -> None:
        """Undo the zoom."""
        planes, self._placed = self._placed, []
        if planes:
            self.frame_all(planes)

    def draw(self, columns: list[Drawn], time: float) -> None:
        """Pictures at a time, of the columns whose runs have come so far."""
        axes = self.state.axes
        here = [one.run for one in columns if one.run is not None]
        chosen = [run for run in here if run.complete] or here
        limit = limit_of(chosen, axes)
        # All are smoothed alike, or their differences would show the smoothing.
        fewest = min((run.kept.particles for run in here), default=1)
        for picture, one in zip(self.pictures, columns, strict=False):
            frame = frame_at(one.run, time) if one.run is not None else None
            if frame is None or self.flat:
                picture.scale(limit)
                picture.clear(one.note or "computing …")
                continue
            field = one.run.smoothed(frame, axes, fewest).density
            picture.show(to_levels(field, limit), limit, one.version, 1000 * one.run.seconds)
        self._draw_densities(columns, chosen, time, fewest)

    def _draw_densities(self, columns, chosen: list[Run], time: float, fewest: int) -> None:
        axes = self.state.axes
        for i, profile in enumerate(self.profiles):
            if chosen:
                low = min(run.plane(axes).low[i] for run in chosen)
                high = max(run.plane(axes).high[i] for run in chosen)
                height = max(run.limits(axes).heights[i] for run in chosen)
                profile.place(low, high, height)
        shown = [one.run for one in columns] + [None] * (len(COLUMNS) - len(columns))
        for letter, run in zip(COLUMNS, shown, strict=True):
            frame = frame_at(run, time) if run is not None else None
            if frame is None:
                for profile in self.profiles:
                    profile.show(letter, [], [])
                continue
            plane, both = run.plane(axes), run.smoothed(frame, axes, fewest).sides
            for side, (profile, values) in enumerate(zip(self.profiles, both, strict=True)):
                profile.show(letter, plane.centres(side), np.asarray(values))

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self._dark = dark
        for part in (*self.pictures, *self.profiles):
            part.theme(dark)
