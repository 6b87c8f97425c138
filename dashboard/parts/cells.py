"""The cells of a lattice: what a run of the full model looks like at one time."""

from typing import final

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    DataRange1d,
    Image,
    LegendItem,
    Line,
    LinearColorMapper,
    Range1d,
    Scatter,
)
from bokeh.plotting import figure

from dashboard.parts.colours import entitle, frame, legend, mark
from dashboard.parts.picture import TALL
from dashboard.parts.sources import column, put

# Safe for colour-blind readers; spins use the first two, an alloy all of them.
CELLS = ("#14324A", "#F2B544", "#3C8DBC", "#C7527A")
LATTICE, LINES = "Live lattice", "One run of the full model"
FIELDS = ("#0072B2", "#D55E00")


@final
class CellsFigure:
    """The cells of one run: an image of species or spins, lines of fields."""

    def __init__(self):
        self.image_source = ColumnDataSource({"image": []}, name="cells-source")
        self.line_source = ColumnDataSource({"x": [], "y0": [], "y1": []}, name="fields-source")
        self.mapper = LinearColorMapper(palette=list(CELLS[:2]), low=-0.5, high=1.5)
        self.image = frame(
            LATTICE, 0, height=TALL, name="cells", match_aspect=True,
            x_range=DataRange1d(range_padding=0), y_range=DataRange1d(range_padding=0),
        )  # fmt: skip
        self.image.grid.visible = self.image.axis.visible = False
        self._picture = mark(
            self.image, self.image_source,
            Image(image="image", x=0, y=0, dw=1, dh=1, color_mapper=self.mapper),
        )  # fmt: skip
        self.lines = frame(
            LINES, height=TALL, name="fields", x_range=Range1d(start=0, end=1),
            y_range=Range1d(start=0, end=1), x_axis_label="position along the line",
        )  # fmt: skip
        self._fields = [
            mark(self.lines, self.line_source, Line(
                x="x", y=f"y{i}", line_color=colour, line_dash=dash, line_width=2
            ))
            for i, (colour, dash) in enumerate(zip(FIELDS, ("solid", [6, 3]), strict=True))
        ]  # fmt: skip
        self.figures = self.image, self.lines
        self._legends = {kind: legend() for kind in ("image", "lines")}
        self.image.add_layout(self._legends["image"], "below")
        self.lines.add_layout(self._legends["lines"], "below")
        nowhere = ColumnDataSource({"x": [np.nan], "y": [np.nan]})
        self._keys = [
            mark(self.image, nowhere, Scatter(
                x="x", y="y", marker="square", size=11, fill_color=colour, line_color=colour
            ))
            for colour in CELLS
        ]  # fmt: skip
        self._values: tuple[int, ...] = ()

    def place(self, names: dict[int, str], fields: tuple[str, ...], view) -> figure:
        """Set a cell's states, or the names of the fields; returns the figure that shows them."""
        self._values = tuple(names)
        self._clear()
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

    def show(self, cells: np.ndarray | None, note: str = "") -> None:
        """Draw the cells of a frame, with a note after the title; None clears."""
        entitle(self.image, LATTICE + note)
        entitle(self.lines, LINES + note)
        if cells is None:
            self._clear()
        elif self._values:
            flat = cells if cells.ndim == 2 else cells[0]
            levels = np.searchsorted(self._values, flat).astype(np.uint8)
            self._picture.glyph.update(dw=flat.shape[1], dh=flat.shape[0])
            put(self.image_source, {"image": [levels]})
        else:
            x = (np.arange(cells.shape[-1]) + 0.5) / cells.shape[-1]
            rows = [np.asarray(row, np.float32) for row in cells]
            put(self.line_source, {"x": column(x), "y0": rows[0], "y1": rows[1]})

    def _clear(self) -> None:
        put(self.image_source, {"image": []})
        put(self.line_source, {"x": [], "y0": [], "y1": []})
