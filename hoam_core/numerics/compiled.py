"""Loops over particles that numba compiles, where XLA would pass over the memory many times.

Numba is the extra `fast`; whoever has a loop of this kind does the same by XLA without it. Both
give the same numbers but for rounding, which a chaotic population amplifies: so every result says
which one computed it, and the variable HOAM_BACKEND takes the choice out of what is installed.
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
# Sums in any order and no signed zeros, but infinite and undefined numbers are what they are.
FAST = frozenset({"contract", "arcp", "nsz", "reassoc"})


@cache
def is_installed() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


def backend() -> Backend:
    """Who compiles loops that both can: numba on a CPU where it is installed, otherwise XLA.

    `HOAM_BACKEND=xla` leaves numba out. Raises ValueError for a name of neither.
    """
    choices: dict[str, Backend] = {"numba": "numba", "xla": "xla"}
    wanted = lookup(os.environ.get(VARIABLE) or "numba", choices, VARIABLE)
    usable = jax.default_backend() == "cpu" and is_installed()
    return wanted if usable else "xla"


def is_plain(*trees: object) -> bool:
    """Whether these are arrays that a loop of numba can take: none of them is traced."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))


def compiler(fastmath: frozenset[str] = FAST) -> Callable[[Loop], Loop]:
    """The decorator of such loops; they leave other threads their turn."""
    import numba

    made = numba.njit(nogil=True, error_model="numpy", fastmath=set(fastmath))
    return cast(Callable[[Loop], Loop], made)
