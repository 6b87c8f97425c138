"""Sliders that answer at once.

Panel collects the changes of a widget for 50 ms before it handles them, which is more than the rest
of the way from a key press to the repainted picture. That wait is the private class attribute
`Syncable._debounce`; this file is the only place that touches it, and a test fails if it goes.
"""

import panel_material_ui as pmui
import param

from hoam_core.systems import Parameter

MARK = {"width": "2px", "height": "12px", "backgroundColor": "#E69F00", "opacity": 1}


class LiveSlider(pmui.FloatSlider):
    """A slider whose every change is handled immediately."""

    _debounce = 0


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
