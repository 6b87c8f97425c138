"""Recordings that fit together, as files: the arrays as safetensors, everything else as JSON."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from hoam_core.files.json_text import json_text
from hoam_core.recorded.collection import Collection
from hoam_core.systems.base import Component

ARRAYS, DESCRIPTION = "collection.safetensors", "collection.json"


def _plain(collection: Collection) -> dict[str, Any]:
    """Everything that is not an array; components as their fields."""
    found = {f.name: getattr(collection, f.name) for f in dataclasses.fields(collection)}
    plain = {name: value for name, value in found.items() if not isinstance(value, np.ndarray)}
    return plain | {"components": [dataclasses.asdict(c) for c in collection.components]}


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples that they were."""
    if isinstance(value, list):
        return tuple(_tuples(one) for one in value)
    return value


def digest(path: Path) -> str:
    """SHA-256 of a file, read in parts to save memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_collection(collection: Collection, folder: Path, more: Mapping[str, Any]) -> None:
    """Write a collection and `more` plain values about it into a folder."""
    fields = (getattr(collection, f.name) for f in dataclasses.fields(collection))
    names = [f.name for f in dataclasses.fields(collection)]
    arrays = {
        name: np.ascontiguousarray(value)
        for name, value in zip(names, fields, strict=True)
        if isinstance(value, np.ndarray)
    }
    save_file(arrays, folder / ARRAYS)
    told = {"sha256": digest(folder / ARRAYS), "collection": _plain(collection), "more": dict(more)}
    (folder / DESCRIPTION).write_text(json_text(told), encoding="utf-8")


def read_collection(folder: Path) -> tuple[Collection, dict[str, Any]]:
    """The collection in a folder, and what was written with it.

    Raises ValueError where a file is missing, damaged or of another version.
    """
    try:
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if digest(folder / ARRAYS) != told["sha256"]:
            raise ValueError("the arrays do not match")
        plain = {name: _tuples(value) for name, value in told["collection"].items()}
        plain["components"] = tuple(
            Component(**{name: _tuples(value) for name, value in one.items()})
            for one in told["collection"]["components"]
        )
        arrays: dict[str, Any] = load_file(folder / ARRAYS)
        return Collection(**plain, **arrays), dict(told["more"])
    except Exception as error:  # parsers may raise any error on damaged bytes
        raise ValueError(
            "These data are no longer kept here in a readable form; upload the files again."
        ) from error
