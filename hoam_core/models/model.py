"""A trained model: its training data's range, its predictions, and its summary (the card)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.checks import DivergedError, check_count, check_shape, check_times
from hoam_core.data import Scaling
from hoam_core.files.json_text import json_text
from hoam_core.methods import METHODS, Method, MethodEntry
from hoam_core.methods.base import Params
from hoam_core.methods.neural import at_times
from hoam_core.models.plausibility import Limits, doubts, share_outside
from hoam_core.numerics.domain import Domain
from hoam_core.seeds import run_keys
from hoam_core.solvers.stepping import step_times
from hoam_core.storage.datasets import arrays_bytes, observe_all, to_dataset
from hoam_core.systems import Recorded, System, get_system
from hoam_core.training.experiment import Experiment, build_method
from hoam_core.version import __version__


class Start(NamedTuple):
    """Parameters (p,), the initial samples of a run (n, d), and the key for the rest of the run."""

    mu: Float[Array, " p"]
    x0: Float[Array, "n d"]
    key: PRNGKeyArray


@final
@dataclass(frozen=True)
class Model:
    """A trained method and its experiment; make one with `load_model` or `Model.build`."""

    name: str
    experiment: Experiment
    scaling: Scaling
    params: Params
    method: Method
    errors: tuple[Mapping[str, Any], ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    version: str = __version__
    # A recorded system stays registered only while a reference to it exists.
    recorded: Recorded | None = field(default=None, repr=False)

    @classmethod
    def build(
        cls, experiment: Experiment, scaling: Scaling, params: Params, **about: Any
    ) -> "Model":
        """A model from its parts, named `<system>-<method>` unless a name is given."""
        name = about.pop("name", f"{experiment.system}-{experiment.method}")
        system = get_system(experiment.system)
        about.setdefault("recorded", system if isinstance(system, Recorded) else None)
        return cls(name, experiment, scaling, params, build_method(experiment, scaling), **about)

    @property
    def system(self) -> System:
        """The system that the model was trained on."""
        return self.recorded or get_system(self.experiment.system)

    @property
    def entry(self) -> MethodEntry:
        """The registry entry of its method: title, constructor and budget."""
        return METHODS[self.experiment.method]

    @property
    def steps(self) -> int:
        """Default number of integration steps: as measured, otherwise the method's."""
        return self.limits.steps or self.method.steps

    @cached_property
    def sha256(self) -> str:
        """SHA-256 hash of its arrays, which identifies the model whatever its folder is called."""
        return hashlib.sha256(arrays_bytes(self.params)).hexdigest()

    def trained_range(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest training value of each parameter."""
        axes = zip(self.system.parameters, self.experiment.axes, strict=True)
        return {p.name: (min(axis), max(axis)) for p, axis in axes}

    def outside(self, parameters: Mapping[str, float], *, symbols: bool = False) -> list[str]:
        """A sentence for each parameter outside the trained range, by its name or its symbol."""
        values, found = self.system.complete(parameters), []
        for name, (low, high) in self.trained_range().items():
            if not low <= values[name] <= high:
                about = self.system.parameter(name)
                given = about.setting(values[name]) if symbols else f"{name} = {values[name]:g}"
                found.append(
                    f"{given} lies outside the trained range {low:g} to {high:g}: the model "
                    "extrapolates."
                )
        return found

    def times(self, t_end: float | None = None, n_times: int | None = None) -> np.ndarray:
        """Equispaced times from zero; by default those of its training data."""
        experiment = self.experiment
        return self.system.times(
            experiment.t_end if t_end is None else t_end,
            experiment.n_times if n_times is None else n_times,
        )

    def sample(
        self,
        x0: Float[Array, "n d"],
        ts: np.ndarray,
        mu: Float[Array, " p"],
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ) -> Float[Array, "t n d"]:
        """Samples at the times ts, rolled out from x0; `steps` counts over the trained time.

        In a roll-out without noise, x at a time does not depend on which other times are saved.
        """
        check_times(ts)
        check_shape("x0", x0.shape, (None, len(self.system.components)))
        if ts[-1] > self.experiment.t_end * (1 + 1e-6):
            raise ValueError(
                f"Argument `t_end` must be at most {self.experiment.t_end:g}, the end of the "
                f"training data, but is {ts[-1]:g}."
            )
        run = partial(self.method.sample, self.params, x0)
        if not self.method.smooth:
            return run(ts, mu, key, steps=steps)
        steps = steps or self.steps
        taken = step_times(ts, self.experiment.t_end / steps)
        x = run(taken, mu, key, steps=steps)
        if np.array_equal(taken, ts):
            return x
        return _between(x, taken, ts, self.system.domain(mu))

    def predict(
        self,
        parameters: Mapping[str, float],
        *,
        particles: int = 4_096,
        seed: int = 0,
        t_end: float | None = None,
        n_times: int | None = None,
        steps: int | None = None,
        initial: Float[Array, "n d"] | None = None,
    ) -> xr.Dataset:
        """Samples and observables over time, from fresh initial samples or from `initial`.

        Raises ValueError for parameters outside the hard bounds of the system.
        """
        if steps is not None:
            steps = check_count("steps", steps)
        mu, x0, key = self.start(parameters, particles, seed, initial)
        ts = self.times(t_end, n_times)
        x = self.sample(x0, ts, mu, key, steps=steps)
        if not bool(jnp.all(jnp.isfinite(x))):
            raise DivergedError(
                f"Model {self.name!r} diverged at {dict(parameters)}: take more `particles` or "
                "`steps`, or a parameter inside the trained range."
            )
        run = to_dataset(
            self.system, mu, ts, x, seed=seed, method=self.experiment.method,
            observed=self.observe(x, ts, mu)[0],
        )  # fmt: skip
        curves = {o.name: run[o.name].values for o in self.system.observable_info}
        outside = float(share_outside(self.system, mu, x).max())
        found = [
            *self.outside(parameters),
            *self.doubts(parameters, curves, outside, len(x0), steps),
        ]
        run.attrs |= self.provenance(len(x0), steps) | {
            "warnings": json_text(found, ensure_ascii=False)
        }
        return run

    def observe(
        self, x: Float[Array, "t n d"], ts: np.ndarray, mu: Float[Array, " p"]
    ) -> tuple[dict[str, Float[Array, " t"]], Complex[Array, "t m"] | None]:
        """Observables of one of its runs at the times ts, and the waves of its field, if any.

        Where particles move in a learned field, that is the field: no noise of theirs is in it.
        """
        found = observe_all(self.system, x, mu)
        if not self.entry.knows_equations or self.method.modes is None:
            return found
        return _in_field(self.system, found[0], self.method.modes(self.params, ts, mu), mu)

    def provenance(self, particles: int, steps: int | None = None) -> dict[str, Any]:
        """Provenance of a run of so many particles: the model's name and hash, steps, backend."""
        return {
            "model": self.name, "model_sha256": self.sha256, "steps": steps or self.steps,
            "backend": self.method.backend(particles),
        }  # fmt: skip

    def doubts(
        self, parameters: Mapping[str, float], curves: Mapping[str, Float[np.ndarray, " t"]],
        outside: float, particles: int, steps: int | None = None,
    ) -> tuple[str, ...]:  # fmt: skip
        """A sentence for each reason not to trust one of its runs (see plausibility.py).

        `curves` are the observables over time, `outside` the largest share of samples outside the
        usual range.
        """
        values = self.system.complete(parameters)
        return doubts(
            self.system, self.limits, self.experiment.axes, values, curves, outside,
            particles, steps,
        )  # fmt: skip

    def evaluations(self, ts: np.ndarray) -> int:
        """Number of field evaluations per sample of a roll-out to the times ts."""
        if not self.method.smooth:
            return self.method.evaluations(ts, None)
        taken = step_times(ts, self.experiment.t_end / self.steps)
        return self.method.evaluations(taken, self.steps)

    def start(
        self, parameters: Mapping[str, float], particles: int, seed: int,
        initial: Float[Array, "n d"] | None = None,
    ) -> Start:  # fmt: skip
        """The start of a prediction: fresh initial samples of that seed, or the given `initial`."""
        mu = self.system.vector(parameters)
        first, rest = run_keys(seed, "predict")
        if initial is not None:
            return Start(mu, self._checked(initial, mu), rest)
        return Start(mu, self.system.initial(first, mu, particles), rest)

    def _checked(self, initial: Float[Array, "n d"], mu: Float[Array, " p"]) -> Array:
        """Given initial samples inside the domain; ValueError for a wrong shape or a NaN."""
        x0 = jnp.asarray(initial)
        check_shape("initial", x0.shape, (None, len(self.system.components)))
        if x0.shape[0] == 0 or not bool(jnp.all(jnp.isfinite(x0))):
            found = "none" if x0.shape[0] == 0 else "a NaN or an infinity"
            raise ValueError(
                f"Argument `initial` must hold at least 1 sample and finite ones only, but holds "
                f"{found}; give other samples."
            )
        return self.system.domain(mu).wrap(x0)

    def learned_energy(
        self, parameters: Mapping[str, float], ts: np.ndarray
    ) -> Float[np.ndarray, " t"] | None:
        """Electric energy that the method knows without a roll-out; None if it does not."""
        if self.method.modes is None:
            return None
        mu = self.system.vector(parameters)
        modes = self.method.modes(self.params, ts, mu)
        energies = _energies(self.system, modes, mu)
        return None if energies is None else np.asarray(energies)

    def card(self) -> dict[str, Any]:
        """The model's summary as plain values, as listed by `hoam models --json`."""
        parameters = [p.name for p in self.system.parameters]
        return {
            "name": self.name,
            "system": self.experiment.system,
            "method": self.experiment.method,
            "network": self.experiment.network,
            "knows_equations": self.entry.knows_equations,
            "needs_trajectories": self.entry.needs_trajectories,
            "parameters": {k: list(v) for k, v in self.trained_range().items()},
            "train_values": dict(zip(parameters, map(list, self.experiment.axes), strict=True)),
            "errors": list(self.errors),
            "limits": {"particles": self.limits.particles, "steps": self.steps},
            "seed": self.experiment.seed,
            "version": self.version,
        }


@partial(jax.jit, static_argnums=0)
def _energies(system: System, modes: Complex[Array, "t k"], mu: Float[Array, " p"]):
    return jax.vmap(lambda one: system.energy_of_modes(one, mu))(modes)


@partial(jax.jit, static_argnums=0)
def _in_field(system: System, curves: dict[str, Array], modes: Complex[Array, "t k"], mu: Array):
    return jax.vmap(lambda now, waves: system.in_field(now, waves, mu))(curves, modes)


@jax.jit
def _between(
    x: Float[Array, "s n d"], taken: Float[Array, " s"], ts: Float[Array, " t"], domain: Domain
) -> Float[Array, "t n d"]:
    """States at the times ts, interpolated between the times of the steps."""
    return domain.wrap(at_times(x, jnp.asarray(taken, x.dtype), jnp.asarray(ts, x.dtype), domain))
