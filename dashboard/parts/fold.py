"""A text that is folded until it is opened, with formulas drawn as in the lessons."""

from pathlib import Path
from typing import final

import param
from panel.custom import JSComponent

HERE = Path(__file__)
# Its `draw_formulas` is used by every script placed after it.
FORMULAS = HERE.with_name("formulas.js").read_text(encoding="utf-8")
# Few machines have a font for MathML: MathJax is for the eye, MathML for screen readers. A formula
# that is wider than its text shrinks instead of being cut.
FORMULA_LOOKS = """
.formula { position: relative; }
.inline > .formula { white-space: nowrap; }
.formula.drawn math { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
mjx-container[display="true"] { display: block; margin: .45em 0 .7em; }
mjx-container[display="true"] svg { max-width: 100%; height: auto; }
mjx-container svg { max-width: none; }
"""
LOOKS = """
:host { width: 100%; max-height: none; }
details { font: 13px/1.5 Roboto, sans-serif; color: var(--panel-on-background-color); }
summary { cursor: pointer; padding: 2px 0; width: fit-content; }
p { margin: 0 0 .5em; }
ul { margin: 0 0 .5em; padding-left: 1.2em; }
:focus-visible { outline: 2px solid var(--panel-primary-color); outline-offset: 1px; }
"""


@final
class Fold(JSComponent):
    """A summary and the HTML below it; external text must be escaped before."""

    summary = param.String()
    text = param.String()

    _esm = FORMULAS + HERE.with_suffix(".js").read_text(encoding="utf-8")
    _stylesheets = [FORMULA_LOOKS, LOOKS]

    def __init__(self, summary: str, **params):
        super().__init__(summary=summary, sizing_mode="stretch_width", margin=0, **params)
