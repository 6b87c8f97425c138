"""The controls above a comparison and above each of its columns."""

from collections.abc import Callable
from typing import final

import panel as pn
import panel_material_ui as pmui
import param

from dashboard.compare.choice import FEWEST, Comparison
from dashboard.compare.own_values import OwnValues
from dashboard.compare.summary import name_of
from dashboard.compare.text import CAPTION
from dashboard.parts import html
from dashboard.parts.colours import COLUMNS
from dashboard.parts.layout import wrapping
from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import Exploration

LOOSE, PINNED = "push_pin_outlined", "push_pin"
QUIET = {"size": "small", "variant": "outlined", "margin": (4, 4)}
BUTTON = {"margin": (10, 0, 0, 0), "size": "small", "width": 34}


@final
class ColumnHeader(pn.viewable.Viewer):
    """A selector, two buttons and a caption; `values` are sliders for below the picture."""

    def __init__(
        self, slot: int, choice: Comparison, state: Exploration, catalogue: Offer, **params
    ):
        super().__init__(**params)
        self.letter = COLUMNS[slot]
        self._slot, self._choice, self._catalogue = slot, choice, catalogue
        self.select = pmui.Select(
            label=f"Column {self.letter}", options={"full model": ""}, value="", size="small",
            sizing_mode="stretch_width", margin=(6, 4, 2, 0), description="",
        )  # fmt: skip
        self.pin = pmui.IconButton(
            icon=LOOSE, on_click=lambda _: choice.pin(slot, state.mu),
            description=self._about_pin(False), **BUTTON,
        )  # fmt: skip
        self.remove = pmui.IconButton(
            icon="close", on_click=lambda _: choice.remove(slot),
            description=f"Remove column {self.letter}", **BUTTON,
        )  # fmt: skip
        self.caption = html.pane(stylesheets=[html.STYLE, CAPTION])
        self.values = OwnValues(self.letter, lambda values: self._take(pinned=values))
        self.select.param.watch(lambda event: self._take(model=event.new), "value")
        self._layout = pn.Column(
            pn.Row(self.select, self.pin, self.remove, sizing_mode="stretch_width", margin=0),
            self.caption, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def _about_pin(self, pinned: bool) -> str:
        if pinned:
            return f"Unpin column {self.letter}"
        return f"Pin column {self.letter}: it gets sliders of its own"

    def _take(self, **changes) -> None:
        """Take what the visitor chose here; what `show` put there changes nothing."""
        if self._slot < len(self._choice.columns):
            self._choice.put(self._slot, self._choice.columns[self._slot]._replace(**changes))

    def show(self) -> None:
        """What the column shows, and what else it could."""
        columns, system = self._choice.columns, self._catalogue.systems[self._choice.system]
        column = columns[self._slot]
        names = ["", *self._catalogue.models_of(system.name)]
        options = {name_of(name, system.name): name for name in names}
        if self.select.options != options:
            self.select.param.update(options=options, value=column.model)
        elif self.select.value != column.model:
            self.select.value = column.model
        pinned = column.pinned is not None
        self.pin.param.update(icon=PINNED if pinned else LOOSE, description=self._about_pin(pinned))
        self.remove.visible = len(columns) > FEWEST
        self.values.show(system, column.pinned, self._catalogue.models.get(column.model))

    def __panel__(self):
        return self._layout


@final
class ComparisonBar(pn.viewable.Viewer):
    """A button that adds a column unless the page is `full`; a switch and a button of the zoom."""

    full = param.Boolean(default=False)

    def __init__(
        self, add: Callable[[], None], zoom: Callable[[bool], None], reset: Callable[[], None],
        **params,
    ):  # fmt: skip
        super().__init__(**params)
        self._add = pmui.Button(label="Add a column", icon="add", on_click=lambda _: add(), **QUIET)
        zooming = pmui.Switch(label="Zoom by box and wheel", size="small", margin=(6, 8))
        reset_button = pmui.Button(
            label="Reset zoom", visible=False, on_click=lambda _: reset(), **QUIET
        )
        zooming.param.watch(lambda event: zoom(event.new), "value")
        zooming.param.watch(lambda event: reset_button.param.update(visible=event.new), "value")
        self._layout = wrapping(self._add, zooming, reset_button)

    @param.depends("full", watch=True)
    def _show(self) -> None:
        self._add.visible = not self.full

    def __panel__(self):
        return self._layout
