"""What the energy W of a field does, in a sentence whose every word has its definition on W (t,).

Early is the first sixteenth of the run, and the first level is the highest value there: a wave that
oscillates comes back to it without having grown.

- grew N-fold: the highest later value is N = GREW = 5 times the first level or more;
- saturated: once it has reached half of its highest value and no longer rises by RISE = 5 % from
  one time to the next, half of the later values keep above a third of what it is then;
- fell to 1/N: the maxima of an oscillating W, or else all values of its last quarter, came down to
  a third of its first value or lower; bounced back: a later maximum is twice as high again;
- stays, oscillates below a level: it did neither; nothing grows after the first sixteenth.
"""

import numpy as np
from jaxtyping import Float

from dashboard.runs.energy import FEWEST, FIELD
from dashboard.runs.memory import Run
from dashboard.runs.units import in_symbols
from hoam_core.metrics.physics import TINY, maxima

GREW, FELL, BACK, STEADY, RISE = 5.0, 3.0, 2.0, 3.0, 1.05
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
    peak = early + int(np.argmax(energy[early:]))
    if energy[peak] >= GREW * max(first, TINY):
        return _grown(ts, energy, peak, first, unit)
    return _damped(ts, energy) or _faded(ts, energy) or _steady(ts, energy, early, unit)


def _grown(ts: Curve, energy: Curve, peak: int, first: float, unit: str) -> str:
    grew = f"the field energy grew {rounded(energy[peak] / max(first, TINY))}-fold"
    at = int(np.argmax(energy >= 0.5 * energy[peak]))
    while at + 1 < len(energy) and energy[at + 1] > RISE * energy[at]:
        at += 1
    if at == len(energy) - 1:
        return f"{grew} and still grows at the end, at {level(energy[at], unit)}"
    if np.median(energy[at:]) >= energy[at] / 3:
        return f"{grew} and saturated at t = {ts[at]:.1f}, near {level(energy[at], unit)}"
    words = f"{grew}, up to {level(energy[peak], unit)} at t = {ts[peak]:.1f}"
    last = float(energy[-max(1, len(energy) // 8) :].max())
    if energy[peak] < FELL * last:
        return words
    return f"{words}, and then fell to 1/{rounded(energy[peak] / last)} of it"


def _damped(ts: Curve, energy: Curve) -> str:
    """Of a wave whose maxima fall to a third at least; empty if they do not."""
    t, height = maxima(ts, energy)
    if not t.size or energy[0] <= 0:
        return ""
    # A maximum that is still being climbed has no fall behind it.
    t, height = np.append(t, ts[-1]), np.append(height, energy[-1])
    lowest = int(np.argmin(height[:-1]))
    ratio = energy[0] / height[lowest]
    if ratio < FELL:
        return ""
    words = f"the field energy fell to 1/{rounded(ratio)} by t = {t[lowest]:.1f}"
    back = lowest + int(np.argmax(height[lowest:]))
    if height[back] > BACK * height[lowest]:
        return f"{words} and then bounced back to {_share(height[back] / energy[0])}"
    if lowest < len(t) - 2:
        return f"{words} and then oscillates near that level"
    return f"{words}: the wave is damped"


def _share(ratio: float) -> str:
    if 0.67 < ratio < 1.5:
        return "its first level"
    return f"1/{rounded(1 / ratio)}" if ratio < 1 else f"{ratio:.1f} times its first level"


def _faded(ts: Curve, energy: Curve) -> str:
    """Of an energy that falls without swinging; empty if it does not."""
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
    """Three digits, and a power of ten where a reader would count zeros."""
    if value >= 1_000:
        return f"{float(f'{value:.3g}'):,.0f}" if value < 1e6 else _power(value)
    return f"{value:.3g}" if value >= 1e-3 or value == 0 else _power(value)


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa} · 10{str(int(exponent)).translate(RAISED)}"


def rounded(ratio: float) -> str:
    """Two digits, and one of a huge number."""
    if ratio < 100:
        return f"{ratio:.2g}" if ratio < 99.5 else "100"
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio < 1e4 else f"{float(f'{ratio:.1g}'):,.0f}"
