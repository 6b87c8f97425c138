"""Runs of learned and full models as the page keeps them.

Runs are immutable snapshots, so that any thread may read them. How their states are kept, and why
never as arrays of all particles, is explained in states.py.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Complex, Float, UInt16

from dashboard.runs.cache import LIMITS, Memory
from dashboard.runs.pictures import (
    DensityLimits,
    Plane,
    Ranges,
    density,
    limits,
    marginals,
    sigma_for,
    sigma_of_a_curve,
)
from dashboard.runs.states import Moments, States
from hoam_core import System
from hoam_core.metrics import ModeFit, fit_mode

Axes = tuple[int, int]
FEW = 8


class Case(NamedTuple):
    """What a run depends on; `model` is empty for the full model.

    `share` is the lambda that a macroscopic model's noise assumes, over the right one, K.
    """

    system: str
    model: str
    mu: tuple[float, ...]
    seed: int
    particles: int
    share: float = 1.0


class Smoothed(NamedTuple):
    """A frame of a run as it is drawn: the density of a plane (ny, nx) and of its two sides."""

    density: Float[np.ndarray, "ny nx"]
    sides: tuple[Float[np.ndarray, " nx"], Float[np.ndarray, " ny"]]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.density.nbytes + sum(side.nbytes for side in self.sides)


@final
@dataclass(frozen=True, eq=False)
class Run:
    """A run at the first len(kept) of the times ts (t,): its states, moments and observables.

    `first` says that its seconds include the compilation of the model; `paths` are those of a few
    samples, `modes` the complex amplitudes of the waves of its field; `outside` is the largest
    share of samples that the drawn range of a component misses; `doubts` are sentences about why it
    should not be trusted.
    """

    case: Case
    ts: np.ndarray
    states: States
    ranges: Ranges
    moments: Moments
    curves: dict[str, Float[np.ndarray, " t"]]
    seconds: float = 0.0
    done: float = 1.0
    first: bool = False
    paths: Float[np.ndarray, "t q d"] | None = None
    modes: Complex[np.ndarray, "t m"] | None = None
    outside: float = 0.0
    doubts: tuple[str, ...] = ()
    _limits: dict[Axes, DensityLimits] = field(default_factory=dict, init=False, repr=False)
    _fits: dict[tuple[int, bool], ModeFit | None] = field(
        default_factory=dict, init=False, repr=False
    )
    # The key under which its frames are cached: a coarse answer has the same case as a full one,
    # and using the run itself would keep it as long as one of its frames.
    mark: object = field(default_factory=object, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.states)

    @property
    def complete(self) -> bool:
        """Whether it has reached its last time."""
        return len(self) == len(self.ts)

    @property
    def times(self) -> Float[np.ndarray, " t"]:
        """The times that it has reached."""
        return self.ts[: len(self)]

    @property
    def nbytes(self) -> int:
        """Memory of its states."""
        return self.states.array.nbytes

    def plane(self, axes: Axes) -> Plane:
        """The plane of two components in the box of this run."""
        return self.ranges.plane(axes)

    def counts(self, frame: int, axes: Axes) -> UInt16[np.ndarray, "ny nx"]:
        """Particles in each cell of a plane at a frame."""
        return self.states.counts(frame, axes)

    def smoothed(self, frame: int, axes: Axes, particles: int) -> Smoothed:
        """A frame, smoothed as one of this many particles; cached for all who play this run."""
        key = (self.mark, frame, axes, particles)
        if (known := frames.get(key)) is None:
            plane, counts, n = self.plane(axes), self.counts(frame, axes), self.states.particles
            known = Smoothed(
                density(counts, n, plane, sigma_for(particles)),
                marginals(counts, n, plane, sigma_of_a_curve(particles)),
            )
            frames.put(key, known)
        return known

    def fit(self, number: int, grows: bool) -> ModeFit | None:
        """The rate of a mode in the window that suits it best; found once, then remembered."""
        key = number, grows
        if key not in self._fits:
            waves = self.modes
            found = None if waves is None else fit_mode(self.times, waves, number, grows=grows)
            self._fits[key] = found
        return self._fits[key]

    def limits(self, axes: Axes) -> DensityLimits:
        """Colour limit and heights of a plane over the whole run; found once, then remembered."""
        if axes not in self._limits:
            frames = range(0, len(self), max(1, len(self) // FEW))
            some = np.stack([self.counts(i, axes) for i in frames])
            self._limits[axes] = limits(some, self.states.particles, self.plane(axes))
        return self._limits[axes]


frames: Memory[Smoothed] = Memory(LIMITS["frames"])
answers: Memory[Run] = Memory(LIMITS["answers"])
truths: Memory[Run] = Memory(LIMITS["full models"])


def named(system: System, case: Case) -> dict[str, float]:
    """The physics parameters of a case by name."""
    return {p.name: value for p, value in zip(system.parameters, case.mu, strict=True)}


def truth_case(system: System, mu: tuple[float, ...], seed: int) -> Case:
    """The case of a full-model run with the system's own number of particles."""
    return Case(system.name, "", mu, seed, system.truth_particles)
