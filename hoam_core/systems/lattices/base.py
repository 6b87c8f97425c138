"""The interface of a stochastic lattice: a large system of which a few observables are followed.

N = L^dimension cells change at random in continuous time; the observables z are means over them.
As a `System` its population consists of independent runs, and one sample is the z of one run: the
lattice itself is hidden, as the velocity of an oscillator is. A *partial evolution* moves one patch
with the rest frozen and gives the change of z; a macroscopic model is learned from such patches.

Arrays of states have runs on the last axis, and every run has its own parameters mu (r, p): first
the `rates` parameters of the law of motion, then those of the start, last the side L. The side does
not enter the learned drift, and the noise only by its exact factor 1 / N.
"""

import abc
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_times
from hoam_core.numerics.domain import Domain
from hoam_core.systems.base import Component, Observable, System
from hoam_core.systems.family import LATTICE

# A number, or one that is traced.
Time = Float[Array, ""] | float


class Lattice(System):
    """A parametric lattice; concrete ones are frozen dataclasses without state."""

    family = LATTICE
    # How many parameters, from the first, enter drift and noise.
    rates: ClassVar[int]
    dimension: ClassVar[int] = 2
    # Sides of a patch and of the small lattices that are run for training.
    patch: ClassVar[int]
    small: ClassVar[int]
    loading_dimension = 1
    population = "runs"

    @abc.abstractmethod
    def start(self, key: PRNGKeyArray, mu: Float[Array, "r p"], size: int) -> Any:
        """States of r runs of side `size` at t = 0."""

    @abc.abstractmethod
    def evolve(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, duration: Time) -> Any:
        """States after a time, by the full model."""

    @abc.abstractmethod
    def observe(self, state: Any) -> Float[Array, "r k"]:
        """z of every run, in the order of `components`."""

    @abc.abstractmethod
    def picture(self, state: Any) -> np.ndarray:
        """The cells of the first run for drawing and storing, axes in the order (z, y, x)."""

    @abc.abstractmethod
    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int,
        duration: Time,
    ) -> Float[Array, "c r k"]:  # fmt: skip
        """K times the change of z when one patch of n = N / K sites moves and the rest is frozen.

        For each of c patches in turn, all from the same state.
        """

    @abc.abstractmethod
    def enlarge(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int) -> Any:
        """States of twice the side with nearly the same observables, relaxed in patches only."""

    @abc.abstractmethod
    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int) -> Any:
        """States after a short time in which patches move, each among its frozen neighbours."""

    # What the numbers of a picture stand for; empty where its rows are fields.
    cell_names: ClassVar[dict[int, str]] = {}
    # Names of the fields, where cells hold fields.
    field_names: ClassVar[tuple[str, ...]] = ()
    # What `limit` is, in words.
    limit_label: ClassVar[str] = ""

    def limit(self, mu: Float[Array, " p"]) -> float | None:
        """The first observable of the infinite system at rest; None where theory has no value."""
        return None

    def limit_drift(self, z: Float[Array, "n k"], mu: Float[Array, " p"]) -> Array | None:
        """dz/dt (n, k) of the infinite system; None where it is no function of z alone."""
        return None

    def sites(self, mu: Float[Array, " p"]) -> Float[Array, ""]:
        """The number of sites N, over which the observables are means."""
        return mu[-1] ** self.dimension

    def domain(self, mu: Float[Array | np.ndarray, " p"]) -> Domain:
        return Domain.free(len(self.components))

    def lift(self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n k"]) -> Any:
        return self.start(key, jnp.tile(mu, (len(x0), 1)), int(mu[-1]))

    def advance(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], state: Any, ts: np.ndarray
    ) -> tuple[Any, Float[Array, "t n k"]]:
        check_times(ts)
        found = [self.observe(state)]
        each = jnp.tile(mu, (len(found[0]), 1))
        for i, duration in enumerate(np.diff(np.asarray(ts))):
            # Padded pieces end in equal times, for which evolving would be wasted work.
            if duration:
                state = self.evolve(jax.random.fold_in(key, i), each, state, duration)
            found.append(self.observe(state))
        return state, jnp.stack(found)

    def observables(
        self, x: Float[Array, "n k"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        mean, spread = jnp.mean(x, axis=0), jnp.std(x, axis=0)
        names = [c.name for c in self.components]
        means = dict(zip(names, mean, strict=True))
        return means | {f"{name}_spread": s for name, s in zip(names, spread, strict=True)}


class PatchedLattice(Lattice):
    """A lattice that gives access to its patches, from which a closure can be learned."""

    @abc.abstractmethod
    def patches(self, state: Any, patch: int) -> Float[Array, "c f r"]:
        """The patches of a tiling with the f numbers that describe each."""

    @abc.abstractmethod
    def patch_means(self, patches: Float[Array, "c f r"]) -> Float[Array, "c r k"]:
        """The value of `observe` for each patch, as if it were the whole lattice."""

    @abc.abstractmethod
    def patch_moves(
        self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int,
        duration: Time,
    ) -> tuple[Float[Array, "c f r"], Float[Array, "c f r"]]:  # fmt: skip
        """Every patch of a tiling before and after it has moved, with all others frozen."""


def means_and_spreads(
    components: tuple[Component, ...], bounds: tuple[tuple[float, float], ...]
) -> tuple[Observable, ...]:
    """The observables of a population of runs: mean and standard deviation of each component.

    The deviation of a component within bounds is at most half their distance.
    """
    pairs = list(zip(components, bounds, strict=True))
    means = tuple(Observable(c.name, c.label, c.unit, within) for c, within in pairs)
    return means + tuple(
        Observable(f"{c.name}_spread", f"spread of {c.label}", c.unit, (0.0, 0.5 * (high - low)))
        for c, (low, high) in pairs
    )


def check_patch(patch: int, size: int) -> None:
    """Raises ValueError unless patches of that side tile the lattice."""
    check_count("patch", patch, 2)
    if patch > size:
        raise ValueError(
            f"Argument `patch` must be at most the lattice's size {size}, but is {patch}; "
            "choose a smaller patch or a larger lattice."
        )
    if size % patch:
        divisors = [n for n in range(2, size + 1) if size % n == 0]
        raise ValueError(
            f"Argument `patch` must divide the lattice's size {size}, but is {patch}; "
            f"choose one of {divisors}."
        )
