r"""A hundred interacting particles in a moving aharmonic trap (mean field).

    dx_i = (a(t) - x_i)^3 dt - (1/2) (x_i - mean_j x_j) dt + sqrt(0.02) dW_i,    i = 1..100,
    a(t) = 1.25 sin(pi t + 1.5 + mu cos 2 pi t),    x_i(0) = 0.1 (N(0, 1) - m_i),

m_i from 0.9 to 3.0 in equal steps. One sample is the whole system of a hundred particles, so the
population lives in d = 100 dimensions. The trap follows Bruna, Peherstorfer & Vanden-Eijnden,
J. Comput. Phys. 496 (2024) 112588; the numbers are those of the code of Berman et al. 2024.
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
from hoam_core.systems.mean_field import MeanField

PARTICLES = 100
NOISE = 0.02**0.5


def centre(t: Float[Array, ""], mu: Float[Array, " p"]) -> Float[Array, ""]:
    """The position a(t) of the trap."""
    return 1.25 * jnp.sin(jnp.pi * t + 1.5 + mu[0] * jnp.cos(2 * jnp.pi * t))


def drift(
    t: Float[Array, ""], x: Float[Array, "n d"], mu: Float[Array, " p"]
) -> Float[Array, "n d"]:
    """Force of the trap and of the mean of the particles of the same sample."""
    return (centre(t, mu) - x) ** 3 - 0.5 * (x - jnp.mean(x, axis=-1, keepdims=True))


@final
@dataclass(frozen=True)
class MeanPosition(MeanField):
    """The mean position of all particles, in place of that of the hundred of a sample."""

    noisy = True

    def means(self, x: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, " 1"]:
        return jnp.mean(x)[None]

    def follow(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"],
        times: Float[np.ndarray, " s"], means: Float[Array, "s 1"], every: int,
    ) -> Float[Array, "t n d"]:  # fmt: skip
        law = jnp.concatenate([mu, jnp.asarray(times, x0.dtype), means[:, 0].astype(x0.dtype)])
        noise = (NOISE,) * x0.shape[1]
        dt = float(np.max(np.diff(times)))
        return sde.simulate(_given_mean, noise, key, law, x0, times[::every], dt=dt)


def _given_mean(
    t: Float[Array, ""], x: Float[Array, "n d"], law: Float[Array, " l"]
) -> Float[Array, "n d"]:
    """The drift in a mean that is given: `law` holds mu, the times and the mean at them."""
    times, means = jnp.split(law[1:], 2)
    return (centre(t, law[:1]) - x) ** 3 - 0.5 * (x - jnp.interp(t, times, means))


@final
@dataclass(frozen=True)
class Trap(System):
    """Mean-field particles in a moving quartic trap; mu bends the path of the trap."""

    name = "trap"
    title = "Particles in an aharmonic trap"
    population = "samples"
    reference = "Code of Berman, Blickhan, Peherstorfer, NeurIPS 2024 (arXiv 2410.12000)"
    equations = (
        r"dx_i = (a(t) - x_i)^3 dt - \tfrac12 (x_i - \bar x)\,dt + \sqrt{0.02}\,dW_i,\quad"
        r" a(t) = \tfrac54\sin(\pi t + \tfrac32 + \mu\cos 2\pi t)"
    )
    parameters = (
        Parameter(
            "mu", "bend of the path μ", 0.0, 1.0, train=(0.3, 0.4, 0.5, 0.7, 0.8, 0.9), test=(0.6,),
            symbol="μ",
        ),
    )  # fmt: skip
    components = tuple(
        Component(f"x{i}", f"position of particle {i}", "", (-0.8, 0.8))
        for i in range(1, PARTICLES + 1)
    )
    observable_info = (
        Observable("mean", "mean position", ""),
        Observable("spread", "standard deviation of positions", ""),
        Observable("mean_first", "mean position of particle 1", ""),
        Observable("mean_last", "mean position of particle 100", ""),
    )
    loading_dimension = PARTICLES
    mean_field = MeanPosition()
    plane = ("x1", "x100")
    t_end = 2.0
    n_times = 101
    truth_particles = 8_192
    judged_particles = 16_384

    def domain(self, mu: Float[Array | np.ndarray, " p"]) -> Domain:
        return Domain.free(PARTICLES)

    def load(self, u: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, "n d"]:
        offset = jnp.linspace(0.9, 3.0, PARTICLES, dtype=u.dtype)
        return 0.1 * (jax.scipy.special.ndtri(u) - offset[None])

    def advance(
        self,
        key: PRNGKeyArray,
        mu: Float[Array, " p"],
        state: Float[Array, "n d"],
        ts: np.ndarray,
    ) -> tuple[Float[Array, "n d"], Float[Array, "t n d"]]:
        path = sde.simulate(drift, (NOISE,) * PARTICLES, key, mu, state, ts, dt=0.01)
        return path[-1], path

    def observables(
        self, x: Float[Array, "n d"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        return {
            "mean": jnp.mean(x), "spread": jnp.std(x),
            "mean_first": jnp.mean(x[:, 0]), "mean_last": jnp.mean(x[:, -1]),
        }  # fmt: skip
