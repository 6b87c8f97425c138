"""A page that is read from the last row: large letters, and only pictures, curve and player.

The browser tells how large its screen is, and the open views are made to fit it. It enlarges the
letters of figures itself (projector.js); all others follow the style sheets of the page (theme.py).
"""

from collections.abc import Callable
from typing import NamedTuple, final

from dashboard.parts.bridge import Bridge

PROJECTOR = "projector"  # in the address of the page
# Their share of the height; and the least height of a figure (px), below which the page scrolls.
PICTURES, LEAST = 0.6, 170


class Screen(NamedTuple):
    """Width and height of what the browser shows of the page, in its pixels."""

    width: int
    height: int

    def share(self, beside: int) -> tuple[int, int]:
        """Heights of the pictures and of the curve below them, given all other heights."""
        rest = self.height - beside
        return max(round(PICTURES * rest), LEAST), max(round((1 - PICTURES) * rest), LEAST)


@final
class Projector:
    """Whether the page is in projector mode; `changed` is called when that changes."""

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
        """What it adds to the address, but not to links for others."""
        return f"&{PROJECTOR}=1" if self.on else ""

    def toggle(self, on: bool | None = None) -> None:
        """Turn projector mode on or off."""
        on = not self.on if on is None else on
        if on != self.on:
            self._bridge.projector = on
            self._changed()

    def fit(self, width: float, height: float) -> None:
        """Take the size of the browser's screen."""
        screen = Screen(round(width), round(height))
        if screen != self._screen:
            self._screen = screen
            self._changed()
