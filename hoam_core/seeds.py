"""Random keys by purpose, so that training, truth and prediction never share their particles.

A seed is chosen by the user and recorded in files; the key of a run is made from the seed and the
purpose of the run. Equal seeds give unrelated keys for two purposes.
"""

import zlib

import jax
from jaxtyping import PRNGKeyArray

from hoam_core.checks import check_within


def seed_key(seed: int, purpose: str) -> PRNGKeyArray:
    """The key of a seed from 0 to 2^32 - 1 for a purpose such as "truth" or "train"."""
    check_within("seed", seed, 0, 2**32 - 1)
    return jax.random.fold_in(jax.random.key(int(seed)), zlib.crc32(purpose.encode()))


def run_keys(seed: int, purpose: str) -> tuple[PRNGKeyArray, PRNGKeyArray]:
    """The two keys of a run of that seed and purpose: for its initial samples, and for the rest."""
    first, rest = jax.random.split(seed_key(seed, purpose))
    return first, rest
