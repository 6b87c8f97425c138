"""Run a method in units in which its data are of order one.

Numbers in SI units may be 1e-13 for a time, 1e7 for a velocity, 1e24 for a density: their squares
and cubes, which every method needs, underflow or overflow in single precision. So a method for a
user's own data works in

    x / u,   t / T,   mu / m        with u, T, m powers of two,

where u is about the spread of each component, T about the last time and m about the largest value
of each parameter. Division by a power of two loses no digit: for ordinary numbers the result of
learning is unchanged, and initial samples are returned to the last bit. All arguments and results
of the method are in physical units.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble, Scaling, power_of_two
from hoam_core.methods.base import Frame, Method, Params
from hoam_core.numerics.domain import Domain, along_last


class Units(NamedTuple):
    """The units by which components (d,), times and parameters (p,) are divided."""

    x: Float[np.ndarray, " d"]
    t: float
    mu: Float[np.ndarray, " p"]

    @classmethod
    def of(cls, frame: Frame) -> "Units":
        """The units of a frame's data."""
        spread, end = (np.asarray(a, float) for a in (frame.scaling.scale, frame.scaling.t_end))
        largest = np.array([max(abs(value) for value in axis) for axis in frame.axes])
        return cls(power_of_two(spread), float(power_of_two(end)), power_of_two(largest))

    def frame(self, frame: Frame) -> Frame:
        """The frame of the data in these units."""
        s = frame.scaling

        def divided(values: Array, by: np.ndarray | float) -> Array:
            # In double precision first: quotients of the smallest numbers underflow in single.
            return jnp.asarray(np.asarray(values, float) / by)

        scaling = Scaling(
            shift=divided(s.shift, self.x), scale=divided(s.scale, self.x),
            low=divided(s.low, self.x), high=divided(s.high, self.x),
            mu_low=divided(s.mu_low, self.mu), mu_high=divided(s.mu_high, self.mu),
            t_end=divided(s.t_end, self.t),
        )  # fmt: skip
        axes = tuple(
            tuple(value / m for value in axis) for axis, m in zip(frame.axes, self.mu, strict=True)
        )

        def domain(mu: Float[Array, " p"]) -> Domain:
            found = frame.domain(self.parameters(mu, -1))
            return Domain(self.samples(found.length), found.periodic)

        times = np.asarray(frame.times, float) / self.t
        return frame._replace(domain=domain, scaling=scaling, axes=axes, times=times)

    def samples(self, x: Float[Array, "*b d"], power: int = 1) -> Float[Array, "*b d"]:
        """Samples in these units; with `power` = -1 the physical ones."""
        return x * along_last(jnp.asarray(self.x**-power, x.dtype), x)

    def parameters(self, mu: Float[Array, "*b p"], power: int = 1) -> Float[Array, "*b p"]:
        """Parameters in these units; with `power` = -1 the physical ones."""
        return mu * along_last(jnp.asarray(self.mu**-power, mu.dtype), mu)

    def ensemble(self, data: Ensemble) -> Ensemble:
        """Training data in these units."""
        return Ensemble(self.parameters(data.mu), data.ts / self.t, self.samples(data.x))


def in_own_units(build: Callable[[Frame], Method], frame: Frame) -> Method:
    """The method that `build` makes of a frame, in units of the frame's data."""
    units = Units.of(frame)
    inner = build(units.frame(frame))
    learner = inner.learner

    def prepare(data: Ensemble):
        return learner.prepare(units.ensemble(data))

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        own = units.samples(x0), np.asarray(ts, float) / units.t, units.parameters(mu)
        return units.samples(inner.sample(params, *own, key, steps=steps), -1)

    def evaluations(ts: np.ndarray, steps: int | None = None):
        return inner.evaluations(np.asarray(ts, float) / units.t, steps)

    # No density modes: without the charge of recorded particles they give no energy.
    learns = learner._replace(prepare=prepare)
    return inner._replace(learner=learns, sample=sample, evaluations=evaluations, modes=None)
