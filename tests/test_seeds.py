"""Seeds: equal ones give equal keys, other purposes unrelated ones."""

import jax
import numpy as np
import pytest

from hoam_core.seeds import seed_key

PURPOSES = ("truth", "train", "predict", "fit")


def data(key):
    return tuple(np.asarray(jax.random.key_data(key)))


def test_keys_of_all_seeds_and_purposes_differ():
    keys = {data(seed_key(seed, purpose)) for seed in range(50) for purpose in PURPOSES}
    assert len(keys) == 50 * len(PURPOSES)


def test_a_key_is_a_function_of_seed_and_purpose():
    assert data(seed_key(3, "truth")) == data(seed_key(3, "truth"))


def test_the_whole_range_of_seeds_is_accepted(float32):
    assert data(seed_key(0, "truth")) != data(seed_key(2**32 - 1, "truth"))


@pytest.mark.parametrize("seed", [-1, 2**32, np.nan])
def test_seeds_outside_the_range_are_refused(seed):
    with pytest.raises(ValueError, match="`seed` must"):
        seed_key(seed, "truth")


def test_two_purposes_draw_unrelated_numbers():
    draws = [jax.random.normal(seed_key(5, p), (4000,)) for p in PURPOSES]
    correlation = np.corrcoef(np.stack(draws)) - np.eye(len(PURPOSES))
    assert np.abs(correlation).max() < 0.06
