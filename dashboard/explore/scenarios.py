"""The strip of scenarios above an exploration, with the visitor's own presets among them."""

from collections.abc import Callable

import panel as pn

from dashboard.explore.cards import Cards
from dashboard.explore.scenario_files import Scenario, scenarios
from dashboard.state import Exploration

PRESETS = "hoam-presets"


def as_card(scenario: Scenario) -> dict[str, str]:
    """A scenario as `Cards` shows it."""
    return {
        "link": scenario.link,
        "title": scenario.title,
        "text": scenario.sentence,
        "image": scenario.image,
        "alt": scenario.alt,
    }


class Scenarios(pn.viewable.Viewer):
    """Cards that `go` to a scenario; hidden below a lesson, which chooses the state itself."""

    def __init__(self, state: Exploration, go: Callable[[str], None], **params):
        super().__init__(**params)
        self._state = state
        shelf = scenarios()
        self._cards = Cards(
            go,
            cards=[as_card(one) for one in shelf.items.values()],
            label="Scenarios",
            kind="strip",
            store=PRESETS,
            problem=" ".join(shelf.problems),
        )
        state.param.watch(lambda *_: self._show(), "view")
        self._show()

    def step(self, by: int) -> None:
        """Open the next card, or the one before; the visitor's own are known to the browser."""
        self._cards.step(by)

    def _show(self) -> None:
        self._cards.visible = self._state.view == "explore"

    def __panel__(self):
        return self._cards
