"""What the view "explore" adds to a link: which wave's rate is fitted, and between which times.

A link says `mode=2` and `window=3.6:13.4`; without them, both are chosen to suit the full model's
run.
"""

from typing import final

import param

from dashboard.runs.rates import ModeChoice
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, number, whole
from dashboard.view.choice import Choice
from hoam_core.checks import check_within
from hoam_core.metrics.rates import HIGHEST


@final
class ExploreChoice(Choice):
    """The fit of growth and damping rates; each system has its own."""

    addressed = ("mode", "window")
    mode = param.Integer(default=0, bounds=(0, HIGHEST), doc="A wave of the field; 0: strongest.")
    window = param.Parameter(doc="First and last time of the fit; None: what suits it best.")
    system = param.String(doc="The system to which both belong.")

    @property
    def wanted(self) -> ModeChoice:
        """What is to be fitted."""
        return ModeChoice(self.mode, self.window)

    def suit(self, system: str) -> None:
        """Clear the choice, unless it already belongs to that system."""
        if self.system != system:
            self.param.update(system=system, mode=0, window=None)

    def read(self, reader: Reader, state: Exploration) -> None:
        self.suit(state.system)
        if "system" in reader.query:  # a complete state, which is written without the default fit
            self.param.update(mode=0, window=None)
        end = float(state.ts[-1])
        found = {
            "mode": reader.attempt("mode", _mode),
            "window": reader.attempt("window", lambda text: _window(text, end)),
        }
        self.param.update(**{name: value for name, value in found.items() if value is not None})

    def write(self, state: Exploration) -> dict[str, str]:
        if self.system != state.system:
            return {}
        found = {"mode": str(self.mode)} if self.mode else {}
        if self.window is not None:
            found["window"] = "{:g}:{:g}".format(*self.window)
        return found


def _mode(text: str) -> int:
    mode = whole("mode", text)
    check_within("mode", mode, 1, HIGHEST)
    return mode


def _window(text: str, end: float) -> tuple[float, float]:
    parts = text.split(":")
    if len(parts) != 2:
        raise ValueError(
            f"Argument `window` must be two times with a colon between them, such as 2:{end / 2:g},"
            f" but is {text!r}."
        )
    start, stop = (number("window", part) for part in parts)
    for value in (start, stop):
        check_within("window", value, 0.0, end)
    if start >= stop:
        raise ValueError(f"Argument `window` must name the earlier time first, but is {text!r}.")
    return start, stop
