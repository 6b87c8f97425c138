"""The sampler of a closed loop on phase planes by the compiled loop of phase_plane_numba.py.

Phase planes are independent: each has a roll-out of its own. XLA is used in all other cases: with
noise or given velocities, on accelerators, under transformations of JAX, with so many particles
that all cores together are faster, and where `compile_roll_out` was not called.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.methods.base import Frame, Params, Sampler
from hoam_core.methods.closed_loop.charts import Blocks, Charts
from hoam_core.methods.closed_loop.loop import Learned, moving
from hoam_core.methods.closed_loop.phase_plane_numba import PlaneRollOut, roll_out
from hoam_core.methods.closed_loop.trigonometric import TrigonometricBasis
from hoam_core.numerics.compiled import Backend, backend, is_plain
from hoam_core.numerics.interpolation import CardinalSpline, grid_weights
from hoam_core.solvers.stepping import count_substeps

# With more particles XLA on two cores is as fast.
MOST_PARTICLES = 16_384


class RollOutPlan(NamedTuple):
    """What a roll-out needs from a model: means (s, g, k) at the ends of all steps, which planes
    move (g,), and the chart's origin and slope, the metric and the length of the components (d,).
    """

    targets: Array
    moves: Array
    origin: Array
    slope: Array
    metric: Array
    length: Array


class StepTimes(NamedTuple):
    """Lengths and ends (s,) of all steps, and how many are done at each saved time (t,).

    The first entry of `lengths` and `ends` is no step of the path: it gives the start's velocity.
    """

    lengths: np.ndarray
    ends: np.ndarray
    done: np.ndarray

    @classmethod
    def of(cls, ts: np.ndarray, substeps: int, t_end: float) -> "StepTimes":
        """`substeps` equal steps in every interval; none between two equal times."""
        intervals = np.diff(ts)
        first = np.max(intervals, initial=1e-3 * t_end) / substeps
        real = intervals > 0
        parts = np.arange(1, substeps + 1) / substeps
        ends = ts[:-1][real][:, None] + intervals[real][:, None] * parts[None]
        return cls(
            np.concatenate([[first], np.repeat(intervals[real] / substeps, substeps)]),
            np.concatenate([[ts[0] + first], ends.ravel()]),
            np.concatenate([[0], substeps * np.cumsum(real)]),
        )


def backend_of(particles: int, dtype: np.dtype | None = None) -> Backend:
    """The backend that rolls out so many particles; by default in JAX's default precision."""
    real = np.dtype(jnp.result_type(float)) if dtype is None else dtype
    fits = roll_out(real) is not None and particles <= MOST_PARTICLES
    return backend() if fits else "xla"


def fused(
    slow: Sampler, frame: Frame, basis: TrigonometricBasis, charts: Charts, blocks: Blocks,
    *, ridge: float, steps: int,
) -> Sampler:  # fmt: skip
    """The sampler of a closed loop on phase planes; `slow` is used where numba is not."""
    mu_splines = [CardinalSpline.through(axis) for axis in frame.axes]
    time_spline, default_steps = CardinalSpline.through(frame.times), steps
    t_end, shape = float(frame.scaling.t_end), (2 * basis.modes_x + 1, basis.modes_v + 1)

    @jax.jit
    def plan(params: Params, ends: Float[Array, " s"], mu: Float[Array, " p"]) -> RollOutPlan:
        weights = grid_weights(mu_splines, mu)
        arrays = {k: jnp.tensordot(weights, a, 1) for k, a in params.items()}
        learned = Learned(arrays, time_spline, charts, mu, moving(params["moments"]))
        origin, slope = learned.chart(ends[0])
        metric = (frame.scaling.scale * slope) ** 2
        means = jax.vmap(learned.moments)(ends)
        return RollOutPlan(means, learned.moves, origin, slope, metric, frame.domain(mu).length)

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        roll = roll_out(np.dtype(x0.dtype))
        plain = is_plain(params, x0, ts, mu)
        if roll is None or not plain or backend_of(len(x0), np.dtype(x0.dtype)) != "numba":
            return slow(params, x0, ts, mu, key, steps=steps)
        substeps = count_substeps(ts, t_end / (steps or default_steps))
        clock, start = StepTimes.of(np.asarray(ts, float), substeps, t_end), np.asarray(x0)
        real = start.dtype
        said = plan(params, clock.ends.astype(real), mu)
        targets, moves, *chart = (np.asarray(a).astype(real) for a in said)
        path = np.empty((len(ts), *start.shape), real)
        for number, (position, velocity) in enumerate(blocks.members):
            own = [position, velocity]
            origin, slope, metric, length = (a[own] for a in chart)
            # A plane at rest takes no steps.
            done = clock.done if moves[number] else np.zeros_like(clock.done)
            plane = PlaneRollOut(
                np.ascontiguousarray((start[:, own] - origin) * slope),
                np.ascontiguousarray(targets[:, number]),
                clock.lengths.astype(real), done, metric, real.type(ridge), shape,
                origin, slope, length[0], (position, velocity),
            )  # fmt: skip
            roll(*plane, path)
        # The start is returned unchanged, without the rounding of the chart and its inverse.
        path[clock.done == 0] = start
        return jnp.asarray(path)

    return sample
