"""Loops over particles compiled by numba, where XLA would pass over the memory many times.

Numba is the optional extra `fast`; without it, every such loop is done by XLA. Both give the same
numbers except for rounding, which a chaotic population amplifies: so every result records which one
computed it, and the variable HOAM_BACKEND overrides the choice.
"""

import os
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, TypeVar, cast

import jax
from jax.core import Tracer

from hoam_core.checks import lookup

Backend = Literal["numba", "xla"]
Loop = TypeVar("Loop", bound=Callable[..., Any])
VARIABLE = "HOAM_BACKEND"
# Sums may be reordered and signs of zeros ignored, but infinities and NaN are respected.
FAST = frozenset({"contract", "arcp", "nsz", "reassoc"})


@cache
def is_installed() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def backend() -> Backend:
    """The compiler of loops that exist for both: numba on a CPU where installed, otherwise XLA.

    `HOAM_BACKEND=xla` leaves numba out. Raises ValueError for any other name.
    """
    choices: dict[str, Backend] = {"numba": "numba", "xla": "xla"}
    wanted = lookup(os.environ.get(VARIABLE) or "numba", choices, VARIABLE)
    usable = jax.default_backend() == "cpu" and is_installed()
    return wanted if usable else "xla"


def is_plain(*trees: object) -> bool:
    """Whether numba loops can take these arrays: none of them is traced by JAX."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))


def compiler(fastmath: frozenset[str] = FAST) -> Callable[[Loop], Loop]:
    """The decorator that compiles such loops; they release the GIL for other threads."""
    import numba

    made = numba.njit(nogil=True, error_model="numpy", fastmath=set(fastmath))
    return cast(Callable[[Loop], Loop], made)
