"""What the view "explore" exports: its numbers as a dataset, its moving pictures as a reel.

The page keeps no particles (runs/states.py), so the learned model's are computed again when a file
is requested: the same seed and steps give the same numbers. The full model's run is written as it
was drawn, by its densities and curves, since running it again would take as long as the first time.
"""

from functools import partial

import numpy as np
import xarray as xr

from dashboard.explore.animation import animation
from dashboard.explore.snapshot import ViewSnapshot
from dashboard.exports.script import script
from dashboard.runs import describe
from dashboard.runs.rates import Rates
from dashboard.runs.run import Run, named
from dashboard.runs.units import density_unit
from dashboard.view.base import Exportable
from hoam_core import __version__
from hoam_core.files.json_text import json_text
from hoam_core.systems import Lattice

# States of more particles are left out of a file: the first 2^k are a fair sample of all.
MOST_BYTES = 64 * 2**20
FULL = "full_model"


def exportable(shown: ViewSnapshot) -> Exportable | None:
    """What can be exported now; None before the first answer of the present case."""
    run = shown.run
    if run is None:
        return None
    text = script(
        shown.system, run.case, time=shown.time, end=float(shown.ts[-1]), name=shown.name,
        frames=len(shown.ts),
    )  # fmt: skip
    moving = partial(animation, shown) if shown.cells is not None or shown.is_plane else None
    return Exportable(
        shown.name, f"{shown.title}. {shown.text}", text, partial(dataset, shown), animation=moving,
        title=f"{shown.title}, t = {shown.time:.4g}, seed {shown.case.seed}",
    )  # fmt: skip


def dataset(shown: ViewSnapshot) -> xr.Dataset:
    """The run of the view with the curves of both models, in the layout of `hoam predict`.

    Variables: state(time, particle, component) of the learned model; each curve of the page over
    time, those of the full model with the ending `_full_model`; the full model's density over the
    plane, or the cells of a lattice. Times that it has not reached are not a number.
    """
    made = _predicted(shown) if shown.case.model else _frame(shown)
    for run, ending in ((shown.answer, ""), (shown.truth, f"_{FULL}" if shown.case.model else "")):
        if run is not None:
            for name, label, unit, values in _curves(shown, run):
                about = {"units": unit or "1", "long_name": label}
                made[name + ending] = ("time", _filled(values, len(shown.ts)), about)
    if shown.cells is not None and shown.lattice is not None:
        made[f"cells_{FULL}"] = _cells(shown.lattice, shown.cells, shown.ts)
    elif shown.truth is not None and shown.is_plane:
        made[f"density_{FULL}"] = _density(shown, shown.truth)
    # The added variables have brought times without attributes.
    made["time"].attrs = shown.system.time_attributes
    case = shown.case
    if shown.rates is not None:
        made.attrs["growth_rate"] = json_text(_rate(shown.rates))
    made.attrs |= {"model": case.model or "none", "title": shown.title}
    if case.share != 1.0:
        made.attrs["share"] = case.share
    return made


def _rate(found: Rates) -> dict:
    """The rate of one wave of the field, as plain values."""
    fits = {kind: fit._asdict() if fit else None for kind, fit in found.fits.items()}
    theory = {"rate": found.mode.growth_rate, "frequency": abs(found.mode.frequency)}
    return {"mode": found.mode.number, "theory": theory, **fits, "why": found.why}


def _predicted(shown: ViewSnapshot) -> xr.Dataset:
    case = shown.case
    model = shown.catalogue.model(case.model, case.share)
    made = model.predict(
        named(shown.system, case), particles=case.particles, seed=case.seed,
        n_times=len(shown.ts),
    )  # fmt: skip
    t, n, d = made["state"].shape
    room = max(1, MOST_BYTES // (4 * t * d))
    return made if n <= room else made.isel(particle=slice(0, 1 << (room.bit_length() - 1)))


def _frame(shown: ViewSnapshot) -> xr.Dataset:
    """A dataset of the full model alone, still without variables."""
    case = shown.case
    attributes = {
        "system": case.system, "parameters": json_text(named(shown.system, case)),
        "seed": case.seed, "particles": case.particles, "method": "full-model",
        "backend": shown.system.backend(case.particles), "version": __version__,
    }  # fmt: skip
    return xr.Dataset({}, {"time": ("time", shown.ts, shown.system.time_attributes)}, attributes)


def _curves(shown: ViewSnapshot, run: Run):
    """Name, label, unit and values of every observable and of every other curve of the page."""
    for one in shown.system.observable_info:
        yield one.name, one.label, one.unit, run.curves[one.name]
    for curve in describe.shown(shown.system, shown.axes):
        if curve.moment is not None and curve.name not in run.curves:
            yield curve.name, curve.label, curve.unit, curve.of(run)


def _filled(values: np.ndarray, length: int) -> np.ndarray:
    full = np.full(length, np.nan, np.float32)
    full[: len(values)] = values
    return full


def _density(shown: ViewSnapshot, run: Run) -> xr.DataArray:
    plane = run.plane(shown.axes)
    fields = [run.smoothed(i, shown.axes, run.states.particles).density for i in range(len(run))]
    h, v = (shown.system.components[i] for i in shown.axes)
    sides = {v.name: plane.centres(1), h.name: plane.centres(0)}
    unit = density_unit(h.unit, v.unit) or "1"
    about = {"units": unit, "long_name": "smoothed density of a population of mass 1"}
    made = xr.DataArray(
        np.stack(fields), {"time": shown.ts[: len(run)], **sides}, ("time", v.name, h.name),
        attrs=about,
    )  # fmt: skip
    for one in (h, v):
        made[one.name].attrs = {"units": one.unit or "1", "long_name": one.label}
    return made.reindex(time=shown.ts)


def _cells(system: Lattice, cells: np.ndarray, ts: np.ndarray) -> xr.DataArray:
    names = system.cell_names
    axes = ("z", "y", "x")[-(cells.ndim - 1) :] if names else ("component", "x")
    about = {"units": "1", "long_name": "cells of one run of the full model"}
    if names:
        about |= {"flag_values": list(names), "flag_meanings": " ".join(names.values())}
    made = xr.DataArray(cells, {"time": ts[: len(cells)]}, ("time", *axes), attrs=about)
    return made if len(cells) == len(ts) else made.reindex(time=ts)
