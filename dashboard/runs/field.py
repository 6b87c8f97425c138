"""What the energy W of a field does, in a sentence whose words are all defined on W (t,).

Early is the first sixteenth of the run, and the first level is the highest value there: a wave that
oscillates comes back to it without having grown.

- grew: the highest later value is GREW = 5 times the first level or more. N-fold: so many times
  the first level is the level that is named beside it, or the highest;
- saturated: at the first maximum that reaches half of the highest, or where it only rises at FULL =
  95 % of its last value; half of the later values keep above a third of that;
- still grows at the end: it only rises, and reaches those 95 % in its last sixteenth;
- fell to 1/N: the maxima of an oscillating W, or else all values of its last quarter, came down to
  a third of its first value or lower; bounced back: a later value is twice as high again;
- is noise: it never reaches a millionth of the kinetic energy (NOTHING), which single precision can
  hardly tell from zero;
- stays, oscillates below a level: it did neither; nothing grows after the first sixteenth.
"""

import numpy as np
from jaxtyping import Float

from dashboard.runs.energy import FEWEST, FIELD
from dashboard.runs.run import Run
from dashboard.runs.units import in_symbols
from hoam_core.metrics.physics import TINY, maxima

GREW, FELL, BACK, STEADY, FULL = 5.0, 3.0, 2.0, 3.0, 0.95
NOTHING, NOTHING_TOLD = 1e-6, "less than a millionth of the kinetic energy"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Curve = Float[np.ndarray, " t"]


def sentence(run: Run, unit: str) -> str:
    """What the field energy did, without the full stop; empty where a value is not finite."""
    ts, energy = run.times, np.asarray(run.curves[FIELD], float)
    if len(run) < FEWEST:
        return "the field energy is being computed"
    if not np.isfinite(energy).all():
        return ""
    early = max(3, len(run.ts) // 16)
    first = float(energy[:early].max())
    if energy.max() <= NOTHING * kinetic(run):
        return (
            f"the field energy is noise, below {level(energy.max(), unit, up=True)}: {NOTHING_TOLD}"
        )
    if energy[early:].max(initial=0.0) >= GREW * max(first, TINY):
        return _grown(ts, energy, early, unit)
    return _damped(ts, energy) or _faded(ts, energy) or _steady(ts, energy, early, unit)


def kinetic(run: Run) -> float:
    """The least kinetic energy of a run; 0 where it has none."""
    return float(np.min(run.curves["kinetic_energy"])) if "kinetic_energy" in run.curves else 0.0


def _grown(ts: Curve, energy: Curve, early: int, unit: str) -> str:
    start, peak = int(np.argmax(energy[:early])), int(np.argmax(energy))
    since = f" from its level at t = {ts[start]:.1f}" if start else ""

    def grew(to: int) -> str:
        ratio = rounded(energy[to] / max(float(energy[start]), TINY))
        return f"the field energy grew {ratio}-fold{since}"

    at, soon = int(np.argmax(energy >= 0.5 * energy[peak])), len(energy) - early
    while at + 1 < len(energy) and energy[at + 1] > energy[at]:
        at += 1
    if at == len(energy) - 1:  # it only rises
        at = int(np.argmax(energy >= FULL * energy[-1]))
        if at > soon:
            return f"{grew(peak)} and still grows at the end, at {level(energy[-1], unit)}"
    if at <= soon and np.median(energy[at:]) >= energy[at] / 3:
        return f"{grew(at)} and saturated at t = {ts[at]:.1f}, near {level(energy[at], unit)}"
    words = f"{grew(peak)}, up to {level(energy[peak], unit)} at t = {ts[peak]:.1f}"
    last = float(energy[-max(1, len(energy) // 8) :].max())
    if energy[peak] < FELL * last:
        return words
    return f"{words}, and then fell to 1/{rounded(energy[peak] / last)} of it"


def _damped(ts: Curve, energy: Curve) -> str:
    """The sentence for a wave whose maxima fall to a third or lower; empty if they do not."""
    t, height = maxima(ts, energy)
    if not t.size or energy[0] <= 0:
        return ""
    lowest = int(np.argmin(height))
    ratio = energy[0] / height[lowest]
    if ratio < FELL:
        return ""
    words = f"the field energy fell to 1/{rounded(ratio)} by t = {t[lowest]:.1f}"
    later = float(energy[np.searchsorted(ts, t[lowest]) + 1 :].max(initial=0.0))
    if later > BACK * height[lowest]:
        return f"{words} and then bounced back to {_share(later / energy[0])}"
    if lowest < len(t) - 1:
        return f"{words} and then oscillates near that level"
    return f"{words}: the wave is damped"


def _share(ratio: float) -> str:
    if 0.67 < ratio < 1.5:
        return "its first level"
    return f"1/{rounded(1 / ratio)}" if ratio < 1 else f"{ratio:.1f} times its first level"


def _faded(ts: Curve, energy: Curve) -> str:
    """The sentence for an energy that falls without oscillating; empty if it does not."""
    last = float(energy[-max(1, len(energy) // 4) :].max())
    if energy[0] < FELL * max(last, TINY):
        return ""
    by = len(energy) - int(np.argmax(energy[::-1] > last))
    return f"the field energy fell to 1/{rounded(energy[0] / last)} by t = {ts[by]:.1f}"


def _steady(ts: Curve, energy: Curve, early: int, unit: str) -> str:
    high = float(energy.max())
    if high < STEADY * max(float(energy.min()), TINY):
        return f"the field energy stays near {level(energy[0], unit)}: nothing grows"
    words = f"the field energy oscillates below {level(high, unit, up=True)}"
    return f"{words}: nothing grows after t = {ts[early]:.1f}"


def level(value: float, unit: str, up: bool = False) -> str:
    """An energy with its unit, in three digits; with `up` no lower than it is."""
    if up:
        value += 0.5 * 10.0 ** (np.floor(np.log10(max(value, TINY))) - 2)
    return f"{digits(value)} {in_symbols(unit)}".strip()


def digits(value: float) -> str:
    """Three digits, with a power of ten instead of many zeros."""
    if value >= 1_000:
        return f"{float(f'{value:.3g}'):,.0f}" if value < 1e6 else _power(value)
    return f"{value:.3g}" if value >= 1e-3 or value == 0 else _power(value)


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa} · 10{str(int(exponent)).translate(RAISED)}"


def rounded(ratio: float) -> str:
    """Two digits."""
    two = float(f"{ratio:.2g}")
    return f"{two:g}" if two < 10 else f"{two:,.0f}"
