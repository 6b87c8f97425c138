"""What spin lattices share: square states of spins, disordered starts, and growth by blocks."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt

from hoam_core.checks import check_count
from hoam_core.lattices.base import Lattice

# 1 up, 0 down; the last axis are independent runs.
Spins = UInt[Array, "l l r"]


class SpinLattice(Lattice):
    """A square lattice of spins; the first observable is the magnetisation."""

    def initial(self, key: PRNGKeyArray, means: Float[Array, " r"], size: int) -> Spins:
        check_count("size", size, 2)
        up = jax.random.uniform(key, (size, size, *means.shape)) < 0.5 * (1 + means)[None, None]
        return up.astype(jnp.uint8)

    def enlarge(
        self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Spins, patch: int
    ) -> Spins:
        return self.relax(key, mu, jnp.repeat(jnp.repeat(state, 2, 0), 2, 1), patch)

    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Spins, patch: int) -> Spins:
        """Where spins that were copied forget that they were; nothing to do without geometry."""
        return state


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
