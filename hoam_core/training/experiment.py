"""The specification of a training (`Experiment`), as plain values for a JSON file."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, final

import jax.numpy as jnp
import numpy as np

from hoam_core.checks import brief, check_count, check_positive, check_within, lookup
from hoam_core.data import Scaling
from hoam_core.methods import METHODS, Method
from hoam_core.methods.base import Frame
from hoam_core.methods.comoving import in_comoving
from hoam_core.methods.own_units import in_own_units
from hoam_core.networks import DEFAULT_NETWORK, NETWORKS, Wave
from hoam_core.networks.wave import check_gaps, suitable_turns
from hoam_core.numerics.loading import LOADINGS
from hoam_core.systems import FAMILIES, Lattice, Recorded, System, get_system
from hoam_core.training.optimizers import OPTIMIZERS
from hoam_core.training.recipes import RECIPES

Options = Mapping[str, Any]
# The largest number of times, and the largest value of an option.
MOST_WHOLE = 2**17


@final
@dataclass(frozen=True)
class Experiment:
    """System, method, data and budget of one training; everything needed to rebuild a model.

    `axes` are the training values of each parameter in the order of the system; their product is
    the training set. `options` go to the method, `network_options` to the network.
    """

    system: str
    method: str
    axes: tuple[tuple[float, ...], ...]
    network: str | None = None
    particles: int = 16_384
    n_times: int = 201
    t_end: float = 1.0
    steps: int = 1
    rate: float = 2e-3
    optimizer: str = "adam"
    seed: int = 0
    loading: str = "quiet"
    options: Options = field(default_factory=dict)
    network_options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        system = get_system(self.system)
        entry = lookup(self.method, METHODS, "method")
        if entry.family != system.family.name:
            fitting = [name for name, e in METHODS.items() if e.fits(system)]
            kind = FAMILIES[entry.family].source
            raise ValueError(
                f"Argument `method` must be one of {', '.join(fitting)} for {self.system!r}, but "
                f"is {self.method!r}, which learns from {kind}."
            )
        if not entry.fits(system):
            raise ValueError(
                f"Argument `method` must not be {self.method!r} for {self.system!r}, of which no "
                "equation of one particle is known; take 'galerkin', which needs none."
            )
        lookup(self.loading, LOADINGS, "loading")
        lookup(self.optimizer, OPTIMIZERS, "optimizer")
        if entry.needs_network:
            lookup(self.network or "(none)", NETWORKS, "network")
        elif self.network is not None:
            raise ValueError(
                f"Argument `network` must be left out for {self.method!r}, which has none, "
                f"but is {self.network!r}."
            )
        for name, least in (("particles", 1), ("steps", 1), ("n_times", 4)):
            whole = check_count(name, getattr(self, name), least)
            object.__setattr__(self, name, whole)  # sizes of arrays must be Python ints
        check_within("n_times", self.n_times, 4, MOST_WHOLE)
        for name, value in {**self.options, **self.network_options}.items():
            # Otherwise building the method could fill the memory before any error.
            if isinstance(value, (int, float)):
                check_within(name, value, -MOST_WHOLE, MOST_WHOLE)
        check_positive("t_end", self.t_end)
        check_positive("rate", self.rate)
        check_within("seed", self.seed, 0, 2**32 - 1)
        if len(self.axes) != len(system.parameters):
            raise ValueError(
                f"Argument `axes` must hold training values for {len(system.parameters)} "
                f"parameter(s), but holds {len(self.axes)}."
            )
        for parameter, axis in zip(system.parameters, self.axes, strict=True):
            if not axis or any(b <= a for a, b in pairwise(axis)):
                raise ValueError(
                    f"Argument `axes` must hold increasing training values of {parameter.name!r}, "
                    f"but holds {list(axis)}; sort them and remove duplicates."
                )
            for value in axis:
                check_within(parameter.name, value, parameter.low, parameter.high)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Experiment":
        """The inverse of `to_json`; ValueError for fields that are unknown or do not fit."""
        if not isinstance(values, Mapping):
            raise ValueError(f"An experiment must be named fields, but is {brief(values)}.")
        known = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"Unknown field {unknown[0]!r} of an experiment; it has {sorted(known)}."
            )
        missing = sorted({"system", "method", "axes"} - set(values))
        if missing:
            raise ValueError(f"The field {missing[0]!r} of an experiment is missing.")
        try:
            axes = tuple(tuple(float(v) for v in axis) for axis in values["axes"])
            return cls(**{**values, "axes": axes})
        except (TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"A field of an experiment is of a wrong kind ({error}).") from error

    @property
    def times(self) -> np.ndarray:
        """Saved times of the training data, equispaced from zero."""
        return np.linspace(0.0, self.t_end, self.n_times)


def default_experiment(
    system: System, method: str | None = None, *, network: str | None = None, **changes: Any
) -> Experiment:
    """The recommended data and budget for a method on a system, with `changes`.

    The default method is that of the system's family: `partial` for a lattice, else `galerkin`. In
    free space networks learn in comoving coordinates, option `comoving`, where that helps a method.
    """
    if method is None:
        method = system.family.method
    entry = lookup(method, METHODS, "method")
    if entry.needs_network and network is None:
        network = DEFAULT_NETWORK
    values: dict[str, Any] = {
        "system": system.name,
        "method": method,
        "network": network,
        "axes": tuple(p.train for p in system.parameters),
        "t_end": system.t_end,
        "n_times": system.n_times,
        **entry.defaults,
        "options": {
            **({"comoving": True} if entry.comoving and _is_free(system) else {}),
            **entry.defaults.get("options", {}),
        },
        **RECIPES.get((system.name, method), {}),
        **changes,
    }
    if network == "wave" and (turns := suitable_turns(values["axes"])) != Wave.parameter_turns:
        given = values.get("network_options", {})
        values["network_options"] = {"parameter_turns": turns, **given}
    return Experiment(**values)


def _is_free(system: System) -> bool:
    """Whether no component is periodic, at any parameter."""
    mu = jnp.asarray([p.default for p in system.parameters])
    return not any(system.domain(mu).periodic)


def build_method(experiment: Experiment, scaling: Scaling) -> Method:
    """The method of an experiment in the coordinates of its training data."""
    system = get_system(experiment.system)
    frame = Frame(
        system.domain, scaling, experiment.axes, experiment.times, mean_field=system.mean_field
    )
    if isinstance(system, Lattice):
        frame = frame._replace(rates=system.rates, sites=system.sites)
    network = None
    if experiment.network is not None:
        network = NETWORKS[experiment.network](**experiment.network_options)
    if isinstance(network, Wave):
        check_gaps(network, experiment.axes, [p.name for p in system.parameters])
    entry = METHODS[experiment.method]

    options = dict(experiment.options)
    comoving = options.pop("comoving", False)

    def inner(frame: Frame) -> Method:
        return entry.build(frame, network, **options)

    def build(frame: Frame) -> Method:
        return in_comoving(inner, frame) if comoving else inner(frame)

    own = isinstance(system, Recorded) and system.own_units
    try:
        return in_own_units(build, frame) if own else build(frame)
    except TypeError as error:
        unknown = [name for name in experiment.options if f"argument {name!r}" in str(error)]
        if not unknown:
            raise
        raise ValueError(
            f"Method {experiment.method!r} has no option `{unknown[0]}`; leave it out, or look it "
            "up in the documentation of the method."
        ) from error


def parameter_grid(axes: tuple[tuple[float, ...], ...]) -> jnp.ndarray:
    """All combinations (m, p) of the training values, last parameter fastest."""
    mesh = np.meshgrid(*[np.asarray(axis) for axis in axes], indexing="ij")
    return jnp.asarray(np.stack([m.ravel() for m in mesh], axis=-1))
