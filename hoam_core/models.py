"""Trained models: prediction, and files that hold numbers and text only.

A model is a folder with `model.safetensors` (the arrays) and `model.json` (everything else: the
experiment it is rebuilt from, training range, seed, versions, test errors). Nothing in either file
is executed. The JSON names the SHA-256 of the arrays, so that a truncated or foreign pair is
recognised before it is used.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Array, Complex, Float, PRNGKeyArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from hoam_core.checks import DivergedError, check_count, check_shape, check_times, lookup
from hoam_core.config import Experiment, build_method
from hoam_core.data import Scaling
from hoam_core.loading import quiet
from hoam_core.methods import METHODS, Method, MethodEntry
from hoam_core.methods.base import Params
from hoam_core.recorded_store import FILE as RECORDED
from hoam_core.recorded_store import read_recorded, recorded_bytes
from hoam_core.seeds import seed_key
from hoam_core.store import check_folder, to_dataset, write_files
from hoam_core.systems import Recorded, System, get_system
from hoam_core.version import __version__

FORMAT = 1
# Of what a parser says about a damaged file.
MOST_WORDS = 200


@dataclass(frozen=True)
class Model:
    """A trained method with what it was trained on; make one with `load_model` or `Model.build`."""

    name: str
    experiment: Experiment
    scaling: Scaling
    params: Params
    method: Method
    errors: tuple[Mapping[str, Any], ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    version: str = __version__
    # A recorded system is known for as long as somebody holds it.
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
        """The system it was trained on."""
        return self.recorded or get_system(self.experiment.system)

    @property
    def entry(self) -> MethodEntry:
        """Title and budget of its method."""
        return METHODS[self.experiment.method]

    def trained_range(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest training value of each parameter."""
        axes = zip(self.system.parameters, self.experiment.axes, strict=True)
        return {p.name: (min(axis), max(axis)) for p, axis in axes}

    def outside(self, parameters: Mapping[str, float]) -> list[str]:
        """A sentence for each parameter that lies outside the trained range."""
        values = self.system.complete(parameters)
        return [
            f"{name} = {values[name]:g} lies outside the trained range {low:g} to {high:g}: "
            "the model extrapolates."
            for name, (low, high) in self.trained_range().items()
            if not low <= values[name] <= high
        ]

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
        """Roll x0 out to the times ts; `steps` integration steps over the trained time."""
        check_times(ts)
        check_shape("x0", x0.shape, (None, len(self.system.components)))
        if ts[-1] > self.experiment.t_end * (1 + 1e-6):
            raise ValueError(
                f"Argument `t_end` must be at most {self.experiment.t_end:g}, the end of the "
                f"training data, but is {ts[-1]:g}."
            )
        options = {} if steps is None else {"steps": steps}
        return self.method.sample(self.params, x0, ts, mu, key, **options)

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
        """Samples and observables at a parameter, from fresh initial samples or from `initial`.

        Raises ValueError for parameters outside the hard bounds of the system.
        """
        mu = self.system.vector(parameters)
        if steps is not None:
            check_count("steps", steps)
        start_key, run_key = jax.random.split(seed_key(seed, "predict"))
        if initial is None:
            x0 = self.system.initial(start_key, mu, particles, quiet)
        else:
            x0 = self._checked(initial, mu)
        ts = self.times(t_end, n_times)
        x = self.sample(x0, ts, mu, run_key, steps=steps)
        if not bool(jnp.all(jnp.isfinite(x))):
            raise DivergedError(
                f"Model {self.name!r} diverged at {dict(parameters)}: take more `particles` or "
                "`steps`, or a parameter inside the trained range."
            )
        return to_dataset(self.system, mu, ts, x, seed=seed, method=self.experiment.method)

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
        """What `hoam models --json` lists."""
        parameters = [p.name for p in self.system.parameters]
        return {
            "name": self.name,
            "system": self.experiment.system,
            "method": self.experiment.method,
            "network": self.experiment.network,
            "parameters": {k: list(v) for k, v in self.trained_range().items()},
            "train_values": dict(zip(parameters, map(list, self.experiment.axes), strict=True)),
            "errors": list(self.errors),
            "seed": self.experiment.seed,
            "version": self.version,
        }


@partial(jax.jit, static_argnums=0)
def _energies(system: System, modes: Complex[Array, "t k"], mu: Float[Array, " p"]):
    return jax.vmap(lambda one: system.energy_of_modes(one, mu))(modes)


def save_model(model: Model, folder: str | Path) -> None:
    """Write the files of a model, all or none; the JSON, which names the others, last.

    Raises ValueError where the folder cannot be made or written, OSError where the disk is full.
    """
    write_files(check_folder(folder), model_files(model))


