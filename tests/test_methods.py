"""Contract over METHODS, and what the neural ones learn of a flow with known moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import METHODS, NETWORKS, SYSTEMS, Ensemble, fit
from hoam_core.data import Scaling
from hoam_core.methods import Frame, action_loss, dice, hoam
from hoam_core.methods.base import rollout
from hoam_core.methods.neural import at_times, block
from hoam_core.networks import MLP
from hoam_core.numerics.domain import Domain
from hoam_core.numerics.quadrature import gauss_legendre
from hoam_core.solvers.stepping import count_substeps
from hoam_core.systems import Lattice
from hoam_core.training import adam
from hoam_core.training.experiment import build_method

DEFAULT_SYSTEMS = ("two-stream", "oscillator")


# Each pair takes seconds to compile: every method on two systems by default, the others among the
# slow tests.
PAIRS = [
    pytest.param(m, s, marks=() if s in DEFAULT_SYSTEMS else pytest.mark.slow)
    for m, entry in METHODS.items()
    for s, system in SYSTEMS.items()
    if entry.fits(system) and not isinstance(system, Lattice)
]
pairs = pytest.mark.parametrize(("method", "system"), PAIRS)


def train(experiment, ensemble, key):
    method = build_method(experiment, Scaling.of(ensemble))
    optimizer, steps = adam(experiment.steps), experiment.steps
    return method, list(fit(method.learner, ensemble, optimizer, key, steps=steps, every=steps))


@pairs
def test_a_method_trains_and_samples(method, system, tiny, ensemble_of):
    # One system in double precision, the others as users run them: compilation is what takes time.
    double = system == "oscillator"
    with jax.enable_x64(double):
        key, ensemble, target = jax.random.key(0), ensemble_of(system), SYSTEMS[system]
        experiment = tiny(system, method)
        trained, states = train(experiment, ensemble, key)
        assert states[-1].step == experiment.steps
        assert all(np.all(np.isfinite(s.losses)) for s in states)
        assert sum(s.losses.size for s in states) == (
            experiment.steps if trained.learner.loss else 0
        )
        # The closed loop evaluates its field once a step, everything else at least twice.
        least = 20 if method in ("galerkin", "hybrid", "mean-field") else 40
        assert trained.evaluations(experiment.times, 20) >= least

        mu, ts = ensemble.mu[1] + 0.05, np.array([0.0, 0.1, 0.25, 0.25, 1.0])
        x0 = target.initial(key, mu, 40)
        sample = trained.sample(states[-1].params, x0, ts, mu, key, steps=20)
        assert sample.shape == (5, 40, len(target.components))
        assert sample.dtype == x0.dtype == (np.float64 if double else np.float32)
        assert bool(jnp.all(jnp.isfinite(sample)))
        np.testing.assert_array_equal(sample[0], x0)
        np.testing.assert_array_equal(sample[2], sample[3])
        np.testing.assert_array_equal(target.domain(mu).wrap(sample), sample)
        assert float(jnp.abs(sample[-1] - x0).max()) > 0
        again = trained.sample(states[-1].params, x0, ts, mu, key, steps=20)
        np.testing.assert_array_equal(sample, again)


@pytest.mark.parametrize("method", ["dice", "hoam-gauss", "cfm", "ncsm"])
def test_every_population_is_drawn_even_from_small_batches(method, tiny, ensemble_of, key):
    ensemble = ensemble_of("oscillator")
    options = {"dice": {"intervals": 2}, "hoam-gauss": {"populations": 2, "nodes": 2}}
    options = {**options.get(method, {"populations": 2}), "samples": 4}
    experiment = tiny("oscillator", method, options=options)
    draw = jax.jit(build_method(experiment, Scaling.of(ensemble)).learner.draw)
    drawn = np.concatenate([draw(k, ensemble).mu[:, 0] for k in jax.random.split(key, 40)])
    assert len(drawn) == 80
    values, counts = np.unique(drawn, return_counts=True)
    np.testing.assert_array_equal(values, ensemble.mu[:, 0])
    assert counts.min() > 10


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "mlp"])
def test_other_networks_serve_a_method_as_well(network, tiny, ensemble_of, key):
    experiment = tiny("oscillator", "dice", network=network)
    _, states = train(experiment, ensemble_of("oscillator"), key)
    assert np.all(np.isfinite(states[-1].losses))


def test_sampling_takes_the_asked_number_of_steps():
    ts = np.array([0.0, 0.1, 0.4, 1.0])
    assert count_substeps(ts, 1.0 / 10) == 6
    assert count_substeps(ts, 2.0 / 10) == 3
    assert count_substeps(np.array([0.0]), 1.0 / 10) == 1


def test_a_rollout_visits_the_saved_times_in_order(key):
    def step(x, t, h, key):
        return x + h * t

    ts = jnp.array([0.0, 0.5, 2.0])
    path = rollout(step, jnp.zeros((1, 1)), ts, key, 400)
    np.testing.assert_allclose(path[:, 0, 0], ts**2 / 2, atol=0.01)


def test_a_rollout_never_uses_a_random_number_twice(key):
    path = rollout(
        lambda x, t, h, key: jax.random.normal(key, x.shape), jnp.zeros((3, 1)),
        jnp.linspace(0, 1, 6), key, 1,
    )  # fmt: skip
    assert len(np.unique(np.asarray(path[1:]))) == 15


def test_blocks_are_aligned_and_reach_every_sample(key):
    found = {int(block(k, 100, 16)[0]) for k in jax.random.split(key, 200)}
    assert found == {0, 16, 32, 48, 64, 80}
    np.testing.assert_array_equal(block(key, 10, 16), np.arange(10))


def test_samples_between_times_take_the_short_way_round():
    path = jnp.array([[[9.0]], [[1.0]], [[2.0]]])
    domain = Domain(jnp.array([10.0]), (True,))
    found = at_times(
        path, jnp.array([0.0, 1.0, 3.0]), jnp.array([0.0, 0.25, 1.0, 2.0, 3.0]), domain
    )
    np.testing.assert_allclose(domain.wrap(found)[:, 0, 0], [9, 9.5, 1, 1.5, 2], atol=1e-12)


# A one-dimensional Gaussian flow x_t = m(t) + c(t) xi, learned and compared with its closed form.
TS = np.linspace(0, 2, 81)


def flow_mean(t):
    return np.sin(1.5 * t)


def flow_spread(t):
    return 0.5 + 0.3 * t


@pytest.fixture(scope="module")
def gaussian_flow():
    xi = np.asarray(jax.scipy.special.ndtri((jnp.arange(256) + 0.5) / 256))
    x = flow_mean(TS)[:, None] + flow_spread(TS)[:, None] * np.random.default_rng(0).permutation(xi)
    ensemble = Ensemble(jnp.zeros((1, 1)), jnp.asarray(TS), jnp.asarray(x)[None, :, :, None])
    frame = Frame(lambda mu: Domain.free(1), Scaling.of(ensemble), ((0.0,),), TS)
    return frame, ensemble


@pytest.mark.parametrize("name", [pytest.param("hoam-gauss", marks=pytest.mark.slow), "dice"])
def test_a_gaussian_flow_is_learned(name, gaussian_flow, key):
    frame, ensemble = gaussian_flow
    net = MLP(width=24, depth=2)
    if name == "dice":
        method = dice(frame, net, intervals=12, samples=64, frequencies=2, steps=50)
    else:
        method = hoam(frame, net, gauss_legendre(12), samples=64, frequencies=2, steps=50)
    *_, state = fit(method.learner, ensemble, adam(700, 1e-2), key, steps=700, every=700)
    x0 = flow_mean(0) + flow_spread(0) * jax.random.normal(key, (2000, 1))
    ts = np.array([0.0, 1.0, 2.0])
    found = np.asarray(method.sample(state.params, x0, ts, jnp.zeros(1), key))[..., 0]
    # A gradient flow in one dimension moves every particle by the monotone map.
    exact = flow_mean(ts)[:, None] + (flow_spread(ts) / flow_spread(0))[:, None] * (
        found[0] - flow_mean(0)
    )
    errors = np.sqrt(((found - exact) ** 2).mean(1)) / flow_spread(ts)
    assert errors.max() < 0.1
    assert abs(exact[1] - exact[0]).mean() > 0.5


def test_the_loss_of_hoam_is_the_action_in_unit_coordinates(gaussian_flow, key):
    frame, ensemble = gaussian_flow
    net = MLP(width=4, depth=1)
    method = hoam(frame, net, gauss_legendre(6), samples=256, frequencies=1)
    params = jax.jit(method.learner.init)(key, ensemble)
    batch = jax.jit(method.learner.draw)(key, ensemble)
    unit = frame.scaling.unit(ensemble.x[0])
    np.testing.assert_allclose(batch.start[0], unit[0], atol=1e-12)
    np.testing.assert_allclose(batch.end[0], unit[-1], atol=1e-12)

    def s(z, tau):
        condition = jnp.stack([2 * tau - 1, jnp.cos(jnp.pi * tau), -1.0])
        return net.apply(params, z, condition)[0]

    @jax.jit
    def action(nodes, start, end):
        return action_loss(s, nodes, start, end, batch.quadrature)

    expected = action(batch.nodes[0], batch.start[0], batch.end[0])
    assert float(jax.jit(method.learner.loss)(params, batch)) == pytest.approx(
        float(expected), rel=1e-10
    )


def test_noise_in_the_samples_of_a_noisy_method_has_the_asked_strength(gaussian_flow, key):
    frame, ensemble = gaussian_flow
    net = MLP(width=4, depth=1)
    method = hoam(frame, net, gauss_legendre(4), frequencies=1, sigma=0.3, steps=200)
    params = jax.tree.map(jnp.zeros_like, method.learner.init(key, ensemble))
    x0, ts = jnp.zeros((4000, 1)), np.array([0.0, 1.0, 2.0])
    found = np.asarray(method.sample(params, x0, ts, jnp.zeros(1), key))[..., 0]
    # No field is left: Brownian motion of variance sigma^2 over the unit time.
    scale = float(frame.scaling.scale[0])
    np.testing.assert_allclose(found.std(1), 0.3 * scale * np.sqrt(ts / 2), rtol=0.04)
