"""The interface of a system: parameters with bounds, initial law, full model and observables.

A full model moves a population of n samples whose law rho_t depends on the physics parameters mu.
Its state may contain more than is observed (such as an oscillator's velocity): `lift` completes the
observed state, `advance` moves the complete one. `mu` is always an argument (p,), never a field, so
that one system serves every parameter and its functions can be vectorised over parameters.
"""

import abc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.checks import (
    check_count,
    check_multiple,
    check_names,
    check_positive,
    check_within,
    lookup,
)
from hoam_core.numerics.compiled import Backend
from hoam_core.numerics.domain import Domain
from hoam_core.numerics.loading import Loading, quiet
from hoam_core.systems.family import POPULATION, Family
from hoam_core.systems.mean_field import MeanField
from hoam_core.systems.plasmas.dispersion import Mode


@final
@dataclass(frozen=True)
class Parameter:
    """A physics parameter: values outside [low, high] are errors, outside `train` only warnings.

    An `optional` one (such as the side of a lattice) takes its default where it is not given; with
    `whole` it must be a multiple of that number. The `symbol` is used in formulas if it is not the
    name.
    """

    name: str
    label: str
    low: float
    high: float
    train: tuple[float, ...]
    test: tuple[float, ...] = ()
    optional: bool = False
    whole: int = 0
    symbol: str = ""
    unit: str = ""

    def setting(self, value: float) -> str:
        """Symbol, value and unit, such as "T = 2000 K"."""
        return f"{self.symbol or self.name} = {value:g}{f' {self.unit}' if self.unit else ''}"

    @property
    def default(self) -> float:
        """The default value: the first test value, or else the first training value."""
        return self.test[0] if self.test else self.train[0]


@final
@dataclass(frozen=True)
class Component:
    """A component of the observed state, with the range in which it is usually drawn."""

    name: str
    label: str
    unit: str
    view: tuple[float, float]


@final
@dataclass(frozen=True)
class Observable:
    """A scalar of the population, with its label, its unit and the bounds it cannot leave."""

    name: str
    label: str
    unit: str
    bounds: tuple[float, float] | None = None


