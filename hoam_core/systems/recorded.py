"""A system known by its snapshots only: another code's simulation, or an experiment.

Populations are recorded at a grid of parameter values, all at the same times. There is no
full model to run, so between the recorded values nothing is known for certain:

- rho_0 is drawn from the first snapshots: at a recorded value from its own, and between two values
  from a mixture of both with linear weights (multilinear over the corners of a cell with several
  parameters). A mixture only reweights recorded particles; a beam whose position differs between
  the two values appears twice.
- The truth is a recording played back, where there is one. Two disjoint halves of its particles
  stand for two seeds, and so give the noise floor.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_name
from hoam_core.numerics.domain import Domain
from hoam_core.systems.base import Component, Observable, Parameter, System


def _no_modes(x: Array, mu: Array) -> None:
    """None: the field of a recorded population is not known."""


@final
@dataclass(frozen=True, eq=False)
class Recorded(System):
    """Snapshots (m, t, n, d) on the grid of `axes`, last parameter fastest.

    `lengths` holds the circumference of each periodic component and None for the free ones; `t_end`
    is the last of the equispaced times, the first is zero. The particles are in random order.
    """

    name: str
    title: str
    reference: str
    parameters: tuple[Parameter, ...]
    components: tuple[Component, ...]
    lengths: tuple[float | None, ...]
    axes: tuple[tuple[float, ...], ...]
    t_end: float
    snapshots: Float[np.ndarray, "m t n d"]
    # Whether its methods work in units of the data (methods/own_units.py); older models do not.
    own_units: bool = True

    def __post_init__(self) -> None:
        # Names come from visitors' files, and go into pages and exported code.
        for parameter in self.parameters:
            check_name("a parameter", parameter.name)
            check_name("a parameter", parameter.label)
        for component in self.components:
            check_name("a component", component.name)
            check_name("a component", component.label)
            check_name("a unit", component.unit or "1")

    equations = ""
    # One number chooses the recording, one the particle.
    loading_dimension = 2
    truth_name = "Recording"

    @property
    def n_times(self) -> int:
        """Number of recorded times."""
        return self.snapshots.shape[1]

    @property
    def truth_particles(self) -> int:
        """Particles of one half of a recording."""
        return self.snapshots.shape[2] // 2

    @property
    def _order(self) -> list[int]:
        """Indices of the components, the free ones first."""
        return sorted(range(len(self.components)), key=lambda i: self.lengths[i] is not None)

    @property
    def observable_info(self) -> tuple[Observable, ...]:
        """Spread and mean of each component, the free ones first."""
        sorted_ones = [self.components[i] for i in self._order]
        spreads = (
            Observable(f"spread_{c.name}", f"spread of {c.label}", c.unit) for c in sorted_ones
        )
        means = (Observable(f"mean_{c.name}", f"mean {c.label}", c.unit) for c in sorted_ones)
        return (*spreads, *means)

    @property
    def field_modes(self) -> Callable[[Array, Array], None]:
        """A function that returns None; without the snapshots, since compiled code keeps it."""
        return _no_modes

    @property
    def observables(self) -> "RecordedMoments":
        """The function (x, mu) -> scalars; without the snapshots, since compiled code keeps it."""
        return RecordedMoments(tuple((i, self.components[i].name) for i in self._order))

    def domain(self, mu: Float[Array | np.ndarray, " p"]) -> Domain:
        """The same box at all parameters."""
        circles = tuple(length is not None for length in self.lengths)
        return Domain(jnp.asarray([length or 1.0 for length in self.lengths]), circles)

    def weights(self, mu: Float[Array, " p"] | Float[np.ndarray, " p"]) -> Float[np.ndarray, " m"]:
        """Shares of the recordings in the initial law; they add to one."""
        shares = np.ones(1)
        for value, axis in zip(np.asarray(mu, float), self.axes, strict=True):
            # Piecewise linear, and constant beyond the ends.
            near = [np.interp(value, axis, corner) for corner in np.eye(len(axis))]
            shares = np.outer(shares, near).ravel()
        return shares

    def load(self, u: Float[Array, "n k"], mu: Float[Array, " p"]) -> Float[Array, "n d"]:
        """Recorded particles: u[:, 0] chooses the recording and u[:, 1] a particle of it."""
        shares = self.weights(self._snapped(mu))
        edges = np.cumsum(shares)
        edges[np.flatnonzero(shares)[-1] :] = np.inf
        points = np.asarray(u, float)
        chosen = np.searchsorted(edges, points[:, 0], side="right")
        # By rank, so that no particle is used twice before all have been used once.
        rank = np.argsort(np.argsort(points[:, 1]))
        particle = rank * self.snapshots.shape[2] // len(rank)
        return jnp.asarray(self.snapshots[chosen, 0, particle], u.dtype)

    def recorded(self) -> list[dict[str, float]]:
        """The recorded parameter sets, in the order of the snapshots."""
        names = [p.name for p in self.parameters]
        return [dict(zip(names, values, strict=True)) for values in product(*self.axes)]

    def _find(self, mu: Float[Array | np.ndarray, " p"]) -> int | None:
        """Index of the recording at mu, up to single precision; None if there is none."""
        wanted = np.asarray(mu, float)[None]
        values = np.array(list(product(*self.axes)))
        widths = np.array([p.high - p.low for p in self.parameters])[None]
        hits = np.flatnonzero(np.all(np.abs(values - wanted) < 1e-5 * widths, axis=1))
        return int(hits[0]) if hits.size else None

    def _snapped(self, mu: Float[Array, " p"]) -> Float[np.ndarray, " p"]:
        i = self._find(mu)
        return np.asarray(mu, float) if i is None else np.array(list(product(*self.axes))[i])

    def has_truth(self, mu: Float[Array | np.ndarray, " p"]) -> bool:
        return self._find(mu) is not None

    def playback(
        self, mu: Float[Array | np.ndarray, " p"], seed: int
    ) -> Float[np.ndarray, "t n d"]:
        """Half of a recording at all its times: one half for even seeds, the other for odd ones.

        Raises ValueError where nothing was recorded.
        """
        i = self._find(mu)
        if i is None:
            values = ", ".join(f"{value:g}" for value in np.asarray(mu))
            raise ValueError(
                f"Nothing was recorded at ({values}) in {self.title!r}; {self.where()}."
            )
        start, n = seed % 2, self.truth_particles
        return self.snapshots[i, :, start::2][:, :n]

    def where(self) -> str:
        """At which parameter values it was recorded, in words."""
        axes = zip(self.parameters, self.axes, strict=True)
        return "recorded at " + "; ".join(
            f"{p.name} = " + ", ".join(f"{value:g}" for value in axis) for p, axis in axes
        )

    def advance(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], state: Any, ts: np.ndarray
    ) -> tuple[Any, Float[Array, "t n d"]]:
        """Raises ValueError: there is no full model."""
        raise ValueError(
            f"The system {self.name!r} is known by its snapshots only and cannot be simulated; "
            f"use its `playback`, or a model trained on it ({self.where()})."
        )

    def description(self) -> dict[str, Any]:
        """Everything but the snapshots, as plain values for a JSON file."""
        return {
            "name": self.name, "title": self.title, "reference": self.reference,
            "parameters": [asdict(p) for p in self.parameters],
            "components": [asdict(c) for c in self.components],
            "lengths": list(self.lengths), "axes": [list(axis) for axis in self.axes],
            "t_end": self.t_end, "own_units": self.own_units,
        }  # fmt: skip

    @classmethod
    def described(
        cls, values: Mapping[str, Any], snapshots: Float[np.ndarray, "m t n d"]
    ) -> "Recorded":
        """The inverse of `description`; ValueError where the snapshots do not fit it."""
        parameters = tuple(
            Parameter(**{**p, "train": tuple(p["train"]), "test": tuple(p["test"])})
            for p in values["parameters"]
        )
        components = tuple(
            Component(**{**c, "view": tuple(c["view"])}) for c in values["components"]
        )
        axes = tuple(tuple(axis) for axis in values["axes"])
        sets = int(np.prod([len(axis) for axis in axes]))
        shape = np.shape(snapshots)
        if len(shape) != 4 or (shape[0], shape[3]) != (sets, len(components)):
            raise ValueError(
                f"Argument `snapshots` must have shape ({sets}, any, any, {len(components)}), "
                f"but has {shape}."
            )
        return cls(
            values["name"], values["title"], values["reference"], parameters, components,
            tuple(values["lengths"]), axes, values["t_end"], snapshots,
            bool(values.get("own_units", False)),
        )  # fmt: skip


@final
@dataclass(frozen=True)
class RecordedMoments:
    """Spread and mean of some components (index, name) of a population."""

    components: tuple[tuple[int, str], ...]

    def __call__(
        self, x: Float[Array, "n d"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        """Scalars of a population x at any mu."""
        # In units in which neither sums nor squares overflow or underflow.
        unit = jnp.max(jnp.abs(x), 0)
        unit = jnp.where(unit > 0, unit, 1.0)
        mean, spread = (of(x / unit[None], 0) * unit for of in (jnp.mean, jnp.std))
        found = {f"spread_{name}": spread[i] for i, name in self.components}
        return found | {f"mean_{name}": mean[i] for i, name in self.components}
