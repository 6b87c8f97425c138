"""Flow matching: the exact field of Gaussian lines, its loss and flow, and the pairs of a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import Ensemble, fit
from hoam_core.data import Scaling
from hoam_core.methods import Frame, cfm
from hoam_core.methods.flow import line_loss, runge_kutta
from hoam_core.networks import MLP
from hoam_core.numerics.domain import Domain
from hoam_core.training import adam

# Two-dimensional Gaussians of independent components: x_0 ~ N(M0, C0^2), x_t ~ N(M1, C1^2).
M0, C0 = jnp.array([-1.0, 0.5]), jnp.array([0.3, 1.0])
M1, C1 = jnp.array([1.5, 0.0]), jnp.array([0.8, 0.2])


def spread(s):
    return jnp.sqrt(((1 - s) * C0) ** 2 + (s * C1) ** 2)


def exact(x, s):
    """E[x_t - x_0 | x_s = x], linear in x."""
    slope = (s * C1**2 - (1 - s) * C0**2) / spread(s) ** 2
    return M1 - M0 + slope * (x - (1 - s) * M0 - s * M1)


def carried(start):
    """Where the exact flow carries samples (n, d) of x_0: the map of one Gaussian to the other."""
    return M1[None] + (C1 / C0)[None] * (start - M0[None])


def lines():
    """All pairs of x_0 = M0 +- C0 and x_t = M1 +- C1: every second moment is exact."""
    signs = jnp.stack(jnp.meshgrid(*[jnp.array([-1.0, 1.0])] * 4, indexing="ij"), -1).reshape(-1, 4)
    start, end = M0[None] + C0[None] * signs[:, :2], M1[None] + C1[None] * signs[:, 2:]
    return start, end - start


@pytest.mark.parametrize("s", [0.0, 0.3, 0.9])
def test_the_exact_field_minimises_the_loss(s):
    @jax.jit
    def loss(a):
        def v(x):
            return exact(x, s) + a[:2] + jnp.reshape(a[2:], (2, 2)) @ (x - M0)

        return line_loss(v, *lines(), s)

    zero = jnp.zeros(6)
    np.testing.assert_allclose(jax.grad(loss)(zero), 0, atol=1e-12)
    assert float(jnp.linalg.eigvalsh(jax.hessian(loss)(zero)).min()) > 0.01
    assert float(loss(zero)) < min(float(loss(zero.at[i].set(0.1))) for i in range(6))


def test_the_least_loss_is_the_variance_of_the_lines_through_a_point():
    # At s = 0 a line's start says nothing of its end: Var(x_t) is left.
    at_start = line_loss(lambda x: exact(x, 0.0), *lines(), jnp.array(0.0))
    assert float(at_start) == pytest.approx(float(jnp.sum(C1**2)))
    # And at s = 1 its end says nothing of its start.
    at_end = line_loss(lambda x: exact(x, 1.0), *lines(), jnp.array(1.0))
    assert float(at_end) == pytest.approx(float(jnp.sum(C0**2)))


def test_the_exact_field_carries_one_population_to_the_other(key):
    start = M0[None] + C0[None] * jax.random.normal(key, (4_000, 2))
    end = jax.jit(lambda x: runge_kutta(exact, x, 100))(start)
    np.testing.assert_allclose(end, carried(start), atol=1e-6)
    np.testing.assert_allclose(end.mean(0), M1, atol=0.05)
    np.testing.assert_allclose(end.std(0), C1, rtol=0.05)


def test_the_integration_is_of_fourth_order():
    start = M0[None] + jnp.array([[1.0, -1.0], [0.1, 0.7]])
    errors = [
        float(jnp.abs(runge_kutta(exact, start, n) - carried(start)).max()) for n in (40, 80, 160)
    ]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.1)


def test_the_integration_keeps_single_precision(float32):
    end = runge_kutta(lambda x, s: -x, jnp.ones((3, 2)), 10)
    assert end.dtype == np.float32
    np.testing.assert_allclose(end, np.exp(-1), rtol=1e-5)


def frame_of(x, ts, domain):
    ensemble = Ensemble(jnp.zeros((1, 1)), jnp.asarray(ts), jnp.asarray(x))
    return Frame(lambda mu: domain, Scaling.of(ensemble), ((0.0,),), ts), ensemble


# Two populations on a circle of length 10, on either side of its edge: 9.5 +- 0.2 and 0.5 +- 0.2.
CIRCLE = Domain(jnp.array([10.0]), (True,))


@pytest.fixture
def crossing():
    ts = np.array([0.0, 0.5, 1.0])
    wobble = np.linspace(-0.2, 0.2, 64)
    x = np.stack([9.5 + wobble, np.mod(10 + wobble, 10), 0.5 + wobble])[None, :, :, None]
    return frame_of(x, ts, CIRCLE)


def test_lines_cross_the_edge_of_a_circle_the_short_way(crossing, key):
    frame, ensemble = crossing
    method = cfm(frame, MLP(width=4, depth=1), populations=8, samples=64, frequencies=1)
    batch = jax.jit(method.learner.draw)(key, ensemble)
    move = np.asarray(batch.move[..., 0] * frame.scaling.scale[0])
    np.testing.assert_allclose(np.sort(batch.tau), [0.5] * 4 + [1.0] * 4)
    np.testing.assert_allclose(move.mean(1), np.asarray(batch.tau), atol=1e-10)
    assert np.abs(move - np.asarray(batch.tau)[:, None]).max() <= 0.4 + 1e-10


def test_particles_cross_the_edge_of_a_circle_the_short_way(crossing, key):
    frame, ensemble = crossing
    method = cfm(frame, MLP(width=16, depth=2), populations=4, samples=64, frequencies=1)
    *_, state = fit(method.learner, ensemble, adam(500, 1e-2), key, steps=500, every=500)
    x0 = ensemble.x[0, 0]
    found = method.sample(state.params, x0, np.array([0.0, 0.5, 1.0]), jnp.zeros(1), key, steps=10)
    moved = CIRCLE.displacement(jnp.broadcast_to(x0[None], (2, 64, 1)), found[1:])
    np.testing.assert_allclose(moved.mean((1, 2)), [0.5, 1.0], atol=0.05)
    np.testing.assert_array_equal(CIRCLE.wrap(found), found)


def test_both_ends_of_a_line_are_drawn_independently(key):
    ts, n = np.array([0.0, 1.0]), 128
    x = np.stack([np.linspace(-1, 1, n)] * 2)[None, :, :, None]
    frame, ensemble = frame_of(x, ts, Domain.free(1))
    method = cfm(frame, MLP(width=4, depth=1), populations=16, samples=n, frequencies=1)
    batch = jax.jit(method.learner.draw)(key, ensemble)
    start, end = batch.start[..., 0], (batch.start + batch.move)[..., 0]
    # The same particles stand at both ends, every one once, but in another order in each group.
    np.testing.assert_allclose(np.sort(end, axis=1), np.sort(start, axis=1), atol=1e-12)
    assert abs(np.corrcoef(np.ravel(start), np.ravel(end))[0, 1]) < 0.1
    assert len({tuple(row) for row in np.asarray(end)}) == 16
    np.testing.assert_array_equal(np.sort(np.floor(np.asarray(batch.inner) * 16)), np.arange(16))


# x_t = m(t) + c(t) xi, seen at 41 times as unpaired snapshots.
TS = np.linspace(0, 2, 41)


@pytest.mark.slow
def test_a_gaussian_flow_is_learned_from_unpaired_snapshots(key):
    xi = np.asarray(jax.scipy.special.ndtri((jnp.arange(256) + 0.5) / 256))
    rng = np.random.default_rng(0)
    x = np.stack([np.sin(1.5 * t) + (0.5 + 0.3 * t) * rng.permutation(xi) for t in TS])
    frame, ensemble = frame_of(x[None, :, :, None], TS, Domain.free(1))
    net = MLP(width=24, depth=2)
    method = cfm(frame, net, populations=12, samples=64, frequencies=2, steps=20)
    *_, state = fit(method.learner, ensemble, adam(1000, 1e-2), key, steps=1000, every=1000)
    ts = np.array([0.0, 1.0, 2.0])
    x0 = 0.5 * jax.random.normal(key, (2_000, 1))
    found = np.asarray(method.sample(state.params, x0, ts, jnp.zeros(1), key))[..., 0]
    # In one dimension the flow of the lines is the monotone map.
    exact = np.sin(1.5 * ts)[:, None] + ((0.5 + 0.3 * ts) / 0.5)[:, None] * found[0]
    errors = np.sqrt(((found - exact) ** 2).mean(1)) / (0.5 + 0.3 * ts)
    assert errors.max() < 0.12
    assert abs(exact[1] - exact[0]).mean() > 0.5


def test_every_saved_time_but_the_first_costs_four_evaluations_a_step():
    frame, _ = frame_of(np.random.default_rng(0).normal(size=(1, 2, 8, 1)), TS[[0, -1]], CIRCLE)
    evaluations = cfm(frame, MLP()).evaluations
    assert evaluations(np.linspace(0, 2, 129)) == 51_200
    assert evaluations(np.linspace(0, 2, 3), 7) == 56
    assert evaluations(np.array([0.0])) == 0


def test_a_field_is_evaluated_as_often_as_is_said():
    count = []

    def v(x, s):
        jax.debug.callback(lambda s: count.append(float(s)), s)
        return x

    runge_kutta(v, jnp.ones((1, 1)), 5)
    jax.effects_barrier()
    assert len(count) == 20
