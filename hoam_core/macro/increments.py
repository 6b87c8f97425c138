r"""Increments of the observables z of a large lattice, measured on small patches only.

A large system of N = K n sites is never run. Small lattices of n sites are run instead; snapshots
of them are enlarged (doubled and relaxed in patches, arXiv 2511.12842, section 3.1); in a large
snapshot one patch moves for a time dt with the rest frozen. If all patches moved,
dz = (1/K) sum_I dz_I with dz_I = K [z(patch I moved) - z], so one dz_I has the mean of dz and K
times its covariance: patches far apart move independently.

The naive increments, for comparison, are those of a small lattice alone, used as if they were the
large one's.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_positive
from hoam_core.data import Increments
from hoam_core.methods.macroscopic import PLANNED
from hoam_core.seeds import seed_key
from hoam_core.systems import Lattice, get_system
from hoam_core.systems.lattices.base import check_patch
from hoam_core.training.experiment import Experiment


@final
@dataclass(frozen=True)
class IncrementPlan:
    """How increments are made: sizes are sides of lattices, times are in the lattice's unit.

    `runs` lattices of side `small` are sampled at `snapshots` moments up to `t_end`, more of them
    early, and doubled to `size`; `repeats` increments are taken of each snapshot's patches. Before
    them come `starts` snapshots of large states that were never run, the first at t = 0.
    """

    size: int
    patch: int
    small: int
    t_end: float
    dt: float = 0.1
    runs: int = 512
    snapshots: int = 12
    repeats: int = 8
    starts: int = 3

    def __post_init__(self) -> None:
        check_positive("dt", self.dt)
        check_positive("t_end", self.t_end)
        for name in ("runs", "snapshots", "repeats", "starts"):
            check_count(name, getattr(self, name))
        check_patch(self.patch, self.size)
        doublings, rest = divmod(self.size, self.small)
        if rest or doublings & (doublings - 1):
            raise ValueError(
                f"Argument `size` must be the small lattice's {self.small} times a power of two, "
                f"but is {self.size}; snapshots grow by doubling."
            )

    @property
    def parts(self) -> int:
        """The number of parts in which the increments are made."""
        return (self.starts + self.snapshots) * self.repeats


def plan_of(experiment: Experiment) -> IncrementPlan:
    """The plan of an experiment on a lattice: particles are its runs, the largest side its size."""
    lattice, options = lattice_of(experiment), dict(experiment.options)
    given = {name: options[name] for name in ("dt", *PLANNED) if name in options}
    patch = given.pop("patch", lattice.patch)
    # Where small lattices are as large as a patch, they remain so when another patch is chosen.
    small = given.pop("small", patch if lattice.small == lattice.patch else lattice.small)
    size = int(max(experiment.axes[-1]))
    return IncrementPlan(size, patch, small, experiment.t_end, runs=experiment.particles, **given)


def lattice_of(experiment: Experiment) -> Lattice:
    """The lattice of an experiment; ValueError for a system that is no lattice."""
    system = get_system(experiment.system)
    if not isinstance(system, Lattice):
        raise ValueError(f"Argument `system` must be a lattice, but is {experiment.system!r}.")
    return system


def increments_of(experiment: Experiment, lattice: Lattice | None = None) -> Iterator[Increments]:
    """The increments that an experiment learns from, part by part.

    They are those of its own lattice unless another is given, such as one with learned observables.
    """
    make = {"partial": partial_increments, "naive": naive_increments}[experiment.method]
    key = seed_key(experiment.seed, "train")
    return make(lattice or lattice_of(experiment), plan_of(experiment), experiment.axes, key)


class Snapshots(NamedTuple):
    """States of r runs of the large size at one time, with the parameters of each."""

    mu: Float[Array, "r p"]
    state: Any


def snapshots(
    lattice: Lattice, plan: IncrementPlan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray
) -> Iterator[Snapshots]:
    """Snapshots at the times of a plan, parameters drawn uniformly within the span of the axes."""
    mu_key, start_key, run_key = jax.random.split(key, 3)
    low, high = (jnp.array([f(axis) for axis in axes]) for f in (min, max))
    share = jax.random.uniform(mu_key, (plan.runs, len(axes)))
    mu = low[None] + (high - low)[None] * share
    # Large starts need no run. Repeated relaxation brings them close to the other snapshots.
    large = lattice.start(start_key, mu, plan.size)
    for i in range(plan.starts):
        yield Snapshots(mu, large)
        large = lattice.relax(jax.random.fold_in(start_key, i), mu, large, plan.patch)
    small = lattice.start(start_key, mu, plan.small)
    moments = plan.t_end * (jnp.arange(1, plan.snapshots + 1) / plan.snapshots) ** 2
    now = 0.0
    for i, moment in enumerate(moments):
        small_key, large_key = jax.random.split(jax.random.fold_in(run_key, i))
        small = lattice.evolve(small_key, mu, small, moment - now)
        now, large = moment, small
        for step in range((plan.size // plan.small).bit_length() - 1):
            large = lattice.enlarge(jax.random.fold_in(large_key, step), mu, large, plan.patch)
        yield Snapshots(mu, large)


def partial_increments(
    lattice: Lattice, plan: IncrementPlan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray
) -> Iterator[Increments]:
    """Increments of a patch among its frozen neighbours, for each snapshot in turn."""
    share = (plan.size / plan.patch) ** lattice.dimension

    def change(key: PRNGKeyArray, mu: Array, state: Any, z: Array) -> Float[Array, "c r k"]:
        return lattice.patch_increments(key, mu, state, plan.patch, plan.dt)

    yield from _increments(lattice, plan, axes, key, change, share, plan.size)


def naive_increments(
    lattice: Lattice, plan: IncrementPlan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray
) -> Iterator[Increments]:
    """Increments of an isolated lattice of a patch's size, as if it were the large one."""
    alone = dataclasses.replace(plan, size=plan.patch, small=plan.patch)

    def change(key: PRNGKeyArray, mu: Array, state: Any, z: Array) -> Float[Array, "c r k"]:
        return (lattice.observe(lattice.evolve(key, mu, state, plan.dt)) - z)[None]

    yield from _increments(lattice, alone, axes, key, change, 1.0, plan.size)


Change = Callable[[PRNGKeyArray, Array, Any, Array], Float[Array, "c r k"]]


def _increments(
    lattice: Lattice, plan: IncrementPlan, axes: tuple[tuple[float, ...], ...], key: PRNGKeyArray,
    change: Change, share: float, size: int,
) -> Iterator[Increments]:  # fmt: skip
    """One row for every patch of every run; `size` is the side of the lattice they stand for."""
    snapshot_key, patch_key = jax.random.split(key)
    for i, (mu, state) in enumerate(snapshots(lattice, plan, axes, snapshot_key)):
        z, own = lattice.observe(state), jax.random.fold_in(patch_key, i)
        for j in range(plan.repeats):
            dz = change(jax.random.fold_in(own, j), mu, state, z)
            copies = (len(dz), 1)
            yield Increments(
                jnp.tile(mu[:, : lattice.rates], copies), jnp.tile(z, copies),
                dz.reshape(-1, z.shape[1]), plan.dt, share, float(size**lattice.dimension),
            )  # fmt: skip


def joined(parts: list[Increments]) -> Increments:
    """All increments of several snapshots."""
    mu, z, dz = (jnp.concatenate([getattr(p, name) for p in parts]) for name in ("mu", "z", "dz"))
    return parts[0]._replace(mu=mu, z=z, dz=dz)
