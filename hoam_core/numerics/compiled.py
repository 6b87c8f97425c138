"""Loops over particles that numba compiles, where XLA would pass over the memory many times.

Numba is the extra `fast`; whoever has a loop of this kind does the same by XLA without it.
"""

from collections.abc import Callable
from importlib.util import find_spec

import jax
from jax.core import Tracer

# Sums in any order and no signed zeros, but infinite and undefined numbers are what they are.
FAST = frozenset({"contract", "arcp", "nsz", "reassoc"})


def is_installed() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


def is_plain(*trees: object) -> bool:
    """Whether a loop of numba may take these arrays: none is traced, and a CPU computes."""
    traced = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))
    return not traced and jax.default_backend() == "cpu" and is_installed()


def compiler(fastmath: frozenset[str] = FAST) -> Callable:
    """The decorator of such loops; they leave other threads their turn."""
    import numba

    return numba.njit(nogil=True, error_model="numpy", fastmath=set(fastmath))
