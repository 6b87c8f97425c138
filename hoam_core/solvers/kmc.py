r"""Vacancies on a bcc lattice in continuous time, by rejection-free kinetic Monte Carlo.

A vacancy exchanges places with one of its eight nearest neighbours d at the rate

    Gamma_d = pace exp(-beta E_d),      E_d = C_a + sum_j w_d,a,j . e(s_j),

where a is the species of the atom that jumps, s_j are those of the 112 sites nearest to the
vacancy, and e codes them by two numbers, e(1) = (1, 0), e(2) = (0, 1), e(3) = (-1, -1) and
e(vacancy) = 0. So a linear function of the species whose mean over them is zero costs one matrix
product for all directions and species at once, and another vacancy nearby counts as the mean of the
species. A vacancy does not jump onto another. With W the sum of all rates of a run, the next jump
comes
after an exponential time of mean 1 / W and is d with probability Gamma_d / W (Bortz, Kalos,
Lebowitz 1975): a fixed *time* is simulated exactly (a fixed number of jumps would favour states
that are left quickly).

Many runs are simulated together, each with its own clock. Rates are kept until a jump within their
112 sites makes them stale; a pass of the loop renews those of one vacancy of every run, and jumps
where none is stale, so that one pass is one jump unless vacancies meet.

A site has doubled coordinates (z, y, x) in half lattice constants, all even or all odd, modulo 2 L.
Cells (2 L, L, L, runs) are layers of them, [z, y // 2, x // 2]; a flat index numbers them in order.
"""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt

Cells = UInt[Array, "2*l l l r"]
# Three separate arrays: a single one with an axis of three would be assembled anew in every pass.
Point = tuple[Array, Array, Array]

# Squared distance of the 112 sites, in half lattice constants: eight shells.
REACH = 20
SITES = np.array(
    [
        site
        for site in itertools.product(range(-4, 5), repeat=3)
        if len({c % 2 for c in site}) == 1 and 0 < sum(c * c for c in site) <= REACH
    ],
    np.int32,
)
DIRECTIONS = np.array(list(itertools.product((-1, 1), repeat=3)), np.int32)
# Where among the 112 sites the eight neighbours are.
NEIGHBOURS = np.array([int(np.flatnonzero((d == SITES).all(1))[0]) for d in DIRECTIONS], np.int32)
# Events whose random numbers are drawn at once: enough to hide the cost of a call.
CHUNK = 64


class BarrierTable(NamedTuple):
    """The barriers, from the codes of 112 sites to three species a times eight directions."""

    constants: Float[Array | np.ndarray, " 3"]
    weights: Float[Array | np.ndarray, "224 24"]


class Moved(NamedTuple):
    """Cells and vacancies after a time, and how many jumps each run took."""

    cells: Cells
    vacancies: Int[Array, "m r"]
    jumps: Int[Array, " r"]


class _Runs(NamedTuple):
    """The state of the loop; runs are the first axis, so that the cells of a run are contiguous."""

    cells: UInt[Array, "r n"]
    vacancies: Int[Array, "r m"]
    # The cumulative sums of the eight rates of each vacancy.
    below: Float[Array, "r m 8"]
    stale: Bool[Array, "r m"]
    # Time in single precision, and its rounding error: near a trap waits are very short.
    time: Float[Array, " r"]
    rest: Float[Array, " r"]
    going: Bool[Array, " r"]
    jumps: Int[Array, " r"]


def coordinates(sites: Int[Array, "*n"], size: int) -> Point:
    """Doubled coordinates (z, y, x) of flat indices in a lattice of side `size`."""
    z, y, x = sites // size**2, sites // size % size, sites % size
    return z, 2 * y + z % 2, 2 * x + z % 2


