"""The panel that says how much to trust what is shown; its facts are those of honesty.py."""

from pathlib import Path

import param
from panel.custom import JSComponent

from dashboard.explore.honesty import facts
from dashboard.parts.readout import INK, SOFT
from dashboard.runs.errors import ErrorRow
from dashboard.runs.memory import Run
from dashboard.runs.verdict import Verdict
from dashboard.session import Session
from hoam_core import Model

TRUST = f"""
:host {{ {INK} font-size: 13px; line-height: 1.45; }}
summary {{ cursor: pointer; border-radius: 4px; }}
summary:focus-visible {{ outline: 2px solid var(--panel-primary-color); outline-offset: 2px; }}
summary b {{ margin-right: 10px; }}
summary span {{ {SOFT} }}
dl {{ display: grid; grid-template-columns: minmax(90px, max-content) minmax(0, 1fr);
  margin: 8px 0 2px; gap: 3px 14px; font-variant-numeric: tabular-nums; }}
dt {{ {SOFT} }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
"""


class Trust(JSComponent):
    """A verdict in one line that unfolds into facts."""

    sign = param.String()
    words = param.String()
    facts = param.List(doc="(label, words) of each line.")
    version = param.Integer(doc="Counts the answers that were shown; the age starts anew.")

    _esm = Path(__file__).with_name("trust.js")
    _stylesheets = [TRUST]

    def tell(
        self,
        model: Model | None,
        mu: dict[str, float],
        rows: list[ErrorRow],
        answer: Run | None,
        session: Session,
        verdict: Verdict,
    ) -> None:
        """Say what is known now."""
        lines = facts(model, mu, rows, answer, session.waited) if model is not None else []
        self.param.update(
            sign=verdict.sign, words=f"{verdict.words}." if verdict.word else verdict.words,
            facts=[list(line) for line in lines], version=session.version,
        )  # fmt: skip
