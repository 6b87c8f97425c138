"""The action on a Gaussian flow, where its minimiser is known.

For x_t = m(t) + c(t) xi the exact potential has grad s = m' + (c'/c)(x - m). With noise sigma the
same law needs s + (sigma^2/2) log rho. The four points xi = (+-1, +-1) have mean zero and unit
covariance, so that every expectation of a quadratic is exact.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.methods import action_loss, hoam
from hoam_core.methods.action import path_loss
from hoam_core.methods.base import Frame
from hoam_core.methods.neural import along_paths
from hoam_core.networks import MLP
from hoam_core.numerics.domain import Domain
from hoam_core.numerics.quadrature import gauss_legendre, monte_carlo, simpson

XI = jnp.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
KEY = jax.random.key(0)


def m(t):
    return jnp.stack([jnp.sin(2 * t), t**2])


def c(t):
    return jnp.stack([1 + 0.5 * t, jnp.exp(-t)])


def exact(x, t, sigma=0.0):
    dm, dc, away = jax.jacfwd(m)(t), jax.jacfwd(c)(t), x - m(t)
    log_rho = -jnp.sum(away**2 / (2 * c(t) ** 2))
    return dm @ away + 0.5 * jnp.sum(dc / c(t) * away**2) + 0.5 * sigma**2 * log_rho


def samples(ts):
    return jax.vmap(lambda t: m(t)[None] + c(t)[None] * XI)(ts)


def loss(s, quadrature, sigma=0.0):
    @jax.jit
    def value(q):
        ends = samples(jnp.array([0.0, 1.0]))
        return action_loss(s, samples(q.nodes), ends[0], ends[1], q, sigma)

    return value(quadrature)


def half_energy(sigma=0.0):
    """-1/2 int E|grad s|^2 dt by a fine rule."""
    q = gauss_legendre(60)(KEY)

    @jax.jit
    @jax.vmap
    def at(t):
        grads = jax.vmap(jax.grad(lambda x: exact(x, t, sigma)))(samples(t[None])[0])
        return jnp.mean(jnp.sum(grads**2, -1))

    return -0.5 * float(q.weights @ at(q.nodes))


@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_the_action_of_the_exact_potential_is_minus_half_its_energy(sigma):
    value = float(loss(lambda x, t: exact(x, t, sigma), gauss_legendre(30)(KEY), sigma))
    assert value == pytest.approx(half_energy(sigma), abs=1e-11)


def test_the_energy_of_the_exact_potential_in_closed_form():
    q = gauss_legendre(60)(KEY)
    rates = jax.vmap(lambda t: jnp.sum(jax.jacfwd(m)(t) ** 2 + jax.jacfwd(c)(t) ** 2))(q.nodes)
    assert half_energy() == pytest.approx(-0.5 * float(q.weights @ rates), rel=1e-12)


@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_the_exact_potential_is_the_minimiser(sigma):
    quadrature = gauss_legendre(30)(KEY)

    def perturbed(a):
        def s(x, t):
            bump = a[0] * x[0] * (1 + t) + a[1] * x[0] * x[1] + a[2] * t * x[1] ** 2
            return exact(x, t, sigma) + bump

        return loss(s, quadrature, sigma)

    zero = jnp.zeros(3)
    np.testing.assert_allclose(jax.grad(perturbed)(zero), 0, atol=1e-10)
    assert float(jnp.linalg.eigvalsh(jax.hessian(perturbed)(zero)).min()) > 0.01


def test_the_noise_term_shifts_the_minimiser():
    quadrature = gauss_legendre(30)(KEY)
    without = float(loss(exact, quadrature, 0.7))
    assert without - half_energy(0.7) > 0.01


RULES = [(gauss_legendre(12), 1e-9), (simpson(65), 1e-5)]


@pytest.mark.parametrize(("rule", "tolerance"), RULES, ids=["gauss", "simpson"])
def test_a_gauge_moves_the_loss_by_its_quadrature_error_only(rule, tolerance):
    def f(t):
        return jnp.sin(5 * t) + t**3

    q = rule(KEY)
    moved = float(loss(lambda x, t: exact(x, t) + f(t), q) - loss(exact, q))
    error = float(q.weights @ jax.vmap(jax.grad(f))(q.nodes) - f(1.0) + f(0.0))
    assert moved == pytest.approx(error, abs=1e-12)
    assert abs(moved) < tolerance


def test_a_monte_carlo_rule_lets_a_gauge_move_the_loss():
    q = monte_carlo(128)(KEY)
    moved = loss(lambda x, t: exact(x, t) + jnp.sin(5 * t), q) - loss(exact, q)
    assert abs(float(moved)) > 0.01


def test_higher_order_rules_integrate_the_action_better_than_monte_carlo():
    truth = half_energy()
    gauss, simpsons, carlo = (
        abs(float(loss(exact, rule(KEY))) - truth)
        for rule in (gauss_legendre(16), simpson(17), monte_carlo(16))
    )
    assert gauss < 1e-10
    assert simpsons < 1e-3
    assert carlo > 10 * simpsons


def paths(ts):
    """Samples of the flow at these times, and their velocities."""
    dm, dc = (jax.vmap(jax.jacfwd(f))(ts) for f in (m, c))
    return samples(ts), dm[:, None] + dc[:, None] * XI[None]


def test_along_paths_the_action_is_the_same_and_no_function_of_time_changes_it():
    q = gauss_legendre(30)(KEY)
    nodes, velocity = paths(q.nodes)

    def s(x, t):
        return exact(x, t) + 0.3 * x[0] * x[1] * jnp.cos(t)

    along = float(path_loss(s, nodes, velocity, q))
    assert along == pytest.approx(float(loss(s, q)), abs=1e-10)
    few = simpson(3)(KEY)
    nodes, velocity = paths(few.nodes)
    values = [
        float(path_loss(lambda x, t: s(x, t) + a * jnp.sin(9 * t), nodes, velocity, few))  # noqa: B023
        for a in (0.0, 100.0)
    ]
    assert values[0] == values[1]


def test_positions_and_velocities_between_times_lie_on_parabolas():
    ts = jnp.array([0.0, 0.3, 1.0, 1.2, 2.0])
    domain = Domain(jnp.array([10.0]), (True,))
    path = domain.wrap(9.0 + 1.5 * ts**2 - ts)[:, None, None]
    nodes = jnp.linspace(0, 2, 21)
    found, velocity = along_paths(path, ts, nodes, domain)
    expected = domain.wrap((9.0 + 1.5 * nodes**2 - nodes)[:, None, None])
    np.testing.assert_allclose(domain.wrap(found), expected, atol=1e-9)
    np.testing.assert_allclose(velocity[:, 0, 0], 3 * nodes - 1, atol=1e-9)


def test_the_action_along_paths_has_no_noise():
    frame = Frame(lambda mu: Domain.free(1), None, ((0.0,),), np.linspace(0, 1, 5))
    with pytest.raises(ValueError, match=r"`sigma` must be 0 .* take `gauge_free` = 0"):
        hoam(frame, MLP(), gauss_legendre(3), sigma=0.1, gauge_free=True)
