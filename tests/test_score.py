"""Noise-conditional scores: the least loss, and annealed Langevin dynamics at exact scores."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import Ensemble, fit
from hoam_core.data import Scaling
from hoam_core.methods import Frame, ncsm
from hoam_core.methods.score import annealed_langevin, denoising_loss
from hoam_core.networks import MLP
from hoam_core.numerics.domain import Domain
from hoam_core.training import adam

SIGMAS = jnp.geomspace(1.0, 1e-2, 10)


def mixture_score(weights, means, spreads):
    """Score of a blurred mixture of Gaussians in one dimension."""

    def log_density(x, sigma):
        variance = spreads**2 + sigma**2
        parts = jnp.log(weights) - 0.5 * jnp.log(variance) - (x[0] - means) ** 2 / (2 * variance)
        return jax.scipy.special.logsumexp(parts)

    return jax.grad(log_density)


def gaussian_score(mean, spread):
    return lambda x, sigma: -(x - mean) / (spread**2 + sigma**2)


def langevin(score, start, key, steps=100, **options):
    run = jax.jit(lambda x: annealed_langevin(score, x, SIGMAS, key, steps=steps, **options))
    return np.asarray(run(start))


@pytest.mark.parametrize("sigma", [0.01, 0.3, 1.0])
def test_the_exact_score_minimises_the_loss(sigma):
    mean, spread = 0.7, 0.2
    # All pairs of x = mean +- spread and eps = +-1: every second moment is exact.
    clean = mean + spread * jnp.array([[1.0], [1.0], [-1.0], [-1.0]])
    noise = jnp.array([[1.0], [-1.0], [1.0], [-1.0]])
    exact = gaussian_score(mean, spread)

    @jax.jit
    def loss(a):
        def score(x, sigma):
            return exact(x, sigma) + (a[0] + a[1] * (x - mean)) / sigma

        return denoising_loss(score, clean, noise, sigma)

    zero = jnp.zeros(2)
    np.testing.assert_allclose(jax.grad(loss)(zero), 0, atol=1e-12)
    assert float(jnp.linalg.eigvalsh(jax.hessian(loss)(zero)).min()) > 0.01
    # What noise cannot be told from the population is left.
    assert float(loss(zero)) == pytest.approx(spread**2 / (spread**2 + sigma**2))


@pytest.mark.parametrize("spread", [0.02, 0.14, 1.0])
def test_a_gaussian_comes_out_with_its_mean_and_spread(spread, key):
    start = jnp.zeros((8_000, 1))
    found = langevin(gaussian_score(0.5, spread), start, key)
    # Statistical errors of 8,000 samples: 1.1 % of the spread in the mean, 0.8 % in the spread.
    assert found.mean() == pytest.approx(0.5, abs=0.035 * spread)
    assert found.std() == pytest.approx(spread, rel=0.045)


def test_the_spread_is_the_one_of_the_variance_recursion(key):
    spread, steps, step = 0.3, 10, 0.4
    variance = 1.0
    for sigma in np.asarray(SIGMAS):
        rate = step * sigma**2 / (2 * (spread**2 + sigma**2))
        for _ in range(steps):
            variance = (1 - rate) ** 2 * variance + step * sigma**2
    variance *= (1 - 0.5 * sigma**2 / (spread**2 + sigma**2)) ** 2
    assert np.sqrt(variance) > 1.1 * spread
    found = langevin(gaussian_score(0.0, spread), jnp.zeros((20_000, 1)), key, steps, step=step)
    assert found.std() == pytest.approx(np.sqrt(variance), rel=0.02)


def test_a_mixture_comes_out_with_its_weights(key):
    weights, means, spreads = jnp.array([0.3, 0.7]), jnp.array([-1.0, 1.0]), jnp.array([0.3, 0.15])
    found = langevin(mixture_score(weights, means, spreads), jnp.zeros((8_000, 1)), key)[:, 0]
    right = found > 0
    assert right.mean() == pytest.approx(0.7, abs=0.03)
    for part, mean, spread in zip((found[~right], found[right]), means, spreads, strict=True):
        assert part.mean() == pytest.approx(float(mean), abs=0.03)
        assert part.std() == pytest.approx(float(spread), rel=0.06)


def test_the_last_step_takes_the_last_noise_away(key):
    # A population at a point: what Langevin leaves, sigma_L / (1 - step / 4)^(1/2), is halved.
    found = langevin(gaussian_score(0.0, 0.0), jnp.zeros((20_000, 1)), key, step=0.5)
    assert found.std() == pytest.approx(0.5 * 0.01 / np.sqrt(1 - 0.5 / 4), rel=0.03)


def test_single_precision_and_the_key_are_kept(float32):
    key, start = jax.random.key(0), jnp.zeros((50, 1))
    sigmas = SIGMAS.astype(np.float32)

    def run(key):
        return annealed_langevin(gaussian_score(0.5, 0.2), start, sigmas, key, steps=5)

    found = run(key)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(run(key), found)
    assert not np.any(run(jax.random.key(1)) == found)


def frame_of(x, ts, domain):
    ensemble = Ensemble(jnp.zeros((1, 1)), jnp.asarray(ts), jnp.asarray(x))
    return Frame(lambda mu: domain, Scaling.of(ensemble), ((0.0,),), ts), ensemble


TS = np.linspace(0, 1, 9)
XI = np.asarray(jax.scipy.special.ndtri((jnp.arange(128) + 0.5) / 128))


@pytest.fixture
def moving():
    """x_t ~ N(3 t, 0.4^2) on a line."""
    x = 3 * TS[:, None] + 0.4 * np.random.default_rng(0).permutation(XI)
    return frame_of(x[None, :, :, None], TS, Domain.free(1))


def test_a_batch_meets_every_level_equally_and_no_clean_start(moving, key):
    frame, ensemble = moving
    method = ncsm(frame, MLP(width=4, depth=1), populations=20, samples=64, frequencies=1)
    batch = jax.jit(method.learner.draw)(key, ensemble)
    np.testing.assert_allclose(np.sort(batch.sigma)[::-1], np.repeat(SIGMAS, 2), rtol=1e-12)
    assert batch.clean.shape == batch.noise.shape == (20, 64, 1)
    assert float(batch.tau.min()) > 0
    assert abs(np.corrcoef(batch.tau, np.log(batch.sigma))[0, 1]) < 0.6
    # The clean samples of a group are those of its time, in unit coordinates.
    physical = np.asarray(frame.scaling.physical(batch.clean))[..., 0]
    np.testing.assert_allclose(physical.mean(1), 3 * np.asarray(batch.tau), atol=0.2)


def test_a_moving_gaussian_is_learned(moving, key):
    frame, ensemble = moving
    net = MLP(width=24, depth=2)
    method = ncsm(frame, net, populations=16, samples=64, frequencies=1, levels=6)
    *_, state = fit(method.learner, ensemble, adam(1200, 1e-2), key, steps=1200, every=1200)
    ts = np.array([0.0, 0.5, 1.0])
    x0 = 0.4 * jax.random.normal(key, (2_000, 1))
    found = np.asarray(method.sample(state.params, x0, ts, jnp.zeros(1), key))[..., 0]
    np.testing.assert_array_equal(found[0], x0[:, 0])
    np.testing.assert_allclose(found.mean(1), 3 * ts, atol=0.1)
    np.testing.assert_allclose(found.std(1), 0.4, rtol=0.12)


@pytest.mark.slow
def test_a_population_across_the_edge_of_a_circle_is_learned(key):
    circle = Domain(jnp.array([10.0]), (True,))
    # The population sits on the edge at all times, half of it on either side.
    x = np.mod(np.stack([0.8 * np.random.default_rng(i).permutation(XI) for i in range(3)]), 10)
    frame, ensemble = frame_of(x[None, :, :, None], np.array([0.0, 0.5, 1.0]), circle)
    method = ncsm(frame, MLP(width=24, depth=2), populations=8, samples=64, frequencies=1, levels=6)
    *_, state = fit(method.learner, ensemble, adam(800, 1e-2), key, steps=800, every=800)
    x0 = jnp.full((2_000, 1), 5.0)
    found = method.sample(state.params, x0, np.array([0.0, 1.0]), jnp.zeros(1), key)[1]
    np.testing.assert_array_equal(circle.wrap(found), found)
    angle = np.exp(2j * np.pi * np.asarray(found) / 10)
    assert abs(np.angle(angle.mean()) * 10 / (2 * np.pi)) < 0.15
    # The circular spread of a wrapped Gaussian.
    spread = np.sqrt(-2 * np.log(abs(angle.mean()))) * 10 / (2 * np.pi)
    assert spread == pytest.approx(0.8, rel=0.12)


def test_every_saved_time_costs_all_levels_and_the_last_step(moving):
    method = ncsm(moving[0], MLP())
    assert method.evaluations(np.linspace(0, 1, 129)) == 128_000 + 128
    assert method.evaluations(np.linspace(0, 1, 3), 7) == 2 * 71


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"levels": 1}, "`levels` must be a whole number of at least 2, but is 1"),
        ({"sigma_min": 2.0}, "`sigma_min` must lie from .* to 0.99, but is 2"),
    ],
)
def test_levels_that_do_not_fall_are_refused(options, sentence, moving):
    with pytest.raises(ValueError, match=sentence):
        ncsm(moving[0], MLP(), **options)
