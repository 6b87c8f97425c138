r"""Particles along the characteristics of a field that is given: no deposit, no field solve.

    dx/dt = v,    dv/dt = a(x, t)    (and collisions as in pic.py),

where a comes from density modes 1..M over time instead of from the particles themselves. The field
stands on the grid of the particle-in-cell code and is gathered with the same spline, so that a
particle in the code's own modes feels the code's own force. Kick-drift-kick, of second order: the
map is symplectic, keeps filaments, and no noise of the particles reaches the field. Steps may be
several times longer than in a particle-in-cell code, which has to follow the field as well.

Particles do not feel each other: any number of them is as good as any other.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.numerics.compiled import Backend, backend, is_plain
from hoam_core.numerics.domain import wrap_circle
from hoam_core.solvers import characteristics_numba
from hoam_core.solvers.pic import Collisions, collide, gather, transfer

CELLS = 256


@partial(jax.jit, static_argnames="cells")
def accelerations(
    modes: Complex[Array, "s k"],
    length: Float[Array, ""] | float,
    coupling: Float[Array, ""] | float,
    cells: int = CELLS,
) -> Float[Array, "s c"]:
    """dv/dt on the grid points i L / cells, at each of s times, from density modes 1, 2, ..."""
    factors = transfer(cells, length, coupling)[1 : modes.shape[1] + 1]
    spectrum = jnp.pad(modes * factors[None], ((0, 0), (1, cells // 2 - modes.shape[1])))
    return jnp.fft.irfft(spectrum, cells, norm="forward").astype(modes.real.dtype)


def backend_of(collisions: Collisions | None = None) -> Backend:
    """Who compiles the loop, given ordinary arrays."""
    return "xla" if collisions is not None else backend()


@partial(jax.jit, static_argnames=("every", "collisions"))
def _run(x, v, times, grids, length, key, every, collisions):
    def step(i, state):
        x, v = state
        h = times[i + 1] - times[i]
        v = v + 0.5 * h * gather(grids[i], x, length=length)
        x = wrap_circle(x + h * v, length)
        v = v + 0.5 * h * gather(grids[i + 1], x, length=length)
        if collisions is not None:
            v = collide(jax.random.fold_in(key, i), v, h, collisions)
        return x, v

    def save(state, first):
        state = jax.lax.fori_loop(0, every, lambda i, state: step(first + i, state), state)
        return state, jnp.stack(state, axis=-1)

    _, path = jax.lax.scan(save, (x, v), jnp.arange(0, times.shape[0] - 1, every))
    return jnp.concatenate([jnp.stack([x, v], axis=-1)[None], path])


def simulate(
    x: Float[Array, " n"],
    v: Float[Array, " n"],
    times: Float[np.ndarray, " s"],
    grids: Float[Array, "s c"],
    *,
    every: int,
    length: Float[Array, ""] | float,
    collisions: Collisions | None = None,
    key: PRNGKeyArray | None = None,
) -> Float[Array, "t n 2"]:
    """Positions in [0, L) and velocities at every `every`-th of the `times`, from the first on.

    `grids` hold dv/dt at all of the times, between which a step each is taken. Collisions need a
    `key`. Raises ValueError if that is missing.
    """
    if collisions is not None and key is None:
        raise ValueError("Argument `key` is missing: collisions are random; pass a random key.")
    if backend_of(collisions) == "numba" and is_plain(x, v, grids, length):
        path = characteristics_numba.run(
            np.asarray(x), np.asarray(v), np.asarray(times, x.dtype), np.asarray(grids),
            every=every, length=float(length),
        )  # fmt: skip
        return jnp.asarray(path)
    key = jax.random.key(0) if key is None else key
    return _run(x, v, jnp.asarray(times, x.dtype), grids, length, key, every, collisions)
