"""The map of a sweep, an observable over time and parameter, and the cut through it beside it.

The value and the curve under the pointer are found in the browser, which already has the numbers:
they follow at once without the server. A click opens that point.
"""

from collections.abc import Callable
from pathlib import Path
from typing import final

import numpy as np
from bokeh.events import Event, MouseLeave, MouseMove, Tap
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    CustomJS,
    FixedTicker,
    Image,
    Label,
    LegendItem,
    Line,
    LogColorMapper,
    LogTicker,
    PrintfTickFormatter,
    Range1d,
    Segment,
    Span,
)
from bokeh.plotting import figure

from dashboard.parts.colours import DENSITY, colours, entitle, frame, mark
from dashboard.runs.units import with_unit
from dashboard.sweep.figures import DECADES, TALL, Inks, Scaled

HIGHEST = 254
ROWS = 256
MARK = "#E69F00"
NOTHING = "#9a9a9a"
HOVER = Path(__file__).with_name("hover.js").read_text()


def spread_rows(values: np.ndarray, grid: np.ndarray, rows: int) -> np.ndarray:
    """A table (k, t) at uneven values as (rows, t) at even ones; linear between finite rows.

    Output rows nearest to a diverged one are NaN, too.
    """
    wanted = np.linspace(grid[0], grid[-1], rows)
    above = np.clip(np.searchsorted(grid, wanted), 1, len(grid) - 1)
    share = ((wanted - grid[above - 1]) / (grid[above] - grid[above - 1]))[:, None]
    below, above_rows = values[above - 1], values[above]
    mixed = (1 - share) * below + share * above_rows
    nearest = np.where(share < 0.5, below, above_rows)
    return np.where(np.isfinite(mixed), mixed, nearest)