class System(abc.ABC):
    """A parametric population; concrete systems are frozen dataclasses without state."""

    family: ClassVar[Family] = POPULATION
    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]
    equations: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    components: ClassVar[tuple[Component, ...]]
    observable_info: ClassVar[tuple[Observable, ...]]
    t_end: ClassVar[float]
    n_times: ClassVar[int]
    # The unit of its times, in ASCII; empty for plain numbers.
    time_unit: ClassVar[str] = ""
    loading_dimension: ClassVar[int]
    truth_particles: ClassVar[int]
    # Size of the truth for judging models, where that of the page is too small.
    judged_particles: ClassVar[int | None] = None
    # Names of the two components that are drawn by default; empty for the first two.
    plane: ClassVar[tuple[str, ...]] = ()
    # The equation of one particle, where only means of the population couple them.
    mean_field: ClassVar[MeanField | None] = None
    # What the population consists of, and what its truth is called, in words.
    population: ClassVar[str] = "particles"
    truth_name: ClassVar[str] = "Full model"

    @abc.abstractmethod
    def domain(self, mu: Float[Array | np.ndarray, " p"]) -> Domain:
        """The space of the observed state; its box may depend on a parameter."""

    @abc.abstractmethod
    def load(self, u: Float[Array, "n k"], mu: Float[Array, " p"]) -> Float[Array, "n d"]:
        """Samples of rho_0 from points of the unit cube, by its quantile functions."""

    @abc.abstractmethod
    def advance(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], state: Any, ts: np.ndarray
    ) -> tuple[Any, Float[Array, "t n d"]]:
        """Move a complete state from ts[0]; returns it at ts[-1], and observed states at all ts."""

    @abc.abstractmethod
    def observables(
        self, x: Float[Array, "n d"], mu: Float[Array, " p"]
    ) -> dict[str, Float[Array, ""]]:
        """Scalars of an observed population, in the order of `observable_info`."""

    def lift(self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"]) -> Any:
        """The complete state for an observed one; unchanged unless components are hidden."""
        return x0

    def backend(self, particles: int) -> Backend:
        """The compiler of a full-model run with so many particles."""
        return "xla"

    def setting(self, mu: Iterable[float]) -> str:
        """All parameters as text, such as "α = 0.3, k = 0.42"."""
        return ", ".join(p.setting(v) for p, v in zip(self.parameters, mu, strict=True))

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name; ValueError with the known names if there is none."""
        return lookup(name, {p.name: p for p in self.parameters}, "parameter")

    def initial(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], n: int, loading: Loading = quiet
    ) -> Float[Array, "n d"]:
        """n samples of rho_0, quietly loaded unless another loading is given."""
        n = check_count("particles", n)
        return self.load(loading(key, n, self.loading_dimension), mu)

    def simulate(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"], ts: np.ndarray
    ) -> Float[Array, "t n d"]:
        """The full model from x0 at ts[0], observed at exactly the times ts."""
        lift_key, advance_key = jax.random.split(key)
        return self.advance(advance_key, mu, self.lift(lift_key, mu, x0), ts)[1]

    def energy_of_modes(
        self, modes: Complex[Array, "*k"], mu: Float[Array, " p"]
    ) -> Float[Array, ""] | None:
        """Electric energy of density modes, if the system has a field.

        Modes 1, 2, ..., or as the waves of the system's `mean_field` lie.
        """
        return None

    def field_modes(
        self, x: Float[Array, "n d"], mu: Float[Array, " p"]
    ) -> Complex[Array, " m"] | None:
        """Complex amplitudes E_m of the waves m = 1, 2, ... of the field along the first component.

        E(x) = Re sum_m E_m exp(2 pi i m x / L), an acceleration; None without a field.
        """
        return None

    def in_field(
        self, observables: dict[str, Float[Array, ""]], modes: Complex[Array, "*k"],
        mu: Float[Array, " p"],
    ) -> tuple[dict[str, Float[Array, ""]], Complex[Array, " m"] | None]:  # fmt: skip
        """Observables, and the waves as of `field_modes`, where the field is that of given modes.

        `modes` are in the layout of `energy_of_modes`; what does not depend on the field stays.
        """
        return observables, None

    def linear_modes(self, mu: Float[Array | np.ndarray, " p"]) -> tuple[Mode, ...]:
        """Frequencies and growth rates of these waves by linear theory, by m; empty without one."""
        return ()

    def growth_rate(self, mu: Float[Array | np.ndarray, " p"]) -> float | None:
        """Largest growth rate of linear theory, negative if all is damped; None without theory."""
        return max((mode.growth_rate for mode in self.linear_modes(mu)), default=None)

    def has_truth(self, mu: Float[Array | np.ndarray, " p"]) -> bool:
        """Whether there is a truth at these parameters; always so with a full model."""
        return True

    def card(self) -> dict[str, Any]:
        """The system's summary as plain values, as listed by `hoam systems --json`."""
        return {
            "name": self.name,
            "title": self.title,
            "parameters": {p.name: [p.low, p.high] for p in self.parameters},
            "components": [c.name for c in self.components],
            "observables": [o.name for o in self.observable_info],
        }

    @property
    def time_attributes(self) -> dict[str, str]:
        """Attributes of the coordinate `time` in files."""
        return {"units": self.time_unit or "1", "long_name": "time t"}

    def times(self, t_end: float | None = None, n_times: int | None = None) -> np.ndarray:
        """Equispaced times from zero, by default with the system's own end and number."""
        n = self.n_times if n_times is None else n_times
        end = self.t_end if t_end is None else t_end
        n = check_count("n-times", n, 2)
        check_positive("t-end", end)
        return np.linspace(0.0, end, n)

    def vector(self, values: Mapping[str, float]) -> Float[Array, " p"]:
        """Named parameter values as mu (p,); raises ValueError outside the hard bounds."""
        values = self.complete(values)
        check_names("parameter", values, [p.name for p in self.parameters])
        for p in self.parameters:
            check_within(p.name, float(values[p.name]), p.low, p.high)
            if p.whole:
                check_multiple(p.name, float(values[p.name]), p.whole)
        return jnp.asarray([float(values[p.name]) for p in self.parameters])

    def complete(self, values: Mapping[str, float]) -> dict[str, float]:
        """The values, with defaults for optional parameters that are not given."""
        return {p.name: p.default for p in self.parameters if p.optional} | dict(values)

    def named(self, mu: Float[Array, " p"]) -> dict[str, float]:
        """Parameter values by name, the inverse of `vector`."""
        # Through the shortest decimal of the stored precision, so that 1.25 stays 1.25.
        return {
            p.name: float(str(value))
            for p, value in zip(self.parameters, np.asarray(mu), strict=True)
        }
