"""Quadrature rules for integrals over [0, 1]: int g(t) dt ~ sum_q weights_q g(nodes_q).

A rule is a function key -> Quadrature. Deterministic rules ignore the key, so their nodes stay
fixed during training; Monte Carlo draws new ones at every call. Higher-order rules make action
matching stable in time (Berman et al. 2024, sec. 3.2).
"""

from collections.abc import Callable
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_within


@final
class Quadrature(eqx.Module):
    """Nodes in [0, 1], increasing, and their weights, which sum to one."""

    nodes: Float[Array, " q"]
    weights: Float[Array, " q"]


# The nodes are eigenvalues of a full matrix (q, q).
MOST_GAUSS = 2_048

Rule = Callable[[PRNGKeyArray], Quadrature]


def simpson(q: int) -> Rule:
    """Composite Simpson on q equispaced nodes; exact for cubics. ValueError unless q is odd."""
    q = check_count("q", q, 3)
    if q % 2 == 0:
        raise ValueError(f"Argument `q` must be odd and at least 3, but is {q}.")
    weights = np.full(q, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return _fixed(np.linspace(0.0, 1.0, q), weights / weights.sum())


def gauss_legendre(q: int) -> Rule:
    """Gauss-Legendre on q nodes; exact for polynomials of degree 2q - 1. At most MOST_GAUSS."""
    q = check_count("q", q)
    check_within("q", q, 1, MOST_GAUSS)
    nodes, weights = np.polynomial.legendre.leggauss(q)
    return _fixed((nodes + 1) / 2, weights / 2)


def monte_carlo(q: int) -> Rule:
    """q independent uniform nodes with equal weights, drawn anew at every call."""
    q = check_count("q", q)

    def rule(key: PRNGKeyArray) -> Quadrature:
        nodes = jnp.sort(jax.random.uniform(key, (q,)))
        return Quadrature(nodes, jnp.full(q, 1.0 / q))

    return rule


def _fixed(nodes: np.ndarray, weights: np.ndarray) -> Rule:
    def rule(key: PRNGKeyArray) -> Quadrature:
        return Quadrature(jnp.asarray(nodes), jnp.asarray(weights))

    return rule
