"""What the papers show, run again: tables and figures as JSON, CSV and pictures.

A target is a generator of (what is done now, share done), called with the folder, `quick` and
`core_seconds`.
"""

from collections.abc import Callable, Iterator

from hoam_core.reproduce.table1 import table1

TARGETS: dict[str, Callable[..., Iterator[tuple[str, float]]]] = {"table1": table1}

__all__ = ["TARGETS", "table1"]
