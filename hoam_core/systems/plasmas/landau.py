"""Landau damping in 1D1V, from a density 1 + alpha cos(k x) in a box of one wavelength.

A small wave decays at the rate of the dispersion relation; a large one traps particles, bounces and
settles (O'Neil 1965).
"""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hoam_core.numerics.loading import cosine_quantile
from hoam_core.systems.base import Parameter
from hoam_core.systems.plasmas.dispersion import Maxwellian, Mode, modes_of
from hoam_core.systems.plasmas.units import DEBYE
from hoam_core.systems.plasmas.vlasov import VlasovSystem


@final
@dataclass(frozen=True)
class Landau(VlasovSystem):
    """Landau damping from linear to strong: amplitude and wavenumber of a density wave."""

    name = "landau"
    title = "Landau damping"
    reference = "Landau 1946; Cheng & Knorr, J. Comput. Phys. 22 (1976) 330"
    equations = (
        r"\partial_t f + v\,\partial_x f + \partial_x\phi\,\partial_v f = 0,\quad \phi'' = n - 1,"
        r"\quad f_0 = (1 + \alpha\cos k x)\,N(0, 1)(v),\quad L = 2\pi/k"
    )
    parameters = (
        Parameter(
            "alpha", "amplitude α", 0.0, 0.6,
            train=(0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.37, 0.5), test=(0.3, 0.03, 0.45),
            symbol="α",
        ),
        Parameter(
            "k", "wavenumber k", 0.25, 0.7,
            train=(0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6), test=(0.42, 0.48, 0.52),
        ),
    )  # fmt: skip
    t_end = 30.0
    n_times = 151
    components = DEBYE.phase_space(4 * np.pi, 5.0)

    def length(self, mu: Float[Array | np.ndarray, " p"]) -> Float[Array, ""] | float:
        return 2 * jnp.pi / mu[1]

    def beams(self, mu: Float[Array | np.ndarray, " p"]) -> tuple[Maxwellian, ...]:
        return (Maxwellian(1.0, 0.0, 1.0),)

    def load(self, u: Float[Array, "n 2"], mu: Float[Array, " p"]) -> Float[Array, "n 2"]:
        x = cosine_quantile(u[:, 0], mu[0]) / mu[1]
        return self.domain(mu).wrap(jnp.stack([x, jax.scipy.special.ndtri(u[:, 1])], axis=-1))

    def linear_modes(self, mu: Float[Array | np.ndarray, " p"]) -> tuple[Mode, ...]:
        """The density wave, which is the first of the box; its rate is negative (dispersion.py)."""
        return modes_of(self.beams(mu), 1.0, 2 * np.pi / float(mu[1]), modes=1)
