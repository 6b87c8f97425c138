"""Cosine and sine by one polynomial, against those of numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.numerics.angles import cos_sin


@pytest.mark.parametrize("turns", [1, 1_000])
def test_single_precision_is_within_a_millionth(float32, turns):
    angle = np.linspace(-turns, turns, 100_003).astype(np.float32) * np.float32(2 * np.pi)
    found = jax.jit(cos_sin)(jnp.asarray(angle))
    exact = np.cos(angle.astype(float)), np.sin(angle.astype(float))
    np.testing.assert_allclose(np.array(found), np.array(exact), rtol=0, atol=1e-6)
    assert found[0].dtype == np.float32


def test_double_precision_is_exact():
    angle = jnp.linspace(-20.0, 20.0, 1_001)
    np.testing.assert_array_equal(np.array(cos_sin(angle)), [jnp.cos(angle), jnp.sin(angle)])


def test_slopes_are_those_of_the_functions(float32):
    angle = jnp.linspace(-9.0, 9.0, 301)
    cos_slope, sin_slope = jax.jvp(cos_sin, (angle,), (jnp.ones_like(angle),))[1]
    np.testing.assert_allclose(cos_slope, -jnp.sin(angle), atol=3e-5)
    np.testing.assert_allclose(sin_slope, jnp.cos(angle), atol=3e-5)
