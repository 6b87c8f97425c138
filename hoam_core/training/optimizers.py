r"""Optimisers by name, all with the same schedule: a short warm-up, then a cosine to rate / 100.

- `adam` (Kingma & Ba 2014, arXiv 1412.6980): every weight has a step of its own.
- `muon` (Jordan et al. 2024; here that of optax): the momentum of a weight matrix is made nearly
  orthogonal, so that all its directions learn alike; other weights by Adam.
- `soap` (Vyas et al. 2024, arXiv 2409.11321): Adam in the eigenbases of the second moments of a
  weight matrix's gradient,

      A = E[G G^T],  B = E[G^T G],    G' = Q_A^T G Q_B,    W <- W - rate Q_A (M' / V'^(1/2)) Q_B^T,

  with M' the momentum in these bases and V' the mean of G'^2. The bases follow A and B by one step
  of orthogonal iteration every REFRESH steps.

The gradient is clipped to unit norm before.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

REFRESH = 10
Optimizer = Callable[[int, float], optax.GradientTransformation]


def _schedule(steps: int, rate: float) -> optax.Schedule:
    warmup = max(1, min(500, steps // 20))
    return optax.warmup_cosine_decay_schedule(0.0, rate, warmup, max(steps, 2), rate / 100)


def adam(steps: int, rate: float = 2e-3) -> optax.GradientTransformation:
    """Adam for that many steps, as in Berman et al. 2024."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(_schedule(steps, rate)))


def muon(steps: int, rate: float = 2e-3) -> optax.GradientTransformation:
    """Muon for that many steps."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.contrib.muon(_schedule(steps, rate)))


def soap(steps: int, rate: float = 2e-3) -> optax.GradientTransformation:
    """SOAP for that many steps."""
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        scale_by_soap(),
        optax.scale_by_learning_rate(_schedule(steps, rate)),
    )


OPTIMIZERS: Mapping[str, Optimizer] = {"adam": adam, "muon": muon, "soap": soap}


class Factor(NamedTuple):
    """Second moment of a gradient along one axis of its matrix, and its eigenvectors."""

    moment: Float[Array, "k k"]
    basis: Float[Array, "k k"]


class LeafState(NamedTuple):
    """Momentum and second moment of one array; a matrix has factors for rows and columns."""

    momentum: Array
    square: Array
    factors: tuple[Factor, ...]


class SoapState(NamedTuple):
    """The number of steps taken, and the state of every array in the order of the tree."""

    count: Float[Array, ""]
    leaves: tuple[LeafState, ...]


def scale_by_soap(
    b1: float = 0.95, b2: float = 0.95, eps: float = 1e-8
) -> optax.GradientTransformation:
    """The direction of SOAP without a rate; decay rates and defaults are those of its authors."""

    def init(params: Any) -> SoapState:
        def leaf(p: Array) -> LeafState:
            sides = p.shape if p.ndim == 2 else ()
            factors = (Factor(jnp.zeros((k, k), p.dtype), jnp.eye(k, dtype=p.dtype)) for k in sides)
            return LeafState(jnp.zeros_like(p), jnp.zeros_like(p), tuple(factors))

        leaves = tuple(leaf(p) for p in jax.tree.leaves(params))
        return SoapState(jnp.zeros((), jnp.int32), leaves)

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, SoapState]:
        del params
        found, structure = jax.tree.flatten(updates)
        count = state.count + 1
        pairs = [_step(g, s, count, b1, b2, eps) for g, s in zip(found, state.leaves, strict=True)]
        directions, leaves = zip(*pairs, strict=True)
        return jax.tree.unflatten(structure, directions), SoapState(count, leaves)

    return optax.GradientTransformation(init, update)


def _step(
    g: Array, state: LeafState, count: Array, b1: float, b2: float, eps: float
) -> tuple[Array, LeafState]:
    momentum = b1 * state.momentum + (1 - b1) * g
    factors = tuple(
        _refreshed(factor, product, count, b2)
        for factor, product in zip(state.factors, _products(g, state.factors), strict=True)
    )
    square = b2 * state.square + (1 - b2) * _rotated(g, factors) ** 2
    mean, spread = (now / (1 - b**count) for now, b in ((momentum, b1), (square, b2)))
    scaled = _rotated(mean, factors) / (jnp.sqrt(spread) + eps)
    return _back(scaled, factors), LeafState(momentum, square, factors)


def _products(g: Array, factors: tuple[Factor, ...]) -> tuple[Array, ...]:
    return (g @ g.T, g.T @ g) if factors else ()


def _refreshed(factor: Factor, product: Array, count: Array, decay: float) -> Factor:
    """The factor with one more gradient: eigenvectors at first, then orthogonal iteration."""
    moment = decay * factor.moment + (1 - decay) * product
    turn = jnp.where(count == 1, 1, jnp.where(count % REFRESH == 0, 2, 0))
    basis = jax.lax.switch(
        turn,
        (
            lambda: factor.basis,
            lambda: jnp.linalg.eigh(moment)[1],
            lambda: jnp.linalg.qr(moment @ factor.basis)[0],
        ),
    )
    return Factor(moment, basis)


def _rotated(matrix: Array, factors: tuple[Factor, ...]) -> Array:
    return factors[0].basis.T @ matrix @ factors[1].basis if factors else matrix


def _back(matrix: Array, factors: tuple[Factor, ...]) -> Array:
    return factors[0].basis @ matrix @ factors[1].basis.T if factors else matrix
