"""What stands above the columns of a comparison: one more of them, and the zoom of all figures."""

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui
import param

from dashboard.parts.layout import wrapping

QUIET = {"size": "small", "variant": "outlined", "margin": (4, 4)}


class Bar(pn.viewable.Viewer):
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
