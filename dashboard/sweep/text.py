"""Texts of the view "sweep": headlines from the numbers, progress, and Python for them."""

import json
from collections.abc import Iterable
from html import escape

import numpy as np
import xarray as xr

from dashboard.compute.question import Question
from dashboard.exports.script import docstring, model_in_python
from dashboard.parts.html import duration
from dashboard.sweep.choice import Belief
from dashboard.sweep.jobs import (
    CALIBRATION,
    Inferred,
    SweepTable,
    TableRequest,
    options_of,
    values_of,
)
from hoam_core import Model
from hoam_core.files.json_text import json_text
from hoam_core.inference.sweeps import is_energy
from hoam_core.models.plausibility import VERDICT
from hoam_core.systems import Parameter

# A larger misfit, with correlated residuals, is not a matter of chance.
BAD = 4.0
HANGS = 0.5
SCRIPT = """import numpy as np

import hoam_core as hoam

model = hoam.load_model({model})
table = hoam.sweep(
    model, {over!r}, {values},
    {options},
)
"""
BAND = """
from scipy import stats

band = hoam.uncertain(table, {observable!r}, stats.{distribution})
print(band)
"""
POSTERIOR = """
from hoam_core.inference import Measurement

# How the full model differs from the learned one; takes a while.
discrepancy = hoam.calibrate(model, table, {observable!r}, runs={runs})
measured = Measurement(
    np.array({ts}),
    np.array({values}),
)
found = hoam.infer(table, {observable!r}, measured, discrepancy)
print({{name: found.attrs[name] for name in ("mean", "deviation", "low", "high")}})
"""


def digits(value: float, spread: float) -> str:
    """A value with as many decimals as its uncertainty justifies."""
    places = max(0, 1 - int(np.floor(np.log10(spread)))) if spread > 0 else 4
    return f"{value:.{min(places, 8)}f}"


def headline_of_map(data: xr.Dataset, observable: str, about: Parameter) -> str:
    """Where the largest value of the learned model lies."""
    values = np.asarray(data[observable], float)
    if not np.isfinite(values).any():
        return f"The learned model diverged for every {about.name} of this range."
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    at, t = float(data[about.name][row]), float(data["time"][column])
    label = data[observable].attrs["long_name"].removesuffix(", without roll-out")
    return (
        f"The learned model says: {label} is largest, {values[row, column]:.3g}, at "
        f"{about.name} = {at:.4g} and t = {t:.3g}."
    )


def headline_of_nothing(over: str, tab: str) -> str:
    """The title while results are pending."""
    return f"All values of {over} at once" if tab == "map" else f"If {over} is not known well"


def headline_of_band(band: xr.Dataset, observable: str, belief: Belief, over: str) -> str:
    """Where the band is widest, in words."""
    low, high = band[observable].values[0], band[observable].values[-1]
    width = np.log(high / low) if is_energy(observable) else high - low
    i = int(np.argmax(width[1:])) + 1
    t, sign = float(band["time"][i]), "±"
    known = f"The learned model says: with {over} = {belief.mean:g} {sign} {belief.spread:g}"
    if is_energy(observable):
        return (
            f"{known}, the energy at t = {t:.3g} is uncertain by a factor of "
            f"{high[i] / low[i]:.3g}: 95 % between {low[i]:.2g} and {high[i]:.2g}."
        )
    return (
        f"{known}, the band is widest at t = {t:.3g}: 95 % between {low[i]:.3g} and {high[i]:.3g}."
    )


def headline_of_inferred(one: Inferred, over: str) -> str:
    """The value, its uncertainty, and the truth where it was hidden."""
    a = one.found.attrs
    say = lambda value: digits(value, a["deviation"])  # noqa: E731
    words = (
        f"{over} = {say(a['mean'])} ± {say(a['deviation'])}, 95 % between {say(a['low'])} and "
        f"{say(a['high'])}."
    )
    if one.synthetic is None:
        return words
    truth = one.synthetic.truth
    inside = a["low"] <= truth <= a["high"]
    verdict = "inside the interval" if inside else "outside the interval, as happens once in twenty"
    error = abs(a["mean"] - truth) / abs(truth) if truth else abs(a["mean"] - truth)
    return f"{words} The hidden value was {say(truth)}: {verdict}, {100 * error:.2g} % off."


