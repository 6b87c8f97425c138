"""Predators and prey against the exact equations of their moments and the noise-free system."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.systems.lattices import predator_prey
from hoam_core.systems.lattices.predator_prey import (
    PredatorPrey,
    interpolated,
    moment_rates,
    moved,
    noise_covariance,
    spiral,
)

LINE = PredatorPrey()
MU = LINE.vector({"a": 3.0, "b": 0.4})


def runs(n, mu=MU):
    return jnp.tile(mu, (n, 1))


def rough(key, size, n):
    """Fields without any pattern, so that every term of the equations counts."""
    return 0.5 + 0.1 * jax.random.normal(key, (2, size, n))


def test_one_step_moves_the_means_by_their_exact_rates_and_noise(key):
    n, size, h = 20_000, 40, predator_prey.STEP
    start = jnp.tile(rough(key, size, 1), (1, 1, n))
    change = np.asarray(LINE.observe(LINE.evolve(key, runs(n), start, h)) - LINE.observe(start))
    noise = noise_covariance(size)
    error = np.sqrt(np.diag(noise) / h / n)
    exact = np.asarray(moment_rates(start, runs(n)))[0]
    np.testing.assert_array_less(np.abs(change.mean(0) / h - exact), 4 * error)
    np.testing.assert_allclose(np.cov(change.T) / h, noise, atol=0.04 * noise[0, 0])
    assert np.all(np.abs(exact) > 20 * error)


def without_noise(state, duration):
    return moved(jax.random.key(0), runs(1), state, duration, np.zeros(40, bool), 0.0)


def test_the_fixed_point_is_at_rest_and_its_spiral_has_the_period_and_decay_of_theory():
    fixed = jnp.array([0.4, 0.6])[:, None, None] * jnp.ones((2, 40, 1))
    np.testing.assert_allclose(without_noise(fixed, 5.0), fixed, atol=1e-12)
    period, decay = spiral(3.0, 0.4)
    assert (period, decay) == (pytest.approx(7.6195, abs=1e-4), pytest.approx(5.0))
    tiny = 1e-4 * jnp.array([1.0, 0.0])[:, None, None]
    later = without_noise(fixed + tiny, period)
    # Steps of 0.01 let the spiral decay by 2.5 percent less over one period than the flow does.
    np.testing.assert_allclose(
        (later - fixed)[:, 0, 0] / 1e-4, [np.exp(-period / decay), 0.0], atol=0.008
    )


def test_diffusion_between_ends_without_flux_keeps_the_mean(key):
    # Without prey and with a = 0 nothing is left of the reaction.
    start = rough(key, 40, 1).at[0].set(0.0)
    nothing = jnp.zeros((1, 5))
    end = moved(key, nothing, start, 4.0, np.zeros(40, bool), 0.0)
    np.testing.assert_allclose(LINE.observe(end), LINE.observe(start), atol=1e-13)
    assert np.std(end[1]) < 0.6 * np.std(start[1])
    np.testing.assert_array_equal(end[0], start[0])


def test_a_patch_sees_its_frozen_neighbours_and_no_others(key):
    start = rough(key, 120, 2)
    before, after = LINE.patch_moves(key, runs(2), start, 40, 0.5)
    other = start.at[:, 81:].add(0.1).at[:, :39].add(0.1)
    _, unfelt = LINE.patch_moves(key, runs(2), other, 40, 0.5)
    _, felt = LINE.patch_moves(key, runs(2), start.at[1, 80].add(0.1), 40, 0.5)
    np.testing.assert_array_equal(unfelt[1], after[1])
    assert np.abs(felt[1] - after[1]).max() > 1e-3
    assert before.shape == after.shape == (3, 80, 2)


def test_one_step_of_all_patches_is_one_step_of_the_whole(key):
    start, h = rough(key, 120, 2), predator_prey.STEP
    whole = LINE.patches(LINE.evolve(key, runs(2), start, h), 40)
    np.testing.assert_allclose(LINE.patch_moves(key, runs(2), start, 40, h)[1], whole, atol=1e-14)


def test_patch_increments_have_the_mean_and_k_times_the_variance_of_whole_ones(key):
    n, size, dt = 4_096, 200, 0.02
    state = LINE.evolve(key, runs(n), LINE.start(key, runs(n), size), 1.0)
    whole = LINE.observe(LINE.evolve(jax.random.key(1), runs(n), state, dt)) - LINE.observe(state)
    parts = LINE.patch_increments(jax.random.key(2), runs(n), state, 40, dt)
    assert parts.shape == (5, n, 2)
    gap = np.abs(np.asarray(parts).mean((0, 1)) - np.asarray(whole).mean(0))
    error = np.sqrt(2 * np.diag(noise_covariance(size)) * dt / n)
    # Edges of a patch feel neighbours that lag by dt / 2: a share dt / 40 of the change.
    assert np.all(gap < 4 * error + dt / 40 * np.abs(np.asarray(whole).mean(0)))
    # A longer dt adds dt^2 times the variance of the drift among patches of one z.
    spread = np.asarray(parts).std(1).mean(0)
    np.testing.assert_allclose(spread, np.sqrt(5 * np.diag(noise_covariance(size)) * dt), rtol=0.05)


@pytest.mark.parametrize("size", [40, 100, 200])
def test_the_start_has_its_means_at_every_size_and_every_patch_is_a_period(size, key):
    start = LINE.start(key, runs(2), size)
    np.testing.assert_allclose(LINE.observe(start), LINE.load(jnp.zeros((2, 1)), MU), atol=1e-14)
    patches = LINE.patches(start, size // 5)
    np.testing.assert_allclose(patches, jnp.broadcast_to(patches[:1], patches.shape), atol=1e-13)
    assert float(start[0].max() - start[0].min()) == pytest.approx(0.2, rel=0.2)
    # From centres of cells both ends look the same.
    np.testing.assert_allclose(start, start[:, ::-1], atol=1e-13)


def test_interpolation_keeps_means_and_straight_lines(key):
    fields = rough(key, 20, 3)
    np.testing.assert_allclose(LINE.observe(interpolated(fields)), LINE.observe(fields), atol=1e-14)
    slope = jnp.tile(jnp.arange(20.0)[None, :, None], (2, 1, 1))
    np.testing.assert_allclose(np.diff(interpolated(slope)[:, 1:-1], axis=1), 0.5, atol=1e-14)


@pytest.mark.slow
def test_enlarged_lines_have_the_moments_of_lines_run_directly(key):
    n, t = 2_048, 20.0
    small = LINE.evolve(key, runs(n), LINE.start(key, runs(n), 100), t)
    grown = LINE.enlarge(jax.random.key(1), runs(n), small, 40)
    grown_until = t + 2 * predator_prey.TURN * predator_prey.RELAXATIONS
    direct = LINE.evolve(jax.random.key(2), runs(n), LINE.start(key, runs(n), 200), grown_until)
    for found, expected in zip(*map(spreads, (grown, direct)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.08)
    np.testing.assert_allclose(*(LINE.observe(s).mean(0) for s in (grown, direct)), atol=5e-4)


def spreads(fields):
    u, v = fields - jnp.mean(fields, axis=1, keepdims=True)
    return [float(jnp.mean(product)) for product in (u * u, u * v, v * v)]


def test_runs_have_parameters_of_their_own_and_any_number(key):
    mu = jnp.array([[3.0, 0.4, 0.5, 0.1, 40], [2.0, 0.5, 0.45, 0.05, 40], [4.0, 0.4, 0.55, 0, 40]])
    start = LINE.start(key, mu, 40)
    rates = moment_rates(start, mu)
    change = LINE.observe(LINE.evolve(key, mu, start, 0.01)) - LINE.observe(start)
    np.testing.assert_allclose(change / 0.01, rates, atol=6 * 0.02 / np.sqrt(40 * 0.01))
    assert LINE.picture(start).shape == (2, 40)
    path = LINE.simulate(key, MU, LINE.initial(key, MU, 3), np.array([0.0, 0.1, 0.1]))
    assert path.shape == (3, 3, 2)
    np.testing.assert_array_equal(path[1], path[2])


def test_what_does_not_fit_is_told_with_its_cure(key):
    start = LINE.start(key, runs(1), 100)
    with pytest.raises(ValueError, match=r"must divide .* 100, but is 40; choose one of \[2, 4, 5"):
        LINE.patch_increments(key, runs(1), start, 40, 0.1)
    with pytest.raises(ValueError, match="`L` must be a multiple of 20, but is 110"):
        LINE.vector({"a": 3.0, "b": 0.4, "L": 110})
    with pytest.raises(ValueError, match=r"`b` must lie from 0.33 to 0.7, but is 0.1"):
        LINE.vector({"a": 3.0, "b": 0.1})
