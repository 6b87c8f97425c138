"""The moving pictures and curves of a snapshot, as a reel for films and hand-outs."""

from collections.abc import Iterator

import numpy as np

from dashboard.explore.snapshot import ViewSnapshot
from dashboard.parts.cells import CELLS
from dashboard.parts.colours import DENSITY, DIVERGING, LABELS
from dashboard.parts.html import rate_name, rate_of
from dashboard.runs import describe
from dashboard.runs.colours import clipped, colour_limit
from dashboard.runs.pictures import to_levels, to_signed_levels
from dashboard.runs.rates import theory_line
from dashboard.runs.run import Run
from dashboard.runs.units import in_symbols, with_unit
from dashboard.view.animation import AnimatedChart, Animation, Curve, Image, Key, Lines, Side
from hoam_core import __version__
from hoam_core.systems import Lattice


def animation(shown: ViewSnapshot) -> Animation:
    """Pictures of both models and their difference, or the cells of a lattice; and the curves."""
    lattice, cells = shown.lattice, shown.cells
    if cells is not None and lattice is not None:
        scenes, length = (_lattice(lattice, cells),), min(len(shown.ts), len(cells))
    else:
        scenes, length = _pictures(shown), len(shown.ts)
    charts = tuple(_chart(shown, curve) for curve in describe.shown(shown.system, shown.axes))
    return Animation(
        shown.title, shown.ts[:length], scenes, charts, shown.time, tuple(_about(shown)),
        shown.system.equations,
    )  # fmt: skip


def _about(shown: ViewSnapshot) -> Iterator[tuple[str, str]]:
    """Where the data come from, for readers who have only the file."""
    system, case = shown.system, shown.case
    yield "system", f"{system.title} ({system.name})"
    yield "parameters", shown.values
    if case.model:
        method = shown.catalogue.models[case.model].entry.title
        yield "learned model", f"{case.model}: {method}; {case.particles:,} {system.population}"
        yield "verdict", shown.verdict.text
        yield from (("warning", sentence) for sentence in shown.warnings)
    yield "full model", f"{system.truth_particles:,} {system.population}"
    yield "seed", str(case.seed)
    yield "source", system.reference
    if system.time_unit:
        yield "unit of time", in_symbols(system.time_unit)
    if shown.rates is not None:
        mode, fit = shown.rates.mode, shown.rates.fits["truth"]
        yield (
            rate_name(mode, system.time_unit),
            (f"full model {rate_of(fit)}, linear theory {mode.growth_rate:.4f}. {shown.rates.why}"),
        )
    yield "made with", f"hoam_core {__version__}"


def _pictures(shown: ViewSnapshot) -> tuple[Image, ...]:
    whole = shown.truth if shown.truth is not None and shown.truth.complete else None
    runs = [run for run in (shown.answer, whole or (None if shown.answer else shown.truth)) if run]
    axes, plane, limit = shown.axes, runs[0].plane(shown.axes), colour_limit(runs, shown.axes)
    x, y = (
        Side(with_unit(c.label, c.unit), low, high)
        for c, low, high in zip(
            (shown.system.components[i] for i in axes), plane.low, plane.high, strict=True
        )
    )
    # Both are smoothed alike, or their difference would show the smoothing.
    particles = runs[0].states.particles

    def field(run: Run, frame: int) -> np.ndarray:
        return run.smoothed(min(frame, len(run) - 1), axes, particles).density

    images = [
        Image(
            "Learned model" if run.case.model else "Full model",
            lambda frame, run=run: to_levels(field(run, frame), limit),
            DENSITY, DENSITY, x, y, (0.0, limit), note=clipped(run, limit, axes),
        )
        for run in runs
    ]  # fmt: skip
    if len(runs) == 2:
        images.append(
            Image(
                "Difference, learned − full",
                lambda frame: to_signed_levels(
                    field(runs[0], frame) - field(runs[1], frame), limit / 2
                ),
                DIVERGING[False], DIVERGING[True], x, y, (-limit / 2, limit / 2),
            )
        )  # fmt: skip
    return tuple(images)


def _lattice(system: Lattice, cells: np.ndarray) -> Image | Lines:
    names, title = system.cell_names, "One run of the full model"
    if not names:
        lows, highs = zip(*(c.view for c in system.components), strict=True)
        x = (np.arange(cells.shape[-1]) + 0.5) / cells.shape[-1]
        return Lines(title, x, lambda i: cells[i], system.field_names, min(lows), max(highs))
    flat = cells if cells.ndim == 3 else cells[:, 0]
    colours = list(CELLS[: len(names)])
    palette = colours + [colours[-1]] * (256 - len(colours))
    return Image(
        title, lambda i: np.searchsorted(list(names), flat[i]).astype(np.uint8), palette, palette,
        Side("x", 0, flat.shape[2]), Side("y", 0, flat.shape[1]),
        keys=tuple(Key(i, name) for i, name in enumerate(names.values())),
    )  # fmt: skip


def _chart(shown: ViewSnapshot, curve: describe.ShownCurve) -> AnimatedChart:
    pairs = (("model", shown.answer), ("truth", shown.truth))
    here = [(kind, run) for kind, run in pairs if run is not None]
    curves = tuple(Curve(kind, LABELS[kind], run.times, curve.of(run)) for kind, run in here)
    if curve.name == describe.FIELD and len((line := theory_line(shown.truth, shown.rates))[0]):
        curves += (Curve("theory", LABELS["theory"], *line),)
    least = max((curve.least(run) for _, run in here), default=0.0)
    log = shown.log and curve.name == describe.FIELD
    return AnimatedChart(with_unit(curve.label, curve.unit), curves, log, least)
