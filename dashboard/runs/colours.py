"""One colour scale for the pictures of several runs, taken from the full model.

A learned model that fails may concentrate its mass in a few cells or scatter it over the whole
plane; on its own scale the truth would be uniformly dark or white. So the scale is that of the full
model's complete run, and a learned model that exceeds it is clipped, with a note. Until that run is
complete its first times may be far more crowded than the rest: then the lowest scale is used, on
which nothing of the full model is too dim to see.
"""

from collections.abc import Iterable

from dashboard.runs.run import Axes, Run

# The densest cells of few particles lie a third above those of many; that alone does not count as
# clipping.
BEYOND = 1.5


def colour_limit(runs: Iterable[Run], axes: Axes) -> float:
    """The value of the last colour in all pictures; a full-model run has an empty model name."""
    runs = list(runs)
    whole = [run for run in runs if not run.case.model and run.complete]
    if whole:
        return max(run.limits(axes).density for run in whole)
    limits = sorted(run.limits(axes).density for run in runs)
    if any(not run.case.model for run in runs):
        return limits[0]
    # A failed one among several learned models should not set the scale of the others.
    return limits[(len(limits) - 1) // 2] if limits else 1.0


def height_limits(runs: Iterable[Run], axes: Axes) -> tuple[float, float]:
    """Heights of both marginal densities: room for a learned model up to twice the full one."""
    runs = list(runs)
    pairs = [run.limits(axes).heights for run in runs]
    full = [run.limits(axes).heights for run in runs if not run.case.model and run.complete]
    tops = [max((pair[i] for pair in pairs), default=1.0) for i in (0, 1)]
    if full:
        tops = [min(top, 2 * max(pair[i] for pair in full)) for i, top in enumerate(tops)]
    return tops[0], tops[1]


def clipped(run: Run | None, limit: float, axes: Axes) -> str:
    """A note if a run exceeds the scale; empty if it does not."""
    if run is None or (ratio := run.limits(axes).density / limit) < BEYOND:
        return ""
    return f"clipped: about {ratio:.2g} × the scale"
