"""The pictures of a comparison at one frame: one colour scale, one zoom, one cursor for all.

Pictures share their ranges, so that the browser zooms them together, and the lines of their
crosshair. The colour limit is that of the full model as soon as its run is here, on show or not
(colours.py), and holds for the whole run.
"""

from dataclasses import dataclass
from typing import Literal, final

import panel as pn
from bokeh.models import BoxZoomTool, CrosshairTool, Range1d, Span, WheelZoomTool
from bokeh.plotting import figure

from dashboard.compare.jobs import frame_at
from dashboard.parts.colours import COLUMNS
from dashboard.parts.layout import drawn
from dashboard.parts.picture import TALL, Origin, Picture
from dashboard.runs.catalogue import Offer
from dashboard.runs.colours import clipped, colour_limit
from dashboard.runs.pictures import Plane, to_levels
from dashboard.runs.run import Run
from dashboard.runs.units import density_unit, with_unit
from dashboard.state.exploration import Exploration

GREY = "#8A8A8A"


def line(dimension: Literal["width", "height"]) -> Span:
    """One line of a crosshair; figures that share it show it at the same place."""
    return Span(dimension=dimension, line_color=GREY, line_width=1.2, line_dash=[4, 3])


@final
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


@final
@dataclass
class Drawn:
    """What can be drawn of a column now; `note` says why there is no run, or only an older one.

    `judge` is the full model's run at its parameters, on show or not.
    """

    run: Run | None
    note: str
    version: int = 0
    late: bool = False
    judge: Run | None = None


def here_of(columns: list[Drawn]) -> list[Run]:
    """The runs that scales are taken from: the complete ones, as soon as there are any."""
    here = [one.run for one in columns if one.run is not None]
    return [run for run in here if run.complete] or here


def judges_of(columns: list[Drawn]) -> list[Run]:
    """The complete runs of the full model that judge the columns."""
    found = [one.judge for one in columns if one.judge is not None and one.judge.complete]
    return list(dict.fromkeys(found))


def fewest_of(columns: list[Drawn]) -> int:
    """The number of particles that sets the common smoothing, which differences must not show."""
    return min((one.run.states.particles for one in columns if one.run is not None), default=1)


@final
class CompareScene:
    """A picture for each column."""

    def __init__(self, state: Exploration, catalogue: Offer, zoom: Zoom):
        self.state, self.catalogue = state, catalogue
        self.x, self.y = Range1d(start=0, end=1), Range1d(start=0, end=1)
        self.pictures: list[Picture] = []
        self.panes: list[pn.pane.Bokeh] = []
        self._zoom, self.cross, self._dark = zoom, (line("width"), line("height")), False
        self._placed: list[Plane] = []

    def grow(self, count: int) -> None:
        """Make sure that there are at least this many pictures."""
        for letter in COLUMNS[len(self.pictures) : count]:
            picture = Picture(f"compared-{letter}", letter)
            picture.figure.x_range, picture.figure.y_range = self.x, self.y
            picture.theme(self._dark)
            self._zoom.add(picture.figure, self.cross)
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
        across, up = (with_unit(c.label, c.unit) for c in shown)
        for picture, pane in zip(self.pictures, self.panes, strict=True):
            picture.label((across, up), density_unit(*(c.unit for c in shown)))
            pane.visible = not self.flat

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

    def fit(self, height: int | None) -> None:
        """Set the height of the pictures: this many pixels, or the default."""
        for picture in self.pictures:
            picture.figure.height = height or TALL

    def reset(self) -> None:
        """Undo the zoom."""
        planes, self._placed = self._placed, []
        if planes:
            self.frame_all(planes)

    def draw(self, columns: list[Drawn], time: float) -> None:
        """Pictures at a time, for the columns whose runs have reached it."""
        axes = self.state.axes
        limit = colour_limit([*here_of(columns), *judges_of(columns)], axes)
        fewest = fewest_of(columns)
        for picture, one in zip(self.pictures, columns, strict=False):
            frame = frame_at(one.run, time) if one.run is not None else None
            if one.run is None or frame is None or self.flat:
                picture.scale(limit)
                picture.clear(one.note or "computing …")
                continue
            field = one.run.smoothed(frame, axes, fewest).density
            origin = Origin(one.version, 1000 * one.run.seconds, one.run.case.particles)
            picture.show(to_levels(field, limit), limit, origin)
            picture.pale("computing …" if one.late else "")
            if not one.late:
                picture.remark(clipped(one.run, limit, axes))

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self._dark = dark
        for picture in self.pictures:
            picture.theme(dark)
