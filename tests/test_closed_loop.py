"""The closed loop beyond phase planes: Gaussian flows, blocks, charts and a given velocity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import Ensemble
from hoam_core.data import Scaling
from hoam_core.methods import Frame, galerkin
from hoam_core.methods.closed_loop.charts import Blocks, default_blocks, is_phase_space
from hoam_core.numerics.domain import Domain

RATES = (0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
TS = np.linspace(0, 1, 31)


def mean(rate, ts):
    return np.stack([np.sin(rate * ts), np.cos(2 * rate * ts)], -1)


def spread(rate, ts):
    """Nearly focused at the end for the largest rate: 0.03 of the first spread."""
    return np.stack([np.cos(0.77 * rate * ts) ** 2 * 0.5 + 0.015, 0.4 + 0.2 * rate * ts], -1)


def path(noise, rate):
    """Particles mean(t) + spread(t) noise: the law is Gaussian and the field affine."""
    return jnp.asarray(mean(rate, TS)[:, None] + spread(rate, TS)[:, None] * np.asarray(noise))


@pytest.fixture(scope="module")
def gaussian():
    noise = jax.random.normal(jax.random.key(0), (2000, 2))
    x = jnp.stack([path(noise, rate) for rate in RATES])
    ensemble = Ensemble(jnp.array(RATES)[:, None], jnp.asarray(TS), x)
    frame = Frame(lambda mu: Domain.free(2), Scaling.of(ensemble), (RATES,), TS)
    method = galerkin(frame, degree=2, waves=0, steps=60)
    return method, method.learner.init(jax.random.key(1), ensemble), frame, ensemble


@pytest.mark.parametrize(("rate", "tolerance"), [(1.0, 0.002), (1.3, 0.002)])
def test_a_gaussian_flow_is_followed_particle_by_particle(gaussian, rate, tolerance):
    method, params, _, ensemble = gaussian
    noise = (ensemble.x[0, 0] - mean(RATES[0], TS[:1])) / spread(RATES[0], TS[:1])
    exact = path(noise, rate)
    found = method.sample(params, exact[0], TS, jnp.array([rate]), jax.random.key(2))
    assert float(jnp.abs(exact[-1] - exact[0]).mean()) > 0.5
    assert float(jnp.abs(found - exact).max()) < tolerance


def test_a_start_that_is_off_is_led_to_the_learned_mean_and_spread(gaussian):
    method, params, _, ensemble = gaussian
    x0 = 0.1 + 1.2 * ensemble.x[1, 0]
    found = method.sample(params, x0, TS, jnp.array([1.0]), jax.random.key(2))
    np.testing.assert_allclose(found[-1].mean(0), mean(1.0, TS[-1]), atol=0.02)
    np.testing.assert_allclose(found[-1].std(0), spread(1.0, TS[-1]), rtol=0.03)


def test_the_exact_velocity_leaves_nothing_to_correct(gaussian):
    _, _, frame, ensemble = gaussian

    def exact(params, x, t, mu):
        def shape(t):
            r = mu[0]
            m = jnp.stack([jnp.sin(r * t), jnp.cos(2 * r * t)])
            return m, jnp.stack([jnp.cos(0.77 * r * t) ** 2 * 0.5 + 0.015, 0.4 + 0.2 * r * t])

        (m, c), (dm, dc) = jax.jvp(shape, (t,), (jnp.ones_like(t),))
        return dm[None] + (dc / c)[None] * (x - m[None])

    # A large ridge makes the correction weak: what moves the particles is the given velocity.
    method = galerkin(frame, degree=1, waves=0, steps=60, ridge=1e6, base=exact)
    x0 = ensemble.x[1, 0]
    found = method.sample(params_of(method, ensemble), x0, TS, jnp.array([1.0]), jax.random.key(2))
    np.testing.assert_allclose(found[-1], ensemble.x[1, -1], atol=0.01)
    still = galerkin(frame, degree=1, waves=0, steps=60, ridge=1e6)
    idle = still.sample(params_of(still, ensemble), x0, TS, jnp.array([1.0]), jax.random.key(2))
    # Without it only the chart moves, by the learned mean and spread.
    assert float(jnp.abs(idle[-1] - ensemble.x[1, -1]).max()) < 0.05


def params_of(method, ensemble):
    return method.learner.init(jax.random.key(1), ensemble)


@pytest.mark.slow
def test_high_dimensions_fall_into_single_components():
    d, rates = 14, (0.2, 0.6)
    noise = jax.random.normal(jax.random.key(3), (500, d))
    ts = np.linspace(0, 1, 9)
    lines = np.linspace(-1, 1, d)
    x = jnp.stack([
        (1 + r * ts)[:, None, None] * noise[None] + (r * ts)[:, None, None] * lines for r in rates
    ])  # fmt: skip
    ensemble = Ensemble(jnp.array(rates)[:, None], jnp.asarray(ts), x)
    frame = Frame(lambda mu: Domain.free(d), Scaling.of(ensemble), (rates,), ts)
    method = galerkin(frame, degree=3, waves=0, steps=20)
    params = method.learner.init(jax.random.key(1), ensemble)
    assert params["moments"].shape == (2, 9, d, 3)
    found = method.sample(params, x[0, 0], ts, jnp.array([0.2]), jax.random.key(2))
    np.testing.assert_allclose(found[-1], x[0, -1], atol=2e-3)


def test_blocks_split_and_join_are_inverse(key):
    blocks = Blocks(((0, 3), (1, 4), (2, 5)))
    y = jax.random.normal(key, (7, 6))
    assert blocks.split(y).shape == (3, 7, 2)
    np.testing.assert_array_equal(blocks.split(y)[1], y[:, [1, 4]])
    np.testing.assert_array_equal(blocks.join(blocks.split(y)), y)
    doubled = blocks.map(lambda part, factor: factor * part, blocks.split(y), jnp.ones((3, 1, 1)))
    np.testing.assert_array_equal(blocks.join(doubled), y)


def test_a_plane_whose_moments_only_fluctuate_stays_at_rest(key):
    """Waves move the particles along x1; along x2 a uniform population streams freely."""
    n, ts, rates = 2_000, np.linspace(0, 1, 9), (0.1, 0.2)
    start = np.array(jax.random.uniform(key, (n, 4))) * [2.0, 2.0, 1.0, 1.0]

    def path(rate):
        move = np.zeros((len(ts), n, 4))
        move[..., 0] = rate * ts[:, None] * np.sin(np.pi * start[:, 0])
        move[..., 1] = ts[:, None] * (start[:, 3] - 0.5)
        return (start + move) % 2.0

    x = jnp.asarray(np.stack([path(r) for r in rates]))
    ensemble = Ensemble(jnp.array(rates)[:, None], jnp.asarray(ts), x)
    domain = Domain(jnp.array([2.0, 2.0, 1.0, 1.0]), (True, True, False, False))
    frame = Frame(lambda mu: domain, Scaling.of(ensemble), (rates,), ts)
    method = galerkin(frame, modes_x=3, modes_v=2, steps=20)
    params = method.learner.init(key, ensemble)
    found = method.sample(params, x[1, 0], ts, jnp.array([0.2]), key)
    np.testing.assert_allclose(found[-1][:, [1, 3]], x[1, 0][:, [1, 3]], atol=1e-12)
    moved = jnp.abs(domain.displacement(x[1, 0], x[1, -1]))[:, 0].mean()
    error = jnp.abs(domain.displacement(x[1, -1], found[-1]))[:, 0].mean()
    assert error < 0.05 * moved


def test_blocks_follow_the_kind_of_population():
    assert default_blocks((True, False)).members == ((0, 1),)
    assert default_blocks((True,) * 3 + (False,) * 3).members == ((0, 3), (1, 4), (2, 5))
    assert default_blocks((False,) * 9).members == (tuple(range(9)),)
    assert default_blocks((False,) * 100).members[7] == (7,)
    assert not is_phase_space((False, True))


@pytest.mark.slow
def test_a_phase_space_may_take_random_waves_too(key):
    x0 = jax.random.uniform(key, (400, 2)) * jnp.array([[2.0, 1.0]])
    ts, rates = np.linspace(0, 0.5, 6), (0.5, 1.0)
    x = jnp.stack([
        jnp.stack([(x0 + jnp.array([[r * t, 0.0]])) % jnp.array([[2.0, 10.0]]) for t in ts])
        for r in rates
    ])  # fmt: skip
    ensemble = Ensemble(jnp.array(rates)[:, None], jnp.asarray(ts), x)

    def domain(mu):
        return Domain(jnp.array([2.0, 1.0]), (True, False))

    frame = Frame(domain, Scaling.of(ensemble), (rates,), ts)
    method = galerkin(frame, degree=2, waves=8, modes_x=3, trigonometric=False, steps=20)
    params = method.learner.init(key, ensemble)
    found = method.sample(params, x[0, 0], ts, jnp.array([0.5]), key)
    drift = domain(None).displacement(found[0], found[-1])
    assert bool(jnp.all((found[..., 0] >= 0) & (found[..., 0] < 2)))
    # A uniform population that drifts round its circle needs no motion at all to keep its law.
    assert float(jnp.abs(drift).mean()) < 0.1
