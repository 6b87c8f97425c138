r"""Glauber dynamics of Ising spins in continuous time, by uniformisation.

Every spin waits an exponential time of mean one and is then redrawn from its conditional law given
its neighbours (the heat bath of Glauber 1963), up with the probability

    p(S) = 1 / (1 + exp(-2 (J S + h) / T)),      S = sum of the neighbours' spins, J = 1.

For n spins the attempts form a Poisson process of rate n: their number in a time t is Poisson(n t)
and their sites are uniform, so that a fixed *time* is simulated exactly, at a cost of O(1) per
attempt (a fixed number of flips would bias the law towards states that rarely flip).

Many runs are simulated together, along the last axis of the spins. Each has its own number of
attempts and its own draws; groups of 64 runs share the order of the sites, so that an attempt reads
and writes whole rows instead of scattered numbers. Each run has the exact law; within a group a
small part of the variance (2 % of that of m after unit time, for 1,024 spins in their mean field)
is common.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt

NEIGHBOURS = 4
# Attempts whose random numbers are drawn at once: enough to hide the cost of a call.
CHUNK = 64
# Runs that share an order of sites: fewer would leave the rows too short.
SHARED = 64

Level = Callable[[Array, Array, Array], Array]


def thresholds(temperature: Float[Array, " r"], field: Float[Array, " r"]) -> UInt[Array, "5 r"]:
    """p(S) for S = -4, -2, 0, 2, 4 in units of 2^-32, for `ising`."""
    total = 2.0 * jnp.arange(NEIGHBOURS + 1)[:, None] - NEIGHBOURS
    return bits_below(jax.nn.sigmoid(2 * (total + field[None]) / temperature[None]))


def bits_below(probability: Float[Array, "*n"]) -> UInt[Array, "*n"]:
    """The threshold below which 32 random bits fall with a probability (to 24 bits)."""
    # Just below one, as 2^32 does not fit into 32 bits.
    below = jnp.minimum(probability.astype(jnp.float32), 1 - 2.0**-24)
    return (below * 2.0**32).astype(jnp.uint32)


def groups_of(runs: int) -> int:
    """Number of groups of runs that share an order of sites: one per 64 runs if these divide."""
    return math.gcd(runs, max(1, runs // SHARED))


def uniformised(
    key: PRNGKeyArray,
    ups: UInt[Array, "s r"],
    sites: Int[Array, " n"],
    duration: Float[Array, ""] | float,
    level: Level,
    count: bool = False,
) -> UInt[Array, "s r"]:
    """Spins of all runs after a time; spins at `sites` move, all others stay frozen.

    A redrawn spin is up if 32 random bits are less than `level(ups, which, inside)` (g, q). Its
    arguments are all spins in groups (s, g, q), the indices into `sites` that are drawn (g,), and
    how many of the moving spins are up (g, q), which is kept up to date only with `count`.
    """
    s, runs = ups.shape
    n, groups = sites.shape[0], groups_of(runs)
    group = jnp.arange(groups)
    count_key, site_key, bits_key = jax.random.split(key, 3)
    # Each run has its own number; otherwise all would run ahead of time, or behind, together.
    attempts = jax.random.poisson(count_key, n * duration, (groups, runs // groups))
    longest = jnp.max(attempts)

    def chunk(c, carry):
        which = jax.random.randint(jax.random.fold_in(site_key, c), (CHUNK, groups), 0, n)
        bits = jax.random.bits(
            jax.random.fold_in(bits_key, c), (CHUNK, *attempts.shape), jnp.uint32
        )

        def attempt(j, carry):
            ups, inside = carry
            site = sites[which[j]]
            old = ups[site, group]
            new = (bits[j] < level(ups, which[j], inside)).astype(ups.dtype)
            new = jnp.where(c * CHUNK + j < attempts, new, old)
            if count:
                inside = inside + new.astype(inside.dtype) - old.astype(inside.dtype)
            return ups.at[site, group].set(
                new, unique_indices=True, mode="promise_in_bounds"
            ), inside

        return jax.lax.fori_loop(0, jnp.minimum(CHUNK, longest - c * CHUNK), attempt, carry)

    ups = ups.reshape(s, groups, -1)
    inside = jnp.sum(ups[sites].astype(jnp.int32), axis=0)
    return jax.lax.fori_loop(0, -(-longest // CHUNK), chunk, (ups, inside))[0].reshape(s, runs)


@jax.jit
def ising(
    key: PRNGKeyArray,
    ups: UInt[Array, "s r"],
    sites: Int[Array, " n"],
    neighbours: Int[Array, "n 4"],
    up: UInt[Array, "5 r"],
    duration: Float[Array, ""] | float,
) -> UInt[Array, "s r"]:
    """Spins (1 up, 0 down) after a time, by their four `neighbours` and thresholds `up`."""
    table = up.reshape(NEIGHBOURS + 1, groups_of(ups.shape[1]), -1)
    group = jnp.arange(table.shape[1])

    def level(ups, which, inside):
        near = neighbours[which]
        total = sum(ups[near[:, k], group] for k in range(NEIGHBOURS))
        found = table[0]
        for k in range(1, NEIGHBOURS + 1):
            found = jnp.where(total == k, table[k], found)
        return found

    return uniformised(key, ups, sites, duration, level)


@jax.jit
def mean_field(
    key: PRNGKeyArray,
    ups: UInt[Array, "n r"],
    outside: Int[Array, " r"],
    total: int,
    temperature: Float[Array, " r"],
    field: Float[Array, " r"],
    duration: Float[Array, ""] | float,
) -> UInt[Array, "n r"]:
    """Spins after a time in the mean field of all others of `total` spins; of the spins that do not
    move, `outside` are up.
    """
    n, runs = ups.shape

    def grouped(a):
        return a.reshape(groups_of(runs), -1)

    frozen, temperature, field = grouped(outside), grouped(temperature), grouped(field)

    def level(ups, which, inside):
        here = ups[which, jnp.arange(ups.shape[1])].astype(inside.dtype)
        others = (2 * (frozen + inside - here) - (total - 1)) / total
        return bits_below(jax.nn.sigmoid(2 * (others + field) / temperature))

    return uniformised(key, ups, jnp.arange(n), duration, level, count=True)


def torus(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Sites (n,) and neighbours (n, 4) of a periodic square lattice of size * size rows."""
    rows = np.arange(size * size).reshape(size, size)
    near = [np.roll(rows, shift, axis) for axis in (0, 1) for shift in (1, -1)]
    return rows.ravel(), np.stack(near, -1).reshape(-1, NEIGHBOURS)


def framed(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Sites and neighbours of a patch within a frozen frame one site wide: (size + 2)^2 rows."""
    rows = np.arange((size + 2) ** 2).reshape(size + 2, size + 2)
    near = [rows[:-2, 1:-1], rows[2:, 1:-1], rows[1:-1, :-2], rows[1:-1, 2:]]
    return rows[1:-1, 1:-1].ravel(), np.stack(near, -1).reshape(-1, NEIGHBOURS)
