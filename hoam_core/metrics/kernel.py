r"""The maximum mean discrepancy of two samples (Gretton et al., JMLR 13, 723, 2012),

    MMD = |E k(x, .) - E k(y, .)|,        k(x, y) = exp(-|x - y|^2 / (2 h^2)),

whose bandwidth h is the median distance between a sample of x and one of y unless it is given. On
circles |x - y| is the chord, with which k is a positive definite kernel. The estimate takes all
pairs, including those of a point with itself: it is the distance of two means, so never imaginary,
but biased; for two samples of one law it is up to about sqrt(1/n + 1/k).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from hoam_core.checks import check_positive
from hoam_core.metrics.transport import squared_chords
from hoam_core.numerics.domain import Domain


def maximum_mean_discrepancy(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"],
    *, bandwidth: float | None = None,
) -> float:  # fmt: skip
    """MMD of two equally weighted samples in scaled coordinates."""
    between, first, second = (
        squared_chords(x, y, domain, scale) for x, y in ((a, b), (a, a), (b, b))
    )
    if bandwidth is None:
        bandwidth = float(jnp.sqrt(jnp.median(between)))
    check_positive("bandwidth", bandwidth)
    kernels = [jnp.mean(jnp.exp(-c / (2 * bandwidth**2))) for c in (first, second, between)]
    return float(jnp.sqrt(jnp.maximum(kernels[0] + kernels[1] - 2 * kernels[2], 0.0)))
