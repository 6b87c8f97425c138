"""Widgets of the state: the sidebar, and the sliders of the physics parameters above the pictures.

The sliders stand in the page itself rather than in the sidebar, because on a phone the sidebar
covers the pictures that a slider moves.
"""

from collections.abc import Callable
from functools import partial
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.parts import html
from dashboard.parts.layout import grid
from dashboard.parts.sliders import LiveSelect, LiveSlider, mark, physics_slider
from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import HIGHEST_SEED, Exploration
from dashboard.state.parameters import number_of
from dashboard.state.url import seed_of

WIDE = {"sizing_mode": "stretch_width", "margin": (8, 12), "size": "small", "description": ""}
MANY = 12
COMPACT = {"width": 104, "margin": (8, 4, 4, 8), "size": "small", "description": ""}


def cancel_button(press: Callable[[], None], **options) -> pmui.Button:
    """A button that stops a long job; its owner relabels it when it would restart the job."""
    options = {"margin": 0} | options
    return pmui.Button(
        label="Cancel", size="small", variant="outlined", width=96, on_click=lambda _: press(),
        **options,
    )  # fmt: skip


def seed_field(state: Exploration) -> pmui.TextInput:
    """The seed as a text field; an invalid entry is reported below it and not used."""
    field = pmui.TextInput(label=state.param.seed.label, value=str(state.seed), **WIDE)

    def tell(sentence: str) -> None:
        field.param.update(error_state=bool(sentence), helper_text=sentence)

    def take(text: str) -> None:
        try:
            state.seed = seed_of(text)
        except ValueError:
            tell(f"“{text}” is not a seed, which is a whole number from 0 to {HIGHEST_SEED:,}.")
        else:
            tell("")
            show()

    def show() -> None:
        field.param.update(value=str(state.seed), value_input=str(state.seed))

    field.param.watch(lambda event: take(event.new), "value")
    state.param.watch(lambda *_: (tell(""), show()), "seed")
    return field


@final
class PlaneChoice(pn.viewable.Viewer):
    """Which two components the pictures show; hidden where there are no others."""

    def __init__(self, state: Exploration, **params):
        super().__init__(**params)
        self._state = state
        self._selects = [
            pmui.Select.from_param(side, **COMPACT)
            for side in (state.param.horizontal, state.param.vertical)
        ]
        self._layout = pn.Row(*self._selects, margin=0)
        state.param.watch(lambda *_: self._show(), ["horizontal", "vertical"])
        self._show()

    def _show(self) -> None:
        count = len(self._state.param.horizontal.objects)
        self._layout.visible = count > 2
        for select in self._selects:
            select.searchable = count > MANY

    def __panel__(self):
        return self._layout


@final
class Sliders(pn.viewable.Viewer):
    """One slider for each physics parameter of the current system, its training values marked.

    A view updates them for another system or model by `show`, as long as it is visible.
    """

    def __init__(self, state: Exploration, catalogue: Offer, **params):
        super().__init__(**params)
        self._state, self._catalogue = state, catalogue
        self._layout = grid(columns="repeat(auto-fit, minmax(280px, 1fr))", narrow=699, gap=0)
        self._shown: tuple = ()
        # A removed slider would follow its parameter for as long as the page exists.
        self._made: dict[str, list[LiveSlider]] = {}
        self.show()

    def show(self) -> None:
        """The sliders of the present system and model."""
        state = self._state
        wanted = state.system, state.model
        if not state.settled or wanted == self._shown:
            return
        self._shown = wanted
        system = self._catalogue.systems[state.system]
        model = self._catalogue.models.get(state.model or "")
        if system.name not in self._made:
            self._made[system.name] = [
                physics_slider(number_of(state.parameters, p.name), p) for p in system.parameters
            ]
        sliders = self._made[system.name]
        mark(sliders, model)
        if list(self._layout) != sliders:
            self._layout[:] = sliders

    def __panel__(self):
        return self._layout


def physics(sliders: Sliders, state: Exploration) -> pn.Column:
    """The sliders of a system, and beside them the choice of the plane that is drawn."""
    return grid(sliders, PlaneChoice(state), columns="minmax(0, 1fr) auto", narrow=699, gap=0)


@final
class Controls(pn.viewable.Viewer):
    """The sidebar: system, model, particles, seed, and a description of the model."""

    def __init__(self, state: Exploration, catalogue: Offer, bridge, exports, cite, **params):
        super().__init__(**params)
        self._state, self._catalogue = state, catalogue
        self._about = html.pane(margin=(4, 14))
        particles = pmui.Select.from_param(state.param.particles, **WIDE)
        share = pmui.Select.from_param(state.param.share, **WIDE)
        seed = seed_field(state)
        buttons = [
            pmui.Button(label=label, icon=icon, variant="text", size="small", margin=(0, 6),
                        on_click=lambda _, press=press: press())
            for label, icon, press in (
                ("Save picture", "photo_camera", exports.picture),
                ("Export …", "download", exports.open),
                ("Copy link", "link", partial(bridge.tell, "copy")),
                ("Full screen", "fullscreen", partial(bridge.tell, "full-screen")),
                ("How to cite", "format_quote", cite),
            )
        ]  # fmt: skip
        system = LiveSelect.from_param(
            state.param.system, sx={"& .MuiSelect-select": {"whiteSpace": "normal"}}, **WIDE
        )
        model = LiveSelect.from_param(state.param.model, **WIDE)
        self._offered = {"system", "model", "particles", "seed", "share"}
        self._widgets = {
            "system": system, "model": model, "particles": particles, "seed": seed, "share": share,
        }  # fmt: skip
        self._layout = pn.Column(
            system,
            model,
            pn.Row(particles, seed, sizing_mode="stretch_width", margin=0),
            share,
            self._about,
            pn.Column(*buttons, margin=(6, 4)),
            sizing_mode="stretch_width",
            margin=(6, 0),
        )
        state.param.watch(lambda *_: self._show_about(), ["parameters", "model"])
        self._show_about()

    def offer(self, names: frozenset[str]) -> None:
        """Show the controls that concern the open view."""
        self._offered = names
        self._show_about()

    def _show_about(self) -> None:
        system = self._catalogue.systems[self._state.system]
        model = self._catalogue.models.get(self._state.model or "")
        fits = {
            # The full model has its own number of particles.
            "particles": model is not None or "model" not in self._offered,
            "share": model is not None and model.system.family.is_noisy,
        }
        for name, widget in self._widgets.items():
            widget.visible = name in self._offered and fits.get(name, True)
        self._widgets["particles"].label = system.population.capitalize()
        self._about.visible = "model" in self._offered
        self._about.object = html.about_model(model, system)

    def __panel__(self):
        return self._layout
