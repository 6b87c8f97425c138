"""Curves of the view "sweep": linear or logarithmic figures, built once, updated by sources."""

from collections.abc import Callable, Sequence
from typing import final

import numpy as np
import panel as pn
from bokeh.models import (
    BasicTicker,
    BoxAnnotation,
    ColumnDataSource,
    Label,
    LegendItem,
    Line,
    Model,
    Range1d,
    Scatter,
    Span,
    VArea,
)
from bokeh.plotting import figure

from dashboard.parts.colours import COLOUR, entitle, frame, legend, mark
from dashboard.parts.layout import drawn
from dashboard.parts.log_axis import Heights
from dashboard.runs.units import with_unit

TALL = 330
# Decades of a logarithmic axis: anything below is the noise of few particles.
DECADES = 1e-7
Inks = list[tuple[str, Model]]


class Scaled(pn.viewable.Viewer):
    """A figure against time, its heights linear or logarithmic.

    `draw(figure)` adds the glyphs, and returns (kind of ink, glyph) and the items of the legend.
    """

    def __init__(
        self, name: str, draw: Callable[[figure], tuple[Inks, list[LegendItem]]],
        height: int = TALL, **params,
    ):  # fmt: skip
        super().__init__(**params)
        linear = Range1d(start=0, end=1)
        self.figure = made = frame(
            height=height, name=name, x_range=Range1d(start=0, end=1), y_range=linear
        )
        self.heights = Heights(made, linear)
        self._inks, items = draw(made)
        if items:
            made.add_layout(legend(items=items), "below")
        self._pane = drawn(made)

    def choose(self, log: bool, title: str, time_unit: str = "") -> None:
        """Set the kind of axis, the title, and the unit of time."""
        self.heights.choose(log)
        self.figure.xaxis.axis_label = with_unit("time t", time_unit)
        entitle(self.figure, title)

    def fit(self, end: float, curves: Sequence[np.ndarray]) -> None:
        """Ranges that hold the curves."""
        self.figure.x_range.update(start=0, end=end)
        values = np.concatenate([np.ravel(curve) for curve in curves])
        values = values[np.isfinite(values)]
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        room = 0.07 * (high - low) or 0.05 * abs(high) or 1.0
        self.heights.linear.update(start=low - room, end=high + room)
        if high > 0:
            floor = max(float(values[values > 0].min()), high * DECADES)
            self.heights.log.update(start=floor / 2, end=high * 2.5)

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        paint(self._inks, dark)

    def __panel__(self):
        return self._pane


def paint(inks: Inks, dark: bool) -> None:
    """Give glyphs the colours of a light or a dark page."""
    for kind, glyph in inks:
        names = {"line_color", "fill_color"}.intersection(glyph.properties())
        glyph.update(**dict.fromkeys(names, COLOUR[dark][kind]))


@final
class Band(Scaled):
    """Quantiles of a curve: 95 % and 50 % as areas, the median as a line; maybe measured points."""

    def __init__(self, name: str, middle: str, with_dots: bool = False, **params):
        self.areas = ColumnDataSource({"t": [], "a": [], "b": [], "c": [], "d": [], "m": []})
        self.areas.name = f"{name}-source"
        self.dots = ColumnDataSource({"t": [], "y": []}, name=f"{name}-dots")
        self._middle, self._with_dots = middle, with_dots
        super().__init__(name, self._draw, **params)

    def _draw(self, made: figure) -> tuple[Inks, list[LegendItem]]:
        wide = mark(made, self.areas, VArea(x="t", y1="a", y2="d", fill_alpha=0.17))
        near = mark(made, self.areas, VArea(x="t", y1="b", y2="c", fill_alpha=0.27))
        line = mark(made, self.areas, Line(x="t", y="m", line_width=2.2))
        inks = [("model", one.glyph) for one in (wide, near, line)]
        items = [
            LegendItem(label=self._middle, renderers=[line]),
            LegendItem(label="95 %", renderers=[wide]),
        ]
        if self._with_dots:
            near.visible = False
            dots = mark(made, self.dots, Scatter(
                x="t", y="y", marker="diamond", size=7, fill_alpha=0.75, line_alpha=0.9
            ))  # fmt: skip
            inks.append(("truth", dots.glyph))
            items.insert(0, LegendItem(label="measured", renderers=[dots]))
        else:
            items.append(LegendItem(label="50 %", renderers=[near]))
        return inks, items

    def show(self, t: np.ndarray, quantiles: np.ndarray) -> None:
        """Draw five quantiles (5, t), of which the third is the line."""
        rows = np.asarray(quantiles, np.float32)
        self.areas.data = {"t": np.asarray(t, np.float32), **dict(zip("abmcd", rows, strict=True))}

    def show_dots(self, t: np.ndarray, y: np.ndarray) -> None:
        """Draw the measured points."""
        self.dots.data = {"t": np.asarray(t, np.float32), "y": np.asarray(y, np.float32)}


