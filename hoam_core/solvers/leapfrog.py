"""Kick-drift-kick leapfrog on a torus, saved exactly at given times; shared by all particle codes.

    v <- v + h/2 a(x),    x <- (x + h v) mod L,    v <- v + h/2 a(x),

of second order, time-reversible and symplectic (Hairer, Lubich & Wanner, Acta Numerica 12 (2003)
399). The force of the second kick is that of the next step's first, so a step costs one force.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hoam_core.numerics.domain import wrap_circle


def _unchanged(step: Int[Array, ""], v: Float[Array, "*b"], h: Float[Array, ""]) -> Array:
    return v


def leapfrog(
    accelerate: Callable[[Float[Array, "*b"]], Float[Array, "*b"]],
    join: Callable[[Float[Array, "*b"], Float[Array, "*b"]], Float[Array, "*s"]],
    x: Float[Array, "*b"],
    v: Float[Array, "*b"],
    ts: Float[Array, " t"],
    *,
    length: Float[Array, ""] | float,
    substeps: int,
    after: Callable[[Int[Array, ""], Float[Array, "*b"], Float[Array, ""]], Array] = _unchanged,
) -> Float[Array, " t *s"]:
    """join(x, v) at all `ts`, from x in [0, length) and v at ts[0], `substeps` steps per interval.

    `after(i, v, h)` may change the velocities at the end of step i = 0, 1, ..., of length h. Meant
    to be called inside a compiled function: the number of steps is part of the program.
    """

    def step(_, carry):
        x, v, a, i, h = carry
        v = v + 0.5 * h * a
        x = wrap_circle(x + h * v, length)
        a = accelerate(x)
        return x, after(i, v + 0.5 * h * a, h), a, i + 1, h

    def save(j, carry):
        *state, path = carry
        *state, _ = jax.lax.fori_loop(0, substeps, step, (*state, (ts[j] - ts[j - 1]) / substeps))
        return *state, path.at[j].set(join(*state[:2]))

    first = join(x, v)
    # Written in place: prepending the first state to the path of a scan would copy all of it.
    path = jnp.zeros((ts.shape[0], *first.shape), first.dtype).at[0].set(first)
    start = (x, v, accelerate(x), jnp.zeros((), jnp.int32), path)
    return jax.lax.fori_loop(1, ts.shape[0], save, start)[-1]
