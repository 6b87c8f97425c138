r"""Nine-dimensional chaos: a Lorenz-type truncation of 3-D Rayleigh-Benard convection.

    dc = f(c; r) dt + 0.05 dW,    c(0) ~ N(0, 0.02^2),

with the nine amplitudes of Reiterer, Lainscsek, Schuerrer, Letellier & Maquet, J. Phys. A 31 (1998)
7121, at sigma = a = 1/2; r is the reduced Rayleigh number. The divergence of f, which is the sum of
the Lyapunov exponents, is -15.33333 for every r.
"""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.numerics.domain import Domain
from hoam_core.solvers import sde
from hoam_core.systems.base import Component, Observable, Parameter, System

SIGMA = A = 0.5
B1 = 4 * (1 + A**2) / (1 + 2 * A**2)
B2 = (1 + 2 * A**2) / (2 * (1 + A**2))
B3 = 2 * (1 - A**2) / (1 + A**2)
B4 = A**2 / (1 + A**2)
B5 = 8 * A**2 / (1 + 2 * A**2)
B6 = 4 / (1 + 2 * A**2)
NOISE = 0.05
SPREAD = 0.02


def drift(
    t: Float[Array, ""], c: Float[Array, "n 9"], mu: Float[Array, " p"]
) -> Float[Array, "n 9"]:
    """f(c; r) of a population, r = mu[0]."""
    r, s = mu[0], SIGMA
    c1, c2, c3, c4, c5, c6, c7, c8, c9 = c.T
    return jnp.stack(
        [
            -s * B1 * c1 - c2 * c4 + B4 * c4**2 + B3 * c3 * c5 - s * B2 * c7,
            -s * c2 + c1 * c4 - c2 * c5 + c4 * c5 - s * c9 / 2,
            -s * B1 * c3 + c2 * c4 - B4 * c2**2 - B3 * c1 * c5 + s * B2 * c8,
            -s * c4 - c2 * c3 - c2 * c5 + c4 * c5 + s * c9 / 2,
            -s * B5 * c5 + c2**2 / 2 - c4**2 / 2,
            -B6 * c6 + c2 * c9 - c4 * c9,
            -B1 * c7 - r * c1 + 2 * c5 * c8 - c4 * c9,
            -B1 * c8 + r * c3 - 2 * c5 * c7 + c2 * c9,
            -c9 - r * c2 + r * c4 - 2 * c2 * c6 + 2 * c4 * c6 + c4 * c7 - c2 * c8,
        ],
        axis=-1,
    )


@final
@dataclass(frozen=True)
class Chaos(System):
    """Rayleigh-Benard convection in nine amplitudes; the parameter is the Rayleigh number r."""

    name = "chaos-9d"
    title = "Nine-dimensional chaos"
    reference = "Reiterer et al., J. Phys. A 31 (1998) 7121; noise of arXiv 2410.12000"
    equations = r"dc = f(c; r)\,dt + 0.05\,dW,\quad c \in \mathbb{R}^9"
    parameters = (
        Parameter(
            "r", "Rayleigh number r", 13.0, 15.0,
            train=(13.5, 13.6, 13.7, 13.8, 13.9, 14.0, 14.1, 14.2), test=(13.65, 14.05),
        ),
    )  # fmt: skip
    components = tuple(
        Component(f"c{i}", f"amplitude c{i}", "", view)
        for i, view in enumerate(
            ((-0.8, 2.4), (-1.9, 1.9), (-2.4, 0.8), (-1.9, 1.9), (-1.1, 1.1), (-7.5, 0.5),
             (-11.0, 3.0), (-11.0, 3.0), (-10.0, 10.0)),
            start=1,
        )
    )  # fmt: skip
    observable_info = (
        Observable("mean_square", "mean square amplitude", ""),
        Observable("mean_c6", "mean of c6", ""),
        Observable("spread_c1", "standard deviation of c1", ""),
        Observable("spread_c9", "standard deviation of c9", ""),
    )
    loading_dimension = 9
    t_end = 20.0
    n_times = 201
    truth_particles = 16_384

    def domain(self, mu: Float[Array | np.ndarray, " p"]) -> Domain:
        return Domain.free(9)

    def load(self, u: Float[Array, "n 9"], mu: Float[Array, " p"]) -> Float[Array, "n 9"]:
        return SPREAD * jax.scipy.special.ndtri(u)

    def advance(
        self,
        key: PRNGKeyArray,
        mu: Float[Array, " p"],
        state: Float[Array, "n 9"],
        ts: np.ndarray,
    ) -> tuple[Float[Array, "n 9"], Float[Array, "t n 9"]]:
        path = sde.simulate(drift, (NOISE,) * 9, key, mu, state, ts, dt=0.02)
        return path[-1], path

    def observables(
        self, x: Float[Array, "n 9"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        spread = jnp.std(x, 0)
        return {
            "mean_square": jnp.mean(jnp.sum(x**2, -1)), "mean_c6": jnp.mean(x[:, 5]),
            "spread_c1": spread[0], "spread_c9": spread[8],
        }  # fmt: skip