def levels_of(values: np.ndarray, log: bool) -> tuple[np.ndarray, float, float]:
    """Colour levels, one above the highest where there is no value, and the values of both ends."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.full(values.shape, HIGHEST + 1, np.uint8), 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    shown = values
    if log:
        high = max(high, np.finfo(float).tiny)
        # The initial energy of a quietly loaded plasma is nearly zero; colours are for what
        # follows.
        low = max(float(np.percentile(finite, 1)), high * DECADES)
        shown = np.log(np.maximum(values, low))
    ends = (np.log(low), np.log(high)) if log else (low, high)
    share = (shown - ends[0]) / ((ends[1] - ends[0]) or 1.0)
    levels = np.nan_to_num(np.clip(share, 0, 1) * HIGHEST, nan=HIGHEST + 1)
    return np.round(levels).astype(np.uint8), low, high if high > low else low + 1.0


@final
class SweepMap:
    """Both figures; `go(time, value)` is called by a click on the map."""

    def __init__(self, go: Callable[[float, float], None]):
        self._go = go
        # The ends of both axes.
        self._placed = (0.0, 1.0), (0.0, 1.0)
        nothing = {"image": [], "values": []}
        self.source = ColumnDataSource(data=nothing, name="sweep-source")
        self.cut_source = ColumnDataSource({"t": [], "y": []}, name="sweep-cut-source")
        self.marks = ColumnDataSource({"y": [], "x0": [], "x1": []}, name="sweep-marks")
        self.cut = Scaled("sweep-cut", self._draw_cut)
        self.figure = self._build()
        self._connect()

    def _build(self) -> figure:
        made = frame(
            height=TALL, name="sweep-map",
            x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        made.grid.visible = False
        self.levels = colours(DENSITY, 0, HIGHEST, high_color=NOTHING)
        self.image = mark(made, self.source, Image(
            image="image", x=0, y=0, dw=1, dh=1, color_mapper=self.levels
        ))  # fmt: skip
        self.units = {
            False: colours(DENSITY, 0, 1),
            True: LogColorMapper(palette=DENSITY, low=1e-6, high=1),
        }
        self.bars = {}
        for log, mapper in self.units.items():
            self.bars[log] = bar = ColorBar(
                color_mapper=mapper, width=10, padding=2, label_standoff=5, visible=not log,
                major_label_text_font_size="10px", background_fill_alpha=0,
                ticker=LogTicker(desired_num_ticks=5) if log else BasicTicker(desired_num_ticks=5),
                formatter="auto" if log else PrintfTickFormatter(format="%.3g"),
            )  # fmt: skip
            made.add_layout(bar, "right")
        mark(made, self.marks, Segment(
            x0="x0", y0="y", x1="x1", y1="y", line_color=MARK, line_width=3
        ))  # fmt: skip
        self.across = Span(dimension="width", line_color="#ffffff", line_width=1.4, line_alpha=0.8)
        self.along = Span(dimension="height", line_color="#ffffff", line_width=1, line_alpha=0.6)
        self.value = Label(
            x=0, y=0, text="", visible=False, text_font_size="12px", text_color="#ffffff",
            background_fill_color="#12495e", background_fill_alpha=0.92, x_offset=8,
            y_offset=8,
        )  # fmt: skip
        self.value.update(padding=4, border_radius=4)
        for one in (self.across, self.along, self.value):
            made.add_layout(one)
        return made

    def _draw_cut(self, made: figure) -> tuple[Inks, list[LegendItem]]:
        line = mark(made, self.cut_source, Line(x="t", y="y", line_width=2.4))
        self._cursor = Span(location=0, dimension="height", line_width=1.2, line_color="#888888")
        made.add_layout(self._cursor)
        return [("model", line.glyph), ("cursor", self._cursor)], []

    def _connect(self) -> None:
        # `rest` is shown while no pointer is on the map: the page's own parameter and time.
        self.rest = ColumnDataSource({"t": [0.0], "y": [0.0]}, name="sweep-rest")
        self.about = ColumnDataSource({"name": [""], "low": [0.0], "high": [1.0], "end": [1.0]})
        callback = CustomJS(
            args={
                "source": self.source, "cut": self.cut_source, "rest": self.rest,
                "about": self.about, "across": self.across, "along": self.along,
                "value": self.value, "cursor": self._cursor, "title": self.cut.figure.title,
            },
            code=HOVER,
        )  # fmt: skip
        for event in (MouseMove, MouseLeave):
            self.figure.js_on_event(event, callback)
        # The same when the server moves that point or sends other numbers.
        self.rest.js_on_change("data", callback)
        self.source.js_on_change("data", callback)
        self.figure.on_event(Tap, self._tapped)

    def _tapped(self, event: Event) -> None:
        if not isinstance(event, Tap) or event.x is None or event.y is None:
            return
        (left, right), (bottom, top) = self._placed
        if left <= event.x <= right and bottom <= event.y <= top:
            self._go(float(event.x), float(event.y))

    def place(self, name: str, label: str, title: str, between: tuple[float, float],
              end: float, trained: tuple[float, ...], log: bool,
              time_unit: str = "") -> None:  # fmt: skip
        """Axes, titles and marks of a table."""
        self.figure.xaxis.axis_label = with_unit("time t", time_unit)
        self.cut.choose(log, "", time_unit)
        low, high = between
        self._placed = (0.0, end), between
        self.figure.x_range.update(start=0, end=end)
        self.figure.y_range.update(start=low, end=high)
        self.figure.yaxis.axis_label = label
        entitle(self.figure, title)
        inside = [value for value in trained if low <= value <= high]
        self.marks.data = {
            "y": inside, "x0": [0.0] * len(inside), "x1": [0.022 * end] * len(inside)
        }  # fmt: skip
        self.figure.yaxis.ticker = (
            FixedTicker(ticks=inside) if 3 <= len(inside) <= 9 else BasicTicker()
        )
        self.cut.figure.x_range.update(start=0, end=end)
        self.about.data = {"name": [name], "low": [low], "high": [high], "end": [end]}
        for kind, bar in self.bars.items():
            bar.visible = kind == log

    def show(self, values: np.ndarray, grid: np.ndarray, log: bool) -> None:
        """Draw a table (k, t) at values (k,), which may be uneven."""
        safe = np.log(np.maximum(values, np.finfo(float).tiny)) if log else values
        even = spread_rows(safe, grid, min(ROWS, max(2 * len(grid), 64)))
        even = np.exp(even) if log else even
        levels, low, high = levels_of(even, log)
        self.units[log].update(low=low, high=high)
        (left, right), (bottom, top) = self._placed
        # The first and the last row and column are at the ends of the axes.
        wide, tall = right - left, top - bottom
        dx, dy = wide / (levels.shape[1] - 1), tall / (len(levels) - 1)
        self.image.glyph.update(x=left - dx / 2, y=bottom - dy / 2, dw=wide + dx, dh=tall + dy)
        self.source.data = {"image": [levels], "values": [even.astype(np.float32)]}
        # The initial energy of a quietly loaded plasma would take up most of a logarithmic axis.
        self.cut.fit(right, [even[:, 1:] if log else even])

    def clear(self) -> None:
        """Draw nothing."""
        if len(self.source.data["image"]):
            self.source.data = {"image": [], "values": []}

    def at(self, time: float, value: float) -> None:
        """Set the page's own parameter and time, shown while no pointer is on the map."""
        self.rest.data = {"t": [time], "y": [value]}

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.cut.theme(dark)
