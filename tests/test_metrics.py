"""Distances and fits against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import ot
import pytest
from scipy.special import ive
from scipy.stats import norm

from hoam_core.checks import DivergedError
from hoam_core.metrics import (
    METRICS,
    curve_error,
    entropic,
    fit_growth,
    maxima,
    maximum_mean_discrepancy,
    over_blocks,
    over_subsets,
    sinkhorn_divergence,
    sliced_wasserstein2,
    transport_distance,
    wasserstein2,
)
from hoam_core.metrics.transport import block_size, squared_chords
from hoam_core.numerics.domain import Domain
from hoam_core.numerics.loading import cosine_quantile, quiet, random

FREE = Domain.free(2)
ONES = np.ones(2)


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


def two_peaks(rng, left, right):
    """Normal clouds in the plane at x = -3 and +3."""
    cloud = rng.normal(size=(left + right, 2))
    cloud[:left, 0] -= 3
    cloud[left:, 0] += 3
    return cloud


def test_sinkhorn_converges_where_mass_must_go_from_peak_to_peak():
    rng = np.random.default_rng(1)
    a, b = two_peaks(rng, 200, 200), two_peaks(rng, 180, 220)
    assert wasserstein2(a, b, FREE, ONES) == pytest.approx(0.7034, rel=1e-3)
    assert sinkhorn_divergence(a, b, FREE, ONES) == pytest.approx(0.700, rel=0.01)


@pytest.mark.parametrize("shares", [(10, 70), (40, 41), (1, 79)])
def test_sinkhorn_of_few_far_particles_is_near_the_exact_distance(shares):
    rng = np.random.default_rng(5)
    a, b = two_peaks(rng, 40, 40), two_peaks(rng, *shares)
    exact = wasserstein2(a, b, FREE, ONES)
    assert sinkhorn_divergence(a, b, FREE, ONES) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("n", [100, 300])
def test_a_small_regularisation_gives_the_exact_distance(n):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + np.array([0.3, 0.0])
    exact = wasserstein2(a, b, FREE, ONES)
    assert sinkhorn_divergence(a, b, FREE, ONES, epsilon=1e-4) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("epsilon", [0.05, 0.5, 5.0])
def test_sinkhorn_of_normal_laws_is_the_closed_form(epsilon):
    # Janati, Muzellec, Peyre, Cuturi, NeurIPS 33, 2020, theorem 1, with epsilon = 2 s2.
    def cost(mean, first, second):
        s2 = epsilon / 2
        d = np.sqrt(4 * first * second + s2**2)
        law = first + second - d + s2 * (1 - np.log(2 * s2)) + s2 * np.log(d + s2)
        return mean**2 + law

    u = (np.arange(200) + 0.5)[:, None] / 200
    a, b = norm.ppf(u), 0.7 + 1.5 * norm.ppf(u)
    expected = cost(0.7, 1.0, 2.25) - 0.5 * cost(0.0, 1.0, 1.0) - 0.5 * cost(0.0, 2.25, 2.25)
    found = sinkhorn_divergence(a, b, Domain.free(1), np.ones(1), epsilon=epsilon)
    assert found == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("epsilon", [1e-4, 0.01, 1.0])
def test_an_entropic_cost_lies_between_the_exact_one_and_that_of_the_exact_plan(epsilon):
    rng = np.random.default_rng(4)
    costs = np.sum((rng.normal(size=(90, 1, 3)) - rng.normal(size=(1, 90, 3)) - 0.5) ** 2, axis=-1)
    exact, about = ot.emd2([], [], costs, log=True)
    found = entropic.cost(costs, epsilon, about["v"])
    assert exact <= found <= exact + epsilon * np.log(90)


def test_an_entropic_cost_does_not_depend_on_its_start():
    rng = np.random.default_rng(6)
    costs = np.sum((rng.normal(size=(70, 1, 2)) - rng.normal(size=(1, 50, 2))) ** 2, axis=-1)
    starts = (np.zeros(50), rng.normal(size=50), 10 * rng.normal(size=50))
    found = [entropic.cost(costs, 0.1, start) for start in starts]
    np.testing.assert_allclose(found, found[0], rtol=1e-4)


def test_what_has_not_converged_is_refused(cloud, monkeypatch):
    monkeypatch.setattr(entropic, "STEPS", 2)
    with pytest.raises(ValueError, match=r"`epsilon` must be larger .* is 1e-05"):
        sinkhorn_divergence(cloud, cloud + 1.0, FREE, ONES, epsilon=1e-5)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_must_be_finite(metric, value, cloud):
    broken = cloud.copy()
    broken[7, 1] = value
    with pytest.raises(DivergedError, match="NaN or infinite"):
        metric(cloud, broken, FREE, ONES)


BOX = 50.0
CIRCLE = Domain(jnp.array([BOX]), (True,))


def wave(mode, amplitude, seed):
    """1,000 stratified points of density 1 + amplitude cos(mode k1 x)."""
    rng = np.random.default_rng(seed)
    u = (np.arange(1_000) + rng.random(1_000)) / 1_000
    if amplitude < 0:
        return (wave(mode, -amplitude, seed) + BOX / (2 * mode)) % BOX
    # `mode` periods, each with its share of the points.
    turns, phase = np.divmod(mode * u, 1.0)
    theta = np.asarray(cosine_quantile(jnp.asarray(phase), amplitude))
    return ((turns + theta / (2 * np.pi)) * BOX / mode)[:, None] % BOX


@pytest.mark.parametrize("bandwidth", [None, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_mmd_sees_every_mode_of_a_box(mode, bandwidth):
    scale = np.array([BOX / np.sqrt(12)])
    a, again, b = wave(mode, 0.8, 0), wave(mode, 0.8, 1), wave(mode, -0.8, 2)
    far, near = (
        maximum_mean_discrepancy(a, other, CIRCLE, scale, bandwidth=bandwidth)
        for other in (b, again)
    )
    assert far > 3 * near
    if bandwidth is not None:
        # The kernel is exp(-z (1 - cos theta)), whose Fourier coefficients are exp(-z) I_m(z).
        z = (np.sqrt(12) / (2 * np.pi * bandwidth)) ** 2
        assert far == pytest.approx(0.8 * np.sqrt(2 * ive(mode, z)), rel=0.01)


@pytest.mark.parametrize("bandwidth", [1.0, 3.0, 10.0, 50.0])
def test_a_kernel_of_chords_is_positive_definite(bandwidth):
    x = jnp.linspace(0, BOX, 50, endpoint=False)[:, None]
    kernel = np.exp(-np.asarray(squared_chords(x, x, CIRCLE, np.ones(1))) / (2 * bandwidth**2))
    assert np.linalg.eigvalsh(kernel).min() > -1e-5


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 3.0, 100.0])
@pytest.mark.parametrize("mode", [1, 2, 4])
def test_sinkhorn_in_a_box_is_never_negative(mode, epsilon):
    scale = np.array([BOX / np.sqrt(12)])
    a, b = (wave(mode, amplitude, 0)[::5] for amplitude in (0.8, -0.8))
    assert sinkhorn_divergence(a, b, CIRCLE, scale, epsilon=epsilon) >= -1e-6


def test_sinkhorn_of_near_points_of_a_circle_is_their_exact_distance():
    # A chord is shorter than its arc by a share of (pi dx / L)^2 / 6 only.
    a = np.random.default_rng(3).uniform(48.5, 49.5, size=(60, 1))
    found = sinkhorn_divergence(a, (a + 2.0) % BOX, CIRCLE, np.ones(1), epsilon=0.01)
    assert found == pytest.approx((BOX / np.pi * np.sin(np.pi * 2.0 / BOX)) ** 2, rel=0.01)


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


def test_blocks_are_aligned_and_of_a_power_of_two():
    seen = []

    def distance(a, b, domain, scale):
        seen.append((np.asarray(a)[:, 0], np.asarray(b)[:, 0]))
        return float(len(seen))

    a, b = np.arange(1_000.0)[:, None], np.arange(100.0)[:, None]
    assert block_size(1_000, 100) == 16
    assert over_blocks(distance, a, b, Domain.free(1), np.ones(1)) == 3.0
    for i, pair in enumerate(seen):
        for side in pair:
            np.testing.assert_array_equal(side, np.arange(16 * i, 16 * (i + 1)))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((10_240, 99_999), 2_048), ((10_239, 10_239), 1_024), ((2**20, 2**20), 2_048), ((9, 5), 1)],
)
def test_the_size_of_a_block_fits_five_times(sizes, expected):
    assert block_size(*sizes) == expected


def test_blocks_keep_quiet_what_subsets_make_noisy(key):
    quiet_sets = [norm.ppf(np.asarray(quiet(k, 5 * 256, 2))) for k in jax.random.split(key)]
    random_sets = [norm.ppf(np.asarray(random(k, 5 * 256, 2))) for k in jax.random.split(key)]
    by_blocks = over_blocks(wasserstein2, *quiet_sets, FREE, ONES)
    rng = np.random.default_rng(0)
    by_subsets = over_subsets(wasserstein2, *quiet_sets, FREE, ONES, rng, size=256)
    assert by_blocks < 0.5 * by_subsets
    assert by_blocks < 0.5 * over_blocks(wasserstein2, *random_sets, FREE, ONES)


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