def indices(points: Point, size: int) -> Int[Array, "*n"]:
    """Flat indices of doubled coordinates, at most one period outside."""
    period = 2 * size
    inside = (jnp.where(c < 0, c + period, c) for c in points)
    z, y, x = (jnp.where(c >= period, c - period, c) for c in inside)
    return (z * size + y // 2) * size + x // 2


def barriers(law: BarrierTable, species: UInt[Array, "r 112"]) -> Float[Array, "r 8"]:
    """Barriers of the eight jumps of a vacancy; infinite towards another vacancy."""
    third = (species == 3).astype(jnp.float32)
    codes = [(species == k).astype(jnp.float32) - third for k in (1, 2)]
    energy = (jnp.concatenate(codes, axis=1) @ law.weights).reshape(-1, 3, 8)
    energy = energy + law.constants[None, :, None]
    jumping, found = species[:, NEIGHBOURS], jnp.full(energy.shape[::2], jnp.inf)
    for k in (1, 2, 3):
        found = jnp.where(jumping == k, energy[:, k - 1], found)
    return found


@jax.jit
def evolve(
    key: PRNGKeyArray,
    cells: Cells,
    vacancies: Int[Array, "m r"],
    law: BarrierTable,
    beta: Float[Array, " r"],
    pace: float,
    duration: Float[Array, ""] | float,
) -> Moved:
    """Cells after a time in which the vacancies at these flat indices move; others stay frozen.

    Species are 1, 2 and 3, a vacancy is 0. The side must be 8 or more, or a site would occur twice
    among the 112.
    """
    law = BarrierTable(*(part.astype(jnp.float32) for part in law))
    beta, duration = beta.astype(jnp.float32), jnp.asarray(duration, jnp.float32)
    size, (m, r) = cells.shape[1], vacancies.shape
    zero = jnp.zeros(r, jnp.float32)
    runs = _Runs(
        cells.reshape(-1, r).T, vacancies.T.astype(jnp.int32), jnp.zeros((r, m, 8), jnp.float32),
        jnp.ones((r, m), bool), zero, zero, jnp.ones(r, bool), jnp.zeros(r, jnp.int32),
    )  # fmt: skip

    def chunk(carry):
        number, runs = carry
        shape = (CHUNK, 2, r)
        draws = jax.random.uniform(jax.random.fold_in(key, number), shape, jnp.float32)

        def event(carry):
            i, runs = carry
            runs = _renewed(runs, size, law, beta, pace)
            return i + 1, _jumped(runs, size, draws[i], duration)

        def unfinished(carry):
            return (carry[0] < CHUNK) & jnp.any(carry[1].going)

        return number + 1, jax.lax.while_loop(unfinished, event, (0, runs))[1]

    runs = jax.lax.while_loop(lambda carry: jnp.any(carry[1].going), chunk, (0, runs))[1]
    return Moved(runs.cells.T.reshape(cells.shape), runs.vacancies.T, runs.jumps)


def _renewed(runs: _Runs, size: int, law: BarrierTable, beta: Array, pace: float) -> _Runs:
    """Renew the rates of the first stale vacancy of each run from the species around it."""
    each = jnp.arange(len(runs.cells), dtype=jnp.int32)
    which = jnp.argmax(runs.stale, axis=1)
    centre = coordinates(runs.vacancies[each, which], size)
    z, y, x = (c[:, None] + s[None] for c, s in zip(centre, SITES.T, strict=True))
    near = indices((z, y, x), size)
    species = runs.cells.at[each[:, None], near].get(mode="promise_in_bounds")
    below = jnp.cumsum(pace * jnp.exp(-beta[:, None] * barriers(law, species)), axis=1)
    chosen = which[:, None] == jnp.arange(runs.stale.shape[1])[None]
    return runs._replace(
        below=jnp.where(chosen[..., None], below[:, None], runs.below),
        stale=runs.stale & ~chosen,
    )


def _jumped(runs: _Runs, size: int, draws: Float[Array, "2 r"], duration: Array) -> _Runs:
    """Where no rate is stale, make the next jump, or end the run if it would come too late."""
    each = jnp.arange(len(runs.cells), dtype=jnp.int32)
    which, direction, total = _choice(runs.below, draws[0])
    # Compensated summation (Kahan 1965).
    wait = -jnp.log1p(-draws[1]) / total - runs.rest
    time = runs.time + wait
    ready = runs.going & ~jnp.any(runs.stale, axis=1)
    late = ready & ~(time < duration)
    moves = ready & ~late
    here = runs.vacancies[each, which]
    steps = (jnp.asarray(axis)[direction] for axis in DIRECTIONS.T)
    z, y, x = (c + step for c, step in zip(coordinates(here, size), steps, strict=True))
    there = indices((z, y, x), size)
    there = jnp.where(moves, there, here)
    atoms = runs.cells[each, there]
    cells = runs.cells.at[each, here].set(atoms, unique_indices=True, mode="promise_in_bounds")
    cells = cells.at[each, there].set(0, unique_indices=True, mode="promise_in_bounds")
    chosen = which[:, None] == jnp.arange(runs.stale.shape[1])[None]
    vacancies = jnp.where(chosen, there[:, None], runs.vacancies)
    near = _within_reach(vacancies, here, size) | _within_reach(vacancies, there, size)
    return _Runs(
        cells, vacancies, runs.below, runs.stale | (moves[:, None] & near),
        jnp.where(moves, time, runs.time),
        jnp.where(moves, (time - runs.time) - wait, runs.rest),
        runs.going & ~late, runs.jumps + moves,
    )  # fmt: skip


def _choice(
    below: Float[Array, "r m 8"], draw: Float[Array, " r"]
) -> tuple[Int[Array, " r"], Int[Array, " r"], Float[Array, " r"]]:
    """The vacancy that jumps and its direction, drawn in proportion to rates, and their sum."""
    until = jnp.cumsum(below[..., -1], axis=1)
    total = until[:, -1]
    # Draws are at most 1 - 2^-23, so that their product with the total is less than the total.
    left = draw * total
    which = jnp.sum(until <= left[:, None], axis=1)
    own = jnp.take_along_axis(below, which[:, None, None], axis=1)[:, 0]
    before = jnp.where(which > 0, jnp.take_along_axis(until, which[:, None] - 1, axis=1)[:, 0], 0)
    left = jnp.minimum(left - before, own[:, -1] * (1 - 2.0**-23))
    return which, jnp.sum(own <= left[:, None], axis=1), total


def _within_reach(
    vacancies: Int[Array, "r m"], site: Int[Array, " r"], size: int
) -> Bool[Array, "r m"]:
    """Which vacancies have that site among their 112, or are on it."""
    pairs = zip(coordinates(vacancies, size), coordinates(site, size), strict=True)
    apart = (jnp.abs(c - centre[:, None]) for c, centre in pairs)
    z, y, x = (jnp.minimum(a, 2 * size - a) ** 2 for a in apart)
    return z + y + x <= REACH
