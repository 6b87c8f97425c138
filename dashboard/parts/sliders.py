"""Sliders and choices that answer at once.

Panel collects the changes of a widget for 50 ms before it handles them, which is more than the rest
of the way from a key press to the repainted picture. Handled in the next turn of the event loop,
they would still wait: anything drawn while the browser's message is not yet acknowledged, or while
its next one (that the slider has stopped) is read, is sent 10 ms later. So a change is handled
within the message that reports it. While Panel handles changes it also marks the page as "busy",
which is not shown here and costs more calls than the handling.

All that is private to `Syncable`; only this file touches it, and a test fails if it disappears.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.models import PrintfTickFormatter

from hoam_core import Model
from hoam_core.systems import Parameter

if TYPE_CHECKING:
    from panel.reactive import Syncable
else:  # the class it is mixed into is one
    Syncable = object

# Large on a projector; else the theme's own.
LETTERS = {"fontSize": "var(--page-type, 0.9286rem)"}
MARK = {"width": "2px", "height": "12px", "backgroundColor": "#E69F00", "opacity": 1}
# The first two marks are the ends of the range, which have a number but were not trained on.
ENDS = ", ".join(f'& .MuiSlider-mark[data-index="{i}"]' for i in (0, 1))
BELOW = {"fontSize": "var(--page-type, 11px)", "top": "24px"}
LOOKS = {
    "& .MuiFormLabel-root": LETTERS,
    "& .MuiSlider-mark, & .MuiSlider-markActive": MARK,
    ENDS: {"display": "none"},
    "& .MuiSlider-markLabel": BELOW,
    "& .MuiSlider-markLabel[data-index='0']": {"transform": "translateX(-8px)"},
    "& .MuiSlider-markLabel[data-index='1']": {"transform": "translateX(calc(8px - 100%))"},
    "& .MuiSlider-root, &.MuiSlider-root": {"marginBottom": "var(--slider-foot, 10px)"},
}


class AtOnce(Syncable):
    """For widgets that a visitor moves and watches: every change is handled without delay."""

    _busy__ignore = ["value", "frame"]

    def _server_change(self, doc, ref, subpath, attr, old, new) -> None:
        # The message that a slider has stopped changes nothing.
        if attr == "value_throttled":
            return
        if doc.session_context is None or attr in self._changing.get(ref, ()):
            super()._server_change(doc, ref, subpath, attr, old, new)
            return
        self._events[attr] = new
        try:
            self._change_event(doc)
        except Exception as error:
            pn.state._handle_exception(error)


@final
class LiveSlider(AtOnce, pmui.FloatSlider):
    """A slider whose every change is handled immediately."""


@final
class LiveSelect(AtOnce, pmui.Select):
    """A choice that is handled immediately."""


def number_format(low: float, high: float) -> str | PrintfTickFormatter:
    """How a slider writes its value: with decimals, or with a power of ten where needed.

    Parameters of own data may be densities of 1e24 or times of 1e-13.
    """
    largest = max(abs(low), abs(high))
    return "0.[000]" if 0.05 <= largest < 1e6 else PrintfTickFormatter(format="%.4g")


def ends(low: float, high: float) -> list[dict[str, object]]:
    """The marks that say between which values a slider moves."""
    return [{"value": v, "label": f"{v:g}".replace("-", "−")} for v in (low, high)]


def mark(sliders: Sequence[LiveSlider], model: Model | None) -> None:
    """Mark the ends of the sliders of a system, and the values that its model was trained on."""
    axes = model.experiment.axes if model else ((),) * len(sliders)
    for slider, axis in zip(sliders, axes, strict=True):
        slider.marks = [*ends(slider.start, slider.end), *({"value": value} for value in axis)]


def physics_slider(number: param.Parameter, about: Parameter) -> LiveSlider:
    """A slider over the hard bounds of a physics parameter, with room for marks."""
    return LiveSlider.from_param(
        number,
        start=about.low,
        end=about.high,
        step=number.step,
        format=number_format(about.low, about.high),
        sizing_mode="stretch_width",
        margin=(2, 14, 0, 14),
        marks=ends(about.low, about.high),
        sx=LOOKS,
    )
