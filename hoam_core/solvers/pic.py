"""Electrostatic particle-in-cell in one dimension.

Electrons of mean density 1 move on a neutral background in a periodic box of length L,

    dx/dt = v,    dv/dt = d_x phi,    c phi'' = n - 1,

with the coupling c (c = mu^2 in the units of Berman et al. 2024, so that omega_p = 1/sqrt(c)). Each
step of the leapfrog scheme (kick, drift, kick) deposits the particles on a grid with B-splines of
order 1 or 2, solves the field equation spectrally and gathers the force with the same spline
(Birdsall & Langdon, Plasma Physics via Computer Simulation, ch. 2, 4 and 8). Using one spline for
both conserves momentum to rounding; energy is conserved to second order in the step.

Weak collisions with a background are an Ornstein-Uhlenbeck process in velocity,

    dv = -eta v dt + sqrt(2 eta) v_th dW,

whose exact transition over a step follows the leapfrog (Strang splitting would be of the same
order for eta dt << 1).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int, PRNGKeyArray

from hoam_core.numerics.compiled import Backend, backend, is_plain
from hoam_core.solvers import pic_numba
from hoam_core.solvers.leapfrog import leapfrog
from hoam_core.solvers.stepping import count_substeps


def _stencil(
    x: Float[Array, " n"], cells: int, length: Float[Array, ""] | float, order: int
) -> tuple[list[Int[Array, " n"]], list[Float[Array, " n"]]]:
    """The `order` + 1 grid points that each particle touches, and its weights on them."""
    s = x * (cells / length)
    if order == 1:
        base = jnp.floor(s)
        right = s - base
        weights = [1 - right, right]
        first = base.astype(jnp.int32)
    elif order == 2:
        base = jnp.floor(s + 0.5)
        r = s - base
        weights = [0.5 * (0.5 - r) ** 2, 0.75 - r**2, 0.5 * (0.5 + r) ** 2]
        first = base.astype(jnp.int32) - 1
    else:
        raise ValueError(f"Argument `order` must be 1 or 2, but is {order}.")
    return [jnp.mod(first + k, cells) for k in range(order + 1)], weights


def deposit(
    x: Float[Array, " n"], *, cells: int, length: Float[Array, ""] | float, order: int = 1
) -> Float[Array, " c"]:
    """Density on the grid points i L / cells, of mean 1, from n particles of equal weight."""
    points, weights = _stencil(x, cells, length, order)
    grid = jnp.zeros(cells, x.dtype)
    for point, weight in zip(points, weights, strict=True):
        grid = grid.at[point].add(weight)
    return grid * (cells / x.shape[0])


def gather(
    field: Float[Array, " c"],
    x: Float[Array, " n"],
    *,
    length: Float[Array, ""] | float,
    order: int = 1,
) -> Float[Array, " n"]:
    """Value of a grid field at each particle, with the spline of the deposit."""
    points, weights = _stencil(x, field.shape[0], length, order)
    return sum(
        (w * field[p] for p, w in zip(points, weights, strict=True)), start=jnp.zeros_like(x)
    )


def acceleration(
    density: Float[Array, " c"],
    length: Float[Array, ""] | float,
    coupling: Float[Array, ""] | float,
) -> Float[Array, " c"]:
    """dv/dt = d_x phi on the grid, from c phi'' = n - 1 solved mode by mode."""
    cells = density.shape[0]
    return jnp.fft.irfft(transfer(cells, length, coupling) * jnp.fft.rfft(density), cells)


@partial(jax.jit, static_argnames="cells")
def transfer(
    cells: int, length: Float[Array, ""] | float, coupling: Float[Array, ""] | float
) -> Complex[Array, " k"]:
    """Factors from the Fourier modes 0, 1, ... of the density to those of dv/dt: 1 / (i c k)."""
    modes = jnp.arange(cells // 2 + 1)
    k = 2 * jnp.pi / length * jnp.maximum(modes, 1)
    # The mean carries no force, and the derivative of the highest mode has no real representation.
    return jnp.where((modes > 0) & (modes < cells / 2), -1j / (coupling * k), 0.0)


def density_modes(
    x: Float[Array, " n"], length: Float[Array, ""] | float, *, modes: int, cells: int = 256
) -> Complex[Array, " k"]:
    """Fourier coefficients 1..modes of the deposited density (order 1), complex."""
    density = deposit(x, cells=cells, length=length)
    return jnp.fft.rfft(density)[1 : modes + 1] / cells


def electric_energy(
    x: Float[Array, " n"],
    length: Float[Array, ""] | float,
    coupling: Float[Array, ""] | float,
    *,
    modes: int = 12,
    cells: int = 256,
) -> Float[Array, ""]:
    """W = 1/2 int E^2 dx from the density modes 1..modes of positions (n,) in the box."""
    return energy_of_modes(density_modes(x, length, modes=modes, cells=cells), length, coupling)


def energy_of_modes(
    coefficients: Complex[Array, " k"],
    length: Float[Array, ""] | float,
    coupling: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """W of the density modes n_1, n_2, ...

    With E_k = n_k / (i c k) and E real, W = L sum_{k>0} |n_k|^2 / (c k)^2 (Parseval).
    """
    k = 2 * jnp.pi / length * jnp.arange(1, coefficients.shape[0] + 1)
    return length * jnp.sum((jnp.abs(coefficients) / (coupling * k)) ** 2)


def field_modes(
    coefficients: Complex[Array, " k"],
    length: Float[Array, ""] | float,
    coupling: Float[Array, ""] | float,
) -> Complex[Array, " k"]:
    """Complex amplitudes E_m of the field's waves, E(x) = Re sum_m E_m exp(2 pi i m x / L).

    From the density modes n_1, n_2, ...: E_m = 2 n_m / (i c k). W = L/4 sum_m |E_m|^2.
    """
    k = 2 * jnp.pi / length * jnp.arange(1, coefficients.shape[0] + 1)
    return -2j * coefficients / (coupling * k)


class Collisions(NamedTuple):
    """Rate eta of the collisions, and thermal speed v_th of the background."""

    rate: float
    thermal_speed: float


def collide(
    key: PRNGKeyArray, v: Float[Array, " n"], dt: Float[Array, ""], collisions: Collisions
) -> Float[Array, " n"]:
    """Velocities after a time dt of the Ornstein-Uhlenbeck process, exactly in law."""
    keep = jnp.exp(-collisions.rate * dt)
    spread = collisions.thermal_speed * jnp.sqrt(-jnp.expm1(-2 * collisions.rate * dt))
    return keep * v + spread * jax.random.normal(key, v.shape, v.dtype)


@partial(jax.jit, static_argnames=("substeps", "cells", "order", "collisions"))
def _run(x, v, ts, length, coupling, key, *, substeps, cells, order, collisions):
    def accelerate(x):
        grid = acceleration(deposit(x, cells=cells, length=length, order=order), length, coupling)
        return gather(grid, x, length=length, order=order)

    def after(i, v, h):
        return v if collisions is None else collide(jax.random.fold_in(key, i), v, h, collisions)

    def join(x, v):
        return jnp.stack([x, v], axis=-1)

    return leapfrog(accelerate, join, x, v, ts, length=length, substeps=substeps, after=after)


def backend_of(particles: int, order: int = 1, collisions: Collisions | None = None) -> Backend:
    """The compiler of the loop over so many particles, if they are ordinary arrays."""
    fits = order == 1 and collisions is None and particles >= pic_numba.CHUNK
    return backend() if fits else "xla"


def _is_sound(x: Array, v: Array, length: Array | float) -> bool:
    """Whether the numba loop can take these particles: ordinary arrays, x in the box, v finite."""
    if not is_plain(x, v, length) or x.dtype != v.dtype:
        return False
    # By NumPy, which needs no compilation.
    places, speeds = np.asarray(x), np.asarray(v)
    return bool(np.all((places >= 0) & (places < float(length)) & np.isfinite(speeds)))


def simulate(
    x: Float[Array, " n"],
    v: Float[Array, " n"],
    ts: np.ndarray,
    *,
    length: Float[Array, ""] | float,
    coupling: Float[Array, ""] | float,
    dt: float = 0.05,
    cells: int = 256,
    order: int = 1,
    collisions: Collisions | None = None,
    key: PRNGKeyArray | None = None,
) -> Float[Array, "t n 2"]:
    """Positions in [0, L) and velocities at exactly the times `ts`; the state is given at ts[0].

    Every interval between two saved times is divided into equal steps of at most `dt`. Collisions
    need a `key`.
    Raises ValueError for times that decrease or a step that is not positive.
    """
    substeps = count_substeps(ts, dt)
    if collisions is not None and key is None:
        raise ValueError("Argument `key` is missing: collisions are random; pass a random key.")
    fused = backend_of(x.shape[0], order, collisions) == "numba"
    if fused and _is_sound(x, v, length):
        factors = np.asarray(transfer(cells, length, coupling))
        path = pic_numba.run(
            np.asarray(x), np.asarray(v), ts, length=float(length), transfer=factors,
            substeps=substeps,
        )  # fmt: skip
        return jnp.asarray(path)
    return _run(
        x, v, jnp.asarray(ts, x.dtype), length, coupling, jax.random.key(0) if key is None else key,
        substeps=substeps, cells=cells, order=order, collisions=collisions,
    )  # fmt: skip
