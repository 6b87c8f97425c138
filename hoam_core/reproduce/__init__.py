"""Reproduction of the papers' tables and figures, as JSON, CSV and pictures.

A target is a generator of (current step, share done), called with the folder, `quick` and
`core_seconds`.
"""

from collections.abc import Callable, Iterator

from hoam_core.reproduce.barriers import barriers
from hoam_core.reproduce.instabilities import figure3, figure4
from hoam_core.reproduce.lattices import lattices
from hoam_core.reproduce.oscillator import figure2, figure8
from hoam_core.reproduce.table1 import table1

TARGETS: dict[str, Callable[..., Iterator[tuple[str, float]]]] = {
    "table1": table1,
    "figure2": figure2,
    "figure3": figure3,
    "figure4": figure4,
    "figure8": figure8,
    "lattices": lattices,
    "barriers": barriers,
}
# Targets of many independent parts, which accept a `client`.
SPREAD = ("table1", "figure2", "figure8", "lattices")

__all__ = [
    "SPREAD", "TARGETS", "barriers", "figure2", "figure3", "figure4", "figure8", "lattices",
    "table1",
]  # fmt: skip
