"""Bokeh figures of the page: each is built once, later only its sources and labels change.

A replaced `source.data` reaches the screen in a few milliseconds; a new figure takes a hundred. The
pictures are sent as one byte a cell, quantised with limits that hold for the whole run. Colours are
safe for colour-blind eyes, and every curve has a dash of its own as a second cue.
"""

from dataclasses import dataclass, field

import colorcet
import numpy as np
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    GlyphRenderer,
    Label,
    LinearColorMapper,
    PrintfTickFormatter,
    Range1d,
    Span,
)
from bokeh.plotting import figure

from dashboard.frames import LEVELS, Plane
from hoam_core import System

DENSITY = colorcet.palette["CET_CBL2"]
DIVERGING = {False: colorcet.palette["CET_CBD1"], True: colorcet.palette["bky"]}
INK = {
    False: {"model": "#0072B2", "truth": "#C44E00", "theory": "#555555", "cursor": "#888888"},
    True: {"model": "#56B4E9", "truth": "#F0A33A", "theory": "#C8C8C8", "cursor": "#9A9A9A"},
}
DASH = {"model": "solid", "truth": [7, 4], "theory": [2, 3]}
WIDTH = {"model": 2.4, "truth": 2.0, "theory": 2.0}
SYMBOLS = (("lambda_D", "λ_D"), ("v_th", "vₜₕ"), ("^2", "²"))


def with_unit(label: str, unit: str) -> str:
    """A label with its unit in brackets, in symbols that need no type-setting."""
    for plain, symbol in SYMBOLS:
        unit = unit.replace(plain, symbol)
    return f"{label} [{unit}]" if unit else label


def _frame(**options) -> figure:
    made = figure(
        toolbar_location=None, tools="", sizing_mode="stretch_width", min_border=4,
        output_backend="canvas", **options,
    )  # fmt: skip
    made.title.text_font_size = "13px"
    for axis in made.axis:
        axis.axis_label_text_font_size = "12px"
        axis.major_label_text_font_size = "11px"
        axis.axis_label_standoff = 5
    return made


@dataclass
class Picture:
    """An image of densities with its colour bar, and a note in its middle when it is empty."""

    name: str
    title: str
    signed: bool = False
    figure: figure = field(init=False)
    source: ColumnDataSource = field(init=False)

    def __post_init__(self):
        self.source = ColumnDataSource(self._data([]), name=f"{self.name}-source")
        palette = DIVERGING[False] if self.signed else DENSITY
        self.figure = _frame(
            height=285, name=self.name, title=self.title, x_range=Range1d(0, 1),
            y_range=Range1d(0, 1),
        )  # fmt: skip
        self.figure.grid.visible = False
        self.levels = LinearColorMapper(palette=palette, low=0, high=LEVELS)
        self.units = LinearColorMapper(palette=palette, low=0, high=1)
        self.image: GlyphRenderer = self.figure.image(
            image="image", x=0, y=0, dw=1, dh=1, source=self.source, color_mapper=self.levels
        )
        bar = ColorBar(
            color_mapper=self.units, width=9, padding=2, label_standoff=5,
            major_label_text_font_size="10px", ticker=BasicTicker(desired_num_ticks=4),
            formatter=PrintfTickFormatter(format="%.2g"), background_fill_alpha=0,
        )  # fmt: skip
        self.figure.add_layout(bar, "right")
        self.note = Label(
            x=0.5, y=0.5, text="", text_align="center", text_baseline="middle",
            text_font_size="13px", text_color="#808080",
        )  # fmt: skip
        self.figure.add_layout(self.note)

    @staticmethod
    def _data(images: list, version: int = 0, model_ms: float = 0.0) -> dict:
        n = len(images)
        return {"image": images, "version": [version] * n, "model_ms": [model_ms] * n}

    def place(self, plane: Plane, system: System) -> None:
        """Axes and labels of a system."""
        (x0, y0), (x1, y1) = plane.low, plane.high
        self.figure.x_range.update(start=x0, end=x1)
        self.figure.y_range.update(start=y0, end=y1)
        self.image.glyph.update(x=x0, y=y0, dw=x1 - x0, dh=y1 - y0)
        self.note.update(x=(x0 + x1) / 2, y=(y0 + y1) / 2)
        for axis, i in zip((self.figure.xaxis, self.figure.yaxis), plane.axes, strict=True):
            component = system.components[i]
            axis.axis_label = with_unit(component.label, component.unit)

    def show(self, levels: np.ndarray, limit: float, version: int = 0, ms: float = 0.0) -> None:
        """Draw colour levels (ny, nx) whose last one stands for `limit`."""
        low = -limit if self.signed else 0.0
        if (self.units.low, self.units.high) != (low, limit):
            self.units.update(low=low, high=limit)
        if self.note.text:
            self.note.text = ""
        old = self.source.data
        same = len(old["image"]) and old["version"][0] == version
        # A repaint in the browser costs far more than this comparison.
        if same and np.array_equal(old["image"][0], levels):
            return
        self.source.data = self._data([levels], version, ms)

    def clear(self, note: str) -> None:
        """Draw nothing but a note."""
        if self.note.text != note:
            self.note.text = note
        if len(self.source.data["image"]):
            self.source.data = self._data([])

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        if self.signed:
            self.levels.palette = self.units.palette = DIVERGING[dark]


