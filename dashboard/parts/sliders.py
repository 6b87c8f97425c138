"""Sliders that answer at once.

Panel collects the changes of a widget for 50 ms before it handles them, which is more than the rest
of the way from a key press to the repainted picture; while it handles them, the page is "busy",
which nobody sees here and which costs more calls than the handling. Both are private attributes of
the class `Syncable`; only this file touches them, and a test fails if they go.

Not quite at once: the browser sends the value of a slider and, right behind it, that it rests. In
the very next turn of the event loop the second is not read and the first not acknowledged, and what
is drawn then waits 10 ms to be sent.
"""

import panel_material_ui as pmui
import param

from hoam_core.systems import Parameter

MARK = {"width": "2px", "height": "12px", "backgroundColor": "#E69F00", "opacity": 1}


class AtOnce:
    """For widgets that a person moves and watches: every change is handled without a wait."""

    _debounce = 5  # milliseconds
    _busy__ignore = ("value", "value_throttled", "frame")


class LiveSlider(AtOnce, pmui.FloatSlider):
    """A slider whose every change is handled immediately."""


def physics_slider(
    number: param.Parameter, about: Parameter, marks: tuple[float, ...]
) -> LiveSlider:
    """A slider over the hard bounds of a physics parameter, the training values marked."""
    return LiveSlider.from_param(
        number,
        start=about.low,
        end=about.high,
        step=number.step,
        format="0.[000]",
        marks=[{"value": value} for value in marks],
        sizing_mode="stretch_width",
        margin=(2, 14, 0, 14),
        sx={"& .MuiSlider-mark": MARK, "& .MuiSlider-markActive": MARK},
    )
