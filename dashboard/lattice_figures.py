"""Figures of a lattice that are built once: its cells, the drift of its observables, its states.

Colours and dashes of the two models are those of all other figures.
"""

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    DataRange1d,
    Legend,
    LegendItem,
    LinearColorMapper,
    Range1d,
    Span,
)
from bokeh.plotting import figure

from dashboard.ink import DASH, INK, WIDTH, frame
from dashboard.picture import TALL

# Safe for colour-blind eyes; a spin takes the first two, an alloy all of them.
CELLS = ("#14324A", "#F2B544", "#3C8DBC", "#C7527A")
FIELDS = ("#0072B2", "#D55E00")
KINDS = ("model", "truth")


class CellsFigure:
    """The cells of one run: an image of species or spins, lines of fields."""

    def __init__(self):
        self.image_source = ColumnDataSource({"image": []}, name="cells-source")
        self.line_source = ColumnDataSource({"x": [], "y0": [], "y1": []}, name="fields-source")
        self.mapper = LinearColorMapper(palette=list(CELLS[:2]), low=-0.5, high=1.5)
        self.image = frame(
            height=TALL, name="cells", match_aspect=True, title="Live lattice",
            x_range=DataRange1d(range_padding=0), y_range=DataRange1d(range_padding=0),
        )  # fmt: skip
        self.image.grid.visible = self.image.axis.visible = False
        self.image.title.offset = 0
        self._picture = self.image.image(
            image="image", x=0, y=0, dw=1, dh=1, source=self.image_source, color_mapper=self.mapper
        )
        self.lines = frame(
            height=TALL, name="fields", title="One run of the full model",
            x_range=Range1d(0, 1), y_range=Range1d(0, 1),
        )  # fmt: skip
        self._fields = [
            self.lines.line("x", f"y{i}", source=self.line_source, line_color=colour,
                            line_dash="solid" if i == 0 else [6, 3], line_width=2)
            for i, colour in enumerate(FIELDS)
        ]  # fmt: skip
        self._legends = {kind: _legend() for kind in ("image", "lines")}
        self.image.add_layout(self._legends["image"], "below")
        self.lines.add_layout(self._legends["lines"], "below")
        self._keys = [
            self.image.scatter([np.nan], [np.nan], marker="square", size=11, color=colour)
            for colour in CELLS
        ]
        self._values: tuple[int, ...] = ()

    def place(self, names: dict[int, str], fields: tuple[str, ...], view) -> figure:
        """What a cell can be, or the names of the fields; returns the figure that shows it."""
        self._values = tuple(names)
        self.image_source.data = {"image": []}
        self.line_source.data = {"x": [], "y0": [], "y1": []}
        if not names:
            self.lines.y_range.update(start=view[0], end=view[1])
            self._legends["lines"].items = [
                LegendItem(label=name, renderers=[line])
                for name, line in zip(fields, self._fields, strict=False)
            ]
            return self.lines
        self.mapper.update(palette=list(CELLS[: len(names)]), low=-0.5, high=len(names) - 0.5)
        self._legends["image"].items = [
            LegendItem(label=name, renderers=[key])
            for name, key in zip(names.values(), self._keys, strict=False)
        ]
        return self.image

    def show(self, cells: np.ndarray | None) -> None:
        """Draw the cells of a frame; None clears."""
        if cells is None:
            self.image_source.data = {"image": []}
            self.line_source.data = {"x": [], "y0": [], "y1": []}
        elif self._values:
            flat = cells if cells.ndim == 2 else cells[0]
            levels = np.searchsorted(self._values, flat).astype(np.uint8)
            self._picture.glyph.update(dw=flat.shape[1], dh=flat.shape[0])
            self.image_source.data = {"image": [levels]}
        else:
            x = (np.arange(cells.shape[-1]) + 0.5) / cells.shape[-1]
            rows = [np.asarray(row, np.float32) for row in cells]
            self.line_source.data = {"x": x.astype(np.float32), "y0": rows[0], "y1": rows[1]}