class Curves:
    """An observable of the learned and of the full model against time, with a cursor.

    The two versions, linear and logarithmic, share their sources, since Bokeh cannot change the
    kind of an axis later.
    """

    def __init__(self, name: str, height: int, legend: bool = False, log: bool = False):
        self.name = name
        empty = {"t": [], "y": []}
        self.sources = {kind: ColumnDataSource(empty, name=f"{name}-{kind}") for kind in DASH}
        self.x_range = Range1d(0, 1)
        self.figures = {"linear": self._build("linear", height, legend)}
        if log:
            self.figures["log"] = self._build("log", height, legend)

    def _build(self, scale: str, height: int, legend: bool) -> figure:
        made = _frame(
            height=height, name=f"{self.name}-{scale}", x_range=self.x_range,
            y_range=Range1d(0, 1) if scale == "linear" else Range1d(1e-6, 1), y_axis_type=scale,
        )  # fmt: skip
        made.title.text = self.name
        words = {"model": "learned model", "truth": "full model", "theory": "linear theory, e²ᵞᵗ"}
        self.lines = getattr(self, "lines", [])
        for kind, source in self.sources.items():
            label = {"legend_label": words[kind]} if legend else {}
            line = made.line(
                "t", "y", source=source, line_color=INK[False][kind], line_dash=DASH[kind],
                line_width=WIDTH[kind] if legend else 0.75 * WIDTH[kind], **label,
            )  # fmt: skip
            self.lines.append((kind, line.glyph))
        cursor = Span(location=0, dimension="height", line_width=1.2, line_color="#888888")
        made.add_layout(cursor)
        self.lines.append(("cursor", cursor))
        if legend:
            made.legend.update(
                location="bottom_right" if scale == "log" else "top_left",
                label_text_font_size="11px", spacing=0, padding=5, glyph_width=26,
                background_fill_alpha=0.75, border_line_alpha=0,
            )  # fmt: skip
        else:
            made.yaxis.ticker = BasicTicker(desired_num_ticks=3)
            made.xaxis.ticker = BasicTicker(desired_num_ticks=4)
            made.yaxis.formatter = PrintfTickFormatter(format="%.4g")
        return made

    def label(self, title: str, time_label: str, theory: bool) -> None:
        """Title with unit, label of the time axis, and whether there is a line of theory."""
        for made in self.figures.values():
            for item in made.legend[0].items[2:] if made.legend else ():
                item.visible = theory
            made.title.text = title
            made.xaxis.axis_label = time_label

    def show(self, kind: str, t: np.ndarray, y: np.ndarray) -> None:
        """Draw one curve; empty arrays remove it."""
        self.sources[kind].data = {
            "t": np.asarray(t, np.float32), "y": np.asarray(y, np.float32)
        }  # fmt: skip

    def fit(self, end: float, curves: list[np.ndarray]) -> None:
        """Ranges that hold the curves; six decades at most on the logarithmic axis."""
        self.x_range.update(start=0, end=end)
        values = np.concatenate([np.asarray(c, float) for c in curves] or [np.array([0.0, 1.0])])
        low, high = float(values.min()), float(values.max())
        room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
        self.figures["linear"].y_range.update(start=low - room, end=high + room)
        if "log" in self.figures and high > 0:
            floor = max(float(values[values > 0].min()), high * 1e-6)
            self.figures["log"].y_range.update(start=floor / 2, end=high * 3)

    def at(self, time: float) -> None:
        """Move the cursor."""
        for kind, glyph in self.lines:
            if kind == "cursor":
                glyph.location = time

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for kind, glyph in self.lines:
            glyph.line_color = INK[dark][kind]
