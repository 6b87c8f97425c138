"""The waves that move an electron of a plasma, as means of the population (mean_field.py).

Of an electrostatic plasma m are the modes of the density: their Poisson equation gives the field,
and in it an electron follows its characteristic, dx/dt = v, dv/dt = grad phi (and collides).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.numerics.compiled import Backend
from hoam_core.numerics.domain import wrap_circle
from hoam_core.solvers import characteristics, pic, pic3d
from hoam_core.solvers.pic import Collisions
from hoam_core.systems.mean_field import MeanField

Law = Callable[[Array], Array | float]
# Shorter waves than these of a box are noise: of the full model's force they are below a hundredth.
WAVES = 16
# The electric energy counts as many of them.
ENERGY_WAVES = 12
# In 3D3V the full model keeps as many along each axis.
WAVES_3D = 4


@partial(jax.jit, static_argnums=0)
def _real(count: int, modes: Complex[Array, " k"]) -> Float[Array, " k2"]:
    return jnp.concatenate([modes.real.ravel(), modes.imag.ravel()])


@jax.jit
def _complex(means: Float[Array, "s k2"]) -> Complex[Array, "s k"]:
    half = means.shape[1] // 2
    return jax.lax.complex(means[:, :half], means[:, half:])


@final
@dataclass(frozen=True)
class PlaneWaves(MeanField):
    """Waves along the first component of 1D1V or 3D3V in a box of `length(mu)`.

    The other axes of 3D3V are free: the field of a plane wave has no component along them.
    """

    length: Law
    coupling: Law
    collisions: Collisions | None = None
    waves: int = WAVES
    has_waves = True

    @property
    def noisy(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.collisions is not None

    def means(self, x: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, " k"]:
        return _real(self.waves, pic.density_modes(x[:, 0], self.length(mu), modes=self.waves))

    def modes(self, means: Float[Array, "s k"]) -> Complex[Array, "s m"]:
        return _complex(means)[:, :ENERGY_WAVES]

    def follow(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"],
        times: Float[np.ndarray, " s"], means: Float[Array, "s k"], every: int,
    ) -> Float[Array, "t n d"]:  # fmt: skip
        length, axes = self.length(mu), x0.shape[1] // 2
        grids = characteristics.accelerations(_complex(means), length, self.coupling(mu))
        path = characteristics.simulate(
            x0[:, 0], x0[:, axes], times, grids, every=every, length=length,
            collisions=self.collisions, key=key,
        )  # fmt: skip
        return path if axes == 1 else _beside(path, x0, jnp.asarray(times[::every]), length)

    def backend(self) -> Backend:
        return characteristics.backend_of(self.collisions)


@jax.jit
def _beside(
    path: Float[Array, "t n 2"], x0: Float[Array, "n 6"], ts: Float[Array, " t"], length: Array
) -> Float[Array, "t n 6"]:
    """The first axis moved by a wave, the others free."""
    free, v = x0[None, :, 1:3], jnp.broadcast_to(x0[None, :, 4:], (len(ts), len(x0), 2))
    moved = wrap_circle(free + (ts - ts[0])[:, None, None] * v, length)
    return jnp.concatenate([path[..., :1], moved, path[..., 1:], v], axis=-1)


@final
@dataclass(frozen=True)
class CubeWaves(MeanField):
    """Waves in all directions of a cube of that side, |m_i| at most `waves` along each axis."""

    length: float
    coupling: float
    waves: int = WAVES_3D

    def means(self, x: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, " k"]:
        return _real(self.waves, pic3d.density_modes(x[:, :3].T, self.length, modes=self.waves))

    def follow(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"],
        times: Float[np.ndarray, " s"], means: Float[Array, "s k"], every: int,
    ) -> Float[Array, "t n d"]:  # fmt: skip
        side = 2 * self.waves + 1
        modes = _complex(means).reshape(-1, side, side, self.waves + 1)
        return pic3d.follow(
            x0[:, :3], x0[:, 3:], jnp.asarray(times, x0.dtype), modes, every=every,
            length=self.length, coupling=self.coupling,
        )  # fmt: skip