class DriftFigure:
    """Arrows of the drift in the plane of two observables, or the potential of a single one."""

    def __init__(self):
        empty = {"x": [], "y": []}
        self.figure = frame(
            height=TALL, name="drift", title="Drift", x_range=Range1d(0, 1), y_range=Range1d(0, 1)
        )
        self.arrows, self.exact_arrows = (
            ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": [], "angle": []}) for _ in "ab"
        )
        self.curve, self.exact = ColumnDataSource(empty), ColumnDataSource(empty)
        self.paths = {kind: ColumnDataSource(empty) for kind in KINDS}
        self.points = {kind: ColumnDataSource(empty) for kind in KINDS}
        draw, self._inks = self.figure, []
        for source, kind, alpha in (
            (self.exact_arrows, "theory", 0.9), (self.arrows, "model", 0.65),
        ):  # fmt: skip
            lines = draw.segment("x0", "y0", "x1", "y1", source=source, line_alpha=alpha,
                                 line_dash=DASH[kind], line_width=1.3)  # fmt: skip
            heads = draw.scatter("x1", "y1", angle="angle", source=source, marker="triangle",
                                 size=5, alpha=alpha)  # fmt: skip
            self._inks += [(kind, lines.glyph), (kind, heads.glyph)]
        for source, kind in ((self.curve, "model"), (self.exact, "theory")):
            line = draw.line("x", "y", source=source, line_dash=DASH[kind], line_width=WIDTH[kind])
            self._inks.append((kind, line.glyph))
        for kind in KINDS:
            line = draw.line("x", "y", source=self.paths[kind], line_dash=DASH[kind],
                             line_width=WIDTH[kind])  # fmt: skip
            point = draw.scatter("x", "y", source=self.points[kind], size=11,
                                 marker="circle" if kind == "model" else "diamond")  # fmt: skip
            self._inks += [(kind, line.glyph), (kind, point.glyph)]

    def potential(self, z: np.ndarray, learned: np.ndarray, exact: np.ndarray | None) -> None:
        """V(z) = -∫ drift, lowest at zero, of a single observable; z (n,)."""
        curves = [_potential(z, learned)] + ([] if exact is None else [_potential(z, exact)])
        self.curve.data = {"x": z, "y": curves[0]}
        self.exact.data = {"x": z, "y": curves[1]} if len(curves) > 1 else {"x": [], "y": []}
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
        self.arrows.data = _arrows(z, scale * learned, size)
        few, known = (z[:0], z[:0]) if exact is None else (z, exact)
        self.exact_arrows.data = _arrows(few, scale * known, size)
        self.figure.x_range.update(start=low[0], end=high[0])
        self.figure.y_range.update(start=low[1], end=high[1])

    def height(self, at: float) -> float:
        """The learned potential there, which the ball of the mean rolls on."""
        return float(np.interp(at, self.curve.data["x"], self.curve.data["y"]))

    def clear(self) -> None:
        """Nothing is known yet."""
        nothing = {"x": [], "y": []}
        none = {"x0": [], "y0": [], "x1": [], "y1": [], "angle": []}
        self.arrows.data = self.exact_arrows.data = none
        for source in (self.curve, self.exact, *self.paths.values(), *self.points.values()):
            source.data = nothing

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        _recolour(self._inks, dark)


class DiagramFigure:
    """Where the system comes to rest against its first parameter, with a cursor at the present."""

    def __init__(self):
        self.figure = frame(
            height=TALL, name="diagram", title="Phase diagram", x_range=Range1d(0, 1),
            y_range=Range1d(0, 1),
        )  # fmt: skip
        nothing = {"x": [], "low": [], "high": [], "y": []}
        self.band = ColumnDataSource(nothing, name="diagram-source")
        self.limit = ColumnDataSource({"x": [], "y": []})
        self.here = ColumnDataSource({"x": [], "y": []})
        draw, self._inks = self.figure, []
        area = draw.varea("x", "low", "high", source=self.band, fill_alpha=0.2)
        line = draw.line("x", "y", source=self.band, line_width=WIDTH["model"])
        limit = draw.line("x", "y", source=self.limit, line_dash=DASH["theory"],
                          line_width=WIDTH["theory"])  # fmt: skip
        here = draw.scatter("x", "y", source=self.here, marker="diamond", size=12)
        self._legend = _legend()
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
        """Names of the axes and of what theory knows."""
        self.figure.xaxis.axis_label = label
        self.figure.title.text = title
        self.figure.y_range.update(start=view[0], end=view[1])
        names = {"learned": "learned", "full model": "full model"} | (
            {"limit": limit} if limit else {}
        )
        self._legend.items = [
            LegendItem(label=name, renderers=[self._items[key]]) for key, name in names.items()
        ]

    def show(self, sweep) -> None:
        """What is known of a sweep; None clears."""
        if sweep is None:
            self.band.data = {"x": [], "low": [], "high": [], "y": []}
            self.limit.data = {"x": [], "y": []}
            return
        n, mean, spread = len(sweep.mean), sweep.mean, sweep.spread
        self.band.data = {
            "x": sweep.values[:n], "y": mean, "low": mean - spread, "high": mean + spread,
        }  # fmt: skip
        if sweep.limit is not None:
            self.limit.data = {"x": sweep.values, "y": sweep.limit}
        self.figure.x_range.update(start=sweep.values[0], end=sweep.values[-1])

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        _recolour(self._inks, dark)


def _recolour(inks: list, dark: bool) -> None:
    for kind, glyph in inks:
        names = glyph.properties() & {"line_color", "fill_color"}
        glyph.update(**dict.fromkeys(names, INK[dark][kind]))


def _legend() -> Legend:
    return Legend(
        items=[], orientation="horizontal", label_text_font_size="11px", spacing=10, padding=0,
        margin=2, glyph_width=22, glyph_height=12, label_height=12, background_fill_alpha=0,
        border_line_alpha=0,
    )  # fmt: skip


def _potential(z: np.ndarray, drift: np.ndarray) -> np.ndarray:
    steps = 0.5 * (drift[1:] + drift[:-1]) * np.diff(z)
    values = -np.concatenate([[0.0], np.cumsum(steps)])
    return values - values.min()


def _arrows(z: np.ndarray, shift: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
    """Segments from z, and heads that point along them on the screen."""
    end = z + shift
    # A figure is about one and a half times as wide as high; triangles point up at angle zero.
    angle = np.arctan2(shift[:, 1] / size[1], 1.5 * shift[:, 0] / size[0]) - np.pi / 2
    return {"x0": z[:, 0], "y0": z[:, 1], "x1": end[:, 0], "y1": end[:, 1], "angle": angle}
