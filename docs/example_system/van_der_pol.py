"""A system of one's own: noisy Van der Pol oscillators."""

import jax
import jax.numpy as jnp

from hoam_core import Component, Domain, Observable, Parameter, System
from hoam_core.solvers import sde


def drift(t, state, mu):
    x, v = state.T
    return jnp.stack([v, mu[0] * (1 - x**2) * v - x], axis=-1)


class VanDerPol(System):
    """Relaxation oscillations that a whole population falls into."""

    name, title, reference = "van-der-pol", "Van der Pol oscillators", "van der Pol 1926"
    equations = r"dx = v\,dt,\quad dv = (\mu(1 - x^2)v - x)\,dt + 0.2\,dW"
    parameters = (Parameter("mu", "damping μ", 0.1, 3.0, train=(0.5, 1.0, 1.5, 2.0), test=(1.25,)),)
    components = (Component("x", "x", "", (-3, 3)), Component("v", "v", "", (-5, 5)))
    observable_info = (Observable("energy", "mean energy", ""),)
    t_end, n_times, loading_dimension, truth_particles = 10.0, 101, 2, 16_384

    def domain(self, mu):
        return Domain.free(2)

    def load(self, u, mu):
        return 0.5 * jax.scipy.special.ndtri(u)

    def advance(self, key, mu, state, ts):
        path = sde.simulate(drift, (0.0, 0.2), key, mu, state, ts, dt=0.02)
        return path[-1], path

    def observables(self, x, mu):
        return {"energy": 0.5 * jnp.mean(jnp.sum(x**2, axis=-1))}


SYSTEM = VanDerPol()
