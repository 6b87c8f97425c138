"""Rules on [0, 1]: exactness, weights, nodes, and what a bad number of nodes is told."""

import jax
import numpy as np
import pytest

from hoam_core.numerics.quadrature import gauss_legendre, monte_carlo, simpson

RULES = {"simpson": simpson(7), "gauss": gauss_legendre(4), "monte carlo": monte_carlo(9)}


def error_on_power(rule, degree: int) -> float:
    nodes, weights = (np.asarray(a) for a in (rule.nodes, rule.weights))
    return abs(weights @ nodes**degree - 1 / (degree + 1))


@pytest.mark.parametrize("q", [3, 5, 9])
def test_simpson_is_exact_for_cubics_and_not_beyond(key, q):
    rule = simpson(q)(key)
    assert max(error_on_power(rule, d) for d in range(4)) < 1e-14
    assert error_on_power(rule, 4) > 1e-6


@pytest.mark.parametrize("q", [1, 2, 5])
def test_gauss_legendre_is_exact_to_degree_2q_minus_1_and_not_beyond(key, q):
    rule = gauss_legendre(q)(key)
    assert max(error_on_power(rule, d) for d in range(2 * q)) < 1e-14
    assert error_on_power(rule, 2 * q) > 1e-8


def test_simpson_converges_with_fourth_order(key):
    errors = [error_on_power(simpson(q)(key), 5) for q in (5, 9, 17)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.05)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_weights_sum_to_one_and_nodes_increase_inside_the_interval(key, rule):
    quadrature = rule(key)
    assert float(quadrature.weights.sum()) == pytest.approx(1, abs=1e-14)
    nodes = np.asarray(quadrature.nodes)
    assert np.all(np.diff(nodes) > 0)
    assert nodes[0] >= 0
    assert nodes[-1] <= 1


def test_only_monte_carlo_draws_new_nodes(key):
    other = jax.random.key(1)
    for name, rule in RULES.items():
        same = np.array_equal(rule(key).nodes, rule(other).nodes)
        assert same == (name != "monte carlo")


def test_monte_carlo_is_unbiased(key):
    nodes = jax.vmap(lambda k: monte_carlo(8)(k).nodes)(jax.random.split(key, 4000))
    assert float((nodes**2).mean()) == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("q", [4, 128])
def test_simpson_refuses_an_even_number(q):
    with pytest.raises(ValueError, match=f"`q` must be odd and at least 3, but is {q}"):
        simpson(q)


@pytest.mark.parametrize(("rule", "minimum"), [(simpson, 3), (gauss_legendre, 1), (monte_carlo, 1)])
def test_too_few_nodes_are_refused_with_the_minimum(rule, minimum):
    for q in (0, minimum - 1):
        with pytest.raises(ValueError, match=f"`q` must be .*at least {minimum}, but is {q}"):
            rule(q)
