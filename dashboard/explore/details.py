"""The part below the player: densities, curves, errors, how far to trust them, the full model.

The pictures need not wait for it: it is built by `complete`, when they have been painted.
"""

from typing import final

import panel as pn

from dashboard.compute.session import Session
from dashboard.explore.choice import ExploreChoice
from dashboard.explore.curves import Evolution
from dashboard.explore.growth import Growth
from dashboard.explore.trust import Trust
from dashboard.parts import html
from dashboard.parts.controls import cancel_button
from dashboard.parts.layout import Asides, WhenWanted, card, grid, stack
from dashboard.runs.errors import ErrorRow
from dashboard.runs.rates import rates
from dashboard.runs.references import Reference
from dashboard.runs.run import Run
from dashboard.runs.verdict import Verdict


@final
class ExplorationDetails(pn.viewable.Viewer):
    """Curves and words of a `Session`; `densities` are those of its scene.

    `asides` makes the parts that are hidden where only the main curve is shown.
    """

    def __init__(
        self, session: Session, densities: pn.Column, asides: Asides, choice: ExploreChoice,
        **params,
    ):  # fmt: skip
        super().__init__(**params)
        self.session, self.state, self.catalogue = session, session.state, session.catalogue
        self.evolution = WhenWanted(lambda: Evolution(self.state, self.catalogue))
        self._densities, self._asides = densities, asides
        self._tall: int | None = None
        self._choice, self._growth = choice, Growth(session, choice)
        self._progress, self._errors = (html.pane() for _ in range(2))
        self._error_card = card(self._errors)
        self._trust = Trust(sizing_mode="stretch_width", margin=(2, 0))
        self._button = cancel_button(self._press)
        self._layout = stack()

    def complete(self) -> bool:
        """Build it unless it exists; returns whether it was built."""
        if self.evolution.made is not None:
            return False
        curves = self.evolution()
        truth = pn.Row(self._progress, self._button, sizing_mode="stretch_width", margin=0)
        self._layout.append(
            grid(
                stack(curves, self._asides(self._error_card, card(self._trust))),
                self._asides(self._densities, card(curves.others), card(self._growth, truth)),
                columns="var(--lower-columns, minmax(0, 5fr) minmax(0, 6fr))",
            )
        )
        self.fit(self._tall)
        return True

    def fit(self, height: int | None) -> None:
        """Set the height of the main curve: this many pixels, or the default."""
        self._tall = height
        if self.evolution.made is not None:
            self.evolution.made.fit(height)

    def _press(self) -> None:
        if self.session.truth_is_coming:
            self.session.cancel_truth()
        else:
            self.session.resume_truth()

    def place(self) -> None:
        """Labels of another system, model or plane."""
        if self.evolution.made is not None:
            self.evolution.made.place()
        self._error_card.visible = bool(self.state.model)

    def at(self, time: float) -> None:
        """Move the cursors."""
        if self.evolution.made is not None:
            self.evolution.made.at(time)

    def draw(
        self, answer: Run | None, reference: Reference | None, rows: list[ErrorRow],
        verdict: Verdict,
    ) -> None:  # fmt: skip
        """Draw the curves and write all texts of the available runs."""
        truth = reference.truth if reference else None
        self._write_progress(reference)
        waiting = "computing" if self.session.truth_is_coming else "—"
        self._errors.object = html.error_table(rows, waiting)
        model = self.catalogue.models.get(self.state.model or "")
        self._trust.tell(model, self.state.mu, rows, answer, self.session, verdict)
        curves = self.evolution.made
        if curves is not None:
            system = self.catalogue.systems[self.state.system]
            found = rates(system, self.session.judged, reference, self._choice.wanted)
            curves.draw(answer, truth, found)
            self._growth.show(found)

    def _write_progress(self, reference: Reference | None) -> None:
        state, system = self.session.truth_state, self.catalogue.systems[self.state.system]
        has_first = reference is not None and reference.truth.complete
        done = reference.done if reference else 0.0
        self._progress.object = html.progress(state, done, has_first, system)
        self._button.visible = state not in ("done", "absent")
        self._button.label = "Cancel" if self.session.truth_is_coming else "Compute"

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        self.evolution.theme(dark)

    def __panel__(self):
        return self._layout
