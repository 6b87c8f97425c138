"""The closed loop: right on a flow with known paths, and never far from the learned moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import Ensemble
from hoam_core.data import Scaling
from hoam_core.methods import Frame, galerkin
from hoam_core.numerics.domain import Domain

LENGTH, RATES = 2 * np.pi, (0.2, 0.4, 0.6, 0.8)
TS = np.linspace(0, 1, 21)


def path(x0, rate):
    """dx/dt = -rate sin x, of the potential rate cos x: tan(x/2) decays and v stays."""
    half = np.asarray(x0[:, 0]) / 2
    decay = np.exp(-rate * TS)[:, None]
    x = 2 * np.arctan2(decay * np.sin(half)[None], np.cos(half)[None])
    return np.stack([x % LENGTH, np.broadcast_to(x0[:, 1], x.shape)], axis=-1)


def population(key, n):
    u = jax.random.uniform(key, (n, 2))
    return u * jnp.array([[LENGTH, 2.0]]) - jnp.array([[0.0, 1.0]])


def domain(mu):
    return Domain(jnp.array([LENGTH, 1.0]), (True, False))


@pytest.fixture(scope="module")
def flow():
    """Method, parameters and training data of the known flow."""
    x0 = population(jax.random.key(1), 1000)
    x = jnp.stack([jnp.asarray(path(x0, rate)) for rate in RATES])
    ensemble = Ensemble(jnp.array(RATES)[:, None], jnp.asarray(TS), x)
    frame = Frame(domain, Scaling.of(ensemble), (RATES,), TS)
    method = galerkin(frame, modes_x=3, modes_v=2, ridge=1e-9, steps=100)
    return method, method.learner.init(jax.random.key(0), ensemble), ensemble


def gap(a, b):
    return np.asarray(domain(None).displacement(jnp.asarray(a), jnp.asarray(b)))


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_known_paths_are_recovered_at_trained_and_unseen_parameters(flow, rate):
    method, params, ensemble = flow
    x0 = ensemble.x[0, 0]
    found = method.sample(params, x0, TS, jnp.array([rate]), jax.random.key(0))
    exact = path(x0, rate)
    moved = np.abs(gap(exact[0], exact[-1])[:, 0]).mean()
    assert moved > 0.1
    assert np.abs(gap(exact, found)).mean() < 0.003 * moved


def test_every_step_ends_on_the_learned_moments(flow):
    method, params, ensemble = flow
    x0 = population(jax.random.key(5), 1000)
    found = method.sample(params, x0, TS, jnp.array([0.4]), jax.random.key(0))
    learned, reached = params["moments"][1, :, 0], _moments(method, found, ensemble)
    start = np.abs(reached[0] - learned[0]).max()
    assert start > 0.01  # other particles: the moments differ at first ...
    assert np.abs(reached[1:] - learned[1:]).max() < 0.03 * start  # ... and agree after one step


def test_an_offset_of_the_start_is_corrected_and_not_carried_along(galerkin_model, ensemble_of):
    # Training at one of the trained parameters, so that interpolation plays no part.
    model, ensemble = galerkin_model, ensemble_of("two-stream")
    mu, ts = ensemble.mu[1], np.asarray(ensemble.ts)
    x0 = model.system.initial(jax.random.key(9), mu, 512)
    found = model.sample(x0, ts, mu, jax.random.key(0))
    again = Ensemble(mu[None], ensemble.ts, found[None])
    reached = model.method.learner.init(jax.random.key(0), again)["moments"][0, :, 0]
    learned = model.params["moments"][1, :, 0]
    change = np.abs(np.diff(learned, axis=0)).max()
    assert np.abs(reached[1:] - learned[1:]).max() < 0.02 * change


def _moments(method, found, ensemble):
    again = Ensemble(ensemble.mu[:1], ensemble.ts, found[None])
    return np.asarray(method.learner.init(jax.random.key(0), again)["moments"][0, :, 0])


@pytest.mark.slow
def test_noise_spreads_the_particles_and_is_compensated_in_the_moments(flow):
    _, params, ensemble = flow
    frame = Frame(domain, Scaling.of(ensemble), (RATES,), TS)
    x0, mu, key = population(jax.random.key(2), 32_000), jnp.array([0.4]), jax.random.key(3)
    found, quiet = (
        galerkin(frame, modes_x=3, modes_v=2, ridge=1e-9, sigma=sigma, steps=20).sample(
            params, x0, TS, mu, key
        )
        for sigma in (0.5, 0.0)
    )
    assert np.abs(gap(found, quiet))[-1].mean() > 0.1
    # Without the Laplacian's term each step would lose sigma^2 k^2 h / 2 of E cos(theta).
    learned, reached = params["moments"][1, 1:, 0, 2], np.cos(found[1:, :, 0]).mean(-1)
    loss = 0.5 * 0.5**2 * float(frame.scaling.scale[0]) ** 2 / 20
    assert loss > 0.015
    assert float(reached.sum() / learned.sum()) == pytest.approx(1, abs=loss / 3)


def test_moments_are_those_of_the_training_populations(flow):
    _, params, ensemble = flow
    assert params["moments"].shape == (len(RATES), len(TS), 1, 7 * 3 - 1)
    # The functions are ordered cosines first, q fastest: cos(theta) is number 3 - 1 = 2.
    expected = jnp.cos(ensemble.x[..., 0]).mean(-1)
    np.testing.assert_allclose(params["moments"][:, :, 0, 2], expected, atol=1e-12)
