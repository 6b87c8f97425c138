"""The compiled loop of phase planes beside the array operations that it stands for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.data import Ensemble, Scaling
from hoam_core.methods import Frame, compile_roll_out, galerkin
from hoam_core.methods.closed_loop import phase_plane_numba, sampler_numba
from hoam_core.methods.closed_loop.least_energy_numba import coefficients
from hoam_core.methods.closed_loop.trigonometric import TrigonometricBasis
from hoam_core.methods.closed_loop.trigonometric_numba import BLOCK, kernels
from hoam_core.numerics.domain import Domain

RATES, LENGTH, TS = (0.2, 0.3, 0.4), 3.0, np.linspace(0, 1, 9)
precisions = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@pytest.fixture(scope="module")
def loops():
    """The loop in both precisions, compiled once and forgotten again."""
    assert compile_roll_out(np.float32)
    assert compile_roll_out(np.float64)
    made = dict(phase_plane_numba._compiled)
    phase_plane_numba._compiled.clear()
    return made


@pytest.fixture
def by_numba(loops, monkeypatch):
    """Before it is called the loop is not there, nor after the test."""
    asked = {}
    monkeypatch.setattr(phase_plane_numba, "_compiled", asked)
    return lambda: asked.update(loops)


def planes(number, modes_x, modes_v, **options):
    """A method and its parameters on so many phase planes, of which the last one is at rest."""
    n = 1_500
    noise = np.random.default_rng(3).random((2, number, n))

    def path(rate):
        x, v = noise[0] * LENGTH, noise[1] - 0.5
        states = []
        for t in TS:
            push = rate * np.sin(2 * np.pi * x / LENGTH) * t
            still = np.arange(number)[:, None] == (number - 1 if number > 1 else -1)
            states.append(np.concatenate([(x + np.where(still, 0, t * v + push)) % LENGTH,
                                          v + np.where(still, 0, push)]).T)  # fmt: skip
        return np.stack(states)

    x = jnp.asarray(np.stack([path(rate) for rate in RATES]))
    ensemble = Ensemble(jnp.array(RATES)[:, None], jnp.asarray(TS), x)
    periodic = (True,) * number + (False,) * number
    lengths = jnp.array([LENGTH] * number + [1.0] * number)
    frame = Frame(lambda mu: Domain(lengths, periodic), Scaling.of(ensemble), (RATES,), TS)
    method = galerkin(frame, modes_x=modes_x, modes_v=modes_v, steps=40, **options)
    return method, method.learner.init(jax.random.key(0), ensemble), x[1, 0]


def distance(a, b):
    """The largest one of any component, positions the short way round."""
    apart = np.array(a, float) - np.array(b, float)
    half = apart.shape[-1] // 2
    apart[..., :half] -= LENGTH * np.rint(apart[..., :half] / LENGTH)
    return np.abs(apart).max()


@precisions
@pytest.mark.parametrize(("number", "modes"), [(1, (3, 5)), (1, (1, 2)), (1, (0, 3)), (1, (2, 0)),
                                               (3, (2, 3))])  # fmt: skip
def test_it_goes_the_way_of_array_operations(number, modes, dtype, by_numba):
    with jax.enable_x64(dtype == np.float64):
        method, params, x0 = planes(number, *modes)
        params, x0 = jax.tree.map(lambda a: a.astype(dtype), (params, x0))
        # Unequal intervals, a late start, and two times that are one.
        ts, mu = np.array([0.1, 0.3, 0.3, 0.35, 0.9]), jnp.array([0.27], dtype)
        slow = method.sample(params, x0, ts, mu, jax.random.key(1))
        by_numba()
        quick = method.sample(params, x0, ts, mu, jax.random.key(1))
        assert len(x0) % BLOCK
        assert quick.dtype == slow.dtype == dtype
        np.testing.assert_array_equal(quick[0], x0)
        np.testing.assert_array_equal(quick[1], quick[2])
        assert distance(slow[-1], x0) > 0.02
        assert 0 < distance(quick, slow) < (1e-9 if dtype == np.float64 else 2e-3)
        assert bool(jnp.all((quick[..., :number] >= 0) & (quick[..., :number] < LENGTH)))


@precisions
def test_functions_are_those_of_the_basis(dtype):
    modes_x, modes_v, n = 5, 7, 200
    basis, loops, shape = TrigonometricBasis(modes_x, modes_v), kernels(np.dtype(dtype)), (11, 8)
    rng = np.random.default_rng(1)
    y = rng.uniform(-1, 7, (n, 2)).astype(dtype)
    with jax.enable_x64(dtype == np.float64):
        view = basis.view(jnp.asarray(y))
        theta, eta = np.empty((2, 11, n), dtype), np.empty((2, 15, n), dtype)
        loops.harmonics(y[:, 0].copy(), 10, n, theta)
        loops.harmonics(y[:, 1].copy(), 14, n, eta)
        error = 1e-13 if dtype == np.float64 else 2e-5
        for found, right in ((theta, view.theta), (eta, view.eta)):
            np.testing.assert_allclose(found, np.stack(right), atol=error)
        moments = np.zeros((2, 11, 15), dtype)
        for c in range(2):
            loops.products(theta[c], eta[0], (11, 15), n, moments[c])
        np.testing.assert_allclose(moments / n, view.moments, atol=error)
        metric, size = np.array([1.3, 0.7], dtype), basis.size + 1
        matrix = np.empty((size, size), dtype)
        loops.stiffness(moments / dtype(n), shape, metric, matrix)
        right = basis.stiffness(view, jnp.asarray(metric))
        np.testing.assert_allclose(np.tril(matrix)[1:, 1:], np.tril(right), atol=30 * error)
        np.testing.assert_array_equal(matrix[:, 0], 0)  # the constant moves nothing
        weights = rng.normal(size=size).astype(dtype)
        work, found = np.empty(n, dtype), np.empty((2, n), dtype)
        loops.field(theta, eta, weights, shape, n, work, found)
        right = basis.field(view, jnp.asarray(weights[1:]))
        np.testing.assert_allclose(found.T, right, atol=1e3 * error)


@precisions
@pytest.mark.parametrize("size", [2, 5, 64, 131])
def test_coefficients_solve_the_equations(size, dtype):
    rng = np.random.default_rng(size)
    rows = rng.normal(size=(size, 3 * size)).astype(dtype)
    matrix, rate = rows @ rows.T, rng.normal(size=size).astype(dtype)
    # The constant: nothing moves it, and it moves nothing.
    matrix[0], matrix[:, 0], rate[0] = 0, 0, 0
    kept, ridge = matrix.astype(float), 0.01
    found = rate.copy()
    coefficients(np.dtype(dtype))(matrix, found, dtype(ridge))
    kept += np.diag(ridge * (np.diag(kept) + 1e-3 * np.trace(kept) / (size - 1)))
    right = np.linalg.solve(kept[1:, 1:], rate[1:].astype(float))
    np.testing.assert_allclose(found[1:], right, rtol=0, atol=np.abs(right).max() * 1e-4)
    assert found[0] == 0


def test_a_matrix_without_a_factor_gives_no_numbers():
    matrix, rate = -np.eye(4), np.ones(4)
    coefficients(np.dtype(float))(matrix, rate, 0.0)
    assert np.all(np.isnan(rate))


def test_a_particle_that_is_no_number_is_seen(by_numba):
    method, params, x0 = planes(1, 2, 3)
    by_numba()
    path = method.sample(params, x0.at[7, 1].set(np.nan), TS, jnp.array([0.3]), jax.random.key(1))
    assert not bool(jnp.any(jnp.isfinite(path[-1])))


def test_only_who_asks_has_it_and_only_for_what_it_can(by_numba, monkeypatch):
    taken = []
    monkeypatch.setattr(sampler_numba, "PlaneRollOut", lambda *a: taken.append(a) or _plane(*a))
    (method, params, x0), mu, key = planes(1, 2, 3), jnp.array([0.3]), jax.random.key(1)

    def goes_quickly(method, params, x0, sample=None):
        before = len(taken)
        (sample or method.sample)(params, x0, TS[:2], mu, key)
        return len(taken) > before

    assert not goes_quickly(method, params, x0)
    assert method.backend(len(x0)) == "xla"
    by_numba()
    assert goes_quickly(method, params, x0)
    assert method.backend(len(x0)) == "numba"
    many = jnp.tile(x0, (12, 1))
    assert not goes_quickly(method, params, many)
    assert method.backend(len(many)) == "xla"
    traced = jax.jit(lambda p, x, ts, mu, key: method.sample(p, x, TS[:2], mu, key))
    assert not goes_quickly(method, params, x0, traced)
    noisy = planes(1, 2, 3, sigma=0.1)
    assert not goes_quickly(*noisy)
    assert noisy[0].backend(len(x0)) == "xla"
    monkeypatch.setattr("hoam_core.numerics.compiled.is_installed", lambda: False)
    assert not goes_quickly(method, params, x0)


_plane = sampler_numba.PlaneRollOut


def test_without_numba_nothing_is_promised(monkeypatch):
    monkeypatch.setattr(phase_plane_numba, "_compiled", {})
    monkeypatch.setattr("hoam_core.numerics.compiled.is_installed", lambda: False)
    assert not compile_roll_out()
    assert phase_plane_numba.roll_out(np.dtype(np.float32)) is None
