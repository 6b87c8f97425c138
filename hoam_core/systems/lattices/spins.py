"""Parts shared by spin lattices: square states of spins, disordered starts, growth by blocks."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt

from hoam_core.systems.base import Parameter
from hoam_core.systems.lattices.base import Lattice

# 1 up, 0 down; the last axis runs over independent runs.
Spins = UInt[Array, "l l r"]


def start_magnetisation(default: float) -> Parameter:
    """The parameter m0, the magnetisation at t = 0; models learn from its whole range."""
    return Parameter(
        "m0", "magnetisation at the start", -1.0, 1.0, train=(-1.0, 1.0), test=(default,),
        optional=True,
    )  # fmt: skip


def side(default: int = 64, low: int = 8, high: int = 128) -> Parameter:
    """The parameter L, the side; learned noise scales with it, so that one model serves all."""
    return Parameter(
        "L", "side L of the lattice", low, high, train=(default,), optional=True, whole=1
    )


class SpinLattice(Lattice):
    """A square lattice of spins; mu = (T, h, m0, L), and the first observable is m."""

    rates = 2
    patch = 16
    small = 16
    cell_names = {-1: "down", 1: "up"}

    def start(self, key: PRNGKeyArray, mu: Float[Array, "r 4"], size: int) -> Spins:
        """Uncorrelated spins in random order, with the number of up spins given by m0."""
        ranks = jnp.argsort(jax.random.bits(key, (size**2, len(mu))), axis=0)
        ups = jnp.round(0.5 * (1 + mu[:, 2]) * size**2)
        return (ranks < ups[None]).astype(jnp.uint8).reshape(size, size, -1)

    def enlarge(
        self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, patch: int
    ) -> Spins:
        """Four copies the first time, then each spin as a block of four; relaxed afterwards.

        Copies of a torus fit without seams and preserve the size of domains, blocks double it. The
        truth lies between: with copies alone the magnetisation changes too early, with blocks alone
        too late.
        """
        copied = jnp.tile(state, (2, 2, 1))
        blocks = jnp.repeat(jnp.repeat(state, 2, 0), 2, 1)
        return self.relax(key, mu, copied if len(state) == patch else blocks, patch)

    def picture(self, state: Spins) -> np.ndarray:
        """Spins -1 and 1 of the first run (y, x)."""
        return 2 * np.asarray(state[..., 0], np.int8) - 1


def magnetisation(ups: Spins) -> Float[Array, " r"]:
    """Mean spin of every run."""
    return 2 * jnp.mean(ups.astype(jnp.result_type(float)), axis=(0, 1)) - 1


def tiles(ups: Spins, patch: int, frame: int = 0) -> UInt[Array, "c s r"]:
    """The patches of a tiling with their frames, each of s = (patch + 2 frame)^2 spins."""
    ring = jnp.pad(ups, ((frame, frame), (frame, frame), (0, 0)), mode="wrap")
    side, starts = patch + 2 * frame, range(0, ups.shape[0], patch)
    return jnp.stack([
        ring[i : i + side, j : j + side].reshape(side * side, -1) for i in starts for j in starts
    ])  # fmt: skip


def untiled(patches: UInt[Array, "c n r"], size: int) -> Spins:
    """The lattice of patches without frames, the inverse of `tiles`."""
    c, n, runs = patches.shape
    along, patch = math.isqrt(c), math.isqrt(n)
    grid = patches.reshape(along, along, patch, patch, runs)
    return grid.transpose(0, 2, 1, 3, 4).reshape(size, size, runs)


def shifted(key: PRNGKeyArray, ups: Spins) -> Spins:
    """All runs shifted on the torus by the same random vector, so that tilings are random."""
    shift = jax.random.randint(key, (2,), 0, ups.shape[0])
    return jnp.roll(jnp.roll(ups, shift[0], axis=0), shift[1], axis=1)


def side_by_side(patches: UInt[Array, "c s r"]) -> UInt[Array, "s q"]:
    """Patches as separate runs, q = c * r."""
    return jnp.moveaxis(patches, 0, 1).reshape(patches.shape[1], -1)
