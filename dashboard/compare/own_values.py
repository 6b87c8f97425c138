"""The sliders of a pinned column: its own parameters, separate from those of the other columns."""

from collections.abc import Callable
from typing import final

import panel as pn
import param

from dashboard.parts.layout import grid
from dashboard.parts.sliders import LiveSlider, mark, physics_slider
from dashboard.state.parameters import attributes_of, number_of, parameter_state, put, values_of
from hoam_core import Model, System

Values = tuple[float, ...]


@final
class OwnValues(pn.viewable.Viewer):
    """Sliders over the parameters of a system, hidden while a column has none of its own.

    `move(values)` is called at every change, in the order of the system's parameters.
    """

    def __init__(self, letter: str, move: Callable[[Values], None], **params):
        super().__init__(**params)
        self._letter, self._move = letter, move
        self._made: dict[str, tuple[param.Parameterized, list[LiveSlider]]] = {}
        self._layout = grid(columns="minmax(0, 1fr)", gap=0)
        self._layout.visible = False

    def show(self, system: System, values: Values | None, model: Model | None) -> None:
        """The values of a column, whose model marks what it was trained on; None hides them."""
        if values is not None:
            numbers, sliders = self._of(system)
            put(numbers, dict(zip((p.name for p in system.parameters), values, strict=True)))
            mark(sliders, model)
            if list(self._layout) != sliders:
                self._layout[:] = sliders
        self._layout.visible = values is not None

    def _of(self, system: System) -> tuple[param.Parameterized, list[LiveSlider]]:
        if system.name not in self._made:
            numbers, sliders = parameter_state(system), []
            for about in system.parameters:
                number = number_of(numbers, about.name)
                number.label = f"{self._letter}: {about.label}"
                sliders.append(physics_slider(number, about))
            numbers.param.watch(
                lambda *_: self._move(tuple(values_of(numbers).values())), attributes_of(numbers)
            )
            self._made[system.name] = numbers, sliders
        return self._made[system.name]

    def __panel__(self):
        return self._layout
