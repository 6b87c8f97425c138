"""Stochastic differential equations with additive noise, dX = f(t, X) dt + g dW, by diffrax.

With additive noise the Stratonovich and Ito interpretations agree. ShARK (Foster, dos Reis &
Strange 2024, a shifted additive-noise Runge-Kutta method) then has strong order 1.5, and order 2 in
the drift; with a method of order 1 in the drift, such as SEA, an oscillator visibly gains energy.
"""

from collections.abc import Callable
from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.solvers.stepping import count_substeps

Drift = Callable[[Float[Array, ""], Float[Array, "n s"], Float[Array, " p"]], Float[Array, "n s"]]


def simulate(
    drift: Drift,
    noise: tuple[float, ...],
    key: PRNGKeyArray,
    mu: Float[Array, " p"],
    x0: Float[Array, "n s"],
    ts: np.ndarray,
    *,
    dt: float,
) -> Float[Array, "t n s"]:
    """A population of n states, saved at exactly `ts`; `noise` (s,) is the diagonal of g.

    drift(t, x, mu) moves the whole population, so that its members may interact. Intervals between
    saved times are divided into equal steps of at most `dt`. Raises ValueError for times that
    decrease or a step that is not positive.
    """
    substeps = count_substeps(ts, dt)
    return _solve(drift, noise, key, mu, x0, jnp.asarray(ts, x0.dtype), substeps)


@partial(jax.jit, static_argnames=("drift", "noise", "substeps"))
def _solve(drift, noise, key, mu, x0, ts, substeps):
    strength = jnp.broadcast_to(jnp.asarray(noise, x0.dtype)[None], x0.shape)
    solver = diffrax.ShARK()

    def save(carry, interval):
        x, t, key = carry
        key, own = jax.random.split(key)
        path = diffrax.UnsafeBrownianPath(
            jax.ShapeDtypeStruct(x.shape, x.dtype), own, diffrax.SpaceTimeLevyArea
        )
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(lambda t, y, _: drift(t, y, mu)),
            diffrax.ControlTerm(lambda t, y, _: lineax.DiagonalLinearOperator(strength), path),
        )

        def step(i, carry):
            x, state = carry
            start, end = t + i * interval / substeps, t + (i + 1) * interval / substeps
            x, _, _, state, _ = solver.step(terms, start, end, x, None, state, made_jump=False)
            return x, state

        state = solver.init(terms, t, t + interval / substeps, x, None)
        moved, _ = jax.lax.fori_loop(0, substeps, step, (x, state))
        # Equal saved times have the same state: a Brownian path needs an interval of some length.
        x = jnp.where(interval > 0, moved, x)
        return (x, t + interval, key), x

    _, path = jax.lax.scan(save, (x0, ts[0], key), jnp.diff(ts))
    return jnp.concatenate([x0[None], path])
