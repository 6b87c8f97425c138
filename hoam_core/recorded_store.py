"""The snapshots of a recorded system beside the model that was trained on them."""

import hashlib
from collections.abc import Mapping
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
    return register(Recorded.described(about, load_arrays(data)["snapshots"]))
