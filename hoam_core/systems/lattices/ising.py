r"""The Ising model on a periodic square lattice under Glauber dynamics.

    E(s) = -sum_<ij> s_i s_j - h sum_i s_i,      s_i = +-1,      T in units of J / k_B.

Observables are means over the N = L^2 sites: the magnetisation m = sum s_i / N and the density of
domain walls rho, the share of the 2N bonds whose ends differ. Exact references: the critical
temperature and the spontaneous magnetisation (Yang 1952), the energy at h = 0 (Onsager 1944), and
the enumeration of all states of a small lattice.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt
from scipy.special import ellipkm1

from hoam_core.checks import check_positive
from hoam_core.solvers import glauber
from hoam_core.systems.base import Component, Parameter
from hoam_core.systems.lattices.base import Time, check_patch, means_and_spreads
from hoam_core.systems.lattices.spins import (
    SpinLattice,
    Spins,
    magnetisation,
    shifted,
    side,
    side_by_side,
    start_magnetisation,
    tiles,
    untiled,
)

CRITICAL = 2 / math.log(1 + math.sqrt(2))
# Time in which copied spins relax: the walls of blocks vanish, the magnetisation hardly changes.
RELAXATION = 6.0
TILINGS = 8


@final
@dataclass(frozen=True)
class Ising(SpinLattice):
    """Spins with ferromagnetic neighbours; temperature T and field h."""

    name = "ising"
    title = "Ising model, Glauber dynamics"
    reference = "Chen, Huang, Novoselov, Li, arXiv 2511.12842"
    equations = (
        r"E = -\sum_{\langle ij\rangle} s_i s_j - h\sum_i s_i,\quad"
        r" s_i \to +1 \text{ at rate } 1/(1 + e^{-2(\sum_j s_j + h)/T})"
    )
    parameters = (
        Parameter("T", "temperature T", 0.5, 5.0, train=(2.0, 3.0), test=(2.5,)),
        Parameter("h", "field h", -1.0, 1.0, train=(0.0, 0.2), test=(0.1,)),
        start_magnetisation(-0.75),
        side(),
    )
    components = (
        Component("magnetisation", "magnetisation m", "", (-1.0, 1.0)),
        Component("walls", "domain-wall density ρ", "", (0.0, 0.6)),
    )
    observable_info = means_and_spreads(components, ((-1.0, 1.0), (0.0, 1.0)))
    t_end = 100.0
    n_times = 101
    truth_particles = 1_024

    def load(self, u: Float[Array, "n 1"], mu: Float[Array, " 4"]) -> Float[Array, "n 2"]:
        start = jnp.stack([mu[2], 0.5 * (1 - mu[2] ** 2)])
        return jnp.tile(start[None].astype(u.dtype), (len(u), 1))

    limit_label = "exact, h = 0"

    def limit(self, mu: Float[Array, " 4"]) -> float:
        """The spontaneous magnetisation at h = 0, with the sign of the start."""
        return math.copysign(spontaneous_magnetisation(float(mu[0])), float(mu[2]))

    def evolve(
        self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, duration: Time
    ) -> Spins:
        sites, neighbours = glauber.torus(state.shape[0])
        rows = state.reshape(-1, state.shape[-1])
        up = glauber.thresholds(mu[:, 0], mu[:, 1])
        return glauber.ising(key, rows, sites, neighbours, up, duration).reshape(state.shape)

    def observe(self, state: Spins) -> Float[Array, "r 2"]:
        return _observe(state)

    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, patch: int,
        duration: Time,
    ) -> Float[Array, "c r 2"]:  # fmt: skip
        check_patch(patch, state.shape[0])
        return _patch_increments(key, mu, state, patch, duration)

    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, patch: int) -> Spins:
        """Relax in all patches of a tiling, then of one shifted by half a patch, and repeat."""
        check_patch(patch, state.shape[0])
        if patch == state.shape[0]:
            return self.evolve(key, mu, state, RELAXATION)
        for i in range(TILINGS):
            own, offset = jax.random.fold_in(key, i), (i % 2) * patch // 2
            state = _relax_tiles(own, mu, state, patch, RELAXATION / TILINGS, offset)
        return state


@jax.jit
def _observe(ups: Spins) -> Float[Array, "r 2"]:
    walls = [jnp.mean(ups != jnp.roll(ups, 1, axis), axis=(0, 1)) for axis in (0, 1)]
    return jnp.stack([magnetisation(ups), 0.5 * (walls[0] + walls[1])], axis=-1)


def _moved(key, mu, patches, patch, duration):
    """Framed patches (c, s, r) after a time, each moved independently with its frame frozen."""
    sites, neighbours = glauber.framed(patch)
    up = jnp.tile(glauber.thresholds(mu[:, 0], mu[:, 1]), (1, len(patches)))
    moved = glauber.ising(key, side_by_side(patches), sites, neighbours, up, duration)
    return jnp.moveaxis(moved.reshape(moved.shape[0], len(patches), -1), 1, 0)


@partial(jax.jit, static_argnames="patch")
def _patch_increments(key, mu, ups, patch, duration):
    shift_key, key = jax.random.split(key)
    before = tiles(shifted(shift_key, ups), patch, frame=1)
    after = _moved(key, mu, before, patch, duration)
    return _framed_means(after, patch) - _framed_means(before, patch)


def _framed_means(patches: UInt[Array, "c s r"], patch: int) -> Float[Array, "c r 2"]:
    """Sum of the spins and half the unlike bonds that touch a patch, divided by its sites."""
    side = patch + 2
    ups = patches.reshape(len(patches), side, side, -1)
    down = ups[:, 1:, 1:-1] != ups[:, :-1, 1:-1]
    right = ups[:, 1:-1, 1:] != ups[:, 1:-1, :-1]
    spins = 2 * jnp.sum(ups[:, 1:-1, 1:-1].astype(jnp.int32), axis=(1, 2))
    walls = jnp.sum(down, axis=(1, 2)) + jnp.sum(right, axis=(1, 2))
    return jnp.stack([spins, 0.5 * walls], axis=-1) / patch**2


@partial(jax.jit, static_argnames=("patch", "offset"))
def _relax_tiles(key, mu, ups, patch, duration, offset):
    size = ups.shape[0]
    along = size // patch
    ups = jnp.roll(ups, (-offset, -offset), axis=(0, 1))
    column, row = np.meshgrid(np.arange(along), np.arange(along))
    # Four colours separate all neighbours on a torus with an even number of patches per side.
    colours = (2 * (row % 2) + column % 2 if along % 2 == 0 else along * row + column).ravel()
    # Neighbours move in turn: a patch that moves among frozen ones preserves the Gibbs measure, but
    # two neighbours that move independently at once would grow walls between them.
    for colour in np.unique(colours):
        which = np.flatnonzero(colours == colour)
        own = jax.random.fold_in(key, colour)
        moved = _moved(own, mu, tiles(ups, patch, frame=1)[which], patch, duration)
        inner = tiles(ups, patch).at[which].set(moved[:, glauber.framed(patch)[0]])
        ups = untiled(inner, size)
    return jnp.roll(ups, (offset, offset), axis=(0, 1))


def spontaneous_magnetisation(temperature: float) -> float:
    """|m| of the infinite lattice at h = 0 (Yang 1952); zero above the critical temperature."""
    check_positive("temperature", temperature)
    if temperature >= CRITICAL:
        return 0.0
    return (1 - math.sinh(2 / temperature) ** -4) ** 0.125


def onsager_energy(temperature: float) -> float:
    """Energy per site of the infinite lattice, h = 0 (Onsager 1944); rho = (1 + energy / 2) / 2."""
    check_positive("temperature", temperature)
    b = 1 / temperature
    sign = 2 * math.tanh(2 * b) ** 2 - 1
    # 1 - k^2 with k = 2 sinh(2 b) / cosh(2 b)^2; at the critical point both factors vanish.
    rest = sign**2
    product = sign * float(ellipkm1(rest)) if rest > 0 else 0.0
    return -(1 + 2 / math.pi * product) / math.tanh(2 * b)


def enumerated(size: int, temperature: float, field: float) -> tuple[float, float]:
    """Mean magnetisation and wall density over all 2^(size^2) states of a periodic lattice."""
    check_positive("temperature", temperature)
    states = np.arange(2 ** (size * size))
    bits = (states[:, None] >> np.arange(size * size)) & 1
    ups = bits.T.reshape(size, size, -1)
    m = 2 * ups.mean((0, 1)) - 1
    walls = sum((ups != np.roll(ups, 1, axis)).mean((0, 1)) for axis in (0, 1)) / 2
    energy = size * size * (-2 * (1 - 2 * walls) - field * m)
    weight = np.exp(-(energy - energy.min()) / temperature)
    weight /= weight.sum()
    return float(weight @ m), float(weight @ walls)
