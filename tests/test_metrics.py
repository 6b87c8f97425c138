"""Distances and fits against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.domain import Domain
from hoam_core.metrics import (
    METRICS,
    curve_error,
    fit_growth,
    maxima,
    over_subsets,
    sinkhorn_divergence,
    sliced_wasserstein2,
    transport_distance,
    wasserstein2,
)

FREE = Domain.free(2)
ONES = np.ones(2)


@pytest.fixture(autouse=True)
def allow_rank_promotion():
    # OTT-JAX promotes ranks inside.
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.fixture
def cloud():
    return np.random.default_rng(0).normal(size=(60, 2))


def test_the_distance_of_a_translation_is_its_square_in_scaled_units(cloud):
    shift, scale = np.array([0.6, -1.0]), np.array([2.0, 0.5])
    found = wasserstein2(cloud, cloud[::-1] + shift, FREE, scale)
    assert found == pytest.approx(0.3**2 + 2.0**2, rel=1e-12)


def test_a_translation_on_a_circle_goes_the_short_way(cloud):
    domain = Domain(jnp.array([10.0, 1.0]), (True, False))
    near = domain.wrap(jnp.asarray(0.01 * cloud))
    moved = domain.wrap(near + jnp.array([[9.7, 0.0]]))
    assert wasserstein2(near, moved, domain, ONES) == pytest.approx(0.3**2, rel=1e-9)


def test_the_distance_on_a_line_pairs_sorted_samples():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=40), rng.exponential(size=40)
    found = wasserstein2(a[:, None], b[:, None], Domain.free(1), np.ones(1))
    assert found == pytest.approx(np.mean((np.sort(a) - np.sort(b)) ** 2), rel=1e-10)


def test_the_sliced_distance_of_a_translation_is_its_mean_square_along_a_component():
    # The mean of (u . s)^2 over directions u of the sphere is |s|^2 / d.
    a = np.random.default_rng(0).normal(size=(50, 20))
    shift = np.linspace(-1, 1, 20)
    found = sliced_wasserstein2(a, a + shift, Domain.free(20), np.ones(20), directions=4000)
    assert found == pytest.approx(np.sum(shift**2) / 20, rel=0.05)


def test_the_sliced_distance_refuses_circles(cloud):
    with pytest.raises(ValueError, match="`domain` must be free"):
        sliced_wasserstein2(cloud, cloud, Domain(jnp.ones(2), (True, False)), ONES)


def test_high_dimensions_are_judged_by_the_sliced_distance():
    assert transport_distance(9) is wasserstein2
    assert transport_distance(100) is sliced_wasserstein2


def test_samples_of_different_size_are_compared():
    a, b = np.array([[0.0], [1.0]]), np.array([[0.0], [0.0], [1.0], [1.0]])
    assert wasserstein2(a, b, Domain.free(1), np.ones(1)) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_distance_is_zero_on_equals_symmetric_and_positive(metric, cloud):
    other = cloud + np.random.default_rng(2).normal(size=cloud.shape)
    assert metric(cloud, cloud[::-1], FREE, ONES) == pytest.approx(0, abs=1e-6)
    there, back = metric(cloud, other, FREE, ONES), metric(other, cloud, FREE, ONES)
    assert there > 0.05
    assert there == pytest.approx(back, rel=1e-3)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_components_must_agree(metric, cloud):
    with pytest.raises(ValueError, match=r"`b` must have shape \(any, 2\)"):
        metric(cloud, cloud[:, :1], FREE, ONES)


def test_sinkhorn_is_near_the_exact_distance_of_clouds_far_apart(cloud):
    a, b = 0.1 * cloud, 0.1 * np.random.default_rng(3).normal(size=cloud.shape) + 3.0
    exact = wasserstein2(a, b, FREE, ONES)
    assert exact > 15
    assert sinkhorn_divergence(a, b, FREE, ONES) == pytest.approx(exact, rel=0.01)


def test_sinkhorn_of_a_wide_regularisation_is_the_distance_of_the_means(cloud):
    # For large epsilon the plan is the product and the divergence |mean a - mean b|^2.
    shift = np.array([1.0, 2.0])
    wide = sinkhorn_divergence(cloud, 2 * cloud + shift, FREE, ONES, epsilon=1e4)
    expected = np.sum((cloud.mean(0) - (2 * cloud + shift).mean(0)) ** 2)
    assert wide == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, np.nan])
def test_sinkhorn_needs_a_positive_regularisation(cloud, epsilon):
    with pytest.raises(ValueError, match="`epsilon` must be a positive number"):
        sinkhorn_divergence(cloud, cloud, FREE, ONES, epsilon=epsilon)


def test_a_flat_top_is_a_maximum_at_its_middle():
    times, heights = maxima(np.arange(7.0), np.array([1, 2, 9, 9, 9, 2, 1.0]))
    assert (times.tolist(), heights.tolist()) == ([3.0], pytest.approx([9.0]))


def test_subsets_are_disjoint_and_their_mean_is_reported():
    seen = []

    def distance(a, b, domain, scale):
        seen.append((np.asarray(a)[:, 0], np.asarray(b)[:, 0]))
        return float(len(seen))

    a, b = np.arange(100.0)[:, None], np.arange(60.0)[:, None]
    rng = np.random.default_rng(0)
    assert over_subsets(distance, a, b, Domain.free(1), np.ones(1), rng, subsets=4, size=10) == 2.5
    for side in zip(*seen, strict=True):
        assert [len(s) for s in side] == [10] * 4
        assert len(np.unique(np.concatenate(side))) == 40


def test_subsets_shrink_with_the_smaller_sample():
    sizes = []

    def distance(a, b, domain, scale):
        sizes.append((len(a), len(b)))
        return 0.0

    a, b = np.zeros((100, 1)), np.zeros((21, 1))
    over_subsets(distance, a, b, Domain.free(1), np.ones(1), np.random.default_rng(0))
    assert sizes == [(4, 4)] * 5


def test_too_few_samples_for_subsets_are_refused():
    few = np.zeros((4, 1))
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        over_subsets(wasserstein2, few, few, Domain.free(1), np.ones(1), np.random.default_rng(0))


def test_curve_errors_leave_the_first_time_out_of_the_mean():
    error = curve_error(np.array([1.0, 2.0, 4.0]), np.array([9.0, 2.2, 3.0]))
    assert error.mean == pytest.approx((0.1 + 0.25) / 2)
    assert error.l2 == pytest.approx(np.sqrt((64 + 0.04 + 1) / 21))


def test_curves_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"`model` must have shape \(3\), but has \(2,\)"):
        curve_error(np.ones(3), np.ones(2))


def saturating(gamma, noise=1e-4):
    ts = np.linspace(0, 40, 401)
    growing = noise * np.exp(2 * gamma * ts)
    return ts, growing / (1 + growing / 5.0) * (1 + 0.02 * np.sin(9 * ts))


@pytest.mark.parametrize("gamma", [0.2, 0.35, 0.6])
def test_growth_before_saturation_is_recovered_within_a_given_window(gamma):
    ts, energy = saturating(gamma)
    end = np.log(200) / (2 * gamma)
    fit = fit_growth(ts, energy, (2.0, 2.0 + end))
    assert fit.rate == pytest.approx(gamma, rel=0.02)
    assert fit.start == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("gamma", [0.2, 0.35, 0.6])
def test_the_window_of_growth_is_found(gamma):
    ts = np.linspace(0, 40, 401)
    energy = np.minimum(1e-4 * np.exp(2 * gamma * ts), 5.0 + 0.0 * ts)
    after = energy >= 5.0
    energy[after] = 4 + np.cos(0.7 * (ts[after] - ts[after][0]))
    fit = fit_growth(ts, energy)
    assert fit.rate == pytest.approx(gamma, rel=0.02)
    assert 0 < fit.start < fit.end < ts[after][0]


@pytest.mark.parametrize("curve", [np.ones(100), np.zeros(100), 1 + 0.3 * np.sin(np.arange(100))])
def test_a_flat_curve_has_no_growth(curve):
    assert fit_growth(np.linspace(0, 10, 100), curve) is None


def test_a_window_with_too_few_points_gives_none():
    ts, energy = saturating(0.3)
    assert fit_growth(ts, energy, (1.0, 1.2)) is None
