"""First-order trajectory matching against closed forms of the current velocity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.data import Ensemble, Scaling
from hoam_core.methods import ftm
from hoam_core.methods.base import Frame
from hoam_core.methods.neural import balanced, neural_field
from hoam_core.networks import MLP
from hoam_core.numerics.domain import Domain
from hoam_core.training import fit
from hoam_core.training.optimizers import adam

NET = MLP(width=24, depth=2)


def frame_of(x, ts, mu=((0.0,),)):
    ensemble = Ensemble(jnp.asarray(mu), jnp.asarray(ts), jnp.asarray(x))
    axis = tuple(float(value[0]) for value in mu)
    dimension = x.shape[-1]
    return Frame(lambda mu: Domain.free(dimension), Scaling.of(ensemble), (axis,), ts), ensemble


@pytest.fixture(scope="module")
def circling():
    """A standard Gaussian that circles about its own mean: its law never changes."""
    ts = np.linspace(0, 2, 81)
    start = np.random.default_rng(0).standard_normal((512, 2))
    c, s = np.cos(ts)[:, None], np.sin(ts)[:, None]
    x, y = start.T[:, None]
    return frame_of(np.stack([c * x - s * y, s * x + c * y], axis=-1)[None], ts)


@pytest.mark.parametrize(("gradient", "turn"), [(False, 1.0), (True, 0.0)])
def test_a_vector_field_keeps_the_circulation_that_a_gradient_cannot(gradient, turn, circling, key):
    frame, ensemble = circling
    method = ftm(frame, NET, populations=16, samples=64, frequencies=1, gradient=gradient, steps=80)
    *_, state = fit(method.learner, ensemble, adam(800, 1e-2), key, steps=800, every=800)
    x0, ts = jax.random.normal(key, (400, 2)), np.array([0.0, 1.0])
    found = np.asarray(method.sample(state.params, x0, ts, jnp.zeros(1), key))[1]
    c, s = np.cos(turn), np.sin(turn)
    exact = np.asarray(x0) @ np.array([[c, s], [-s, c]])
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.2


@pytest.mark.slow
def test_of_a_noisy_process_the_field_is_the_velocity_of_the_current(key):
    # dx = -x dt + sqrt(2) dW from N(0, 4): v = -x - d/dx log p = x (1 / S - 1), S = 1 + 3 exp(-2t).
    ts, n = np.linspace(0, 1, 101), 8_192
    rng = np.random.default_rng(1)
    path = [2 * rng.standard_normal(n)]
    decay = np.exp(-np.diff(ts))
    for a in decay:
        path.append(a * path[-1] + np.sqrt(1 - a * a) * rng.standard_normal(n))
    frame, ensemble = frame_of(np.stack(path)[None, :, :, None], ts)
    method = ftm(frame, NET, populations=32, samples=128, frequencies=1)
    *_, state = fit(method.learner, ensemble, adam(2_000, 3e-3), key, steps=2_000, every=2_000)
    network = NET.clone(outputs=1)
    field = neural_field(network, frame, 1)
    scale, x = float(frame.scaling.scale[0]), np.linspace(-2, 2, 9)
    for t in (0.3, 0.6, 0.9):
        z = frame.scaling.unit(jnp.asarray(x)[:, None])
        found = jax.vmap(lambda one: field(state.params, one, jnp.asarray(t), jnp.zeros(1)))(z)  # noqa: B023
        exact = x * (1 / (1 + 3 * np.exp(-2 * t)) - 1)
        assert np.abs(np.asarray(found)[:, 0] * scale - exact).max() < 0.15


def test_unequal_times_have_the_slope_of_the_parabola(key):
    ts = np.array([0.0, 0.3, 1.0, 1.2, 2.0])
    x = (1.5 * ts**2 - ts)[None, :, None, None] + np.linspace(0, 1, 8)[None, None, :, None]
    frame, ensemble = frame_of(x, ts)
    method = ftm(frame, NET, populations=32, samples=4, frequencies=1)
    batch = jax.jit(method.learner.draw)(key, ensemble)
    t = np.asarray(batch.tau) * 2.0
    assert set(np.round(t, 6)) == {0.3, 1.0, 1.2}
    speed = np.asarray(batch.velocity[..., 0]) * float(frame.scaling.scale[0]) / 2.0
    np.testing.assert_allclose(speed, np.broadcast_to((3 * t - 1)[:, None], speed.shape), atol=1e-9)


def test_balanced_populations_count_by_their_energy():
    ts = np.linspace(0, 1, 11)
    x = np.stack([speed * ts for speed in (1.0, 2.0, 4.0)])[:, :, None, None] + np.zeros(
        (1, 1, 4, 1)
    )
    frame, ensemble = frame_of(x, ts, ((1.0,), (2.0,), (4.0,)))
    weights = np.asarray(balanced(frame)(ensemble).weights)
    np.testing.assert_allclose(weights * np.array([1, 4, 16]), 7.0, rtol=1e-9)
    method = ftm(frame, NET, populations=6, samples=4, frequencies=1, balance=True)
    prepared = method.learner.prepare(ensemble)
    batch = jax.jit(method.learner.draw)(jax.random.key(0), prepared)
    expected = dict(zip((1.0, 2.0, 4.0), weights, strict=True))
    found = [expected[float(mu)] for mu in batch.mu[:, 0]]
    np.testing.assert_allclose(batch.weight, found, rtol=1e-9)


def test_a_population_at_rest_does_not_outweigh_the_others():
    ts = np.linspace(0, 1, 11)
    x = (
        np.stack([speed * ts for speed in (0.0, 1.0)])[:, :, None, None]
        + np.arange(4.0)[None, None, :, None]
    )
    frame, ensemble = frame_of(x, ts, ((0.0,), (1.0,)))
    weights = np.asarray(balanced(frame)(ensemble).weights)
    assert np.isfinite(weights).all()
    assert weights[0] / weights[1] == pytest.approx(1e6)
