"""The macroscopic equation: the likelihood on known noise, and a lattice learned from patches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.data import Increments, Scaling
from hoam_core.macro.increments import (
    IncrementPlan,
    joined,
    naive_increments,
    partial_increments,
    plan_of,
)
from hoam_core.methods import Frame, macroscopic
from hoam_core.numerics.domain import Domain
from hoam_core.systems import get_system as get_lattice
from hoam_core.systems.lattices.curie_weiss import mean_field_drift
from hoam_core.training.experiment import build_method, default_experiment
from hoam_core.training.fit import fit
from hoam_core.training.optimizers import adam

AXES = ((1.1,), (0.1,), (-1.0, 1.0), (64.0,))


def trained(data, steps=1_000):
    k, p = data.z.shape[1], data.mu.shape[1]
    scaling = Scaling.of_samples(data.z, data.mu, jnp.asarray(1.0))
    axes, times = ((0.0, 1.0),) * (p + 1), np.array([0.0, 1.0])
    frame = Frame(lambda mu: Domain.free(k), scaling, axes, times, p, lambda mu: mu[-1] ** 2)
    method = macroscopic(frame, width=32, batch=2_048, dt=0.05)
    *_, state = fit(
        method.learner, data, adam(steps, 3e-3), jax.random.key(1), steps=steps, every=steps
    )
    return method, state.params


def relaxation(share, dt=0.05, n=60_000):
    """Increments of dz = (1 - 2 z) dt + 0.3 (1 + z^2) dW, with `share` times their variance."""
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 2, (n, 1))
    noise = 0.3 * (1 + z**2) * rng.normal(size=z.shape)
    dz = (1 - 2 * z) * dt + noise * np.sqrt(share * dt)
    return Increments(*(jnp.asarray(a) for a in (np.zeros((n, 1)), z, dz)), dt, share, 1.0)


@pytest.mark.parametrize("share", [pytest.param(1.0, marks=pytest.mark.slow), 4.0])
def test_drift_and_noise_of_a_known_equation_are_found_whatever_the_share(share):
    method, params = trained(relaxation(share), steps=600)
    z0, h = jnp.linspace(-0.5, 1.5, 5)[:, None], 0.05
    many = jnp.repeat(z0, 20_000, 0)
    end = method.sample(params, many, np.array([0, h]), jnp.array([0.0, 1.0]), jax.random.key(2))[1]
    change = (np.asarray(end - many)).reshape(5, -1)
    drift, noise = change.mean(1) / h, change.std(1) / np.sqrt(h)
    np.testing.assert_allclose(drift, 1 - 2 * z0[:, 0], atol=0.12)
    np.testing.assert_allclose(noise, 0.3 * (1 + z0[:, 0] ** 2), rtol=0.06)


@pytest.fixture(scope="module")
def curie_weiss():
    plan = IncrementPlan(
        size=32, patch=8, small=8, dt=0.05, runs=512, snapshots=6, repeats=8, t_end=4.0
    )
    lattice = get_lattice("curie-weiss")
    return joined(list(partial_increments(lattice, plan, AXES, jax.random.key(0))))


@pytest.mark.slow
def test_a_patch_tells_the_drift_of_the_whole(curie_weiss):
    method, params = trained(curie_weiss)
    m = jnp.linspace(-0.7, 0.7, 8)[:, None]
    h, copies = 0.05, 4_000
    many = jnp.repeat(m, copies, 0)
    end = method.sample(
        params, many, np.array([0, h]), jnp.array([1.1, 0.1, 32.0]), jax.random.key(2)
    )[1]
    drift = np.asarray(end - many).reshape(8, copies).mean(1) / h
    exact = np.asarray(mean_field_drift(m[:, 0], 1.1, 0.1))
    assert np.abs(drift - exact).max() < 0.08 * np.abs(exact).max()


def test_paths_are_reproducible_and_finer_on_request():
    method, params = trained(relaxation(1.0), steps=2)
    ts, mu = np.linspace(0, 1, 5), jnp.array([0.0, 1.0])
    runs = [method.sample(params, jnp.zeros((3, 1)), ts, mu, jax.random.key(4)) for _ in range(2)]
    np.testing.assert_array_equal(*runs)
    assert runs[0].shape == (5, 3, 1)
    assert method.evaluations(ts) == 20
    assert method.evaluations(ts, 100) == 100


@pytest.mark.slow
def test_naive_increments_are_those_of_the_small_lattice_alone():
    plan = IncrementPlan(
        size=16, patch=8, small=8, dt=0.1, runs=256, snapshots=1, repeats=2, t_end=2.0
    )
    lattice = get_lattice("ising")
    axes = ((2.5,), (0.1,), (-1.0, 1.0), (16.0,))
    naive = joined(list(naive_increments(lattice, plan, axes, jax.random.key(0))))
    ours = joined(list(partial_increments(lattice, plan, axes, jax.random.key(0))))
    assert (naive.share, ours.share) == (1.0, 4.0)
    # One variance each way: a patch of the large lattice moves as much as a small lattice does.
    np.testing.assert_allclose(naive.dz.std(0), ours.dz.std(0), rtol=0.25)


def test_options_that_nobody_knows_are_told():
    experiment = default_experiment(get_lattice("ising"), options={"patches": 16})
    scaling = Scaling.of_samples(jnp.zeros((3, 2)), jnp.zeros((3, 4)), jnp.asarray(1.0))
    with pytest.raises(ValueError, match="Unknown option 'patches'"):
        build_method(experiment, scaling)


def test_a_plan_is_that_of_its_experiment():
    experiment = default_experiment(get_lattice("ising"), particles=96)
    plan = plan_of(experiment)
    assert (plan.size, plan.patch, plan.small, plan.runs, plan.t_end) == (64, 16, 16, 96, 100.0)
    smaller = default_experiment(get_lattice("predator-prey"), options={"patch": 20, "dt": 0.1})
    assert (plan_of(smaller).small, plan_of(smaller).dt) == (100, 0.1)
    eight = default_experiment(get_lattice("ising"), options={"patch": 8})
    assert plan_of(eight).small == 8


def test_plans_that_do_not_fit_are_told_with_their_cure():
    with pytest.raises(ValueError, match="power of two"):
        IncrementPlan(size=48, patch=16, small=16, t_end=1.0)
    with pytest.raises(ValueError, match="must divide"):
        IncrementPlan(size=64, patch=10, small=16, t_end=1.0)
    with pytest.raises(ValueError, match="`dt` must be a positive number, but is -1"):
        IncrementPlan(size=64, patch=16, small=16, t_end=1.0, dt=-1)
