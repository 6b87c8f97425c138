r"""Glauber dynamics of Ising spins in continuous time, by uniformisation.

Every spin waits an exponential time of mean one and is then drawn anew from its law at the given
neighbours (the heat bath of Glauber 1963), up with the probability

    p(S) = 1 / (1 + exp(-2 (J S + h) / T)),      S = sum of the neighbours' spins, J = 1.

For n spins the attempts make a Poisson process of rate n: their number in a time t is Poisson(n t)
and their sites are uniform, so that a fixed *time* is simulated exactly, at a cost of O(1) an
attempt (a fixed number of flips would bias the law towards states that flip seldom).

Many runs go together, the last axis of the spins. Each has its own number of attempts and its own
draws; groups of 64 runs share the order of the sites, so that an attempt reads and writes whole
rows instead of scattered numbers. Each run has the exact law; within a group a small part of the
variance (2 % of that of m after unit time, for 1,024 spins in their mean field) is common.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt

NEIGHBOURS = 4
# Attempts for which random numbers are made at once: enough to hide the cost of a call.
CHUNK = 64
# Runs that share an order of sites: fewer would leave the rows too short.
SHARED = 64

Level = Callable[[Array, Array, Array], Array]


def thresholds(temperature: Float[Array, " r"], field: Float[Array, " r"]) -> UInt[Array, "5 r"]:
    """p(S) for S = -4, -2, 0, 2, 4 in units of 2^-32, for `ising`."""
    total = 2.0 * jnp.arange(NEIGHBOURS + 1)[:, None] - NEIGHBOURS
    return bits_below(jax.nn.sigmoid(2 * (total + field[None]) / temperature[None]))


def bits_below(probability: Float[Array, "*n"]) -> UInt[Array, "*n"]:
    """The number that 32 random bits fall below with a probability (to 24 bits)."""
    # One short of the next power of two, which 32 bits cannot hold.
    below = jnp.minimum(probability.astype(jnp.float32), 1 - 2.0**-24)
    return (below * 2.0**32).astype(jnp.uint32)


def groups_of(runs: int) -> int:
    """How many orders of sites there are for so many runs: one for 64 where that divides them."""
    return math.gcd(runs, max(1, runs // SHARED))


def uniformised(
    key: PRNGKeyArray,
    ups: UInt[Array, "s r"],
    sites: Int[Array, " n"],
    duration: Float[Array, ""] | float,
    level: Level,
    count: bool = False,
) -> UInt[Array, "s r"]:
    """Spins of all runs after a time; the rows `sites` are drawn anew, the others stay frozen.

    A spin turns up where 32 random bits are less than `level(ups, which, inside)`: from all rows in
    groups (s, g, q), the numbers of the sites that are drawn (g,), and how many of the moving spins
    are up (g, q), which is kept only where `count` asks for it; the level is (g, q) too.
    """
    s, runs = ups.shape
    n, groups = sites.shape[0], groups_of(runs)
    group = jnp.arange(groups)
    count_key, site_key, bits_key = jax.random.split(key, 3)
    # Each run has its own number, or all would be ahead of their time, or behind, together.
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
    """Spins (1 up, 0 down) after a time, each drawn at its four `neighbours`, with `thresholds`."""
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
    """Spins after a time, each drawn in the mean m' of all others of `total`; `outside` of those
    that do not move are up.
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
