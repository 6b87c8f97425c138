"""What spin lattices share: square states of spins, disordered starts, and growth by blocks."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt

from hoam_core.systems.base import Parameter
from hoam_core.systems.lattices.base import Lattice

# 1 up, 0 down; the last axis are independent runs.
Spins = UInt[Array, "l l r"]


def start_magnetisation(default: float) -> Parameter:
    """The magnetisation of the disordered state at t = 0; models learn from all of them."""
    return Parameter(
        "m0", "magnetisation at the start", -1.0, 1.0, train=(-1.0, 1.0), test=(default,),
        optional=True,
    )  # fmt: skip


def side(default: int = 64, low: int = 8, high: int = 128) -> Parameter:
    """The side L of the lattice. The learned noise scales with it, so that one model serves all."""
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
        """Spins without correlation, as many of them up as m0 says, in an order of chance."""
        ranks = jnp.argsort(jax.random.bits(key, (size**2, len(mu))), axis=0)
        ups = jnp.round(0.5 * (1 + mu[:, 2]) * size**2)
        return (ranks < ups[None]).astype(jnp.uint8).reshape(size, size, -1)

    def enlarge(
        self, key: PRNGKeyArray, mu: Float[Array, "r 4"], state: Spins, patch: int
    ) -> Spins:
        """Four copies at first, larger states with each spin as a block of four.

        Copies of a torus fit without seams and keep the size of its domains, blocks double it. The
        truth lies between: alone, the one leads the magnetisation to change too early, the other
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
    """The patches of a tiling, each of s = (patch + 2 frame)^2 rows with what surrounds it."""
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
    """All runs moved round the torus by the same random vector: any tiling becomes the first."""
    shift = jax.random.randint(key, (2,), 0, ups.shape[0])
    return jnp.roll(jnp.roll(ups, shift[0], axis=0), shift[1], axis=1)


def side_by_side(patches: UInt[Array, "c s r"]) -> UInt[Array, "s q"]:
    """Patches as runs of their own, q = c * r."""
    return jnp.moveaxis(patches, 0, 1).reshape(patches.shape[1], -1)
