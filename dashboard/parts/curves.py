"""Curves of the learned and of the full model, in figures that are built once.

`Curves` run against time, with a cursor at the present frame; `Profile` is the density of one
component at that frame. Both always draw the two models with the same colours and dashes.
Other kinds of curves, such as one for each column of a comparison, are named in colours.py too.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from bokeh.core.properties import value
from bokeh.models import (
    BasicTicker,
    BoxAnnotation,
    ColumnDataSource,
    LegendItem,
    Line,
    MultiLine,
    Range1d,
    Span,
    VArea,
)
from bokeh.plotting import figure

from dashboard.parts.colours import (
    COLOUR,
    DASH,
    KINDS,
    LABELS,
    WIDTH,
    brief_ticks,
    entitle,
    frame,
    legend,
    mark,
)
from dashboard.parts.log_axis import Heights
from dashboard.parts.sources import column, put

MODELS = ("model", "truth")


def _line(x: str, kind: str, width: float) -> Line:
    return Line(x=x, y="y", line_color=COLOUR[False][kind], line_dash=DASH[kind], line_width=width)


def _window() -> BoxAnnotation:
    """The window of a fit, on a level of its own behind all curves."""
    return BoxAnnotation(
        left=0, right=0, fill_alpha=0.1, line_alpha=0.35, line_width=1, level="underlay",
        visible=False,
    )  # fmt: skip


@final
class Curves:
    """An observable of the learned and of the full model against time, with a cursor.

    With `log` its heights may also be logarithmic. A figure of twenty Bokeh models costs a page as
    much as ten widgets: the window of a fit is made only where theory is among the kinds.
    """

    def __init__(
        self, name: str, height: int, has_legend: bool = False, log: bool = False, *,
        kinds: Sequence[str] = KINDS, x_range: Range1d | None = None,
    ):  # fmt: skip
        self.name = name
        empty = {"t": [], "y": []}
        self.sources = {kind: ColumnDataSource(data=empty, name=f"{name}-{kind}") for kind in kinds}
        clouds = [kind for kind in kinds if kind != "theory"] if has_legend else []
        self.clouds = {kind: Cloud() for kind in clouds}
        self.x_range = x_range or Range1d(start=0, end=1)
        self.lines: list = []
        self.cursor = Span(location=0, dimension="height", line_width=1.2, line_color="#888888")
        self.window = _window() if "theory" in kinds else None
        self.y_range = Range1d(start=0, end=1)
        self.figure = self._build(height, has_legend)
        self.heights = Heights(self.figure, self.y_range) if log else None

    def _build(self, height: int, has_legend: bool) -> figure:
        made = frame(
            height=height, name=self.name, title=self.name, x_range=self.x_range,
            y_range=self.y_range,
        )  # fmt: skip
        self._items = items = []
        for kind, cloud in self.clouds.items():
            self.lines += [(kind, glyph) for glyph in cloud.draw(made)]
        for kind, source in self.sources.items():
            width = WIDTH[kind] if has_legend else 0.75 * WIDTH[kind]
            line = mark(made, source, _line("t", kind, width))
            items.append(LegendItem(label=LABELS.get(kind, kind), renderers=[line]))
            self.lines.append((kind, line.glyph))
        if self.window is not None:
            made.add_layout(self.window)
            self.lines.append(("theory", self.window))
        made.add_layout(self.cursor)
        self.lines.append(("cursor", self.cursor))
        if has_legend:
            made.add_layout(legend(items=items), "below")
            made.xaxis.axis_label = "time t"
        else:
            made.yaxis.ticker = BasicTicker(desired_num_ticks=3)
            made.xaxis.ticker = BasicTicker(desired_num_ticks=4)
        made.xaxis.formatter, made.yaxis.formatter = brief_ticks(), brief_ticks()
        return made

    def title(self, text: str) -> None:
        """The title, with the unit."""
        entitle(self.figure, text)

    def has(self, kind: str) -> bool:
        """Whether a curve has anything to show."""
        return len(self.sources[kind].data["t"]) > 0

    def explain(self, kinds: Sequence[str], labels: Mapping[str, str] = LABELS) -> None:
        """Set which kinds of curves the legend names, and how."""
        for kind, item in zip(self.sources, self._items, strict=True):
            item.visible = kind in kinds
            if kind in kinds:
                item.update(label=value(labels[kind]))

    def show(self, kind: str, t: np.ndarray, y: np.ndarray) -> None:
        """Draw one curve; empty arrays remove it."""
        put(self.sources[kind], {"t": column(t), "y": column(y)})

    def mark(self, between: tuple[float, float] | None) -> None:
        """Mark the times between which something is fitted; None marks nothing."""
        if self.window is None:
            return
        if between is not None:
            self.window.update(left=between[0], right=between[1])
        self.window.visible = between is not None

    def fit(
        self, end: float, curves: list[np.ndarray], least: float = 0.0,
        references: Sequence[np.ndarray] = (),
    ) -> None:  # fmt: skip
        """Ranges that hold the curves, `least` high; six decades at most on a logarithmic axis.

        On a linear axis a diverging curve does not flatten those of the full model, the
        `references`: the axis extends beyond them by their own extent at most.
        """
        self.x_range.update(start=0, end=end)
        values = np.concatenate([np.asarray(c, float) for c in curves] or [np.array([0.0, 1.0])])
        values = values[np.isfinite(values)]
        low, high = float(values.min()), float(values.max())
        if len(references):
            bottom, top = min(map(np.min, references)), max(map(np.max, references))
            beyond = max(top - bottom, least)
            held = np.clip(values, bottom - beyond, top + beyond)
            low, high = float(held.min()), float(held.max())
        room = max(0.08 * (high - low), 0.5 * (least - (high - low)))
        room = room or 0.05 * abs(high) or 1.0
        self.figure.y_range.update(start=low - room, end=high + room)
        if self.heights and (largest := float(values.max())) > 0:
            floor = max(float(values[values > 0].min()), largest * 1e-6)
            self.heights.log.update(start=floor / 2, end=largest * 3)

    def at(self, time: float) -> None:
        """Move the cursor."""
        self.cursor.location = time

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for kind, glyph in self.lines:
            names = {"line_color", "fill_color"}.intersection(glyph.properties())
            glyph.update(**dict.fromkeys(names, COLOUR[dark][kind]))


@final
class Cloud:
    """The surroundings of a mean: a band one standard deviation wide, and a few paths."""

    def __init__(self):
        self.band = ColumnDataSource({"t": [], "low": [], "high": []})
        self.paths = ColumnDataSource({"t": [], "y": []})

    def draw(self, made: figure) -> list:
        """Glyphs in a figure, behind its curves."""
        band = VArea(x="t", y1="low", y2="high", fill_alpha=0.16)
        paths = MultiLine(xs="t", ys="y", line_alpha=0.45, line_width=0.8)
        mark(made, self.band, band)
        mark(made, self.paths, paths)
        return [band, paths]

    def show(self, t: np.ndarray, mean: np.ndarray, spread: np.ndarray, paths: np.ndarray) -> None:
        """Mean and spread (t,) and paths (t, q); empty arrays remove all."""
        columns = {"t": t, "low": mean - spread, "high": mean + spread}
        put(self.band, {name: column(values) for name, values in columns.items()})
        put(self.paths, {"t": [t] * paths.shape[1], "y": list(paths.T)})

    def clear(self) -> None:
        """Draw nothing."""
        if len(self.band.data["t"]):
            nothing = np.array([])
            self.show(nothing, nothing, nothing, np.zeros((0, 0)))


@final
class Profile:
    """The density of one component of both models at the present frame."""

    def __init__(self, name: str, height: int, *, kinds: Sequence[str] = MODELS):
        empty = {"x": [], "y": []}
        self.sources = {kind: ColumnDataSource(data=empty, name=f"{name}-{kind}") for kind in kinds}
        self.figure = frame(
            name, height=height, name=name,
            x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        self._placed: tuple[float, float, float] | None = None
        self.figure.yaxis.ticker = BasicTicker(desired_num_ticks=3)
        self.figure.xaxis.update(ticker=BasicTicker(desired_num_ticks=5), formatter=brief_ticks())
        self.figure.xgrid.visible = False
        self.areas = {
            kind: VArea(x="x", y1=0, y2="y", fill_color=COLOUR[False][kind], fill_alpha=0.0)
            for kind in kinds
        }
        self.lines = {kind: _line("x", kind, 0.8 * WIDTH[kind]) for kind in kinds}
        for glyphs in (self.areas, self.lines):
            for kind, glyph in glyphs.items():
                mark(self.figure, self.sources[kind], glyph)

    def label(self, title: str) -> None:
        """The title, which names the component too."""
        entitle(self.figure, title)

    def fill(self, kind: str) -> None:
        """Set the curve whose area is filled; two filled areas would mix into a third colour."""
        for name, area in self.areas.items():
            area.fill_alpha = 0.16 if name == kind else 0.0

    def place(self, low: float, high: float, height: float) -> None:
        """Ranges, which hold for a whole run."""
        if self._placed != (low, high, height):
            self._placed = low, high, height
            self.figure.x_range.update(start=low, end=high)
            self.figure.y_range.update(start=0, end=height)

    def show(self, kind: str, x: np.ndarray, y: np.ndarray) -> None:
        """Draw one density; empty arrays remove it."""
        if len(x) or len(self.sources[kind].data["x"]):
            self.sources[kind].data = {"x": column(x), "y": column(y)}

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for kind, glyph in self.lines.items():
            glyph.line_color = self.areas[kind].fill_color = COLOUR[dark][kind]
