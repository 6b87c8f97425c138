"""Figures of a lattice that are built once: the drift of its observables, and its phase diagram.

Colours and dashes of the two models are those of all other figures.
"""

from typing import final

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    LegendItem,
    Line,
    Range1d,
    Scatter,
    Segment,
    Span,
    VArea,
)
from bokeh.models.glyph import Glyph

from dashboard.parts.colours import COLOUR, DASH, WIDTH, entitle, frame, legend, mark
from dashboard.parts.picture import TALL
from dashboard.parts.sources import column, columns_of, put
from dashboard.runs.lattice_jobs import LatticeSweep

KINDS = ("model", "truth")


@final
class DriftFigure:
    """Arrows of the drift in the plane of two observables, or the potential of a single one."""

    def __init__(self):
        empty = {"x": [], "y": []}
        self.figure = frame(
            "Drift", height=TALL, name="drift",
            x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        self.arrows, self.exact_arrows = (
            ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": [], "angle": []}) for _ in "ab"
        )
        self.curve, self.exact = ColumnDataSource(data=empty), ColumnDataSource(data=empty)
        self.paths = {kind: ColumnDataSource(data=empty) for kind in KINDS}
        self.points = {kind: ColumnDataSource(data=empty) for kind in KINDS}
        self._inks: list = []
        for source, kind, alpha in (
            (self.exact_arrows, "theory", 0.9), (self.arrows, "model", 0.65),
        ):  # fmt: skip
            self._draw(kind, source, Segment(
                x0="x0", y0="y0", x1="x1", y1="y1", line_alpha=alpha, line_dash=DASH[kind],
                line_width=1.3,
            ))  # fmt: skip
            self._draw(kind, source, Scatter(
                x="x1", y="y1", angle="angle", marker="triangle", size=5, fill_alpha=alpha,
                line_alpha=alpha,
            ))  # fmt: skip
        lines = {"model": (self.curve, self.paths["model"]), "theory": (self.exact,),
                 "truth": (self.paths["truth"],)}  # fmt: skip
        for kind, sources in lines.items():
            for source in sources:
                look = {"line_dash": DASH[kind], "line_width": WIDTH[kind]}
                self._draw(kind, source, Line(x="x", y="y", **look))
        for kind, marker in zip(KINDS, ("circle", "diamond"), strict=True):
            self._draw(kind, self.points[kind], Scatter(x="x", y="y", size=11, marker=marker))

    def _draw(self, kind: str, source: ColumnDataSource, glyph: Glyph) -> None:
        mark(self.figure, source, glyph)
        self._inks.append((kind, glyph))

    def potential(self, z: np.ndarray, learned: np.ndarray, exact: np.ndarray | None) -> None:
        """V(z) = -∫ drift, lowest at zero, of a single observable; z (n,)."""
        curves = [_potential(z, learned)] + ([] if exact is None else [_potential(z, exact)])
        put(self.curve, {"x": z, "y": curves[0]})
        put(self.exact, {"x": z, "y": curves[1]} if len(curves) > 1 else {"x": [], "y": []})
        top = max(float(curve.max()) for curve in curves)
        self.figure.x_range.update(start=z[0], end=z[-1])
        self.figure.y_range.update(start=-0.06 * top, end=1.05 * top)

    def field(
        self, z: np.ndarray, learned: np.ndarray, exact: np.ndarray | None, low, high
    ) -> None:
        """Arrows at points z (n, 2), all to one scale."""
        size = np.array(high) - np.array(low)
        cell = size / np.array([13, 9])
        longest = np.percentile(np.linalg.norm(learned / size, axis=1), 95) or 1.0
        scale = 0.9 * np.linalg.norm(cell / size) / longest
        put(self.arrows, _arrows(z, scale * learned, size))
        few, known = (z[:0], z[:0]) if exact is None else (z, exact)
        put(self.exact_arrows, _arrows(few, scale * known, size))
        self.figure.x_range.update(start=low[0], end=high[0])
        self.figure.y_range.update(start=low[1], end=high[1])

    def height(self, at: float) -> float:
        """The learned potential there, on which the ball of the mean rolls."""
        return float(np.interp(at, self.curve.data["x"], self.curve.data["y"]))

    def clear(self) -> None:
        """Nothing is known yet."""
        every = (
            self.arrows, self.exact_arrows, self.curve, self.exact,
            *self.paths.values(), *self.points.values(),
        )  # fmt: skip
        for source in every:
            put(source, {name: [] for name in columns_of(source)})

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        _recolour(self._inks, dark)


@final
class DiagramFigure:
    """Where the system comes to rest against its first parameter, with a cursor at its value."""

    def __init__(self):
        self.figure = frame(
            height=TALL, name="diagram", title="Phase diagram", x_range=Range1d(start=0, end=1),
            y_range=Range1d(start=0, end=1),
        )  # fmt: skip
        nothing = {"x": [], "low": [], "high": [], "y": []}
        self.band = ColumnDataSource(data=nothing, name="diagram-source")
        self.limit = ColumnDataSource({"x": [], "y": []})
        self.here = ColumnDataSource({"x": [], "y": []})
        draw = self.figure
        area = mark(draw, self.band, VArea(x="x", y1="low", y2="high", fill_alpha=0.2))
        line = mark(draw, self.band, Line(x="x", y="y", line_width=WIDTH["model"]))
        limit = mark(draw, self.limit, Line(
            x="x", y="y", line_dash=DASH["theory"], line_width=WIDTH["theory"]
        ))  # fmt: skip
        here = mark(draw, self.here, Scatter(x="x", y="y", marker="diamond", size=12))
        self._legend = legend()
        draw.add_layout(self._legend, "below")
        self._items = {"learned": line, "limit": limit, "full model": here}
        self.cursor = Span(location=0, dimension="height", line_width=1.2, line_color="#888888")
        draw.add_layout(self.cursor)
        draw.xaxis.ticker = BasicTicker(desired_num_ticks=5)
        self._inks = [
            ("model", area.glyph), ("model", line.glyph), ("theory", limit.glyph),
            ("truth", here.glyph),
        ]  # fmt: skip

    def place(self, label: str, title: str, limit: str, view: tuple[float, float]) -> None:
        """Names of the axes and of the theoretical curve."""
        self.figure.xaxis.axis_label = label
        entitle(self.figure, title)
        self.figure.y_range.update(start=view[0], end=view[1])
        names = {"learned": "learned", "full model": "full model"} | (
            {"limit": limit} if limit else {}
        )
        self._legend.items = [
            LegendItem(label=name, renderers=[self._items[key]]) for key, name in names.items()
        ]

    def show(self, sweep: LatticeSweep | None, component: int = 0) -> None:
        """What is known of a component in a sweep; None clears."""
        if sweep is None:
            put(self.band, {"x": [], "low": [], "high": [], "y": []})
            put(self.limit, {"x": [], "y": []})
            return
        n, mean, spread = len(sweep.mean), sweep.mean[:, component], sweep.spread[:, component]
        sides = {"low": mean - spread, "high": mean + spread}
        put(self.band, {"x": sweep.values[:n], "y": mean} | sides)
        if sweep.limit is not None and component == 0:
            put(self.limit, {"x": sweep.values, "y": sweep.limit})
        self.figure.x_range.update(start=sweep.values[0], end=sweep.values[-1])

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        _recolour(self._inks, dark)


def _recolour(inks: list, dark: bool) -> None:
    for kind, glyph in inks:
        names = {"line_color", "fill_color"}.intersection(glyph.properties())
        glyph.update(**dict.fromkeys(names, COLOUR[dark][kind]))


def _potential(z: np.ndarray, drift: np.ndarray) -> np.ndarray:
    steps = 0.5 * (drift[1:] + drift[:-1]) * np.diff(z)
    values = -np.concatenate([[0.0], np.cumsum(steps)])
    return values - values.min()


def _arrows(z: np.ndarray, shift: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray | list]:
    """Segments from z, and heads that point along them on the screen."""
    end = z + shift
    # A figure is about one and a half times as wide as high; triangles point up at angle zero.
    angle = np.arctan2(shift[:, 1] / size[1], 1.5 * shift[:, 0] / size[0]) - np.pi / 2
    sides = {"x0": z[:, 0], "y0": z[:, 1], "x1": end[:, 0], "y1": end[:, 1], "angle": angle}
    return {name: column(values) for name, values in sides.items()}
