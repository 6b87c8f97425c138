"""The waves that move an electron of a plasma, as means of the population (mean_field.py).

Of an electrostatic plasma m are the modes n_k of the density, divided by k as in its field. The
Poisson equation gives that field, in which an electron follows its characteristic, dx/dt = v,
dv/dt = grad phi (and collides).
"""

from collections.abc import Callable
from dataclasses import dataclass
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
# Shorter waves than these of a box are noise, unless beams are cold (instabilities.py).
WAVES = 16
# The electric energy counts as many of them.
ENERGY_WAVES = 12
# In 3D3V the full model keeps as many along each axis.
WAVES_3D = 4


def _means(modes: Complex[Array, " k"], numbers: Float[np.ndarray, " k"]) -> Float[Array, " k2"]:
    """Real numbers of density modes, divided by their wave numbers in units of 2 pi / L."""
    modes = modes / jnp.asarray(numbers, modes.real.dtype)
    return jnp.concatenate([modes.real, modes.imag])


def _modes(means: Float[Array, "s k2"], numbers: Float[np.ndarray, " k"]) -> Complex[Array, "s k"]:
    half = means.shape[1] // 2
    modes = jax.lax.complex(means[:, :half], means[:, half:])
    return modes * jnp.asarray(numbers, means.dtype)[None]


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

    @property
    def _numbers(self) -> Float[np.ndarray, " k"]:
        return np.arange(1.0, self.waves + 1)

    def means(self, x: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, " k"]:
        modes = pic.density_modes(x[:, 0], self.length(mu), modes=self.waves)
        return _means(modes, self._numbers)

    def modes(self, means: Float[Array, "s k"]) -> Complex[Array, "s m"]:
        return _modes(means, self._numbers)[:, :ENERGY_WAVES]

    def follow(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"],
        times: Float[np.ndarray, " s"], means: Float[Array, "s k"], every: int,
    ) -> Float[Array, "t n d"]:  # fmt: skip
        length, axes = self.length(mu), x0.shape[1] // 2
        modes = _modes(means, self._numbers)
        grids = characteristics.accelerations(modes, length, self.coupling(mu))
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
    has_waves = True

    @property
    def _numbers(self) -> Float[np.ndarray, " k"]:
        low = np.arange(-self.waves, self.waves + 1.0)
        squares = (low**2)[:, None, None] + (low**2)[:, None] + low[self.waves :] ** 2
        # The mean density stays: any number but zero will do.
        return np.sqrt(np.maximum(squares, 1.0)).ravel()

    def means(self, x: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, " k"]:
        modes = pic3d.density_modes(x[:, :3].T, self.length, modes=self.waves)
        return _means(modes.ravel(), self._numbers)

    def modes(self, means: Float[Array, "s k"]) -> Complex[Array, "s a a h"]:
        side = 2 * self.waves + 1
        return _modes(means, self._numbers).reshape(-1, side, side, self.waves + 1)

    def follow(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"],
        times: Float[np.ndarray, " s"], means: Float[Array, "s k"], every: int,
    ) -> Float[Array, "t n d"]:  # fmt: skip
        return pic3d.follow(
            x0[:, :3], x0[:, 3:], jnp.asarray(times, x0.dtype), self.modes(means), every=every,
            length=self.length, coupling=self.coupling,
        )  # fmt: skip