def cautions(one: Inferred, over: str) -> list[str]:
    """Reasons to doubt the answer."""
    a, found = one.found.attrs, []
    if a["edge"]:
        found.append(
            f"The best {over} lies at the edge of the trained range: the true one may lie outside, "
            "where this model was not trained."
        )
    if a["misfit"] > BAD and a["correlation"] > HANGS:
        found.append(
            f"No {over} of the trained range fits: the measured curve differs from the best fit "
            f"{np.sqrt(a['misfit']):.1f} times more than full-model runs do, which is not noise. "
            "Check the units, the other parameters and the system."
        )
    return found


def details(one: Inferred, seconds: str) -> str:
    """How the answer was obtained, for interested readers."""
    a, ts = one.found.attrs, one.found["time"]
    noise = f"noise of the measurement about {100 * a['noise']:.2g} %" if (
        a["noise"] > 0.02 and a["correlation"] < HANGS and is_energy(a["observable"])
    ) else "no noise beyond that of the full model"  # fmt: skip
    return (
        f"{len(ts)} times, {noise}. The errors of the learned model are known from "
        f"{a['calibration_runs']} full-model runs; they persist in time, so the times count as "
        f"{max(1, len(ts) / a['temper']):.0f} independent ones. {seconds}"
    )


def bar(label: str, done: float) -> str:
    """Progress in words and as a bar."""
    label = escape(label)
    return (
        f'<p class="soft">{label}: {100 * done:.0f} %</p>'
        f'<progress max="1" value="{done:.3f}" aria-label="{label}"></progress>'
    )


def progress(table: Question[TableRequest, SweepTable]) -> str:
    """The progress of a table."""
    one, asked = table.value, table.key
    if asked is None or table.problem:
        return ""
    if one is not None and one.done == 1:
        runs = one.data.attrs["runs"]
        return f'<p class="soft">{runs:,} runs in {duration(one.seconds)}.</p>'
    done = one.done if one is not None else 0.0
    if table.stopped:
        return f'<p class="soft">Stopped after {round(done * asked.runs):,} runs.</p>'
    return bar(f"Sweeping, {round(done * asked.runs):,} of {asked.runs:,} runs", done)


def doubts(one: SweepTable, model: Model, about: Parameter) -> list[str]:
    """Reasons to doubt a table: extrapolation, and runs that diverged or are impossible."""
    found = []
    low, high = model.trained_range()[about.name]
    values = one.data[about.name].values
    if low < high and (values[0] < low or values[-1] > high):
        found.append(
            f"{about.name} from {values[0]:g} to {values[-1]:g} leaves the trained range "
            f"{low:g} to {high:g}: there the model extrapolates."
        )
    lost = int(one.data[one.asked.observable].isnull().all("time").sum())
    if lost:
        found.append(f"{lost} of {len(values)} runs diverged and are drawn in grey.")
    said = [one for one in json.loads(one.data.attrs["warnings"]) if one.endswith(VERDICT)]
    if said:
        at = dict.fromkeys(sentence.split(":")[0] for sentence in said)
        found.append(f"Not to be trusted at {len(at)} of {len(values)} values, such as {said[0]}")
    return found


def script(asked: TableRequest, model: Model, title: str) -> str:
    """Python that reproduces the table."""
    even = f"np.linspace({asked.between[0]:g}, {asked.between[1]:g}, {asked.runs})"
    values = values_of(asked, model)
    whole = len(values) != asked.runs or bool(
        np.any(values != np.linspace(*asked.between, asked.runs))
    )
    options = options_of(asked, model)
    lines = ",\n    ".join(f"{name}={json_or_repr(value)}" for name, value in options.items())
    return docstring(title) + SCRIPT.format(
        model=model_in_python(asked.model), over=asked.over, options=lines,
        values=values.tolist() if whole else even,
    )  # fmt: skip


def json_or_repr(value) -> str:
    """A value as Python writes it, strings in double quotes."""
    return json_text(value) if isinstance(value, dict | list | str) else repr(value)


def band_script(observable: str, belief: Belief) -> str:
    """Python that computes the band from the table."""
    if belief.kind == "normal":
        distribution = f"norm({belief.mean:g}, {belief.spread:g})"
    else:
        distribution = f"uniform({belief.mean - belief.spread:g}, {2 * belief.spread:g})"
    return BAND.format(observable=observable, distribution=distribution)


def posterior_script(observable: str, ts: Iterable[float], values: Iterable[float]) -> str:
    """Python that infers the parameter again."""
    return POSTERIOR.format(
        observable=observable, runs=CALIBRATION,
        ts=[float(f"{t:.6g}") for t in ts], values=[float(f"{v:.6g}") for v in values],
    )  # fmt: skip
