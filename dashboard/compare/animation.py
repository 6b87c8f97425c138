"""The moving pictures and curves of a comparison, for films and hand-outs."""

import numpy as np

from dashboard.compare.jobs import frame_at
from dashboard.compare.summary import ColumnSummary, Compared
from dashboard.parts.colours import DENSITY
from dashboard.runs import describe
from dashboard.runs.colours import clipped, colour_limit
from dashboard.runs.pictures import to_levels
from dashboard.runs.run import Run
from dashboard.runs.units import with_unit
from dashboard.view.animation import AnimatedChart, Animation, Curve, Image, Side
from hoam_core import __version__


def animation(now: Compared) -> Animation:
    """A picture for each column that has a complete run, on one colour scale, and all curves."""
    whole = [(one, one.run) for one in now.summaries if one.run is not None and one.run.complete]
    references = [one.judge for one, _ in whole if one.judge is not None]
    limit = colour_limit([*(run for _, run in whole), *references], now.axes)
    particles = min(run.states.particles for _, run in whole)
    scenes = tuple(_image(now, one, run, limit, particles) for one, run in whole)
    charts = tuple(_chart(now, curve, whole) for curve in describe.shown(now.system, now.axes))
    title = f"{now.system.title}: {', '.join(one.label for one, _ in whole)}"
    return Animation(title, now.ts, scenes, charts, now.time, _about(now), now.system.equations)


def _about(now: Compared) -> tuple[tuple[str, str], ...]:
    """Where the data come from, for readers who have only the file."""
    columns = [
        (f"column {one.letter}", f"{case.model or one.name}, {one.where}; {case.particles:,} "
         f"{now.system.population}")
        for one, case in zip(now.summaries, now.cases, strict=True)
    ]  # fmt: skip
    return (
        ("system", f"{now.system.title} ({now.system.name})"), *columns,
        *((f"verdict {one.letter}", one.verdict.text) for one in now.summaries if one.verdict),
        ("seed", str(now.cases[0].seed)), ("source", now.system.reference),
        ("made with", f"hoam_core {__version__}"),
    )  # fmt: skip


def _image(now: Compared, one: ColumnSummary, run: Run, limit: float, particles: int) -> Image:
    plane = run.plane(now.axes)
    x, y = (
        Side(with_unit(now.system.components[i].label, now.system.components[i].unit), low, high)
        for i, low, high in zip(now.axes, plane.low, plane.high, strict=True)
    )

    def levels(frame: int) -> np.ndarray:
        at = frame_at(run, float(now.ts[frame]))
        frame = len(run) - 1 if at is None else at
        return to_levels(run.smoothed(frame, now.axes, particles).density, limit)

    return Image(
        f"{one.label}, {one.where}", levels, DENSITY, DENSITY, x, y, (0.0, limit),
        note=clipped(run, limit, now.axes),
    )  # fmt: skip


def _chart(
    now: Compared, curve: describe.ShownCurve, whole: list[tuple[ColumnSummary, Run]]
) -> AnimatedChart:
    curves = tuple(Curve(one.letter, one.label, run.times, curve.of(run)) for one, run in whole)
    least = max(curve.least(run) for _, run in whole)
    log = now.log and curve.name == describe.FIELD
    return AnimatedChart(with_unit(curve.label, curve.unit), curves, log, least)
