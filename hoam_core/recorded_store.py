"""The snapshots of a recorded system beside the model that was trained on them."""

import hashlib
from collections.abc import Mapping
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from hoam_core.systems import Recorded, register

FILE = "recorded.safetensors"


def recorded_bytes(system: Recorded) -> tuple[bytes, dict[str, Any]]:
    """The file of the snapshots in a model's folder, and what its JSON says of the system."""
    # safetensors writes the memory as it lies, so a transposed view must be copied first.
    data = save_arrays({"snapshots": np.array(system.snapshots, order="C")})
    return data, {**system.description(), "sha256": hashlib.sha256(data).hexdigest()}


def read_recorded(about: Mapping[str, Any], folder: Path) -> Recorded:
    """The system that a model's JSON describes, from now on known by its name.

    Raises ValueError where the file is missing, truncated or another.
    """
    try:
        data = (folder / FILE).read_bytes()
    except OSError as error:
        raise ValueError(f"{FILE} is missing") from error
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise ValueError(f"{FILE} is not the file that model.json describes, or it is truncated")
    system = Recorded.described(about, load_arrays(data)["snapshots"])
    check_recorded(system)
    return register(system)


def check_recorded(system: Recorded) -> None:
    """Raises ValueError unless what a file says of a system can be: numbers finite, in order."""
    m, t, n, d = system.snapshots.shape
    if system.snapshots.dtype.kind != "f" or not np.isfinite(system.snapshots).all():
        raise ValueError(f"{FILE} must hold finite numbers of a floating-point kind only")
    if t < 2 or n < 2 or not m or len(system.lengths) != d:
        raise ValueError(f"{FILE} must hold at least 2 times of 2 particles, but holds {(t, n)}")
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
