"""Beam instabilities in 1D1V.

Those of Berman et al. 2024, sec. 5, have the coupling c = mu^2, and their seed perturbation
multiplies velocities by 1 + 0.05 cos(2 pi mu x / L). For non-integer mu that factor is
discontinuous at the edge of the box; it is kept for comparison with the paper.
"""

from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hoam_core.solvers import pic
from hoam_core.systems.base import Parameter
from hoam_core.systems.plasmas.dispersion import Maxwellian
from hoam_core.systems.plasmas.units import FREE_SPEED, SCALED
from hoam_core.systems.plasmas.vlasov import VlasovSystem


class PaperPlasma(VlasovSystem):
    """The instabilities of the paper: c = mu^2, and a seed of wavelength L / mu."""

    reference = "Berman, Blickhan, Peherstorfer, NeurIPS 2024 (arXiv 2410.12000), sec. 5"
    observable_info = SCALED.observables()
    time_unit = SCALED.time

    def coupling(self, mu: Float[Array | np.ndarray, " p"]) -> Float[Array, ""] | float:
        return mu[0] ** 2

    def seed(self, x: Float[Array, " n"], mu: Float[Array, " p"]) -> Float[Array, " n"]:
        return 1 + self.perturbation * jnp.cos(2 * jnp.pi * mu[0] * x / self.length(mu))


@final
@dataclass(frozen=True)
class TwoStream(PaperPlasma):
    """Two counter-streaming beams (Berman et al. 2024, sec. 5)."""

    name = "two-stream"
    title = "Two-stream instability"
    equations = (
        r"\partial_t f + v\,\partial_x f + \partial_x\phi\,\partial_v f = 0,"
        r"\quad \mu^2\phi'' = n - 1"
    )
    parameters = (
        Parameter(
            "mu", "Debye length μ", 0.4, 2.5,
            train=(1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9), test=(1.25, 1.55, 1.85), symbol="μ",
        ),
    )  # fmt: skip
    components = SCALED.phase_space(50.0, 8.0)

    def beams(self, mu: Float[Array | np.ndarray, " p"]) -> tuple[Maxwellian, ...]:
        return (Maxwellian(0.5, -3.0, 1.0), Maxwellian(0.5, 3.0, 1.0))


@final
@dataclass(frozen=True)
class BumpOnTail(PaperPlasma):
    """A weak fast beam on a Maxwellian, with weak collisions (Berman et al. 2024, sec. 5)."""

    name = "bump-on-tail"
    title = "Bump-on-tail instability"
    equations = (
        r"\partial_t f + v\,\partial_x f + \partial_x\phi\,\partial_v f"
        r" = \eta\,\partial_v(v f + \partial_v f),\quad \mu^2\phi'' = n - 1,\quad \eta = 10^{-3}"
    )
    parameters = (
        Parameter(
            "mu", "Debye length μ", 0.4, 2.5,
            train=(1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0), test=(1.35, 1.65, 1.95), symbol="μ",
        ),
    )  # fmt: skip
    components = SCALED.phase_space(50.0, 7.0)
    collisions = pic.Collisions(rate=1e-3, thermal_speed=1.0)

    def beams(self, mu: Float[Array | np.ndarray, " p"]) -> tuple[Maxwellian, ...]:
        return (Maxwellian(0.9, 0.0, 1.0), Maxwellian(0.1, 4.0, 0.5))


@final
@dataclass(frozen=True)
class TwoStreamBeams(VlasovSystem):
    """Two equal beams whose drift and thermal width are the parameters."""

    name = "two-stream-beams"
    title = "Two-stream instability, beams by choice"
    reference = "Birdsall & Langdon, Plasma Physics via Computer Simulation, ch. 5"
    equations = (
        r"\partial_t f + v\,\partial_x f + \partial_x\phi\,\partial_v f = 0,"
        r"\quad \phi'' = n - 1,\quad f_0(v) = \tfrac12 N(-u, w^2) + \tfrac12 N(u, w^2)"
    )
    parameters = (
        Parameter(
            "drift", "drift speed u", 1.0, 5.0,
            train=(2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0), test=(2.9, 2.4, 3.6),
            symbol="u",
        ),
        Parameter(
            "width", "thermal width w", 0.2, 1.5,
            train=(0.3, 0.45, 0.6, 0.75, 0.9, 1.05, 1.2), test=(0.7, 1.1, 0.4), symbol="w",
        ),
    )  # fmt: skip
    # With 16 the filaments of cold beams are twice as far from the full model's at the end.
    waves = 32
    t_end = 30.0
    n_times = 151
    components = FREE_SPEED.phase_space(50.0, 9.0)
    observable_info = FREE_SPEED.observables()
    time_unit = FREE_SPEED.time

    def beams(self, mu: Float[Array | np.ndarray, " p"]) -> tuple[Maxwellian, ...]:
        return (Maxwellian(0.5, -mu[0], mu[1]), Maxwellian(0.5, mu[0], mu[1]))
