"""One colour scale for the pictures of several runs, taken from the full model.

A learned model that breaks may heap its mass on a few cells or strew it over the whole plane; on a
scale of its own making the truth would be one dark or one white sheet. So the scale is that of the
full model's complete run, and a learned model that goes beyond it is clipped and said to be. Until
that run is complete its first times may be far more crowded than the rest: then the lowest scale
counts, by which nothing of the full model is too dim to be seen.
"""

from collections.abc import Iterable

from dashboard.runs.run import Axes, Run

# The densest cells of few particles lie a third above those of many; that alone is no clipping.
BEYOND = 1.5


def colour_limit(runs: Iterable[Run], axes: Axes) -> float:
    """What the last colour of all pictures stands for; the model of a full run has no name."""
    runs = list(runs)
    whole = [run for run in runs if not run.case.model and run.complete]
    if whole:
        return max(run.limits(axes).density for run in whole)
    limits = sorted(run.limits(axes).density for run in runs)
    if any(not run.case.model for run in runs):
        return limits[0]
    # Of several learned models a broken one at either end should not set the scale of the others.
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
    """A note where a run goes beyond the scale; empty where it does not."""
    if run is None or (ratio := run.limits(axes).density / limit) < BEYOND:
        return ""
    return f"clipped: about {ratio:.2g} × the scale"
