"""What a stochastic lattice is: a large system of which a few observables are followed.

N sites change at random in continuous time; observables z are means over sites. A full model moves
the whole lattice; a *partial evolution* moves one patch of it, with the rest frozen, and tells what
that does to z. Many independent runs go together, their states along the last axis, each with its
own parameters mu (r, p). Sizes are sides: a lattice of size L has N = L^2 sites.
"""

import abc
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_times
from hoam_core.systems.base import Observable, Parameter

# A number, or one that is traced.
Time = Float[Array, ""] | float


class Lattice(abc.ABC):
    """A parametric lattice; concrete ones are frozen dataclasses without state."""

    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]
    equations: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    observable_info: ClassVar[tuple[Observable, ...]]
    t_end: ClassVar[float]
    n_times: ClassVar[int]

    @abc.abstractmethod
    def initial(self, key: PRNGKeyArray, means: Float[Array, " r"], size: int) -> Any:
        """Disordered states of r runs whose first observable has the given means."""

    @abc.abstractmethod
    def evolve(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, duration: Time) -> Any:
        """The full model: states after a time."""

    @abc.abstractmethod
    def observe(self, state: Any) -> Float[Array, "r k"]:
        """z of every run, in the order of `observable_info`."""

    @abc.abstractmethod
    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int,
        duration: Time,
    ) -> Float[Array, "c r k"]:  # fmt: skip
        """K times the change of z when one patch of n = N / K sites moves and the rest is frozen.

        For each of the K = c patches of a random tiling in turn, all from the same state.
        """

    @abc.abstractmethod
    def enlarge(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int) -> Any:
        """States of twice the size with nearly the same observables, relaxed in patches only."""

    @abc.abstractmethod
    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int) -> Any:
        """States after a short time in which patches move, each among its frozen neighbours."""

    def simulate(
        self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, ts: np.ndarray
    ) -> Float[Array, "t r k"]:
        """Observables of the full model at exactly the times ts, from the state at ts[0].

        Raises ValueError for times that decrease.
        """
        check_times(ts)
        found = [self.observe(state)]
        for i, duration in enumerate(np.diff(ts)):
            state = self.evolve(jax.random.fold_in(key, i), mu, state, duration)
            found.append(self.observe(state))
        return jax.numpy.stack(found)


def check_patch(patch: int, size: int) -> None:
    """Raises ValueError unless square patches of that side tile the lattice."""
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