@final
class Density:
    """A probability density of the parameter: filled, its interval shaded, the truth dashed."""

    def __init__(self, name: str, title: str, height: int = TALL):
        self.source = ColumnDataSource({"x": [], "y": []}, name=f"{name}-source")
        self.figure = frame(
            title, 0, height=height, name=name,
            x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        self.figure.yaxis.visible = False
        self.figure.ygrid.visible = False
        self.figure.xaxis.ticker = BasicTicker(desired_num_ticks=5)
        area = mark(self.figure, self.source, VArea(x="x", y1=0, y2="y", fill_alpha=0.3))
        line = mark(self.figure, self.source, Line(x="x", y="y", line_width=2))
        self.inside = BoxAnnotation(fill_alpha=0.10, line_alpha=0.5, visible=False)
        self.inside.update(fill_color="#0072B2", line_color="#0072B2", line_dash=[2, 3])
        self.truth = Span(dimension="height", line_width=2, line_dash=[7, 4], visible=False)
        self.note = Label(
            x=0, y=0, x_units="screen", y_units="screen", text="", text_font_size="12px",
            text_color="#808080",
        )  # fmt: skip
        for one in (self.inside, self.truth, self.note):
            self.figure.add_layout(one)
        self._inks = [("model", area.glyph), ("model", line.glyph), ("truth", self.truth)]

    def show(
        self, x: np.ndarray, y: np.ndarray, label: str,
        interval: tuple[float, float] | None = None, truth: float | None = None,
    ) -> None:  # fmt: skip
        """Draw a density (x, y) where it is not negligible, 95 % between the two values."""
        y = np.asarray(y, float)
        alive = np.flatnonzero(y > 1e-4 * y.max())
        first, last = max(alive[0] - 1, 0), min(alive[-1] + 1, len(x) - 1)
        room = 0.08 * (x[last] - x[first])
        low, high = float(x[first]), float(x[last])
        if truth is not None:
            low, high = min(low, truth), max(high, truth)
        self.source.data = {"x": np.asarray(x), "y": np.asarray(y, np.float32)}
        self.figure.x_range.update(start=low - room, end=high + room)
        self.figure.y_range.update(start=0, end=1.08 * float(y.max()))
        self.figure.xaxis.axis_label = label
        self.inside.visible = interval is not None
        if interval is not None:
            self.inside.update(left=interval[0], right=interval[1])
        self.truth.visible = truth is not None
        if truth is not None:
            self.truth.location = truth

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        paint(self._inks, dark)
        self.inside.update(fill_color=COLOUR[dark]["model"], line_color=COLOUR[dark]["model"])


def steps_of(draws: np.ndarray, bins: int = 41) -> tuple[np.ndarray, np.ndarray]:
    """A histogram as the corners of its steps."""
    height, edges = np.histogram(draws, bins=bins, density=True)
    return np.repeat(edges, 2)[1:-1], np.repeat(height, 2)
