"""The densities of both components of the plane at one frame, one line for each column."""

from typing import final

import numpy as np
import panel as pn
from bokeh.models import CrosshairTool, Span

from dashboard.compare.jobs import frame_at
from dashboard.compare.pictures import Drawn, fewest_of, here_of, judges_of, line
from dashboard.parts.colours import COLUMNS
from dashboard.parts.curves import Profile
from dashboard.parts.layout import card, drawn, grid
from dashboard.runs.catalogue import Offer
from dashboard.runs.colours import height_limits
from dashboard.runs.units import with_unit
from dashboard.state.exploration import Exploration

LOW, ALONE = 150, 300
NOTHING = np.zeros(0)


@final
class Densities(pn.viewable.Viewer):
    """Two profiles side by side; one alone, and higher, where there is a single component.

    The first shares the `upright` line of the pictures' crosshair, as it shares their axis.
    """

    def __init__(self, state: Exploration, catalogue: Offer, upright: Span, **params):
        super().__init__(**params)
        self.state, self.catalogue = state, catalogue
        names = ("compared-horizontal", "compared-vertical")
        self.profiles = [Profile(name, LOW, kinds=COLUMNS) for name in names]
        for profile, cross in zip(self.profiles, (upright, line("height")), strict=True):
            profile.figure.add_tools(CrosshairTool(overlay=cross))
        self._cards = [card(drawn(profile.figure)) for profile in self.profiles]
        self._layout = grid(columns="repeat(auto-fit, minmax(min(300px, 100%), 1fr))", narrow=0)

    def place(self) -> None:
        """Names of the components of another system or plane."""
        system = self.catalogue.systems[self.state.system]
        alone = len(system.components) == 1
        for profile, axis in zip(self.profiles, self.state.axes, strict=True):
            component = system.components[axis]
            profile.label(f"density of {with_unit(component.label, component.unit)}")
            profile.figure.height = ALONE if alone else LOW
        wanted = self._cards[: 1 if alone else 2]
        if list(self._layout) != wanted:
            self._layout[:] = wanted

    def draw(self, columns: list[Drawn], time: float) -> None:
        """The densities at a time, for the columns whose runs have reached it."""
        axes, here = self.state.axes, here_of(columns)
        heights = height_limits([*here, *judges_of(columns)], axes)
        for i, profile in enumerate(self.profiles):
            if here:
                low = min(run.plane(axes).low[i] for run in here)
                high = max(run.plane(axes).high[i] for run in here)
                profile.place(low, high, heights[i])
        fewest = fewest_of(columns)
        shown = [one.run for one in columns] + [None] * (len(COLUMNS) - len(columns))
        for letter, run in zip(COLUMNS, shown, strict=True):
            frame = frame_at(run, time) if run is not None else None
            if run is None or frame is None:
                for profile in self.profiles:
                    profile.show(letter, NOTHING, NOTHING)
                continue
            plane, both = run.plane(axes), run.smoothed(frame, axes, fewest).sides
            for side, (profile, values) in enumerate(zip(self.profiles, both, strict=True)):
                profile.show(letter, plane.centres(side), np.asarray(values))

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        for profile in self.profiles:
            profile.theme(dark)

    def __panel__(self):
        return self._layout
