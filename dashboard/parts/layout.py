"""How parts of the page are laid out: cards in grids that become one column on a narrow screen.

Panel's layouts put their children into a shadow root whose host can be a grid of the browser, so
that media queries do the rest and nothing is measured in Python. Panel limits every layout to the
height of what holds it, which would squeeze a long page into a short screen; here none is limited.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, final

import panel as pn

GRID = """
:host {{ display: grid !important; max-height: none; gap: {gap}px;
  grid-template-columns: {columns}; }}
:host(.hidden) {{ display: none !important; }}
.scroll-button {{ display: none; }}
@media (max-width: {narrow}px) {{ :host {{ grid-template-columns: minmax(0, 1fr); }} }}
"""
CARD = """
:host { border: 1px solid color-mix(in srgb, var(--panel-on-background-color) 15%, transparent);
  border-radius: 10px; padding: 6px 8px; position: relative;
  background: var(--panel-surface-color); box-sizing: border-box; min-width: 0; max-height: none; }
"""

STACK = ":host { gap: 10px; max-height: none; }"
# On a phone the pictures are taller than the screen; the player stays visible beside them.
AT_HAND = """
@media (max-width: 759px), (max-height: 500px) {
  :host { position: sticky; bottom: 0; z-index: 5; } }
"""
# A phone on its side: below the pictures, or they would be below the screen.
NOT_FIRST = "@media (max-height: 500px) { :host { order: 1; } }"
REST_AFTER = 80  # milliseconds, at most so many times
LOOKS = 4


class Themed(Protocol):
    """Something with colours for a light and for a dark page."""

    def theme(self, dark: bool) -> None:
        """Use the colours for one of them."""


Part = TypeVar("Part", bound=Themed)


def grid(*children, columns: str, narrow: int = 899, gap: int = 10) -> pn.Column:
    """Columns on a wide page, one below the other on a narrow one."""
    style = GRID.format(columns=columns, narrow=narrow, gap=gap)
    made = pn.Column(
        *children, sizing_mode="stretch_width", margin=0, stylesheets=[style], min_width=0
    )
    # The layout here would override the way in which Bokeh hides an element.
    made.param.watch(
        lambda event: made.param.update(css_classes=[] if event.new else ["hidden"]), "visible"
    )
    return made


def card(*children, style: str = "") -> pn.Column:
    """A plain frame around parts that belong together."""
    return pn.Column(*children, sizing_mode="stretch_width", margin=0, stylesheets=[CARD, style])


def stack(*children, style: str = "", **options) -> pn.Column:
    """Cards one below the other; those that are not visible take no room."""
    options = {"sizing_mode": "stretch_width", "margin": 0} | options
    return pn.Column(*children, stylesheets=[STACK, style], **options)


def wrapping(*children, **options) -> pn.Row:
    """A row that wraps where it is too narrow; `pn.FlexBox` costs ten times as much."""
    style = ":host { flex-wrap: wrap; align-items: center; max-height: none; }"
    options = {"margin": 0, "sizing_mode": "stretch_width"} | options
    return pn.Row(*children, stylesheets=[style], **options)


def drawn(figure) -> pn.pane.Bokeh:
    """A pane for a figure that fills its column."""
    return pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)


@final
class Asides:
    """Makes the parts of a view that are hidden where only pictures, curve and player are shown.

    They keep their own visibility within.
    """

    def __init__(self):
        self._made: list[pn.Column] = []
        self._shown = True

    def __call__(self, *children, style: str = "") -> pn.Column:
        """One part, a stack of children."""
        self._made.append(made := stack(*children, style=style, visible=self._shown))
        return made

    def show(self, shown: bool) -> None:
        """Hide them all, or show them again."""
        self._shown = shown
        for one in self._made:
            one.visible = shown


@final
class WhenWanted(Generic[Part]):
    """A part of a view that is built when it is first needed, in the colours of the page."""

    def __init__(self, make: Callable[[], Part]):
        self._make, self._dark = make, False
        self.made: Part | None = None

    def __call__(self) -> Part:
        """The part itself."""
        if self.made is None:
            self.made = self._make()
            self.made.theme(self._dark)
        return self.made

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page, now or when it is made."""
        self._dark = dark
        if self.made is not None:
            self.made.theme(dark)


@final
class Later:
    """Calls `draw` once, a moment after the first of many changes; at once without a page.

    Curves and words cost more than pictures, in the browser too; while a slider moves they are
    updated once for all changes in between. A picture that is still `coming` is waited for, but not
    for long, since it would share the cores with them. And the browser paints what it has before it
    is sent more (`after_paint`).
    """

    def __init__(
        self, draw: Callable[[], None], coming: Callable[[], bool] = lambda: False,
        after_paint: Callable[[Callable[[], None]], None] = lambda act: act(),
    ):  # fmt: skip
        self._draw, self._coming, self._after_paint = draw, coming, after_paint
        self._due, self._looks = False, 0

    def __call__(self) -> None:
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._draw()
        elif not self._due:
            self._due, self._looks = True, LOOKS
            document.add_timeout_callback(self._look, REST_AFTER)

    def _look(self) -> None:
        self._looks -= 1
        document = pn.state.curdoc
        if self._looks and document is not None and self._coming():
            document.add_timeout_callback(self._look, REST_AFTER)
        else:
            self._after_paint(self._now)

    def _now(self) -> None:
        self._due = False
        self._draw()
