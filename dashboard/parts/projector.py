"""A page that is read from the last row: large letters, and pictures, curve and player alone.

The browser tells how large its screen is, and the open views are made to fit it. Letters of figures
are enlarged here; those of everything else by the style sheets of the page (theme.py).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from bokeh.model import Model
from bokeh.plotting import figure

from dashboard.parts.bridge import Bridge

PROJECTOR = "projector"  # in the address of the page
LETTERS = "20px"
# Lines of figures are drawn for who sits before them.
BOLDER = 1.7


class Screen(NamedTuple):
    """Width and height of what the browser shows of the page, in its pixels."""

    width: int
    height: int


class Projector:
    """Whether the page is made for a projector; `changed` is called when that is new."""

    def __init__(self, bridge: Bridge, changed: Callable[[], None]):
        self._bridge, self._changed = bridge, changed
        self._screen = Screen(1_920, 1_080)

    @property
    def on(self) -> bool:
        """Whether it is."""
        return self._bridge.projector

    @property
    def screen(self) -> Screen | None:
        """What the open views have to fit; None where they need not."""
        return self._screen if self.on else None

    @property
    def suffix(self) -> str:
        """What it adds to the address, which others who open the page should not get."""
        return f"&{PROJECTOR}=1" if self.on else ""

    def toggle(self, on: bool | None = None) -> None:
        """Begin or end."""
        on = not self.on if on is None else on
        if on != self.on:
            self._bridge.projector = on
            self._changed()

    def fit(self, width: float, height: float) -> None:
        """The browser's screen has this size."""
        screen = Screen(round(width), round(height))
        if screen != self._screen:
            self._screen = screen
            self._changed()


class LargeLetters:
    """Enlarges all letters and lines of figures, and gives them back what they had."""

    def __init__(self):
        self._usual: dict[tuple[Model, str], object] = {}

    def show(self, figures: Iterable[figure], large: bool) -> None:
        """Figures that came since are enlarged, too."""
        if large:
            for made in figures:
                self._enlarge(made)
        else:
            for (model, name), value in self._usual.items():
                setattr(model, name, value)
            self._usual.clear()

    def _enlarge(self, made: figure) -> None:
        for model in made.references():
            for name in model.properties():
                if (model, name) in self._usual:
                    continue
                if name.endswith("text_font_size"):
                    self._keep(model, name, LETTERS)
                elif name == "line_width" and isinstance(width := model.line_width, int | float):
                    self._keep(model, name, BOLDER * width)

    def _keep(self, model: Model, name: str, value: object) -> None:
        self._usual[model, name] = getattr(model, name)
        setattr(model, name, value)
