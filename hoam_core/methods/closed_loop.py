r"""The action on a linear basis, closed on the moments.

On a basis phi_1..phi_K the minimiser of the action at fixed (t, mu) solves

    A c = b,   A_kl = E[grad phi_k . grad phi_l],   b_k = d/dt E[phi_k] - (sigma^2/2) E[Lap phi_k].

So instead of a network the moments M_k(t; mu) = E[phi_k] are learned: measured at the training
parameters, interpolated by cubic splines in mu and t. A roll-out takes A on its *own* particles X
and asks each step to end on the learned moments,

    A(X) c = (M(t + h) - mean phi(X)) / h - (sigma^2/2) mean Lap phi(X),

with the midpoint rule (two solves a step). The field is still the gradient field of least energy
that obeys the continuity equation, now for the model's own population; errors are corrected at the
next step instead of accumulating. Given a velocity u to start from, the loop only adds the
correction: E[grad phi . u] is subtracted from the right-hand side.

Functions of different blocks of components have orthogonal gradients: A is block-diagonal, and each
block is a problem of its own (the phase planes of a plasma, the particles of a mean field). A block
whose moments never moved, like the planes across a one-dimensional wave, has no field and costs
nothing. The loop runs in the coordinates y of a chart, where energy has the metric
g_i = (scale_i slope_i)^2.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Bool, Float

from hoam_core.domain import wrap_circle
from hoam_core.interpolation import CardinalSpline, grid_weights
from hoam_core.methods.base import Frame, Method, Params, rollout, rollout_evaluations
from hoam_core.methods.charts import Blocks, Chart, Charts
from hoam_core.solvers.stepping import count_substeps


class Basis(Protocol):
    """Functions of y (n, b) on one block; a `view` holds what the others need of a population."""

    @property
    def size(self) -> int: ...
    def view(self, y: Array) -> Any: ...
    def means(self, view: Any) -> Float[Array, " k"]: ...
    def stiffness(self, view: Any, metric: Array) -> Float[Array, "k k"]: ...
    def laplacians(self, view: Any, metric: Array) -> Float[Array, " k"]: ...
    def field(self, view: Any, coefficients: Array) -> Float[Array, "n b"]: ...


Velocity = Callable[[Params, Array, Array, Array], Float[Array, "n d"]]


def least_energy_field(
    basis: Basis, view: Any, metric: Float[Array, " b"], rate: Float[Array, " k"], ridge: float
) -> Float[Array, "n b"]:
    """dy/dt of least energy that moves the means of the functions at `rate`.

    `ridge` is added to the diagonal of A relative to it.
    """
    matrix = basis.stiffness(view, metric)
    diagonal = jnp.diag(matrix)
    # Relative to each function, and a little to all: few particles may leave some at rest.
    matrix = matrix + jnp.diag(ridge * (diagonal + 1e-3 * jnp.mean(diagonal)))
    return metric[None] * basis.field(view, cho_solve(cho_factor(matrix), rate))


def without_noise(moments: Float[Array, "m t g k"], particles: int) -> Float[Array, "m t g k"]:
    """Constant moments for blocks that moved no more than noise of as many independent samples."""
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
    # Noise per root of physical time, in unit coordinates.
    diffusion = sigma**2 / scaling.t_end

    def means(y):
        return basis.means(basis.view(y))

    def init(key, ensemble):
        @jax.jit
        def measure(path, mu):
            arrays = charts.measure(path, mu)

            def at_time(now):
                x, own = now
                return blocks.map(means, blocks.split(charts.at(own, mu).inward(x)))

            return {**arrays, "moments": jax.lax.map(at_time, (path, arrays))}

        measured = [measure(path, mu) for path, mu in zip(ensemble.x, ensemble.mu, strict=True)]
        params = jax.tree.map(lambda *a: jnp.stack(a), *measured)
        # Where charts move, moments at rest are those of a population that moves with them; a
        # single block that hardly moves is still all there is to tell.
        if set(params) == {"moments"} and len(blocks.members) > 1:
            params["moments"] = without_noise(params["moments"], ensemble.x.shape[2])
        return params

    def drift(params, learned, y, t):
        """dy/dt of the base velocity, seen from the chart, which moves itself."""
        if base is None:
            return jnp.zeros_like(y)
        x = learned.chart(t).outward(y)
        u = base(params, x, t, learned.mu)
        return jax.jvp(lambda x, t: learned.chart(t).inward(x), (x, t), (u, jnp.ones_like(t)))[1]

    def block_velocity(y, u, metric, rate, target, h):
        """dy/dt (n, b) of one block, and the rate (k,) it had to meet where none was given."""
        view = basis.view(y)
        if rate is None:
            rate = (target - basis.means(view)) / h
            if sigma:
                rate = rate - 0.5 * diffusion * basis.laplacians(view, metric)
        own = rate if base is None else rate - jax.jvp(means, (y,), (u,))[1]
        return u + least_energy_field(basis, view, metric, own, ridge), rate

    def at_rest(y, u, metric, rate, target):
        return u, jnp.zeros(basis.size, y.dtype)

    def step(params, learned, y, t, h, key):
        def velocity(y, t, rate, target):
            def one(moves, *block):
                return jax.lax.cond(moves, partial(block_velocity, h=h), at_rest, *block)

            metric = (scaling.scale * learned.chart(t).slope) ** 2
            parts = (blocks.split(y), blocks.split(drift(params, learned, y, t)))
            v, rate = blocks.map(one, learned.moves, *parts, blocks.split(metric), rate, target)
            return blocks.join(v), rate

        first, rate = velocity(y, t, None, learned.moments(t + h))
        moved = y + h * velocity(y + 0.5 * h * first, t + 0.5 * h, rate, None)[0]
        if sigma:
            spread = scaling.scale * learned.chart(t).slope * jnp.sqrt(diffusion * h)
            moved = moved + spread[None] * jax.random.normal(key, y.shape, y.dtype)
        return moved

    @partial(jax.jit, static_argnames="substeps")
    def run(params, x0, ts, mu, key, substeps):
        domain, weights = frame.domain(mu), grid_weights(mu_splines, mu)
        arrays = {k: jnp.tensordot(weights, a, 1) for k, a in params.items() if k != "network"}
        driven = base is not None or sigma > 0
        learned = Learned(arrays, time_spline, charts, mu, moving(params["moments"]) | driven)
        circle = jnp.array(domain.periodic)[None]

        def wrapped_step(y, t, h, key):
            y = step(params, learned, y, t, h, key)
            return jnp.where(circle, wrap_circle(y, 2 * jnp.pi), y)

        path = rollout(wrapped_step, learned.chart(ts[0]).inward(x0), ts, key, substeps)
        x = domain.wrap(jax.vmap(lambda y, t: learned.chart(t).outward(y))(path, ts))
        # The start is given back as it came, not as it went through the chart and back.
        return jnp.where((ts == ts[0])[:, None, None], x0[None], x)

    def sample(params, x0, ts, mu, key, *, steps=None):
        substeps = count_substeps(ts, float(scaling.t_end) / (steps or default_steps))
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, substeps)

    return Method(init, sample, evaluations=rollout_evaluations(scaling, steps, stages=2))
