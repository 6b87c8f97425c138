"""Comoving coordinates against closed forms of Gaussian flows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.data import Ensemble, Scaling
from hoam_core.methods import METHODS, dice
from hoam_core.methods.base import Frame
from hoam_core.methods.comoving import gathered, in_comoving, moments_of, roots_of, spread
from hoam_core.networks import MLP
from hoam_core.numerics.domain import Domain
from hoam_core.systems import get_system
from hoam_core.training import fit
from hoam_core.training.experiment import default_experiment
from hoam_core.training.optimizers import adam
from tests.conftest import tiny_experiment, tiny_model

TS = np.linspace(0, 2, 41)
RATES = np.linspace(1, 2, 5)


def turned(t, angle, stretch):
    """Covariance of semi-axes 1 + t / 2 and stretch, turned by the angle."""
    c, s = np.cos(angle), np.sin(angle)
    q = np.array([[c, -s], [s, c]])
    return q @ np.diag([(1 + t / 2) ** 2, stretch**2]) @ q.T


def whitened(xi):
    """The same points with mean zero and unit covariance."""
    return (xi - xi.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(xi.T, bias=True))).T


def test_roots_are_symmetric_and_those_of_the_covariances():
    covariances = np.stack([turned(t, t, 0.5) for t in TS])
    roots = np.asarray(roots_of(jnp.asarray(covariances)))
    np.testing.assert_allclose(roots, roots.transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(roots @ roots, covariances, atol=1e-12)
    assert np.linalg.eigvalsh(roots).min() > 0


def test_a_direction_in_which_nothing_varies_does_not_stretch():
    z = jnp.stack([jnp.linspace(-1, 1, 50), jnp.full(50, 3.0)], axis=-1)[None]
    mean, root = moments_of(z)
    np.testing.assert_allclose(mean[0], [0, 3], atol=1e-12)
    assert 0 < float(root[0, 1, 1]) < 1e-5


def test_of_many_components_only_the_variances_are_taken(key):
    z = jax.random.normal(key, (3, 40, 20)) * jnp.arange(1.0, 21.0)[None, None]
    mean, root = moments_of(z)
    assert root.shape == (3, 20)
    y = gathered(z[1], mean[1], root[1])
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-5)
    np.testing.assert_allclose(spread(y, mean[1], root[1]), z[1], atol=1e-9)


@pytest.fixture(scope="module")
def ellipses():
    """Gaussian populations that turn and stretch at rates mu, and their frame."""
    xi = whitened(np.random.default_rng(0).standard_normal((256, 2)))

    def population(mu):
        return np.stack(
            [[np.sin(mu * t), t] + xi @ np.linalg.cholesky(turned(t, mu * t, 0.4)).T for t in TS]
        )

    x = np.stack([population(mu) for mu in RATES])
    ensemble = Ensemble(jnp.asarray(RATES)[:, None], jnp.asarray(TS), jnp.asarray(x))
    frame = Frame(lambda mu: Domain.free(2), Scaling.of(ensemble), (tuple(RATES),), TS)
    return frame, ensemble


def build(frame):
    return dice(frame, MLP(width=4, depth=1), intervals=8, samples=32, frequencies=1, steps=8)


def test_a_gaussian_population_is_exact_without_a_trained_network(ellipses, key):
    frame, ensemble = ellipses
    method = in_comoving(build, frame)
    params = method.learner.init(key, method.learner.prepare(ensemble))
    params["inner"] = jax.tree.map(jnp.zeros_like, params["inner"])
    xi = np.random.default_rng(5).standard_normal((500, 2))
    x0 = jnp.asarray(whitened(xi) @ np.linalg.cholesky(turned(0, 0, 0.4)).T)
    ts = np.array([0.0, 0.77, 2.0])
    for mu, tolerance in ((2.0, 1e-4), (1.375, 2e-2)):
        found = np.asarray(method.sample(params, x0, ts, jnp.array([mu]), key))
        np.testing.assert_array_equal(found[0], x0)
        for t, x in zip(ts[1:], found[1:], strict=True):
            np.testing.assert_allclose(x.mean(0), [np.sin(mu * t), t], atol=tolerance)
            expected = turned(t, mu * t, 0.4)
            error = np.linalg.norm(np.cov(x.T, bias=True) - expected) / np.linalg.norm(expected)
            assert error < tolerance


def test_training_data_are_still_in_comoving_coordinates(ellipses):
    frame, ensemble = ellipses
    y = np.asarray(in_comoving(build, frame).learner.prepare(ensemble).inner.x)
    np.testing.assert_allclose(y.mean(2), 0, atol=1e-6)
    covariance = np.einsum("mtni,mtnj->mtij", y, y) / y.shape[2]
    np.testing.assert_allclose(covariance, np.broadcast_to(np.eye(2), covariance.shape), atol=1e-4)


def test_the_moments_are_not_trained(ellipses, key):
    frame, ensemble = ellipses
    method = in_comoving(build, frame)
    before = method.learner.prepare(ensemble).moments
    *_, state = fit(method.learner, ensemble, adam(20), key, steps=20, every=20)
    np.testing.assert_array_equal(state.params["moments"]["root"], before.root)
    assert state.finite


def test_a_circle_has_no_comoving_coordinates(ellipses):
    frame, _ = ellipses
    circle = frame._replace(domain=lambda mu: Domain(jnp.ones(2), (True, False)))
    with pytest.raises(ValueError, match="`comoving` must be left out where a component is period"):
        in_comoving(build, circle)


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if entry.comoving])
def test_a_method_trains_and_samples_in_comoving_coordinates(method):
    options = {**tiny_experiment("oscillator", method).options, "comoving": True}
    model = tiny_model("oscillator", method, options=options)
    run = model.predict({"omega": 5.0}, particles=64, seed=3, n_times=5)
    assert np.isfinite(run["state"].values).all()
    assert model.experiment.options["comoving"]


def test_networks_take_them_in_free_space_only():
    assert default_experiment(get_system("oscillator"), "dice").options == {"comoving": True}
    assert default_experiment(get_system("two-stream"), "dice").options == {}
    assert default_experiment(get_system("chaos-9d"), "ftm").options == {}
