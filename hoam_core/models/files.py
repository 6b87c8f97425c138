"""Files of trained models, which hold numbers and text only, and the place of the shipped ones.

A model is a folder with `model.safetensors` (the arrays) and `model.json` (everything else: the
experiment it is rebuilt from, training range, seed, versions, test errors). Nothing in either file
is executed. The JSON holds the SHA-256 of the arrays, so that truncated or mismatched files are
recognised before they are used.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from hoam_core.checks import brief, check_finite, lookup
from hoam_core.data import Scaling
from hoam_core.files.assets import asset
from hoam_core.files.json_text import json_text
from hoam_core.files.order import natural
from hoam_core.models.model import Model
from hoam_core.models.plausibility import Limits
from hoam_core.storage.datasets import arrays_bytes, check_folder, write_files
from hoam_core.systems import Recorded, get_system, register
from hoam_core.training.experiment import Experiment

FORMAT = 1
# The snapshots of a recorded system, beside the model that was trained on them.
RECORDED = "recorded.safetensors"
# The most characters of a parser's message about a damaged file that are shown.
MOST_WORDS = 200


def save_model(model: Model, folder: str | Path) -> None:
    """Write the files of a model, all or none; the JSON, which holds their hashes, comes last.

    Raises ValueError where the folder cannot be made or written, OSError where the disk is full,
    DivergedError where parameters or errors are not finite.
    """
    write_files(check_folder(folder), model_files(model))


def model_files(model: Model, folder: str = "") -> dict[str, bytes]:
    """The contents of a model's files, by their paths in a folder; the JSON comes last."""
    check_finite(f"Model {model.name!r}", model.params)
    data = arrays_bytes(model.params)
    scaling = {k: np.asarray(v, float).tolist() for k, v in vars(model.scaling).items()}
    about = {
        "format": FORMAT,
        "name": model.name,
        "version": model.version,
        "experiment": model.experiment.to_json(),
        "scaling": scaling,
        "errors": list(model.errors),
        "training": dict(model.training),
        "limits": model.limits.to_json(),
        "arrays_sha256": hashlib.sha256(data).hexdigest(),
    }
    files = {"model.safetensors": data}
    if isinstance(model.system, Recorded):
        files[RECORDED], about["recorded"] = recorded_bytes(model.system)
    told = json_text(about, indent=1) + "\n"
    files["model.json"] = told.encode()
    return {str(PurePosixPath(folder, name)): data for name, data in files.items()}


def recorded_bytes(system: Recorded) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a model's file of snapshots, and the description of the system for its JSON."""
    # safetensors ignores strides, so a transposed view must be copied first.
    data = save_arrays({"snapshots": np.array(system.snapshots, order="C")})
    return data, {**system.description(), "sha256": hashlib.sha256(data).hexdigest()}


