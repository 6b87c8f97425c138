"""What a headline claims, held against the array that it speaks of.

Sentences are read as a visitor reads them, and every claim is looked up in the array by its plain
definition over all pairs of times, never by the code that wrote the sentence.
"""

import re
from itertools import pairwise

import numpy as np

from dashboard.runs.energy import FIELD
from dashboard.runs.units import in_symbols

NUMBER = r"(-?[\d.,]+(?:e[+-]?\d+)?)"
# Two digits: half a unit of the second.
ROUNDING = 0.055
SATURATED = re.compile(rf"saturated at t = {NUMBER}, near (.+)")


def number(text: str) -> float:
    return float(text.strip(",.").replace(",", ""))


def near(said: str, true: float, most: float = ROUNDING) -> bool:
    return abs(number(said) - true) <= most * abs(true) + 1e-5


def goes_back(y: np.ndarray) -> float:
    """The largest fall from any value to any later one."""
    return max((float(y[i] - y[i:].min()) for i in range(len(y))), default=0.0)


def rises(y: np.ndarray, slack: float) -> bool:
    return goes_back(y) <= slack


def check_curve(words: str, y: np.ndarray, least: float = 0.0, noise: float = 0.0) -> None:
    """Every claim of a sentence about a curve y (t,), which stands in it without label and unit."""
    extent, size = float(np.ptp(y)), float(np.abs(y).max())
    slack = max(0.15 * extent, noise) + 1e-9 * size
    least = max(least, noise)
    both = {"rises": y, "falls": -y}
    if found := re.match(rf"stays near {NUMBER}", words):
        assert extent <= max(0.1 * size, least)
        assert y.min() - 0.06 * size <= number(found[1]) <= y.max() + 0.06 * size
        return
    assert extent > max(0.1 * size, least)

    def right(said: str, true: float) -> bool:
        # Beside 600 a value of 0.004 is told as 0: less than 3e-5 of the size.
        return near(said, true) or (number(said) == 0 and abs(true) <= 3e-5 * size)

    leg = rf"(rises|falls) from {NUMBER} to {NUMBER}"
    if found := re.match(rf"{leg} and then (\w+) to {NUMBER}", words):
        assert {found[1], found[4]} == set(both)
        one = both[found[1]]
        turn = int(np.argmax(one))
        assert rises(one[: turn + 1], slack)
        assert rises(-one[turn:], slack)
        assert not rises(one, slack)
        assert not rises(-one, slack)
        for said, true in ((found[2], y[0]), (found[3], y[turn]), (found[5], y[-1])):
            assert right(said, true)
    elif found := re.match(leg, words):
        assert rises(both[found[1]], slack)
        assert both[found[1]][-1] > both[found[1]][0]
        assert right(found[2], y[0])
        assert right(found[3], y[-1])
    else:
        found = re.match(rf"swings between {NUMBER} and {NUMBER}", words)
        assert right(found[1], y.min())
        assert right(found[2], y.max())
        for one in both.values():
            assert not any(
                rises(one[: k + 1], 0.99 * slack) and rises(-one[k:], 0.99 * slack)
                for k in range(len(y))
            )
    check_crossings(words, y, size)


def check_crossings(words: str, y: np.ndarray, size: float) -> None:
    said = re.search(r"crosses zero (once|(\d+) times)", words)
    count = (int(said[2]) if said[2] else 1) if said else 0
    outside = [value > 0 for value in y if abs(value) > 0.02 * size]
    assert count == sum(a != b for a, b in pairwise(outside))
    assert count <= int(np.sum(np.diff(np.sign(y[y != 0])) != 0))


