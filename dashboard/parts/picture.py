"""The picture of a density: an image whose bytes change, in a figure that is built once.

A replaced `source.data` reaches the screen in a few milliseconds; a new figure takes a hundred. A
picture is sent as one byte per cell, quantised with limits that hold for the whole run.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, final

import numpy as np
from bokeh import plotting
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    GlyphRenderer,
    Image,
    Label,
    PrintfTickFormatter,
    Range1d,
    Title,
)

from dashboard.parts.colours import DENSITY, DIVERGING, brief_ticks, colours, frame, mark
from dashboard.parts.sources import columns_of
from dashboard.runs.pictures import LEVELS, Plane
from dashboard.runs.units import with_unit

TALL = 262
MIDDLE = {
    "text_baseline": "middle", "text_color": "#808080", "background_fill_color": None,
    "padding": 0, "text_font_size": "13px",
}  # fmt: skip
ABOVE = {
    "text_baseline": "top", "text_color": "#1b1b1b", "background_fill_color": "#ffffff",
    "padding": 2, "text_font_size": "11px",
}  # fmt: skip
PALE = 0.3


class Origin(NamedTuple):
    """The answer that a picture shows; the page can read it in the picture's source."""

    version: int = 0
    model_ms: float = 0.0
    particles: int = 0


UNKNOWN = Origin()


@final
@dataclass
class Picture:
    """An image of densities with its colour bar, and a note, such as why it is empty."""

    name: str
    title: str
    signed: bool = False
    figure: plotting.figure = field(init=False)
    source: ColumnDataSource = field(init=False)

    def __post_init__(self):
        self.source = ColumnDataSource(data=self._data([]), name=f"{self.name}-source")
        self._placed: Plane | None = None
        self._known, self._above = True, False
        palette = DIVERGING[False] if self.signed else DENSITY
        self.figure = frame(
            height=TALL, name=self.name, title=self.title, x_range=Range1d(start=0, end=1),
            y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        self.figure.grid.visible = False
        for axis in self.figure.axis:
            axis.update(ticker=BasicTicker(desired_num_ticks=5), formatter=brief_ticks())
        self.levels = colours(palette, 0, LEVELS)
        self.units = colours(palette, 0, 1)
        if self.signed:
            # The browser changes them itself with the theme (theme.js).
            both = {"palettes": [list(DIVERGING[dark]) for dark in (False, True)]}
            self.levels.tags, self.units.tags = [both], [both]
        self.image: GlyphRenderer = mark(
            self.figure, self.source,
            Image(image="image", x=0, y=0, dw=1, dh=1, color_mapper=self.levels),
        )  # fmt: skip
        bar = ColorBar(
            color_mapper=self.units, width=9, padding=2, label_standoff=5,
            major_label_text_font_size="10px", ticker=BasicTicker(desired_num_ticks=4),
            formatter=PrintfTickFormatter(format="%.2g"), background_fill_alpha=0,
        )  # fmt: skip
        self.figure.add_layout(bar, "right")
        # On the right a title reads upwards.
        self.meaning = Title(text="density", align="center", text_font_size="11px", standoff=2)
        self.figure.add_layout(self.meaning, "right")
        self.note = Label(
            x=0.5, y=0.5, text="", text_align="center", **MIDDLE
        )  # fmt: skip
        self.figure.add_layout(self.note)

    @staticmethod
    def _data(images: list, origin: Origin = UNKNOWN) -> dict:
        told = {name: [value] * len(images) for name, value in origin._asdict().items()}
        return {"image": images, **told}

    def label(self, labels: tuple[str, str], unit: str = "") -> None:
        """Set the names of both axes, and the unit of the colours."""
        self.meaning.text = with_unit("density", unit)
        for axis, label in zip((self.figure.xaxis, self.figure.yaxis), labels, strict=True):
            axis.axis_label = label

    def place(self, plane: Plane) -> None:
        """The ranges of a plane; a box may follow a slider."""
        if plane == self._placed:
            return
        self._placed = plane
        (x0, y0), (x1, y1) = plane.low, plane.high
        self.figure.x_range.update(start=x0, end=x1)
        self.figure.y_range.update(start=y0, end=y1)
        self.image.glyph.update(x=x0, y=y0, dw=x1 - x0, dh=y1 - y0)
        self.note.update(x=(x0 + x1) / 2, y=self._height)

    def scale(self, limit: float) -> None:
        """Set what the last colour stands for, even while there is nothing to draw."""
        low = -limit if self.signed else 0.0
        if (self.units.low, self.units.high) != (low, limit):
            self.units.update(low=low, high=limit)

    def show(self, levels: np.ndarray, limit: float, origin: Origin = UNKNOWN) -> None:
        """Draw colour levels (ny, nx) whose last one stands for `limit`."""
        self.scale(limit)
        if not self._above:
            self._say("", above=False)
        old = columns_of(self.source)
        same = self._known and len(old["image"]) and old["version"][0] == origin.version
        # A repaint in the browser costs far more than this comparison.
        if same and np.array_equal(old["image"][0], levels):
            return
        self._known = True
        self.source.data = self._data([levels], origin)

    def remark(self, text: str) -> None:
        """Write a remark at the upper edge of the picture; an empty text removes it."""
        self._say(text, above=True)

    def clear(self, note: str) -> None:
        """Draw nothing but a note in the middle."""
        self._say(note, above=False)
        if len(self.source.data["image"]):
            self.source.data = self._data([])

    def pale(self, note: str) -> None:
        """Dim the picture behind a note; an empty note restores it."""
        alpha = PALE if note else 1.0
        if self.image.glyph.global_alpha != alpha:
            self.image.glyph.global_alpha = alpha
        if note or not self._above:
            self._say(note, above=False)

    def _say(self, text: str, above: bool) -> None:
        if (self.note.text, self._above) != (text, above):
            self._above = above
            look = ABOVE if above and text else MIDDLE
            self.note.update(text=text, y=self._height, **look)

    @property
    def _height(self) -> float:
        """Where the note stands."""
        low, high = (self._placed.low[1], self._placed.high[1]) if self._placed else (0.0, 1.0)
        return high if self._above else (low + high) / 2

    def forget(self) -> None:
        """Send the next picture in any case, since the browser now shows something else."""
        self._known = False

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        if self.signed:
            self.levels.palette = self.units.palette = DIVERGING[dark]
