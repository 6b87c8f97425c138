"""Electrostatic plasmas in one dimension of space and velocity (1D1V Vlasov-Poisson).

    d_t f + v d_x f + (d_x phi) d_v f = 0,    mu^2 phi'' = n - 1,

electrons on a neutral background in a periodic box (Berman et al. 2024, sec. 5; with this field
equation the plasma frequency is 1/mu). The velocity law is a mixture of Maxwellians and the seed of
the instability multiplies velocities by 1 + 0.05 cos(2 pi mu x / L). For non-integer mu that factor
jumps at the edge of the box; it is kept for comparison with the paper.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.dispersion import Maxwellian, fastest_mode
from hoam_core.domain import Domain
from hoam_core.solvers import pic
from hoam_core.systems.base import Component, Observable, Parameter, System


def mixture_quantile(u: Float[Array, " n"], beams: tuple[Maxwellian, ...]) -> Float[Array, " n"]:
    """Velocities of a mixture from points u of (0, 1): a slice of the interval for each beam."""
    velocity = jnp.zeros_like(u)
    start = 0.0
    for beam in beams:
        inside = jnp.clip((u - start) / beam.share, 2.0**-25, 1 - 2.0**-24)
        own = beam.drift + beam.width * jax.scipy.special.ndtri(inside)
        velocity = jnp.where(u >= start, own, velocity)
        start += beam.share
    return velocity


class VlasovSystem(System):
    """What the 1D1V plasmas share; a concrete one gives its beams and parameters."""

    beams: ClassVar[tuple[Maxwellian, ...]]
    length: ClassVar[float] = 50.0
    perturbation: ClassVar[float] = 0.05
    loading_dimension = 2
    t_end = 40.0
    n_times = 201
    truth_particles = 131_072
    observable_info = (
        Observable("electric_energy", "electric energy W", "m v_th^2"),
        Observable("kinetic_energy", "kinetic energy", "m v_th^2"),
        Observable("total_energy", "total energy", "m v_th^2"),
        Observable("momentum", "momentum", "m v_th"),
    )

    def domain(self, mu: Float[Array, " p"]) -> Domain:
        return Domain(jnp.asarray([self.length, 1.0]), (True, False))

    def load(self, u: Float[Array, "n 2"], mu: Float[Array, " p"]) -> Float[Array, "n 2"]:
        x = self.length * u[:, 0]
        v = mixture_quantile(u[:, 1], self.beams)
        seed = 1 + self.perturbation * jnp.cos(2 * jnp.pi * mu[0] * x / self.length)
        return jnp.stack([x, v * seed], axis=-1)

    def advance(
        self,
        key: PRNGKeyArray,
        mu: Float[Array, " p"],
        state: Float[Array, "n 2"],
        ts: np.ndarray,
    ) -> tuple[Float[Array, "n 2"], Float[Array, "t n 2"]]:
        path = pic.simulate(state[:, 0], state[:, 1], ts, length=self.length, coupling=mu[0] ** 2)
        return path[-1], path

    def observables(
        self, x: Float[Array, "n 2"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        """Electric energy W = 1/2 int E^2 dx (modes 1..12) and the conserved quantities.

        Sums over particles are scaled by L / n; total energy is kinetic + mu^2 W.
        """
        coupling = mu[0] ** 2
        electric = pic.electric_energy(x[:, 0], self.length, coupling)
        kinetic = 0.5 * self.length * jnp.mean(x[:, 1] ** 2)
        return {
            "electric_energy": electric,
            "kinetic_energy": kinetic,
            "total_energy": kinetic + coupling * electric,
            "momentum": self.length * jnp.mean(x[:, 1]),
        }

    def energy_of_modes(
        self, modes: Complex[Array, " k"], mu: Float[Array, " p"]
    ) -> Float[Array, ""]:
        return pic.energy_of_modes(modes, self.length, mu[0] ** 2)

    def growth_rate(self, mu: Float[Array, " p"]) -> float | None:
        """Largest growth rate among the modes of the box (dispersion.py)."""
        return fastest_mode(self.beams, float(mu[0]), self.length).growth_rate


@dataclass(frozen=True)
class TwoStream(VlasovSystem):
    """Two counter-streaming beams (Berman et al. 2024, sec. 5)."""

    name = "two-stream"
    title = "Two-stream instability"
    reference = "Berman, Blickhan, Peherstorfer, NeurIPS 2024 (arXiv 2410.12000), sec. 5"
    equations = (
        r"\partial_t f + v\,\partial_x f + \partial_x\phi\,\partial_v f = 0,"
        r"\quad \mu^2\phi'' = n - 1"
    )
    beams = (Maxwellian(0.5, -3.0, 1.0), Maxwellian(0.5, 3.0, 1.0))
    parameters = (
        Parameter(
            "mu", "Debye length μ", 0.4, 2.5,
            train=(1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9), test=(1.25, 1.55, 1.85),
        ),
    )  # fmt: skip
    components = (
        Component("x", "position x", "lambda_D", (0.0, 50.0)),
        Component("v", "velocity v", "v_th", (-8.0, 8.0)),
    )
