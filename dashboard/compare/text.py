"""What a comparison says: a sentence, a caption for each column, and the table of errors and costs.

Every error stands beside its noise floor, which is the same error between two full-model runs.
"""

import math
from collections.abc import Callable
from html import escape

from dashboard.compare.summary import ColumnSummary
from dashboard.parts.colours import COLOUR, DASH
from dashboard.parts.html import duration, percent, rate_of, trust
from dashboard.runs.units import rate_unit, with_unit
from dashboard.runs.verdict import Verdict

CAPTION = """
.now { display: flex; gap: 6px; align-items: baseline; line-height: 1.3; }
.now svg { flex: none; align-self: center; }
.bar { height: 9px; }
.bar progress { margin-top: 3px; }
"""
TABLE = """
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 2px solid var(--panel-primary-color); }
.wide tbody th { white-space: nowrap; }
.wide svg { display: block; margin-left: auto; }
small { display: block; font-size: 11px; line-height: 1.2; white-space: normal;
  max-width: 130px; margin-left: auto;
  color: color-mix(in srgb, var(--panel-on-background-color) 72%, transparent); }
"""


def stroke(letter: str, dark: bool) -> str:
    """A short line in the colour and dash of a column."""
    dash = DASH[letter]
    dashes = "" if dash == "solid" else " ".join(map(str, dash))
    return (
        f'<svg width="30" height="10" aria-hidden="true"><line x1="0" x2="30" y1="5" y2="5" '
        f'stroke="{COLOUR[dark][letter]}" stroke-width="2.4" stroke-dasharray="{dashes}"/></svg>'
    )


def headline(summaries: list[ColumnSummary], busy: bool) -> str:
    """Which learned column is closest to the full model, by the first error on show."""
    judged = [one for one in summaries if one.rows and one.rows[0].error is not None]
    if not judged:
        words = "errors follow as soon as the full model has run" if busy else "no errors are known"
        return f"{len(summaries)} columns at one time: {words}."
    best, *others = sorted(judged, key=_first_error)
    first = best.rows[0]
    floor = "" if first.floor is None else f" (noise floor {percent(first.floor)})"
    sentence = f"error {percent(first.error)} in {first.label}{floor}"
    if not others:
        return f"{best.label} against the full model: {sentence}."
    rest = ", ".join(f"{one.label} ({percent(one.rows[0].error)})" for one in others)
    words = f"{best.label} is closest to the full model: {sentence}; {rest}."
    fail = all(one.verdict is not None and one.verdict.rejects for one in judged)
    return f"None of these learned models should be used here. {words}" if fail else words


def _first_error(one: ColumnSummary) -> float:
    """The value by which columns are sorted; NaN comes last."""
    error = one.rows[0].error
    return error if error is not None and math.isfinite(error) else math.inf


def caption(
    letter: str, where: str, state: str, warnings: list[str], problem: str, done: float | None,
    dark: bool, verdict: Verdict | None = None,
) -> str:  # fmt: skip
    """Parameters of a column and the state of its run; `done` draws a bar in a space of its own."""
    pieces = [
        f"<div class='now'>{stroke(letter, dark)}<span>{escape(where)}"
        f" <span class='soft'>· {escape(state)}</span></span></div>"
    ]
    bar = ""
    if done is not None and not problem:
        bar = (
            f'<progress max="1" value="{done:.3f}" aria-label="Progress of column {letter}">'
            "</progress>"
        )
    pieces.append(f"<div class='bar'>{bar}</div>")
    if verdict is not None:
        pieces.append(trust(verdict))
    pieces += [f'<p class="warn">⚠ {escape(sentence)}</p>' for sentence in warnings]
    if problem:
        pieces.append(f'<p class="error" role="alert">✕ {escape(problem)}</p>')
    return "".join(pieces)