def check_field(words: str, ts: np.ndarray, w: np.ndarray, times: int) -> None:
    """Every claim of a sentence about a field energy w (t,) at ts, of a run of so many times."""
    early = max(3, times // 16)
    first, later = float(w[:early].max()), float(w[early:].max())
    at = lambda t: int(np.argmin(np.abs(ts - number(t))))  # noqa: E731
    value = lambda text: number(text.split(" ")[0]) * power(text)  # noqa: E731
    if found := re.search(rf"grew {NUMBER}-fold", words):
        assert later >= 5 * first
        to = at(saturated[1]) if (saturated := SATURATED.search(words)) else int(w.argmax())
        assert any(near(found[1], one / first) for one in w[max(to - 1, 0) : to + 2])
        since = re.search(rf"its level at t = {NUMBER} ", words)
        assert w[at(since[1]) if since else 0] >= 0.99 * first
        check_growth(words, ts, w, at, value)
        return
    assert "grew" not in words
    assert later < 5 * first * (1 + 1e-9)
    if found := re.search(rf"fell to 1/{NUMBER} by t = {NUMBER}", words):
        level = w[0] / number(found[1])
        assert level <= w[0] / 2.9
        check_fall(words, w, at(found[2]), level)
    elif found := re.search(r"stays near (.+): nothing grows", words):
        assert w.max() <= 3 * w.min() * 1.001
        assert abs(value(found[1]) - w[0]) <= ROUNDING * w[0]
    else:
        found = re.search(r"oscillates below (.+): nothing grows after", words)
        top = value(found[1])
        assert w.max() <= top * 1.001
        assert top <= 1.02 * w.max()
        # Neither did it fall: in its last quarter it still reaches a third of where it began.
        assert w[-(len(w) // 4) :].max() >= w[0] / 3.001


def power(text: str) -> float:
    found = re.search(r"· 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return 10.0 ** int(found[1].translate(plain)) if found else 1.0


def check_growth(words: str, ts: np.ndarray, w: np.ndarray, at, value) -> None:
    if found := SATURATED.search(words):
        i = at(found[1])
        some = w[max(i - 1, 0) : i + 2]  # t is told in tenths
        assert np.abs(some - value(found[2])).min() <= 0.02 * value(found[2])
        assert value(found[2]) >= 0.49 * w.max()
        if 0 < i < len(w) - 1 and i != int(np.argmax(w >= 0.95 * w.max())):
            assert w[i - 1 : i + 2].max() <= value(found[2]) * 1.02
        assert np.median(w[i:]) >= value(found[2]) / 3.3
    elif found := re.search(r"still grows at the end, at (.+)", words):
        assert w[-1] == w.max()
        assert w[-1 - len(w) // 16] < 0.95 * w[-1]
        assert abs(value(found[1]) - w[-1]) <= 0.02 * w[-1]
    else:
        found = re.search(rf"up to (.+) at t = {NUMBER}", words)
        assert abs(value(found[1]) - w.max()) <= 0.02 * w.max()
        assert np.abs(ts[w == w.max()] - number(found[2])).min() <= 0.06
        if back := re.search(rf"and then fell to 1/{NUMBER} of it", words):
            last = w[-max(1, len(w) // 8) :].max()
            assert near(back[1], w.max() / last)
            assert w.max() >= 2.99 * last


def check_fall(words: str, w: np.ndarray, by: int, level: float) -> None:
    """The maxima, which are known between the times only, may be a third higher than the values."""
    around = w[max(by - 1, 0) : by + 2]
    assert around.min() <= 1.05 * level
    if found := re.search(r"bounced back to (.+)$", words):
        later = w[by:].max()
        assert later >= 1.4 * level
        if found[1] == "its first level":
            assert 0.45 <= later / w[0] <= 1.55
        elif share := re.match(rf"1/{NUMBER}", found[1]):
            assert near(share[1], w[0] / later, 0.35)
        else:
            assert near(re.match(NUMBER, found[1])[1], later / w[0], 0.35)
    else:
        assert w[by + 1 :].max(initial=0.0) <= 2.1 * level


def check_headline(words: str, run, system, curves) -> None:
    """Every claim of a headline about a run; `curves` are those of the page."""
    if "field energy is noise" in words:
        assert run.curves[FIELD].max() <= 1e-6 * run.curves["kinetic_energy"].min()
        return
    body = re.sub(r"^Up to t = [\d.e+-]+: ", "", words).removesuffix(".")
    if curves[0].name == FIELD:
        check_field(body, run.times, np.asarray(run.curves[FIELD], float), len(run.ts))
        return
    main = curves[0]
    spread = next(one for one in curves[1:] if one.moment and one.moment[0] == "spread")
    for part, one in zip(body.split("; "), (main, spread), strict=True):
        head = f"the {one.label} "
        assert part.lower().startswith(head.lower())
        rest = part[len(head) :]
        if one.unit:
            rest = rest.replace(f" {in_symbols(one.unit)}", "")
        check_curve(rest, one.of(run), one.least(run), one.noise(run))
