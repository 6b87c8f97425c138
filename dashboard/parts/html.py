"""The texts and tables of the page as small pieces of HTML, from plain values.

Numbers are set in figures of equal width, so that they do not jump while a slider moves. External
text, such as a sentence about a bad link, is escaped.
"""

import math
from html import escape
from pathlib import Path
from typing import final

import panel as pn
import param
from panel.custom import JSComponent

from dashboard.content.glossary import marked
from dashboard.runs.errors import PICTURE, ErrorRow, percent
from dashboard.runs.rates import Rates
from dashboard.runs.units import rate_unit, with_unit
from dashboard.runs.verdict import Verdict
from hoam_core import Model, System
from hoam_core.metrics import ModeFit
from hoam_core.systems.plasmas.dispersion import Mode

# The style of a word that the glossary explains.
TERM = Path(__file__).with_name("term.css").read_text(encoding="utf-8")
TEXT_STYLE = "color: var(--panel-on-background-color); font-family: Roboto, sans-serif;"
SOFT = "color: color-mix(in srgb, var(--panel-on-background-color) 72%, transparent);"
STYLE = f"""
:host {{ {TEXT_STYLE} font-size: var(--page-type, 13px); line-height: 1.45; }}
h2 {{ font-size: 19px; font-weight: 500; margin: 0; line-height: 1.3; }}
h3 {{ font-size: 13px; font-weight: 700; margin: 0 0 4px; }}
p {{ margin: 0; }}
.soft {{ {SOFT} }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th {{ text-align: left; font-weight: 400; padding: 3px 8px 3px 0; }}
thead th {{ {SOFT} font-size: 12px; white-space: nowrap; }}
td {{ text-align: right; padding: 3px 0 3px 8px; white-space: nowrap; }}
thead th:not(:first-child) {{ text-align: right; padding: 3px 0 3px 8px; }}
tbody tr {{ border-top: 1px solid
  color-mix(in srgb, var(--panel-on-background-color) 15%, transparent); }}
td b, .rates td:first-child {{ font-weight: 700; }}
.rates td:first-child {{ text-align: left; padding-left: 0; }}
.warn {{ border-left: 4px solid #E69F00; padding: 6px 10px; border-radius: 4px;
  background: color-mix(in srgb, #E69F00 14%, transparent); }}
.error {{ border-left: 4px solid #D55E00; padding: 6px 10px; border-radius: 4px;
  background: color-mix(in srgb, #D55E00 14%, transparent); }}
.verdict {{ border-left: 4px solid #009E73; padding: 1px 8px; margin: 3px 0; }}
.verdict.usable {{ border-color: #E69F00; }}
.verdict.do-not-use {{ border-color: #D55E00;
  background: color-mix(in srgb, #D55E00 14%, transparent); }}
progress {{ width: 100%; height: 6px; appearance: none; border: 0; display: block;
  border-radius: 3px; overflow: hidden; margin-top: 5px;
  background: color-mix(in srgb, var(--panel-on-background-color) 15%, transparent); }}
progress::-webkit-progress-bar {{ background: transparent; }}
progress::-webkit-progress-value {{ background: var(--panel-primary-color); }}
progress::-moz-progress-bar {{ background: var(--panel-primary-color); }}
"""


def pane(**params) -> pn.pane.HTML:
    """A pane for these pieces."""
    looks = [STYLE, TERM]
    options = {"object": "", "sizing_mode": "stretch_width", "margin": 0, "stylesheets": looks}
    return pn.pane.HTML(**(options | params))


LUMPS = (
    '<p class="soft">Few particles make an uneven picture, so its noise floor uses equally '
    "few of the full model. Lumps that remain with more particles are the learned model's "
    "error.</p>"
)


@final
class Status(JSComponent):
    """The status line; the age is counted in the browser, and tests read its data attributes."""

    text = param.String()
    version = param.Integer()
    model_ms = param.Number(default=0.0)
    particles = param.Integer(default=0)
    truth = param.String()

    _esm = Path(__file__).with_name("status.js")
    _stylesheets = [
        f".status {{ {TEXT_STYLE} {SOFT} font-size: 12px; font-variant-numeric: tabular-nums; }}"
    ]


def headline(sentence: str, verdict: Verdict | None = None) -> str:
    """The sentence about what one sees and the verdict; screen readers hear when they change."""
    below = trust(verdict, "Learned model: ") if verdict is not None and verdict.word else ""
    return f'<div role="status" aria-live="polite"><h2>{escape(sentence)}</h2>{below}</div>'


def trust(verdict: Verdict, before: str = "") -> str:
    """A verdict in its colour, sign and word, and the reason behind it."""
    return (
        f'<p class="verdict {verdict.word.replace(" ", "-")}"><span aria-hidden="true">'
        f"{verdict.sign}</span> <b>{before}{verdict.word}.</b> "
        f"{escape(verdict.reason[:1].upper() + verdict.reason[1:])}.</p>"
    )


