r"""Increments of the observables z of a large lattice, measured on small patches only.

A large system of N = K n sites is never run. Small lattices of n sites are run instead; snapshots
of them are enlarged (doubled and relaxed in patches, arXiv 2511.12842, section 3.1); in a large
snapshot one patch moves for a time dt with the rest frozen. Were all patches to move,
dz = (1/K) sum_I dz_I with dz_I = K [z(patch I moved) - z], so one dz_I has the mean of dz and K
times its covariance: patches far apart move independently.

The naive increments beside them are those of the small lattice alone, a torus of n sites.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_positive
from hoam_core.lattices.base import Lattice, check_patch

# Snapshots on the way from disorder, of which every study of a transient starts.
DISORDERED = 3


class Increments(NamedTuple):
    """z of s snapshots, its increments over dt, and the parameters; `share` is the lambda of their
    covariance: how many times that of the large system's increments they have.
    """

    mu: Float[Array, "s p"]
    z: Float[Array, "s k"]
    dz: Float[Array, "s k"]
    dt: float
    share: float


@dataclass(frozen=True)
class Plan:
    """How increments are made: sizes are sides of the lattice, times in units of the lattice's.

    `runs` small lattices start from disordered states of all magnetisations and are met at `times`
    moments up to `t_end`, more of them early; `repeats` increments are taken of each snapshot.
    """

    size: int = 64
    patch: int = 16
    dt: float = 0.1
    runs: int = 512
    times: int = 12
    repeats: int = 8
    t_end: float = 60.0

    def __post_init__(self) -> None:
        check_positive("dt", self.dt)
        check_positive("t_end", self.t_end)
        for name in ("runs", "times", "repeats"):
            check_count(name, getattr(self, name))
        check_patch(self.patch, self.size)
        if (self.size // self.patch) & (self.size // self.patch - 1):
            raise ValueError(
                f"Argument `size` must be the patch's {self.patch} times a power of two, but is "
                f"{self.size}; snapshots grow by doubling."
            )


class Snapshots(NamedTuple):
    """Small and large states at one time, with the parameters of each run."""

    mu: Float[Array, "r p"]
    small: Any
    large: Any


def snapshots(
    lattice: Lattice, plan: Plan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray
) -> Iterator[Snapshots]:
    """Snapshots at the times of a plan, parameters drawn uniformly within the span of the axes."""
    mu_key, mean_key, start_key, run_key = jax.random.split(key, 4)
    low, high = (jnp.array([f(axis) for axis in axes]) for f in (min, max))
    share = jax.random.uniform(mu_key, (plan.runs, len(axes)))
    mu = low[None] + (high - low)[None] * share
    means = jax.random.uniform(mean_key, (plan.runs,), minval=-1.0, maxval=1.0)
    # Disordered large states need no run. Relaxed ever more they lead to where the others are met.
    large = lattice.initial(start_key, means, plan.size)
    for i in range(DISORDERED):
        yield Snapshots(mu, lattice.initial(start_key, means, plan.patch), large)
        large = lattice.relax(jax.random.fold_in(start_key, i), mu, large, plan.patch)
    state = lattice.initial(start_key, means, plan.patch)
    moments = plan.t_end * (jnp.arange(1, plan.times + 1) / plan.times) ** 2
    now = 0.0
    for i, moment in enumerate(moments):
        small_key, large_key = jax.random.split(jax.random.fold_in(run_key, i))
        state = lattice.evolve(small_key, mu, state, moment - now)
        now, large, step = moment, state, 0
        while large.shape[0] < plan.size:
            large = lattice.enlarge(jax.random.fold_in(large_key, step), mu, large, plan.patch)
            step += 1
        yield Snapshots(mu, state, large)


def partial_increments(
    lattice: Lattice, plan: Plan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray
) -> Iterator[Increments]:
    """Increments of a patch among its frozen neighbours, of each snapshot in turn."""
    snapshot_key, patch_key = jax.random.split(key)
    share = float(plan.size // plan.patch) ** 2
    for i, (mu, _, large) in enumerate(snapshots(lattice, plan, axes, snapshot_key)):
        z, own = lattice.observe(large), jax.random.fold_in(patch_key, i)
        for j in range(plan.repeats):
            key = jax.random.fold_in(own, j)
            dz = lattice.patch_increments(key, mu, large, plan.patch, plan.dt)
            copies = (len(dz), 1)
            flat = dz.reshape(-1, z.shape[1])
            yield Increments(jnp.tile(mu, copies), jnp.tile(z, copies), flat, plan.dt, share)


def naive_increments(
    lattice: Lattice, plan: Plan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray
) -> Iterator[Increments]:
    """Increments of the small lattice alone, as if it were the large one."""
    snapshot_key, patch_key = jax.random.split(key)
    small = Plan(**{**vars(plan), "size": plan.patch})
    for i, (mu, state, _) in enumerate(snapshots(lattice, small, axes, snapshot_key)):
        z, own = lattice.observe(state), jax.random.fold_in(patch_key, i)
        for j in range(plan.repeats):
            moved = lattice.evolve(jax.random.fold_in(own, j), mu, state, plan.dt)
            yield Increments(mu, z, lattice.observe(moved) - z, plan.dt, 1.0)


def joined(parts: list[Increments]) -> Increments:
    """All increments of several snapshots."""
    mu, z, dz = (jnp.concatenate([getattr(p, name) for p in parts]) for name in ("mu", "z", "dz"))
    return Increments(mu, z, dz, parts[0].dt, parts[0].share)
