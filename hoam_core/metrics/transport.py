"""Distances between two populations by optimal transport, through POT and OTT-JAX.

Coordinates are divided by given scales (the standard deviations of the training data) and compared
the short way round where a component is periodic.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import ot
from jaxtyping import Array, Float

from hoam_core.checks import check_count, check_finite, check_positive, check_shape
from hoam_core.domain import Domain


def squared_costs(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"]
) -> Float[Array, "n k"]:
    """Squared scaled distances between all pairs.

    Raises DivergedError where one is not finite: solvers take it for none, or for zero.
    """
    check_shape("b", b.shape, (None, a.shape[1]))
    move = domain.displacement(jnp.asarray(a)[:, None], jnp.asarray(b)[None])
    costs = jnp.sum((move / jnp.asarray(scale)[None, None]) ** 2, axis=-1)
    check_finite("The distances between two samples", costs)
    return costs


def wasserstein2(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"]
) -> float:
    """Exact W_2^2 of two equally weighted samples (POT's network simplex)."""
    costs = np.asarray(squared_costs(a, b, domain, scale), float)
    return float(np.asarray(ot.emd2([], [], costs, numItermax=2_000_000)))


def sliced_wasserstein2(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"],
    *, directions: int = 200, seed: int = 0,
) -> float:  # fmt: skip
    """Mean W_2^2 over projections on random directions (POT); for dimensions where samples are
    all far from each other, so that the exact distance measures nothing but their number.

    Raises ValueError where a component is periodic: a projection of a circle is not a line.
    """
    check_shape("b", b.shape, (None, a.shape[1]))
    if any(domain.periodic):
        raise ValueError(
            "Argument `domain` must be free for the sliced distance, but has periodic components; "
            "use the exact distance."
        )
    first, second = (np.asarray(samples / jnp.asarray(scale)[None], float) for samples in (a, b))
    check_finite("The samples of a distance", (first, second))
    with np.errstate(over="ignore", invalid="ignore"):
        found = ot.sliced_wasserstein_distance(first, second, n_projections=directions, seed=seed)
        squared = float(np.asarray(found)) ** 2
    check_finite("The distance between two samples", squared)
    return squared


def sinkhorn_divergence(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"],
    *, epsilon: float = 0.01,
) -> float:  # fmt: skip
    """Debiased entropic transport cost with squared distances and regularisation `epsilon`."""
    check_positive("epsilon", epsilon)
    parts = (squared_costs(x, y, domain, scale) for x, y in ((a, b), (a, a), (b, b)))
    between, first, second = (float(_regularised_cost(costs, epsilon)) for costs in parts)
    return between - 0.5 * first - 0.5 * second


@jax.jit
def _regularised_cost(costs: Float[Array, "n k"], epsilon: float) -> Float[Array, ""]:
    # OTT-JAX takes a second to import, and every command, server and worker would wait for it.
    from ott.geometry import geometry
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn

    # Compiled as a whole: OTT-JAX would trace its loop anew at every call.
    geom = geometry.Geometry(costs, epsilon=epsilon)
    solver = sinkhorn.Sinkhorn(max_iterations=5_000)
    return jnp.asarray(solver(linear_problem.LinearProblem(geom)).reg_ot_cost)


Samples = Float[Array, "n d"] | Float[np.ndarray, "n d"]
Distance = Callable[[Array, Array, Domain, Array], float]


def transport_distance(dimension: int) -> Distance:
    """The distance that judges populations of that dimension: exact W_2^2, sliced above twelve."""
    return wasserstein2 if dimension <= 12 else sliced_wasserstein2


def over_subsets(
    distance: Distance, a: Samples, b: Samples, domain: Domain,
    scale: Float[Array, " d"], rng: np.random.Generator, *, subsets: int = 5, size: int = 2_000,
) -> float:  # fmt: skip
    """Mean distance over disjoint random subsets; smaller ones where a sample is too small."""
    size = min(size, min(len(a), len(b)) // subsets)
    size = check_count("size", size)
    first = rng.permutation(len(a))[: subsets * size].reshape(subsets, size)
    second = rng.permutation(len(b))[: subsets * size].reshape(subsets, size)
    a, b = jnp.asarray(a), jnp.asarray(b)
    values = [distance(a[i], b[j], domain, scale) for i, j in zip(first, second, strict=True)]
    return float(np.mean(values))
