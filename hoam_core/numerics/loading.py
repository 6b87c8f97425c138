"""Points in the unit cube, from which initial populations are made by their quantile functions.

Quiet loading takes the points from a scrambled Sobol sequence: the density of a loaded plasma then
carries noise of order 1/n instead of 1/sqrt(n), and an instability grows from its seeded
perturbation rather than from the noise of the loading. Random loading draws independent points.

Both are functions (key, n, d) -> points of shape (n, d), strictly inside the cube.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.stats import qmc

Loading = Callable[[PRNGKeyArray, int, int], Float[Array, "n d"]]


def _inside(u: Float[Array, "n d"]) -> Float[Array, "n d"]:
    # The quantile of 0 or 1 is infinite for most laws; half a float32 spacing keeps clear of both.
    return jnp.clip(u, 2.0**-25, 1 - 2.0**-24)


def quiet(key: PRNGKeyArray, n: int, d: int) -> Float[Array, "n d"]:
    """Scrambled Sobol points, made on the host; any aligned block of 2^k of them is balanced.

    SciPy multiplies the digits by a random lower triangular matrix and shifts them (Matousek,
    J. Complexity 14, 527, 1998), which is less than the nested scrambling of Owen. The first n of
    the points are balanced where n is a power of two, and such numbers are quietest: in 1D1V the
    noise of the first density mode is 1e5 times larger for 5,000 particles than for 4,096.
    """
    seed = np.asarray(jax.random.bits(key, (4,)))
    sequence = qmc.Sobol(d, scramble=True, rng=np.random.default_rng(seed))
    # A Sobol set is balanced in powers of two: take the next one and keep its first n points.
    return _inside(jnp.asarray(sequence.random_base2(max(n - 1, 1).bit_length())[:n]))


def random(key: PRNGKeyArray, n: int, d: int) -> Float[Array, "n d"]:
    """Independent uniform points."""
    return _inside(jax.random.uniform(key, (n, d)))


LOADINGS: dict[str, Loading] = {"quiet": quiet, "random": random}


def cosine_quantile(
    u: Float[Array, "*n"], amplitude: Float[Array, ""] | float
) -> Float[Array, "*n"]:
    """Phases theta in [0, 2 pi) of density 1 + amplitude cos(theta) from points u of (0, 1).

    Solves theta + amplitude sin(theta) = 2 pi u by Newton's method; five steps are exact to
    rounding for amplitudes up to 0.6.
    """
    target = 2 * jnp.pi * u
    theta = target - amplitude * jnp.sin(target)
    for _ in range(5):
        excess = theta + amplitude * jnp.sin(theta) - target
        theta = theta - excess / (1 + amplitude * jnp.cos(theta))
    return theta
