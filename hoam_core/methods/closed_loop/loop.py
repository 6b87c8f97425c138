r"""The closed loop: the action on a linear basis, with fields solved for from learned moments.

On a basis phi_1..phi_K the minimiser of the action at fixed (t, mu) solves

    A c = b,   A_kl = E[grad phi_k . grad phi_l],   b_k = d/dt E[phi_k] - (sigma^2/2) E[Lap phi_k].

So instead of a network the moments M_k(t; mu) = E[phi_k] are learned: measured at the training
parameters, interpolated by cubic splines in mu and t. A roll-out takes A on its *own* particles X
and asks each step to end on the learned moments,

    A(X') c = (M(t + h) - mean phi(X)) / h - (sigma^2/2) mean Lap phi(X),

with X' the midpoints of the paths. The midpoint of a particle in a step follows from its own
velocities in the two steps before, which vary less along its path than the field does at a point;
so a step costs one solve, and long steps stay stable. The field is still the gradient field of
least energy that obeys the continuity equation, now for the model's own population; errors are
corrected at the next step instead of accumulating. Given a velocity u to start from, the loop only
adds the correction: E[grad phi . u] is subtracted from the right-hand side.

Functions of different blocks of components have orthogonal gradients: A is block-diagonal, and each
block is a separate problem (the phase planes of a plasma, the particles of a mean field). A block
whose moments never moved, like the planes across a one-dimensional wave, has no field and costs
nothing. The loop runs in the coordinates y of a chart, where energy has the metric
g_i = (scale_i slope_i)^2.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from hoam_core.data import Ensemble, Scaling
from hoam_core.methods.base import Frame, Learner, Method, Params, rollout, rollout_evaluations
from hoam_core.methods.closed_loop.batches import in_batches
from hoam_core.methods.closed_loop.charts import Blocks, Chart, Charts
from hoam_core.methods.closed_loop.least_energy import Basis, least_energy_field
from hoam_core.numerics.domain import wrap_circle
from hoam_core.numerics.interpolation import CardinalSpline, grid_weights
from hoam_core.solvers.stepping import count_substeps

Velocity = Callable[[Params, Array, Array, Array], Float[Array, "n d"]]


def without_noise(moments: Float[Array, "m t g k"], particles: int) -> Float[Array, "m t g k"]:
    """Moments made constant for blocks that move no more than the noise of independent samples."""
    move = jnp.mean((moments - moments[:, :1]) ** 2, axis=(0, 1, 3), keepdims=True)
    return jnp.where(move > 1 / particles, moments, jnp.mean(moments, axis=1, keepdims=True))


def moving(moments: Float[Array, "m t g k"]) -> Bool[Array, " g"]:
    """Whether any moment of a block changes in time, at any training parameter."""
    return jnp.any(moments != moments[:, :1], axis=(0, 1, 3))


class Learned(NamedTuple):
    """Moments and charts over time at one parameter set."""

    arrays: dict[str, Float[Array, "t ..."]]
    spline: CardinalSpline
    charts: Charts
    mu: Float[Array, " p"]
    moves: Bool[Array, " g"]

    def moments(self, t: Float[Array, ""]) -> Float[Array, "g k"]:
        """M_k(t) of every block."""
        return jnp.tensordot(self.spline(t), self.arrays["moments"], 1)

    def chart(self, t: Float[Array, ""]) -> Chart:
        """The chart at time t."""
        weights = self.spline(t)
        now = {k: jnp.tensordot(weights, a, 1) for k, a in self.arrays.items() if k != "moments"}
        return self.charts.at(now, self.mu)


class Motion(NamedTuple):
    """Samples (n, d) in the chart, dy/dt over the step before and over the one before that."""

    y: Float[Array, "n d"]
    last: Float[Array, "n d"]
    before: Float[Array, "n d"]

    def middle(self, h: Float[Array, ""]) -> Float[Array, "n d"]:
        """The samples after h/2, predicted from their own velocities in the last two steps."""
        # The overshoot of a step comes back in the next with the opposite sign: the mean of both
        # cancels it, which matters more than extrapolating the smooth part.
        return self.y + 0.25 * h * (self.last + self.before)


class Loop(NamedTuple):
    """What a step of the closed loop needs besides the learned moments and charts."""

    basis: Basis
    blocks: Blocks
    scaling: Scaling
    ridge: float
    sigma: float
    base: Velocity | None

    @property
    def diffusion(self) -> Float[Array, ""]:
        """Noise squared per physical time, in unit coordinates."""
        return self.sigma**2 / self.scaling.t_end

    def for_particles(self, number: int) -> "Loop":
        """The loop of a population of that size, in batches if it is large."""
        return self._replace(basis=in_batches(self.basis, number))

    def means(self, y: Float[Array, "n b"]) -> Float[Array, " k"]:
        """E[phi] of one block."""
        return self.basis.means(self.basis.view(y, with_products=False))

    def drift(self, params: Params, learned: Learned, y: Array, t: Array) -> Float[Array, "n d"]:
        """dy/dt of the base velocity in the coordinates of the chart, which itself moves."""
        if self.base is None:
            return jnp.zeros_like(y)
        x = learned.chart(t).outward(y)
        u = self.base(params, x, t, learned.mu)
        return jax.jvp(lambda x, t: learned.chart(t).inward(x), (x, t), (u, jnp.ones_like(t)))[1]

    def rate(self, y: Array, metric: Array, target: Array, h: Array) -> Float[Array, " k"]:
        """The rate at which the means of one block have to change."""
        view = self.basis.view(y, with_products=False)
        rate = (target - self.basis.means(view)) / h
        if not self.sigma:
            return rate
        return rate - 0.5 * self.diffusion * self.basis.laplacians(view, metric)

    def block_velocity(
        self, y: Array, middle: Array, u: Array, metric: Array, target: Array, h: Array
    ) -> Float[Array, "n b"]:
        """dy/dt of one block over a step: the given velocity plus its correction."""
        rate = self.rate(y, metric, target, h)
        if self.base is not None:
            rate = rate - jax.jvp(self.means, (middle,), (u,))[1]
        view = self.basis.view(middle)
        return u + least_energy_field(self.basis, view, metric, rate, self.ridge)

    def velocity(
        self, params: Params, learned: Learned, y: Array, middle: Array, t: Array, h: Array
    ) -> Float[Array, "n d"]:
        """dy/dt over the step from y at t, whose midpoint is given."""
        split = self.blocks.split
        metric = (self.scaling.scale * learned.chart(t + 0.5 * h).slope) ** 2
        u = self.drift(params, learned, middle, t + 0.5 * h)

        def one(moves: Array, y: Array, middle: Array, u: Array, metric: Array, target: Array):
            own = partial(self.block_velocity, y, middle, u, metric, target, h)
            return jax.lax.cond(moves, own, lambda: u)

        parts = split(y), split(middle), split(u), split(metric)
        return self.blocks.join(self.blocks.map(one, learned.moves, *parts, learned.moments(t + h)))

    def step(
        self, params: Params, learned: Learned, now: Motion, t: Array, h: Array, key: PRNGKeyArray
    ) -> Motion:
        """The motion a time h later."""
        v = self.velocity(params, learned, now.y, now.middle(h), t, h)
        y = now.y + h * v
        if self.sigma:
            spread = self.scaling.scale * learned.chart(t).slope * jnp.sqrt(self.diffusion * h)
            y = y + spread[None] * jax.random.normal(key, y.shape, y.dtype)
        return Motion(y, v, now.last)


def closed_loop(
    frame: Frame,
    basis: Basis,
    charts: Charts,
    blocks: Blocks,
    *,
    ridge: float,
    sigma: float,
    steps: int,
    base: Velocity | None = None,
) -> Method:
    """The method of the module's docstring; its parameters are moments and charts (m, t, ...).

    `sigma` (unit coordinates) adds noise that the field compensates; `steps` is the number of time
    steps from 0 to the trained end time; `base(params, x, t, mu)` is a velocity (n, d) that the
    loop corrects.
    """
    scaling, default_steps = frame.scaling, steps
    mu_splines = [CardinalSpline.through(axis) for axis in frame.axes]
    time_spline = CardinalSpline.through(frame.times)
    loop = Loop(basis, blocks, scaling, ridge, sigma, base)

    def init(key: PRNGKeyArray, ensemble: Ensemble):
        def measure(run: tuple[Array, Array]):
            path, mu = run
            arrays = charts.measure(path, mu)

            def at_time(now: tuple[Array, dict[str, Array]]):
                x, own = now
                return blocks.map(loop.means, blocks.split(charts.at(own, mu).inward(x)))

            return {**arrays, "moments": jax.lax.map(at_time, (path, arrays))}

        params = jax.jit(partial(jax.lax.map, measure))((ensemble.x, ensemble.mu))
        # With moving charts, constant moments belong to a population that moves with the charts;
        # a single block is kept even if it hardly moves.
        if set(params) == {"moments"} and len(blocks.members) > 1:
            params["moments"] = without_noise(params["moments"], ensemble.x.shape[2])
        return params

    @partial(jax.jit, static_argnames="substeps")
    def run(params: Params, x0: Array, ts: Array, mu: Array, key: PRNGKeyArray, substeps: int):
        domain, weights = frame.domain(mu), grid_weights(mu_splines, mu)
        arrays = {k: jnp.tensordot(weights, a, 1) for k, a in params.items() if k != "network"}
        driven = base is not None or sigma > 0
        learned = Learned(arrays, time_spline, charts, mu, moving(params["moments"]) | driven)
        circle, own = jnp.array(domain.periodic)[None], loop.for_particles(len(x0))

        def step(now: Motion, t: Array, h: Array, key: PRNGKeyArray):
            after = own.step(params, learned, now, t, h, key)
            return after._replace(y=jnp.where(circle, wrap_circle(after.y, 2 * jnp.pi), after.y))

        y0 = learned.chart(ts[0]).inward(x0)
        h = jnp.max(jnp.diff(ts), initial=1e-3 * scaling.t_end) / substeps
        v0 = own.velocity(params, learned, y0, y0, ts[0], h)
        start = Motion(y0, v0, v0)
        path = rollout(step, start, ts, key, substeps, saved=lambda now: now.y)
        x = domain.wrap(jax.vmap(lambda y, t: learned.chart(t).outward(y))(path, ts))
        # The start is returned unchanged, without the rounding of the chart and its inverse.
        return jnp.where((ts == ts[0])[:, None, None], x0[None], x)

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        substeps = count_substeps(ts, float(scaling.t_end) / (steps or default_steps))
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, substeps)

    evaluations = rollout_evaluations(scaling, steps, stages=1)
    return Method(Learner(init), sample, evaluations, steps=steps, smooth=not sigma, coupled=True)