def model_files(model: Model, folder: str = "") -> dict[str, bytes]:
    """What the files of a model hold, by their paths in a folder; the JSON, which names the others,
    last.
    """
    arrays = {name: np.asarray(a) for name, a in flatten_dict(model.params, sep="/").items()}
    # safetensors writes the memory as it lies, so a transposed view must be copied first.
    data = save_arrays({name: np.array(a, order="C") for name, a in arrays.items()})
    scaling = {k: np.asarray(v, float).tolist() for k, v in vars(model.scaling).items()}
    about = {
        "format": FORMAT,
        "name": model.name,
        "version": model.version,
        "experiment": model.experiment.to_json(),
        "scaling": scaling,
        "errors": list(model.errors),
        "training": dict(model.training),
        "arrays_sha256": hashlib.sha256(data).hexdigest(),
    }
    files = {"model.safetensors": data}
    if isinstance(model.system, Recorded):
        files[RECORDED], about["recorded"] = recorded_bytes(model.system)
    told = json.dumps(about, indent=1) + "\n"
    files["model.json"] = told.encode()
    return {str(PurePosixPath(folder, name)): data for name, data in files.items()}


def load_model(name: str | Path, folder: Path | None = None) -> Model:
    """A shipped model by its name, or one from a folder with model.json and model.safetensors.

    Raises ValueError where there is none, or its files are truncated or of another version.
    """
    directory = Path(name)
    if not (directory / "model.json").is_file():
        shipped = shipped_models(folder)
        if directory.is_dir() or len(directory.parts) > 1:
            raise ValueError(
                f"Folder {str(name)!r} holds no model.json; give a folder that `hoam train` wrote, "
                f"or a shipped model: {', '.join(shipped)}."
            )
        directory = lookup(str(name), shipped, "model")
    return _read(directory)


def shipped_models(folder: Path | None = None) -> dict[str, Path]:
    """Folders of the models that ship, by name; with those in the folder HOAM_MODELS, if it is set.

    So a model of one's own is found by its name and stands on the page beside the others.
    """
    folders = [models_folder() if folder is None else folder]
    if folder is None and (own := os.environ.get("HOAM_MODELS")):
        folders.append(Path(own))
    paths = (path for place in folders for path in sorted(place.glob("*/model.json")))
    return {path.parent.name: path.parent for path in paths}


def list_models(folder: Path | None = None) -> list[Model]:
    """All models that ship, by the names that `load_model` takes: those of their folders."""
    return [replace(_read(path), name=name) for name, path in shipped_models(folder).items()]


def models_folder() -> Path:
    """Where the shipped models lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "assets" / "models"
    return installed if installed.is_dir() else package.parent / "assets" / "models"


def _read(folder: Path) -> Model:
    cure = "Copy the model's folder again, or train it anew with `hoam train`."
    try:
        about = json.loads((folder / "model.json").read_text())
        data = (folder / "model.safetensors").read_bytes()
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f"Model {folder.name!r} cannot be read ({type(error).__name__}): its files are missing "
            f"or truncated. {cure}"
        ) from error
    found = about.get("format") if isinstance(about, dict) else None
    if found != FORMAT:
        raise ValueError(
            f"Model {folder.name!r} has format {found!r}, but this version reads format {FORMAT}. "
            "Install the version of hoam_core that wrote it, or train it anew with `hoam train`."
        )
    if hashlib.sha256(data).hexdigest() != about.get("arrays_sha256"):
        raise ValueError(
            f"Model {folder.name!r} is damaged: model.safetensors is not the file that model.json "
            f"describes, or it is truncated. {cure}"
        )
    try:
        # Held here until the model, which holds it from then on, is made.
        recorded = read_recorded(about["recorded"], folder) if "recorded" in about else None
        arrays = {name: jnp.asarray(array) for name, array in load_arrays(data).items()}
        experiment = Experiment.from_json(about["experiment"])
        return Model.build(
            experiment,
            _scaling(about["scaling"], experiment),
            unflatten_dict(arrays, sep="/"),
            name=_name(about["name"]),
            errors=tuple(map(dict, about["errors"])),
            training=dict(about["training"]),
            version=str(about["version"]),
            recorded=recorded,
        )
    except Exception as error:  # values of wrong kinds make every part of a model fail otherwise
        raise ValueError(
            f"Model {folder.name!r} has a model.json that does not describe a model "
            f"({str(error)[:MOST_WORDS]}). {cure}"
        ) from error


def _scaling(found: Mapping[str, Any], experiment: Experiment) -> Scaling:
    """The scaling of a file; ValueError where it does not fit the system or is not finite."""
    system = get_system(experiment.system)
    d, p = len(system.components), len(system.parameters)
    sizes = dict.fromkeys(("shift", "scale", "low", "high"), (d,))
    sizes |= {"mu_low": (p,), "mu_high": (p,), "t_end": ()}
    if set(found) != set(sizes):
        raise ValueError(f"its scaling must consist of {', '.join(sizes)}")
    values = {name: np.asarray(found[name], float) for name in sizes}
    for name, size in sizes.items():
        if values[name].shape != size or not np.all(np.isfinite(values[name])):
            raise ValueError(f"its {name!r} must be finite numbers of shape {size}")
    return Scaling(**{name: jnp.asarray(value) for name, value in values.items()})


def _name(found: object) -> str:
    # It becomes part of file names and of links.
    fits = isinstance(found, str) and found.isprintable() and not set(found) & set('/\\"')
    if not isinstance(found, str) or not found or not fits:
        raise ValueError(f"its name is {repr(found)[:60]}")
    return found
