"""The panel of the glossary: a dialog of the browser that opens at the word that was pressed.

It needs no answer from the server. Any element with `data-term` opens it, in any part of the page.
"""

from pathlib import Path
from typing import final

import param
from panel.custom import JSComponent

from dashboard.content.glossary import glossary
from dashboard.parts.fold import FORMULA_LOOKS, FORMULAS

HERE = Path(__file__)


@final
class Glossary(JSComponent):
    """All terms; `open` shows the whole list."""

    terms = param.List(doc="[name, title, HTML] of every term.")
    asked = param.Integer(default=0, doc="Counts how often the list was asked for.")

    _esm = FORMULAS + HERE.with_suffix(".js").read_text(encoding="utf-8")
    _stylesheets = [FORMULA_LOOKS, HERE.with_suffix(".css").read_text(encoding="utf-8")]

    def __init__(self, **params):
        known = [[one.name, one.title, one.text] for one in glossary().items.values()]
        super().__init__(terms=known, width=0, height=0, margin=0, **params)

    def open(self) -> None:
        """Show the list from its beginning."""
        self.asked += 1
