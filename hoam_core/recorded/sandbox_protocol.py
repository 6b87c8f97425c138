"""The format in which a reading process hands over data: safetensors with JSON in the header.

It holds numbers and text only, like a model's files, so that even if a hostile file takes over the
process that reads it, the receiving process executes nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from safetensors.numpy import load, save

from hoam_core.files.json_text import json_text
from hoam_core.recorded.prefixes import Counted
from hoam_core.recorded.recordings import Recording
from hoam_core.systems.base import Component

# Files beside the parts: the name of the file that is read now, and the sentence about a bad one.
NOW, PROBLEM = "now", "problem"


class InitialState(NamedTuple):
    """The first state x (n, d) of a run, at `time`, with the names of its components."""

    time: float
    components: tuple[str, ...]
    x: Float[np.ndarray, "n d"]


def part_name(number: int) -> str:
    """File name of a part; -1 names a part that is never written."""
    return f"{number:05d}.safetensors"


def of_recording(recording: Recording) -> bytes:
    """A recording as bytes."""
    about = {name: value for name, value in vars(recording).items() if name not in ("ts", "x")}
    about["components"] = [asdict(one) for one in recording.components]
    for name in ("parameters", "lengths", "si"):
        about[name] = dict(about[name])
    return _packed({"ts": recording.ts, "x": recording.x}, about)


def to_recording(data: bytes) -> Recording:
    """The inverse of `of_recording`."""
    arrays, about = _unpacked(data)
    components = tuple(Component(**{**c, "view": tuple(c["view"])}) for c in about["components"])
    si = {name: Counted(*unit) for name, unit in about["si"].items()}
    values = {**about, "components": components, "notes": tuple(about["notes"]), "si": si}
    return Recording(ts=arrays["ts"], x=arrays["x"], **values)


def of_start(start: InitialState) -> bytes:
    """A first state as bytes."""
    return _packed({"x": start.x}, {"time": start.time, "components": start.components})


def to_start(data: bytes) -> InitialState:
    """The inverse of `of_start`."""
    arrays, about = _unpacked(data)
    return InitialState(about["time"], tuple(about["components"]), arrays["x"])


def _packed(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> bytes:
    whole = {name: np.array(one, order="C") for name, one in arrays.items()}
    return save(whole, metadata={"about": json_text(about)})


def _unpacked(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    length = int.from_bytes(data[:8], "little")
    return load(data), json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["about"])