def progress(done: float | None, stopped: bool, of_runs: str) -> str:
    """Progress of everything that one has to wait for."""
    if done is None:
        return f'<p class="soft">{of_runs}: truth and noise floor are complete.</p>'
    if stopped:
        return f'<p class="soft">{of_runs}: cancelled.</p>'
    return (
        f'<p class="soft">{of_runs}: {100 * done:.0f} % of all runs</p>'
        f'<progress max="1" value="{done:.3f}" aria-label="Progress of the full model"></progress>'
    )


def table(summaries: list[ColumnSummary], waiting: str, dark: bool, time_unit: str = "") -> str:
    """Errors, rates, evaluations and times of all columns."""
    heads = "".join(
        f"<th scope='col'>{stroke(one.letter, dark)}{escape(one.label)}"
        f"<small>{escape(one.where)}</small></th>"
        for one in summaries
    )
    labels = dict.fromkeys(row.label for one in summaries for row in one.rows)
    lines = [_line("Verdict", summaries, _verdict_cell)] if labels else []
    lines += [_line(f"Error: {label}", summaries, _error_cell(label, waiting)) for label in labels]
    if known := [one.rates for one in summaries if one.rates is not None]:
        kinds = {"Damping" if one.mode.growth_rate < 0 else "Growth" for one in known}
        name = f"{' or '.join(sorted(kinds)).capitalize()} rate γ"
        lines.append(_line(with_unit(name, rate_unit(time_unit)), summaries, _rate_cell))
    if any(one.knows_equations for one in summaries):
        lines.append(_line("Knows the equations", summaries, _knowledge_cell))
    if any(one.evaluations is not None for one in summaries):
        lines.append(_line("Field evaluations per particle", summaries, _cost_cell))
    lines.append(_line("Time of the run", summaries, _time_cell))
    return (
        '<h3>Errors and costs</h3><div class="wide" role="region" tabindex="0" '
        'aria-label="Errors and costs of the columns"><table><thead><tr><td></td>'
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{_whys(summaries)}"
    )


def _line(label: str, summaries: list[ColumnSummary], cell: Callable[[ColumnSummary], str]) -> str:
    cells = "".join(f"<td>{cell(one)}</td>" for one in summaries)
    return f"<tr><th scope='row'>{escape(label)}</th>{cells}</tr>"


def _error_cell(label: str, waiting: str) -> Callable[[ColumnSummary], str]:
    def cell(one: ColumnSummary) -> str:
        row = next((row for row in one.rows if row.label == label), None)
        if row is None:
            return "—"
        error, floor = percent(row.error, waiting), percent(row.floor, waiting)
        return f"<b>{error}</b><small>floor {floor}</small>"

    return cell


def _verdict_cell(one: ColumnSummary) -> str:
    return f"{one.verdict.sign} <b>{one.verdict.word}</b>" if one.verdict is not None else "—"


def _rate_cell(one: ColumnSummary) -> str:
    if one.rates is None:
        return "—"
    mode = one.rates.mode
    fit = rate_of(one.rates.fits["model" if one.rows else "truth"])
    theory = f"{mode.growth_rate:.4f}".replace("-", "−")
    return f"<b>{fit}</b><small>mode {mode.number}, theory {theory}</small>"


def _whys(summaries: list[ColumnSummary]) -> str:
    """How rates compare with theory: each sentence once, after the letters of its columns."""
    letters: dict[str, list[str]] = {}
    for one in summaries:
        if one.rates is not None:
            letters.setdefault(one.rates.why, []).append(one.letter)
    return "".join(
        f'<p class="soft">γ of {", ".join(who)}: {escape(why)}</p>' for why, who in letters.items()
    )


def _knowledge_cell(one: ColumnSummary) -> str:
    if one.knows_equations is None:
        return "yes"
    return "of one particle" if one.knows_equations else "no"


def _cost_cell(one: ColumnSummary) -> str:
    return "—" if one.evaluations is None else f"{one.evaluations:,}"


def _time_cell(one: ColumnSummary) -> str:
    if one.run is None:
        return "—"
    compiled = "<small>with compilation</small>" if one.run.first else ""
    so_far = "" if one.run.complete else "<small>so far</small>"
    return duration(one.run.seconds) + compiled + so_far
