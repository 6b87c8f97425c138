"""The rate of one wave of the field in both models beside linear theory, and the line of theory.

The truth determines the wave and the window, unless a visitor has chosen: both models are fitted in
the same way. Only complete runs have rates, so that nothing is fitted while a slider moves.
"""

from typing import NamedTuple

import numpy as np

from dashboard.runs.references import Reference
from dashboard.runs.run import Run
from hoam_core import System
from hoam_core.metrics import ModeFit, fit_window
from hoam_core.metrics.physics import TINY, maxima
from hoam_core.metrics.rates import strongest, wavenumber, why, with_second
from hoam_core.systems.plasmas.dispersion import Mode

POINTS = 64
Line = tuple[np.ndarray, np.ndarray]
NOTHING: Line = (np.array([]), np.array([]))


class ModeChoice(NamedTuple):
    """The visitor's choice: a mode (0: the strongest) and a window (None: the best one)."""

    number: int = 0
    window: tuple[float, float] | None = None


USUAL = ModeChoice()


class Rates(NamedTuple):
    """The mode, the fastest one of theory, the window, fits by kind of run, and a note on them.

    `chosen` says that a visitor has named the mode; else it is the one that the initial state
    favours.
    """

    mode: Mode
    fastest: Mode
    fits: dict[str, ModeFit | None]
    window: tuple[float, float] | None = None
    why: str = ""
    chosen: bool = False


def rates(
    system: System, answer: Run | None, reference: Reference | None, wanted: ModeChoice = USUAL
) -> Rates | None:
    """Both models' rate of one mode; None before the truth is complete, or without theory.

    The uncertainty of the truth's rate includes the difference to a second run with another seed.
    """
    if reference is None or not reference.theory or not reference.truth.complete:
        return None
    truth, second, theory = reference
    if truth.modes is None:
        return None
    fastest = max(theory, key=lambda mode: mode.growth_rate)
    known = 0 < wanted.number <= len(theory)
    mode = theory[wanted.number - 1] if known else strongest(truth.modes, theory)
    if wanted.window is None:
        fit = truth.fit(mode.number, mode.growth_rate > 0)
    else:
        fit = _in_window(truth, mode, wanted.window)
    window = wanted.window or (fit and (fit.start, fit.end))
    if fit is not None and second is not None and second.complete:
        fit = with_second(fit, second.times, second.modes, mode)
    first = wavenumber(system, np.asarray(truth.case.mu))
    words = why(fit, mode, theory, truth.times, truth.modes, first)
    fits = {"truth": fit, "model": _in_window(answer, mode, window) if window and fit else None}
    return Rates(mode, fastest, fits, window, words, known)


def _in_window(run: Run | None, mode: Mode, window: tuple[float, float]) -> ModeFit | None:
    if run is None or run.modes is None or not run.complete or not np.isfinite(run.modes).all():
        return None
    return fit_window(run.times, run.modes, mode.number, window)


def theory_line(run: Run | None, found: Rates | None) -> Line:
    """W ~ exp(2 gamma t) of linear theory beside the energy of a run, many points of it.

    A growing wave has, at the end of the window, the height of its part that grows; a damped one
    swings below the line, so that its first maxima lie on it.
    """
    fit = found and found.fits["truth"]
    if run is None or found is None or fit is None or not run.complete:
        return NOTHING
    t, rate = run.times, found.mode.growth_rate
    # Of one wave, W = L/4 |E|^2.
    part = 0.25 * (run.ranges.high[0] - run.ranges.low[0])
    if rate <= 0:
        if run.modes is None:
            return NOTHING
        energy = np.maximum(part * np.abs(run.modes[:, found.mode.number - 1]) ** 2, TINY)
        at, height = (values[:2] for values in maxima(t, energy))
        if not at.size:
            return NOTHING
        line = np.linspace(0.0, float(t[-1]), POINTS)
        return line, np.exp(np.mean(np.log(height) - 2 * rate * at) + 2 * rate * line)
    more = 0.5 * (fit.end - fit.start)
    line = np.linspace(max(fit.start - more, 0.0), min(fit.end + more, float(t[-1])), POINTS)
    return line, part * fit.height**2 * np.exp(2 * rate * (line - fit.end))
