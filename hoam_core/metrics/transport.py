"""Distances between two populations by optimal transport: exact and sliced by POT, entropic.

Coordinates are divided by given scales (the standard deviations of the training data). Where a
component is periodic, exact transport goes the short way round. Distances with a kernel, such as
exp(-cost / epsilon) of the entropic one, take the chord of the circle instead: a Gaussian of the
length of an arc is no positive definite kernel, and distances made of it can be negative.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import ot
from jaxtyping import Array, Float, Int

from hoam_core.checks import check_count, check_finite, check_positive, check_shape
from hoam_core.metrics import entropic
from hoam_core.numerics.domain import Domain

SUBSETS = 5


def squared_costs(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"]
) -> Float[Array, "n k"]:
    """Squared scaled distances between all pairs, the short way round on circles."""
    return _squares(domain.displacement(*_pairs(a, b)), scale)


def squared_chords(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"]
) -> Float[Array, "n k"]:
    """Squared scaled distances between all pairs, straight through the circles."""
    return _squares(domain.chord(*_pairs(a, b)), scale)


def _pairs(
    a: Float[Array, "n d"], b: Float[Array, "k d"]
) -> tuple[Float[Array, "n 1 d"], Float[Array, "1 k d"]]:
    check_shape("b", b.shape, (None, a.shape[1]))
    return jnp.asarray(a)[:, None], jnp.asarray(b)[None]


def _squares(move: Float[Array, "n k d"], scale: Float[Array, " d"]) -> Float[Array, "n k"]:
    """Squared scaled distances; DivergedError where one is not finite: solvers take it for zero."""
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
    """Entropic transport cost with squared distances and regularisation `epsilon`, debiased by
    those of each sample with itself (Feydy et al., AISTATS 2019); chords on circles, so that it is
    never negative.

    Raises ValueError where the plan does not converge.
    """
    check_positive("epsilon", epsilon)
    between, first, second = (
        np.asarray(squared_chords(x, y, domain, scale), float) for x, y in ((a, b), (a, a), (b, b))
    )
    # The exact plan is a close first guess; from a sample to itself nothing has to move.
    exact = ot.emd2([], [], between, numItermax=2_000_000, log=True)[1]["v"]
    own = (entropic.cost(costs, epsilon, np.zeros(len(costs))) for costs in (first, second))
    return entropic.cost(between, epsilon, exact) - 0.5 * sum(own)


Samples = Float[Array, "n d"] | Float[np.ndarray, "n d"]
Distance = Callable[[Array, Array, Domain, Array], float]


def transport_distance(dimension: int) -> Distance:
    """The distance that judges populations of that dimension: exact W_2^2, sliced above twelve."""
    return wasserstein2 if dimension <= 12 else sliced_wasserstein2


def over_subsets(
    distance: Distance, a: Samples, b: Samples, domain: Domain,
    scale: Float[Array, " d"], rng: np.random.Generator, *, subsets: int = SUBSETS,
    size: int = 2_000,
) -> float:  # fmt: skip
    """Mean distance over disjoint random subsets, which are smaller if a sample is too small."""
    size = min(size, min(len(a), len(b)) // subsets)
    size = check_count("size", size)
    first = rng.permutation(len(a))[: subsets * size].reshape(subsets, size)
    second = rng.permutation(len(b))[: subsets * size].reshape(subsets, size)
    return _mean(distance, a, b, domain, scale, first, second)


def block_size(n: int, k: int, *, blocks: int = SUBSETS, largest: int = 2_048) -> int:
    """The power of two, at most `largest`, of which `blocks` fit into samples of n and of k."""
    size = min(largest, min(n, k) // blocks)
    check_count("size", size)
    return 2 ** (size.bit_length() - 1)


def over_blocks(
    distance: Distance, a: Samples, b: Samples, domain: Domain, scale: Float[Array, " d"],
    *, blocks: int = SUBSETS, largest: int = 2_048,
) -> float:  # fmt: skip
    """Mean distance over the first aligned blocks of two samples in the order of their loading.

    Such a block of a quiet sample is itself quiet, whereas a random subset is as noisy as a
    random sample: floors are several times lower, and smaller errors can be seen.
    """
    size = block_size(len(a), len(b), blocks=blocks, largest=largest)
    index = np.arange(blocks * size).reshape(blocks, size)
    return _mean(distance, a, b, domain, scale, index, index)


def _mean(
    distance: Distance, a: Samples, b: Samples, domain: Domain, scale: Float[Array, " d"],
    first: Int[np.ndarray, "s n"], second: Int[np.ndarray, "s n"],
) -> float:  # fmt: skip
    """Mean distance over pairs of subsets, given by their indices."""
    a, b = jnp.asarray(a), jnp.asarray(b)
    values = [distance(a[i], b[j], domain, scale) for i, j in zip(first, second, strict=True)]
    return float(np.mean(values))
