"""The head of a column: what it shows, whether it is pinned, and a word about its run."""

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui

from dashboard.compare.choice import Column
from dashboard.compare.words import CAPTION
from dashboard.parts import readout
from dashboard.parts.ink import COLUMNS

LOOSE, PINNED = "push_pin_outlined", "push_pin"
BUTTON = {"margin": (10, 0, 0, 0), "size": "small", "width": 34}


class Head(pn.viewable.Viewer):
    """A selector, two buttons and a caption; `choose(model)`, `pin()`, `remove()` are told."""

    def __init__(
        self, slot: int, choose: Callable[[str], None], pin: Callable[[], None],
        remove: Callable[[], None], **params,
    ):  # fmt: skip
        super().__init__(**params)
        self.letter = COLUMNS[slot]
        self._column: Column | None = None
        self._choose = choose
        self.select = pmui.Select(
            label=f"Column {self.letter}", options={"full model": ""}, value="", size="small",
            sizing_mode="stretch_width", margin=(6, 4, 2, 0), description="",
        )  # fmt: skip
        self.pin = pmui.IconButton(
            icon=LOOSE, on_click=lambda _: pin(), description=self._about_pin(False), **BUTTON
        )
        self.remove = pmui.IconButton(
            icon="close", on_click=lambda _: remove(),
            description=f"Remove column {self.letter}", **BUTTON,
        )  # fmt: skip
        self.caption = readout.words(stylesheets=[readout.STYLE, CAPTION])
        self.select.param.watch(lambda event: self._take(event.new), "value")
        self._layout = pn.Column(
            pn.Row(self.select, self.pin, self.remove, sizing_mode="stretch_width", margin=0),
            self.caption, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def _about_pin(self, pinned: bool) -> str:
        return f"{'Unpin' if pinned else 'Pin'} column {self.letter}"

    def _take(self, model: str) -> None:
        if self._column is not None and model != self._column.model:
            self._choose(model)

    def show(self, column: Column, options: dict[str, str], removable: bool) -> None:
        """What the column shows, and what else it could."""
        self._column = column
        if self.select.options != options:
            self.select.param.update(options=options, value=column.model)
        elif self.select.value != column.model:
            self.select.value = column.model
        pinned = column.pinned is not None
        self.pin.param.update(icon=PINNED if pinned else LOOSE, description=self._about_pin(pinned))
        self.remove.visible = removable

    def __panel__(self):
        return self._layout
