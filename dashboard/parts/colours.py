"""The common look of the page's Bokeh figures: colours, dashes, words, fonts.

Colours are safe for colour-blind readers, and every curve has its own dash as a second cue.
"""

from collections.abc import Sequence

import colorcet
from bokeh.core.property.validation import validate
from bokeh.models import (
    ColumnDataSource,
    GlyphRenderer,
    Legend,
    LinearColorMapper,
    PrintfTickFormatter,
    Title,
)
from bokeh.models.glyph import Glyph
from bokeh.plotting import figure

DENSITY = colorcet.palette["CET_CBL2"]
DIVERGING = {False: colorcet.palette["CET_CBD1"], True: colorcet.palette["bky"]}
KINDS = ("model", "truth", "theory")
# For columns side by side: the first two look like full and learned model everywhere.
COLUMNS = ("A", "B", "C", "D")
COLOUR = {
    False: {
        "model": "#0072B2", "truth": "#C44E00", "theory": "#555555", "cursor": "#888888",
        "A": "#C44E00", "B": "#0072B2", "C": "#00785A", "D": "#A0457F",
    },
    True: {
        "model": "#56B4E9", "truth": "#F0A33A", "theory": "#C8C8C8", "cursor": "#9A9A9A",
        "A": "#F0A33A", "B": "#56B4E9", "C": "#2FC79B", "D": "#E39AC8",
    },
}  # fmt: skip
DASH = {
    "model": "solid", "truth": [7, 4], "theory": [2, 3],
    "A": [7, 4], "B": "solid", "C": [2, 3], "D": [9, 3, 2, 3],
}  # fmt: skip
WIDTH = {"model": 2.4, "truth": 2.0, "theory": 2.0, "A": 2.0, "B": 2.4, "C": 2.4, "D": 2.0}
LABELS = {"model": "learned model", "truth": "full model", "theory": "linear theory, e²ᵞᵗ"}

# Rules in time of the quadrature lab; the truth is a closed form, drawn like theory.
RULE_COLOUR = {
    False: {"monte-carlo": "#C44E00", "simpson": "#7A4FA3", "gauss": "#0072B2"},
    True: {"monte-carlo": "#F0A33A", "simpson": "#C9A3EA", "gauss": "#56B4E9"},
}
RULE_DASH = {"monte-carlo": [7, 4], "simpson": [2, 3], "gauss": "solid"}
RULE_MARK = {"monte-carlo": "circle", "simpson": "square", "gauss": "diamond"}


def frame(title: str = "", title_offset: float = -14, **options) -> figure:
    """A figure that fills its column, without tools."""
    heading = Title(text=title, text_font_size="13px")
    # From the edge of the card rather than of the axis: a narrow figure needs the room.
    heading.update(offset=title_offset)
    made = figure(
        toolbar_location=None, tools="", sizing_mode="stretch_width", min_border=4,
        output_backend="canvas", title=heading, **options,
    )  # fmt: skip
    for axis in made.axis:
        axis.axis_label_text_font_size = "12px"
        axis.major_label_text_font_size = "11px"
        axis.axis_label_standoff = 5
    return made


def entitle(made: figure, text: str) -> None:
    """Write the title of a figure; replacing the title object would lose its style."""
    if isinstance(made.title, Title):
        made.title.text = text


def brief_ticks() -> PrintfTickFormatter:
    """Numbers of four digits along an axis: own data in SI units would run into each other."""
    return PrintfTickFormatter(format="%.4g")


def colours(palette: Sequence[str], low: float, high: float, **more) -> LinearColorMapper:
    """Colours for numbers; Bokeh would check each of 256 names, ten times as long as the rest."""
    with validate(False):
        return LinearColorMapper(palette=list(palette), low=low, high=high, **more)


def mark(made: figure, source: ColumnDataSource, glyph: Glyph) -> GlyphRenderer:
    """Draw a glyph that looks the same whether it is selected, muted or neither.

    Bokeh's own `figure.line` makes three models of each, all of which are sent and counted.
    """
    looks = dict.fromkeys(("glyph", "selection_glyph", "nonselection_glyph", "muted_glyph"), glyph)
    made.renderers.append(drawn := GlyphRenderer(data_source=source, **looks))
    return drawn


def legend(**options) -> Legend:
    """A legend below a figure, where no curve can cross it."""
    # The page's theme writes a size of its own over that of the model, too large for a phone.
    small = ".bk-grid .bk-item .bk-label { font-size: var(--page-type, 12px); }"
    made = Legend(
        orientation="horizontal", label_text_font_size="12px", spacing=12, margin=2,
        glyph_width=24, glyph_height=14, label_height=14, background_fill_alpha=0,
        border_line_alpha=0, stylesheets=[small], **options,
    )  # fmt: skip
    made.update(padding=0)
    return made
