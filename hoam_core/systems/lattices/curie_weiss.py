r"""The Curie-Weiss model: every spin interacts with the mean of all others.

    E(s) = -N (m^2 / 2 + h m),    m = sum_i s_i / N,    rate of a flip 1 / (1 + exp(dE / T)).

A flip of s_i has dE = 2 s_i (m' + h) with m' = m - s_i / N, the others' part of the magnetisation:
Glauber's heat bath in the field of all others. The number of spins up is a birth-death chain on
N + 1 states, solved exactly by its master equation, with the mean field
dm/dt = -m + tanh((m + h) / T) as the limit of large N.
"""

import math
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.sparse import dia_array
from scipy.sparse.linalg import expm_multiply

from hoam_core.checks import check_count, check_positive, check_times
from hoam_core.solvers import glauber
from hoam_core.systems.base import Component, Parameter
from hoam_core.systems.lattices.base import Time, check_patch, means_and_spreads
from hoam_core.systems.lattices.spins import (
    SpinLattice,
    Spins,
    magnetisation,
    side,
    side_by_side,
    start_magnetisation,
    tiles,
)


@final
@dataclass(frozen=True)
class CurieWeiss(SpinLattice):
    """Spins in the field of their mean; temperature T and field h."""

    name = "curie-weiss"
    title = "Curie-Weiss model"
    reference = "Chen, Huang, Novoselov, Li, arXiv 2511.12842"
    equations = (
        r"E = -N\left(\tfrac12 m^2 + h m\right),\quad"
        r" s_i \to -s_i \text{ at rate } 1/(1 + e^{\Delta E/T})"
    )
    parameters = (
        Parameter("T", "temperature T", 0.2, 3.0, train=(0.8, 1.4), test=(1.1,)),
        Parameter("h", "field h", -1.0, 1.0, train=(0.0, 0.2), test=(0.1,)),
        start_magnetisation(-0.5),
        side(),
    )
    components = (Component("magnetisation", "magnetisation m", "", (-1.0, 1.0)),)
    observable_info = means_and_spreads(components, ((-1.0, 1.0),))
    t_end = 20.0
    n_times = 101
    truth_particles = 1_024

    def load(self, u: Float[Array, "n 1"], mu: Float[Array, " 4"]) -> Float[Array, "n 1"]:
        return jnp.full((len(u), 1), mu[2], u.dtype)

    limit_label = "mean field"

    def limit(self, mu: Float[Array, " 4"]) -> float:
        """The fixed point of the mean field that is reached from m0."""
        temperature, field, m = (float(value) for value in mu[:3])
        for _ in range(2_000):
            m += 0.1 * (math.tanh((m + field) / temperature) - m)
        return m

    def limit_drift(self, z: Float[Array, "n 1"], mu: Float[Array, " 4"]) -> Float[Array, "n 1"]:
        return mean_field_drift(z, mu[0], mu[1])

    def evolve(
        self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, duration: Time
    ) -> Spins:
        n, runs = state.shape[0] ** 2, state.shape[-1]
        nobody = jnp.zeros(runs, jnp.int32)
        rows = glauber.mean_field(key, state.reshape(n, runs), nobody, n, *mu[:, :2].T, duration)
        return rows.reshape(state.shape)

    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, patch: int) -> Spins:
        """Shuffle all spins, as sites have no neighbours: patches must not hold copies of a few."""
        sites = state.reshape(-1, state.shape[-1])
        return jax.random.permutation(key, sites).reshape(state.shape)

    def observe(self, state: Spins) -> Float[Array, "r 1"]:
        return magnetisation(state)[:, None]

    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, patch: int,
        duration: Time,
    ) -> Float[Array, "c r 1"]:  # fmt: skip
        size, runs = state.shape[0], state.shape[-1]
        check_patch(patch, size)
        patches = tiles(state, patch)
        inside = jnp.sum(patches.astype(jnp.int32), axis=1)
        outside = jnp.sum(inside, axis=0)[None] - inside
        each = jnp.tile(mu[:, :2], (len(patches), 1)).T
        moved = glauber.mean_field(
            key, side_by_side(patches), outside.ravel(), size**2, *each, duration
        )
        change = jnp.sum(moved.astype(jnp.int32), axis=0).reshape(-1, runs) - inside
        return (2 * change / patch**2)[..., None]


def mean_field_drift(m: Float[Array, "*n"], temperature: Time, field: Time) -> Array:
    """dm/dt of infinitely many spins."""
    return -m + jnp.tanh((m + field) / temperature)


def _rates(sites: int, temperature: float, field: float) -> tuple[np.ndarray, np.ndarray]:
    """Rates up and down (N + 1,) from k spins up."""
    check_count("sites", sites)
    check_positive("temperature", temperature)
    k = np.arange(sites + 1)
    m = 2 * k / sites - 1
    up = (sites - k) / (1 + np.exp(-2 * (m + 1 / sites + field) / temperature))
    down = k / (1 + np.exp(2 * (m - 1 / sites + field) / temperature))
    return up, down


def master_equation(
    sites: int, temperature: float, field: float, start: float, ts: np.ndarray
) -> Float[np.ndarray, "t n"]:
    """Exact laws (t, N + 1) of the number of spins up at `ts`, from magnetisation `start`."""
    check_times(ts)
    up, down = _rates(sites, temperature, field)
    shape = (sites + 1, sites + 1)
    generator = dia_array((np.stack([up, -(up + down), down]), [-1, 0, 1]), shape=shape).tocsc()
    law = np.zeros(sites + 1)
    law[round((1 + start) / 2 * sites)] = 1.0
    laws = [law]
    for interval in np.diff(ts):
        laws.append(expm_multiply(generator * interval, laws[-1]) if interval else laws[-1])
    return np.stack(laws)


def stationary_law(sites: int, temperature: float, field: float) -> Float[np.ndarray, " n"]:
    """Stationary law of the number of spins up, by detailed balance."""
    up, down = _rates(sites, temperature, field)
    log = np.concatenate([[0.0], np.cumsum(np.log(up[:-1]) - np.log(down[1:]))])
    law = np.exp(log - log.max())
    return law / law.sum()


def moments(law: Float[np.ndarray, "*t n"]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of m under laws of the number of spins up."""
    m = np.linspace(-1, 1, law.shape[-1])
    mean = law @ m
    return mean, np.sqrt(np.maximum(law @ m**2 - mean**2, 0))
