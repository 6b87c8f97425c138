"""Points of the unit cube: strictly inside, reproducible, and quiet where they should be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import qmc

from hoam_core.numerics.loading import LOADINGS, cosine_quantile, quiet, random


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 4096])
@pytest.mark.parametrize("loading", LOADINGS.values(), ids=LOADINGS)
def test_points_have_the_asked_shape_and_lie_strictly_inside(key, loading, n):
    points = np.asarray(loading(key, n, 3))
    assert points.shape == (n, 3)
    assert points.min() > 0
    assert points.max() < 1


@pytest.mark.parametrize("loading", LOADINGS.values(), ids=LOADINGS)
def test_points_in_single_precision_stay_strictly_inside(float32, loading):
    points = np.asarray(loading(jax.random.key(1), 200_000, 2))
    assert points.dtype == np.float32
    assert points.min() > 0
    assert points.max() < 1


@pytest.mark.parametrize("loading", LOADINGS.values(), ids=LOADINGS)
def test_points_depend_on_the_key_only(key, loading):
    np.testing.assert_array_equal(loading(key, 64, 2), loading(key, 64, 2))
    assert not np.array_equal(loading(key, 64, 2), loading(jax.random.key(7), 64, 2))


def test_quiet_points_cover_the_square_more_evenly_than_random_ones(key):
    found = {f: qmc.discrepancy(np.asarray(f(key, 1024, 2))) for f in (quiet, random)}
    assert found[quiet] < 0.05 * found[random]


def test_every_dyadic_slice_of_a_quiet_set_holds_its_share(key):
    points = np.asarray(quiet(key, 4096, 2))
    for column in points.T:
        np.testing.assert_array_equal(np.histogram(column, 64, (0, 1))[0], 64)


def test_quiet_noise_of_a_mean_falls_faster_than_the_root_of_n(key):
    def noise(loading, n):
        keys = jax.random.split(key, 16)
        means = [np.cos(2 * np.pi * np.asarray(loading(k, n, 1))).mean() for k in keys]
        return np.std(means)

    assert noise(random, 256) / noise(random, 4096) < 10
    assert noise(quiet, 256) / noise(quiet, 4096) > 16
    assert noise(quiet, 4096) < 0.01 * noise(random, 4096)


def test_powers_of_two_are_quietest(key):
    def noise(n):
        keys = jax.random.split(key, 8)
        modes = [np.exp(2j * np.pi * np.asarray(quiet(k, n, 2))[:, 0]).mean() for k in keys]
        return np.median(np.abs(modes))

    assert noise(5_000) > 1e3 * noise(4_096)


@pytest.mark.parametrize("amplitude", [0.0, 0.01, 0.3, 0.6])
def test_the_cosine_quantile_inverts_its_distribution_function(amplitude):
    u = jnp.linspace(0, 1, 1001)
    theta = cosine_quantile(u, amplitude)
    np.testing.assert_allclose(theta + amplitude * jnp.sin(theta), 2 * np.pi * u, atol=1e-12)
    assert float(theta.min()) >= 0
    assert float(theta.max()) <= 2 * np.pi + 1e-12
