"""Spin lattices against enumeration, the master equation and what must not move."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.solvers import glauber
from hoam_core.systems import get_system as get_lattice
from hoam_core.systems.lattices.curie_weiss import (
    master_equation,
    mean_field_drift,
    moments,
    stationary_law,
)
from hoam_core.systems.lattices.ising import (
    CRITICAL,
    enumerated,
    onsager_energy,
    spontaneous_magnetisation,
)
from hoam_core.systems.lattices.spins import tiles, untiled

SPINS = ("curie-weiss", "ising")


def values(runs, temperature, field, m0=0.0, size=64):
    return jnp.tile(jnp.array([[temperature, field, m0, size]]), (runs, 1))


def test_four_by_four_spins_have_the_moments_of_all_their_states(key):
    lattice, runs = get_lattice("ising"), 512
    mu = values(runs, 2.5, 0.1)
    state, ts = lattice.start(key, mu, 4), np.arange(0.0, 300.0, 3.0)
    _, path = lattice.advance(key, mu[0], state, ts)
    m, walls = np.asarray(path)[30:].mean((0, 1))
    exact_m, exact_walls = enumerated(4, 2.5, 0.1)
    assert (exact_m, exact_walls) == pytest.approx((0.389341, 0.146746), abs=1e-6)
    assert m == pytest.approx(exact_m, abs=0.03)
    assert walls == pytest.approx(exact_walls, abs=0.004)


def test_the_mean_field_chain_has_its_published_moments():
    for sites, mean, spread in ((64, 0.431997, 0.218500), (4096, 0.489881, 0.024511)):
        found = moments(stationary_law(sites, 1.1, 0.1))
        np.testing.assert_allclose(found, (mean, spread), atol=2e-6)
    law = master_equation(1024, 1.1, 0.1, -0.5, np.array([0, 1, 2.5, 5, 10]))
    expected = [-0.5, -0.36072, -0.18445, 0.05563, 0.35202]
    np.testing.assert_allclose(moments(law)[0], expected, atol=1e-5)


def test_curie_weiss_spins_follow_the_master_equation(key):
    lattice, runs, ts = get_lattice("curie-weiss"), 2_048, np.array([0.0, 1.0, 3.0])
    mu = lattice.vector({"T": 1.1, "h": 0.1, "m0": -0.5, "L": 8})
    found = np.asarray(lattice.simulate(key, mu, lattice.initial(key, mu, runs), ts))[..., 0]
    np.testing.assert_array_equal(found[0], -0.5)
    exact, spread = moments(master_equation(64, 1.1, 0.1, -0.5, ts))
    np.testing.assert_allclose(found.mean(1), exact, atol=0.012)
    np.testing.assert_allclose(found.std(1), spread, atol=0.012)


def test_a_start_has_exactly_its_magnetisation_and_no_order(key):
    mu = jnp.stack([values(1, 2.0, 0.0, m0)[0] for m0 in (-1.0, -0.75, 0.0, 0.5, 1.0)])
    for name in SPINS:
        state = get_lattice(name).start(key, mu, 32)
        np.testing.assert_array_equal(get_lattice(name).observe(state)[:, 0], mu[:, 2])
    walls = get_lattice("ising").observe(get_lattice("ising").start(key, mu, 64))[:, 1]
    np.testing.assert_allclose(walls, 0.5 * (1 - mu[:, 2] ** 2), atol=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPINS)
def test_partial_increments_have_the_mean_and_k_times_the_variance_of_whole_ones(name, key):
    lattice, runs, patch, dt = get_lattice(name), 1_024, 8, 0.1
    mu = values(runs, 2.5, 0.1)
    state = lattice.start(key, values(runs, 2.5, 0.1, -0.4), 32)
    z = lattice.observe(state)
    own, other = jax.random.split(key)
    whole = lattice.observe(lattice.evolve(own, mu, state, dt)) - z
    parts = lattice.patch_increments(other, mu, state, patch, dt)
    assert parts.shape == (16, runs, z.shape[1])
    spread = np.asarray(whole).std(0)
    gap = np.abs(np.asarray(parts).mean((0, 1)) - np.asarray(whole).mean(0))
    # The rest is frozen for dt: the means agree to a share dt / 2 of the change.
    change = np.abs(np.asarray(whole).mean(0))
    assert np.all(gap < 5 * spread / np.sqrt(runs) + 0.5 * dt * change)
    ratio = (np.asarray(parts) - np.asarray(parts).mean((0, 1))).std((0, 1)) / spread
    np.testing.assert_allclose(ratio, 4.0, rtol=0.15)


@pytest.mark.slow
def test_frames_stay_frozen_and_sites_keep_their_place(key):
    state = get_lattice("ising").start(key, values(64, 2.0, 0.0), 12)
    framed = tiles(state, 4, frame=1)
    sites, neighbours = glauber.framed(4)
    rows = framed[5]
    up = glauber.thresholds(jnp.full(64, 2.0), jnp.zeros(64))
    moved = glauber.ising(key, rows, sites, neighbours, up, 3.0)
    frozen = np.setdiff1d(np.arange(36), sites)
    np.testing.assert_array_equal(moved[frozen], rows[frozen])
    assert np.mean(np.asarray(moved[sites] != rows[sites])) > 0.1
    np.testing.assert_array_equal(untiled(tiles(state, 4), 12), state)


@pytest.mark.slow
def test_relaxation_in_patches_keeps_the_law_of_gibbs(key):
    lattice, runs = get_lattice("ising"), 512
    mu = values(runs, 3.5, 0.2, 0.3)
    state = lattice.evolve(key, mu, lattice.start(key, mu, 16), 30.0)
    before = lattice.observe(state)
    after = lattice.observe(lattice.relax(jax.random.key(9), mu, state, 8))
    error = np.asarray(before).std(0) / np.sqrt(runs / 2)
    assert np.all(np.abs(np.asarray(after - before).mean(0)) < 4 * error)


def test_runs_do_not_share_their_clock(key):
    lattice, runs = get_lattice("curie-weiss"), 4_096
    mu = values(runs, 1.1, 0.1, -0.9)
    end = lattice.observe(lattice.evolve(key, mu, lattice.start(key, mu, 16), 1.0))[:, 0]
    groups = np.asarray(end).reshape(glauber.groups_of(runs), -1)
    # Means of groups of 64 scatter little more than those of independent runs.
    assert groups.mean(1).std() < 2.2 * groups.std() / 8


def test_exact_results_of_the_infinite_lattice():
    assert spontaneous_magnetisation(2.0) == pytest.approx(0.911319, abs=1e-6)
    assert spontaneous_magnetisation(CRITICAL + 1e-9) == 0.0
    assert onsager_energy(CRITICAL) == pytest.approx(-np.sqrt(2), abs=1e-6)
    assert mean_field_drift(np.array(0.490744), 1.1, 0.1) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", SPINS)
def test_bad_patches_are_told_with_their_cure(name, key):
    lattice = get_lattice(name)
    mu = values(2, 2.5, 0.1)
    state = lattice.start(key, mu, 12)
    with pytest.raises(ValueError, match=r"must divide .* 12, but is 5; choose one of \[2, 3, 4"):
        lattice.patch_increments(key, mu, state, 5, 0.1)
    with pytest.raises(ValueError, match="smaller patch or a larger lattice"):
        lattice.patch_increments(key, mu, state, 24, 0.1)
    for bad, sentence in (
        ({"T": -1.0, "h": 0.1}, r"`T` must lie from .*, but is -1; choose a value inside"),
        ({"T": 2.5, "h": 0.1, "L": 12.5}, "`L` must be a whole number, but is 12.5"),
        ({"T": 2.5}, "`h` is missing"),
    ):
        with pytest.raises(ValueError, match=sentence):
            lattice.vector(bad)


def test_limits_are_fixed_points_and_exact_results():
    weiss, ising = get_lattice("curie-weiss"), get_lattice("ising")
    for m0, expected in ((0.9, 0.490744), (-0.5, 0.490744)):
        mu = weiss.vector({"T": 1.1, "h": 0.1, "m0": m0})
        assert weiss.limit(mu) == pytest.approx(expected, abs=1e-6)
        np.testing.assert_allclose(weiss.limit_drift(jnp.array([[expected]]), mu), 0, atol=1e-6)
    assert ising.limit(ising.vector({"T": 2.0, "h": 0.0, "m0": -0.5})) == pytest.approx(-0.911319)
    assert ising.limit(ising.vector({"T": 3.0, "h": 0.0})) == 0.0


@pytest.mark.slow
def test_doubled_states_keep_their_magnetisation_and_relax_to_their_walls(key):
    lattice, runs = get_lattice("ising"), 256
    mu = values(runs, 2.5, 0.1, 0.2)
    small = lattice.evolve(key, mu, lattice.start(key, mu, 16), 10.0)
    large = lattice.enlarge(key, mu, small, 16)
    assert large.shape == (32, 32, runs)
    before, after = lattice.observe(small), lattice.observe(large)
    # They go on towards rest while they relax.
    np.testing.assert_allclose(before.mean(0), after.mean(0), atol=0.1)
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.8
