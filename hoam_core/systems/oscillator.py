r"""The noisy harmonic oscillator of Berman et al. 2024: positions observed, velocities hidden.

    dx = v dt,   dv = -omega^2 x dt + 0.05 dW   in two dimensions,

x0 ~ N(-(1, 1), 0.1^2), v0 ~ N(0, 0.1^2), t in [0, 1]. The law stays Gaussian with

    E x(t) = -cos(omega t),
    Var x(t) = 0.1^2 cos^2(omega t) + (0.1 / omega)^2 sin^2(omega t)
               + (0.05 / omega)^2 (t/2 - sin(2 omega t) / (4 omega)),

in each dimension, which `moments` returns. The full model uses the exact Gaussian transition of
(x, v) from one saved time to the next. Only x is observed, so the observed process is not Markov.
"""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_times
from hoam_core.numerics.domain import Domain
from hoam_core.systems.base import Component, Observable, Parameter, System

SPREAD = 0.1
NOISE = 0.05


@jax.jit
def _exact(key, omega, state, ts):
    """Positions and velocities (n, 4) at ts by the exact Gaussian transition between them."""

    def move(carry, interval):
        (x, v), key = carry
        key, own = jax.random.split(key)
        c, s = jnp.cos(omega * interval), jnp.sin(omega * interval)
        # Covariance of the noise added to (x, v) within the interval.
        swing = s * c / (2 * omega)
        xx = (NOISE / omega) ** 2 * jnp.maximum(interval / 2 - swing, 0.0)
        xv = 0.5 * (NOISE * s / omega) ** 2
        vv = NOISE**2 * (interval / 2 + swing)
        both = jax.random.normal(own, (2, *x.shape), x.dtype)
        slope = jnp.where(xx > 0, xv / jnp.where(xx > 0, xx, 1.0), 0.0)
        kick = jnp.sqrt(xx) * both[0]
        rest = jnp.sqrt(jnp.maximum(vv - slope * xv, 0.0)) * both[1]
        moved = (c * x + s / omega * v + kick, c * v - omega * s * x + slope * kick + rest)
        return (moved, key), jnp.concatenate(moved, axis=-1)

    start = (state[:, :2], state[:, 2:])
    _, path = jax.lax.scan(move, (start, key), jnp.diff(ts))
    return jnp.concatenate([state[None], path])


@final
@dataclass(frozen=True)
class Oscillator(System):
    """Two-dimensional oscillator; the parameter is its angular frequency omega."""

    name = "oscillator"
    title = "Noisy harmonic oscillator"
    reference = "Berman, Blickhan, Peherstorfer, NeurIPS 2024 (arXiv 2410.12000), sec. 5"
    equations = r"dx = v\,dt,\quad dv = -\omega^2 x\,dt + 0.05\,dW"
    parameters = (
        Parameter(
            "omega", "angular frequency ω", 1.0, 20.0,
            train=tuple(float(w) for w in np.arange(2.0, 18.25, 0.5)), test=(4.25, 8.25, 13.75),
            symbol="ω",
        ),
    )  # fmt: skip
    components = (
        Component("x", "position x", "", (-1.6, 1.6)),
        Component("y", "position y", "", (-1.6, 1.6)),
    )
    observable_info = (
        Observable("mean_x", "mean of x", ""),
        Observable("mean_y", "mean of y", ""),
        Observable("spread_x", "standard deviation of x", ""),
        Observable("spread_y", "standard deviation of y", ""),
    )
    loading_dimension = 2
    t_end = 1.0
    n_times = 101
    truth_particles = 16_384

    def domain(self, mu: Float[Array | np.ndarray, " p"]) -> Domain:
        return Domain.free(2)

    def load(self, u: Float[Array, "n 2"], mu: Float[Array, " p"]) -> Float[Array, "n 2"]:
        return -1.0 + SPREAD * jax.scipy.special.ndtri(u)

    def lift(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n 2"]
    ) -> Float[Array, "n 4"]:
        velocity = SPREAD * jax.random.normal(key, x0.shape, x0.dtype)
        return jnp.concatenate([x0, velocity], axis=-1)

    def advance(
        self,
        key: PRNGKeyArray,
        mu: Float[Array, " p"],
        state: Float[Array, "n 4"],
        ts: np.ndarray,
    ) -> tuple[Float[Array, "n 4"], Float[Array, "t n 2"]]:
        check_times(ts)
        path = _exact(key, mu[0], state, jnp.asarray(ts, state.dtype))
        return path[-1], path[..., :2]

    def observables(
        self, x: Float[Array, "n 2"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        mean, spread = jnp.mean(x, 0), jnp.std(x, 0)
        return {
            "mean_x": mean[0], "mean_y": mean[1], "spread_x": spread[0], "spread_y": spread[1],
        }  # fmt: skip

    def moments(
        self, mu: Float[Array, " p"], ts: Float[Array, " t"]
    ) -> tuple[Float[Array, " t"], Float[Array, " t"]]:
        """Mean and variance of either position at all times, in closed form."""
        omega = mu[0]
        c, s = jnp.cos(omega * ts), jnp.sin(omega * ts)
        variance = (SPREAD * c) ** 2 + (SPREAD * s / omega) ** 2
        diffusion = (NOISE / omega) ** 2 * (ts / 2 - jnp.sin(2 * omega * ts) / (4 * omega))
        return -c, variance + diffusion
