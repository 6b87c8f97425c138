"""The y axis of a figure, linear or logarithmic, as set by a switch.

Bokeh cannot change the kind of an axis, but a figure may have two of them, with a range each. Each
glyph names the range that it uses, and may change to the other.
"""

from typing import final

from bokeh.models import LogAxis, LogScale, Range1d
from bokeh.plotting import figure


@final
class Heights:
    """Both y axes of a figure, of which one is shown; its glyphs follow."""

    def __init__(self, made: figure, linear: Range1d):
        self._figure = made
        self.linear = linear
        self.log = Range1d(start=1e-6, end=1)
        made.extra_y_ranges, made.extra_y_scales = {"log": self.log}, {"log": LogScale()}
        [usual] = made.yaxis
        looks = ("axis_label_text_font_size", "major_label_text_font_size", "axis_label_standoff")
        log = LogAxis(
            y_range_name="log", visible=False, **{name: getattr(usual, name) for name in looks}
        )
        made.add_layout(log, "left")
        self._axes = {"default": usual, "log": log}

    def choose(self, log: bool) -> None:
        """Choose which of the two is shown."""
        chosen = "log" if log else "default"
        if self._axes[chosen].visible:
            return
        for name, axis in self._axes.items():
            axis.visible = name == chosen
        for one in (*self._figure.renderers, *self._figure.ygrid):
            one.y_range_name = chosen
        for grid in self._figure.ygrid:
            grid.axis = self._axes[chosen]