def load_model(name: str | Path, folder: Path | None = None) -> Model:
    """A shipped model by its name, or one from a folder with model.json and model.safetensors.

    Raises ValueError if there is none, or if its files are truncated or of another version.
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
    """Folders of the shipped models by name, and of those in the folder HOAM_MODELS if it is set.

    So a user's own model is found by its name and listed on the page beside the others.
    """
    folders = [asset("models") if folder is None else folder]
    if folder is None and (own := os.environ.get("HOAM_MODELS")):
        folders.append(Path(own))
    paths = (path for place in folders for path in sorted(place.glob("*/model.json"), key=natural))
    return {path.parent.name: path.parent for path in paths}


def list_models(folder: Path | None = None) -> list[Model]:
    """All shipped models, named as their folders: these are the names that `load_model` takes."""
    return [replace(_read(path), name=name) for name, path in shipped_models(folder).items()]


def _read(folder: Path) -> Model:
    cure = "Copy the model's folder again, or train it anew with `hoam train`."
    try:
        about = json.loads((folder / "model.json").read_text(), parse_constant=_no_number)
        data = (folder / "model.safetensors").read_bytes()
    except NoNumberError as error:
        raise ValueError(f"Model {folder.name!r} is damaged: {error}. {cure}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f"Model {folder.name!r} cannot be read ({type(error).__name__}): its files are missing "
            f"or truncated. {cure}"
        ) from error
    found = about.get("format") if isinstance(about, dict) else None
    if found != FORMAT:
        raise ValueError(
            f"Model {folder.name!r} has format {brief(found)}, but this version reads format "
            f"{FORMAT}. Install the version of hoam_core that wrote it, or train it anew with "
            "`hoam train`."
        )
    if hashlib.sha256(data).hexdigest() != about.get("arrays_sha256"):
        raise ValueError(
            f"Model {folder.name!r} is damaged: model.safetensors is not the file that model.json "
            f"describes, or it is truncated. {cure}"
        )
    try:
        # This reference keeps the recorded system alive until the model holds it.
        recorded = read_recorded(about["recorded"], folder) if "recorded" in about else None
        arrays = {name: jnp.asarray(array) for name, array in load_arrays(data).items()}
        check_finite("its arrays", arrays)
        experiment = Experiment.from_json(about["experiment"])
        return Model.build(
            experiment,
            _scaling(about["scaling"], experiment),
            unflatten_dict(arrays, sep="/"),
            name=_name(about["name"]),
            errors=tuple(map(dict, about["errors"])),
            training=dict(about["training"]),
            limits=Limits.from_json(about.get("limits", {}), experiment.axes),
            version=str(about["version"]),
            recorded=recorded,
        )
    except Exception as error:  # values of wrong kinds make every part of a model fail otherwise
        raise ValueError(
            f"Model {folder.name!r} has a model.json that does not describe a model "
            f"({str(error)[:MOST_WORDS]}). {cure}"
        ) from error


def _scaling(found: Mapping[str, Any], experiment: Experiment) -> Scaling:
    """The scaling in a file; ValueError where it does not fit the system or is not finite."""
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


@final
class NoNumberError(ValueError):
    """Raised for a JSON file that holds a NaN or an infinity in place of a number."""


def _no_number(text: str) -> float:
    """Refuse NaN and infinity, which JSON does not have but Python would read."""
    raise NoNumberError(f"model.json must hold finite numbers, but holds {text}")


def _name(found: object) -> str:
    # The name becomes part of file names and of links.
    fits = isinstance(found, str) and found.isprintable() and not set(found) & set('/\\"')
    if not isinstance(found, str) or not found or not fits:
        raise ValueError(f"its name is {brief(found)}")
    return found


def read_recorded(about: Mapping[str, Any], folder: Path) -> Recorded:
    """The recorded system that a model's JSON describes, registered under its name.

    Raises ValueError where the file of snapshots is missing, truncated or another one.
    """
    try:
        data = (folder / RECORDED).read_bytes()
    except OSError as error:
        raise ValueError(f"{RECORDED} is missing") from error
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise ValueError(
            f"{RECORDED} is not the file that model.json describes, or it is truncated"
        )
    system = Recorded.described(about, load_arrays(data)["snapshots"])
    check_recorded(system)
    return register(system)


def check_recorded(system: Recorded) -> None:
    """Raises ValueError unless a recorded system is valid: numbers finite and in order."""
    m, t, n, d = system.snapshots.shape
    if system.snapshots.dtype.kind != "f" or not np.isfinite(system.snapshots).all():
        raise ValueError(f"{RECORDED} must hold finite numbers of a floating-point kind only")
    if t < 2 or n < 2 or not m or len(system.lengths) != d:
        raise ValueError(
            f"{RECORDED} must hold at least 2 times of 2 particles, but holds {(t, n)}"
        )
    if not (isfinite(system.t_end) and system.t_end > 0):
        raise ValueError(f"its `t_end` must be a positive number, but is {system.t_end}")
    if any(length is not None and not 0 < length < np.inf for length in system.lengths):
        raise ValueError(f"its `lengths` must be positive or null, but are {system.lengths}")
    if len(system.axes) != len(system.parameters):
        raise ValueError(f"its `axes` must be one for each of {len(system.parameters)} parameters")
    for parameter, axis in zip(system.parameters, system.axes, strict=True):
        values = (parameter.low, *axis, parameter.high)
        if not all(map(isfinite, values)) or any(b < a for a, b in pairwise(values)):
            raise ValueError(f"its values of {parameter.name!r} must be finite and in order")
    for component in system.components:
        low, high = component.view
        if not (isfinite(low) and isfinite(high) and low < high):
            raise ValueError(f"its view of {component.name!r} must be a finite range")