def notices(warnings: list[str], problem: str) -> str:
    """Warnings about the trained range and the reason for a missing answer."""
    pieces = [f'<p class="warn">⚠ {escape(sentence)}</p>' for sentence in warnings]
    if problem:
        pieces.append(f'<p class="error" role="alert">✕ {escape(problem)}</p>')
    return "".join(pieces)


def progress(state: str, done: float, has_first: bool, system: System) -> str:
    """Progress of the full model, in words and as a bar."""
    if state == "absent":
        return (
            '<p class="soft">Nothing was recorded at this value, so there is no truth to compare '
            "with.</p>"
        )
    what = f"{system.truth_name}, {system.truth_particles:,} {system.population}"
    if state == "done":
        return f'<p class="soft">{what}: truth and noise floor are complete.</p>'
    if state == "cancelled":
        return f'<p class="soft">{what}: cancelled.</p>'
    if state == "failed":
        return f'<p class="soft">{what}: failed.</p>'
    if state == "waiting":
        text = f"{what}: starts when the sliders stop."
    else:
        which = "second run, for the noise floor" if has_first else "first of two runs"
        text = f"{what}: {100 * done:.0f} %, {which}"
    return (
        f'<p class="soft">{marked(text)}</p>'
        f'<progress max="1" value="{done:.3f}" aria-label="Progress of the full model"></progress>'
    )


def duration(seconds: float) -> str:
    """Milliseconds, or seconds for longer times."""
    return f"{1000 * seconds:.0f} ms" if seconds < 2 else f"{seconds:.1f} s"


def error_table(rows: list[ErrorRow], waiting: str) -> str:
    """Every error beside its noise floor."""
    lines = "".join(
        f"<tr><th scope='row'>{escape(row.label)}</th>"
        f"<td><b>{percent(row.error, '—')}</b></td><td>{percent(row.floor, waiting)}</td></tr>"
        for row in rows
    )
    pictured = any(row.label == PICTURE and row.error is not None for row in rows)
    return marked(
        "<h3>Error of the learned model</h3><table><thead><tr><th scope='col'>relative error</th>"
        "<th scope='col'>model</th><th scope='col'>noise floor</th></tr></thead>"
        f"<tbody>{lines}</tbody></table>{LUMPS if pictured else ''}"
    )


def rate_of(fit: ModeFit | None) -> str:
    """A rate and its uncertainty, with as many digits as are significant; a dash for none."""
    if fit is None:
        return "—"
    digits = min(max(1 - math.floor(math.log10(max(fit.uncertainty, 1e-4))), 2), 4)
    return f"{fit.rate:.{digits}f} ± {fit.uncertainty:.{digits}f}".replace("-", "−")


def rate_name(mode: Mode, time_unit: str) -> str:
    """The heading of the rates of a wave."""
    kind = "Damping" if mode.growth_rate < 0 else "Growth"
    return f"{with_unit(f'{kind} rate γ', rate_unit(time_unit))} of mode {mode.number} of the field"


def rate_table(found: Rates, learned: bool, time_unit: str) -> str:
    """Fitted rates beside that of the dispersion relation, and how they compare."""
    mode, fits = found.mode, found.fits
    cells = {"model, fit": rate_of(fits["model"])} if learned else {}
    cells |= {"truth, fit": rate_of(fits["truth"])}
    cells |= {"linear theory": f"{mode.growth_rate:.4f}".replace("-", "−")}
    heads = "".join(f"<th scope='col'>{name}</th>" for name in cells)
    values = "".join(f"<td>{value}</td>" for value in cells.values())
    words = [found.why]
    if found.fastest.number != mode.number:
        favours = "" if found.chosen else f"; the initial state favours mode {mode.number}"
        words.append(
            f"In theory mode {found.fastest.number} grows fastest, with "
            f"{found.fastest.growth_rate:.4f}{favours}."
        )
    told = "".join(f"<p>{escape(one)}</p>" for one in words)
    return (
        f"<h3>{escape(rate_name(mode, time_unit))}</h3><table class='rates'><thead><tr>"
        f"{heads}</tr></thead><tbody><tr>{values}</tr></tbody></table>{told}"
        "<p class='soft'>± is how much the rate changes with the window and the seed. "
        "The window is the shaded band in the curve above.</p>"
    )


def about_model(model: Model | None, system: System) -> str:
    """What the chosen model is and where it was trained."""
    source = f'<p class="soft">{escape(system.reference)}</p>'
    if model is None:
        return f"<p>No learned model: the full model is shown alone.</p>{source}"
    labels = {p.name: p.label for p in system.parameters}
    ranges = ", ".join(
        f"{labels[name]} {low:g} – {high:g}" if low < high else f"{labels[name]} = {low:g} alone"
        for name, (low, high) in model.trained_range().items()
    ).replace("-", "−")
    return marked(
        f"<p><b>{escape(model.entry.title)}</b></p>"
        f"<p>Trained on {escape(ranges)} (marks on the slider).</p>{source}"
    )
