r"""Mean field: the equation of one particle is known, and what couples the particles is learned.

Of a McKean-Vlasov system (systems/mean_field.py)

    dX = b(X, t, m(t; mu)) dt + s dW,    m(t; mu) = E[h(X_t)],

only m is learned: measured on the training runs and interpolated by cubic splines in mu and t.
Particles then move independently along the exact characteristics in it. Nothing of the population
is closed on itself, so that few particles see the field of many, and what the flow makes of it,
filaments too, is as fine as the full model's.

It knows the equations, which action matching does not: beside it errors say so. Its own come from
four sources: the spacing of the training values (falls as its fourth power), the number of waves,
the length of the steps (second order), and the noise of the training runs in m.

Means of neighbouring parameters are alike, so that they are kept as m = sum_r w_r(mu) g_r(t): as
many terms of a singular value decomposition as leave out less than TOLERANCE, the functions
g_r in half precision.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.data import Ensemble, Means
from hoam_core.methods.base import Frame, Learner, Method, Params, rollout_evaluations
from hoam_core.numerics.interpolation import CardinalSpline, grid_weights
from hoam_core.solvers.stepping import count_substeps
from hoam_core.systems.mean_field import MeanField

# Of the norm of each run, on average: what is left out is little else than the noise of the runs.
TOLERANCE = 4e-3
# Times count relative to their own norm, but none more than as one of this share of the largest.
FAINTEST = 0.1


@partial(jax.jit, static_argnums=0)
def means_of(law: MeanField, ensemble: Ensemble) -> Float[Array, "m t k"]:
    """The means of every run of an ensemble at every time."""

    def measure(run: tuple[Array, Array]):
        path, mu = run
        return jax.lax.map(lambda x: law.means(x, mu), path)

    return jax.lax.map(measure, (ensemble.x, ensemble.mu))


def compressed(means: Float[Array, "m t k"]) -> dict[str, Array]:
    """weights (m, r) and functions (r, t, k) of the singular value decomposition of means.

    Weak fields are kept as well as strong ones: each run counts relative to its own norm, and the
    start of an instability nearly as much as its saturation.
    """
    found = np.asarray(means, float)
    (m, t, k), tiny = found.shape, np.finfo(float).tiny
    norms = np.maximum(np.linalg.norm(found, axis=(1, 2), keepdims=True), tiny)
    course = np.linalg.norm(found / norms, axis=(0, 2), keepdims=True)
    course = np.maximum(course, max(FAINTEST * course.max(), tiny))
    rows = (found / norms / course).reshape(m, -1)
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    rest = np.sqrt(np.cumsum(sizes[::-1] ** 2)[::-1])
    rank = max(int(np.sum(rest > TOLERANCE * rest[0])), 1)
    functions = right[:rank].reshape(rank, t, k) * course
    # Half precision has few powers of two: the largest value of each function is one.
    largest = np.maximum(np.abs(functions).max((1, 2), keepdims=True), tiny)
    weights = norms[:, 0] * left[:, :rank] * (sizes[:rank] * largest[:, 0, 0])[None]
    return {
        "weights": jnp.asarray(weights, means.dtype),
        "functions": jnp.asarray(functions / largest, jnp.float16),
    }


def mean_field(frame: Frame, network: None = None, *, steps: int = 200) -> Method:
    """The method for a frame whose equation of one particle is known; `steps` to the trained end.

    Raises ValueError where it is not known.
    """
    law = frame.mean_field
    if law is None:
        raise ValueError(
            "Argument `frame` must hold the equation of one particle, but has no `mean_field`; "
            "take another method."
        )
    default_steps, t_end = steps, float(frame.scaling.t_end)
    mu_splines = [CardinalSpline.through(axis) for axis in frame.axes]
    time_spline = CardinalSpline.through(frame.times)

    def init(key: PRNGKeyArray, data: Ensemble | Means):
        return compressed(data.values if isinstance(data, Means) else means_of(law, data))

    @jax.jit
    def learned(params: Params, ts: Array, mu: Array) -> Float[Array, "s k"]:
        """m at the times, of a parameter."""
        weights = grid_weights(mu_splines, mu) @ params["weights"]
        own = jnp.tensordot(weights, params["functions"].astype(weights.dtype), 1)
        return jax.vmap(time_spline)(ts) @ own

    def modes(params: Params, ts: np.ndarray, mu: Array):
        return law.modes(learned(params, jnp.asarray(ts, params["weights"].dtype), mu))

    def sample(
        params: Params,
        x0: Array,
        ts: np.ndarray,
        mu: Array,
        key: PRNGKeyArray,
        *,
        steps: int | None = None,
    ):
        substeps = count_substeps(ts, t_end / (steps or default_steps))
        parts = np.arange(1, substeps + 1) / substeps
        ts = np.asarray(ts, float)
        times = np.concatenate([ts[:1], (ts[:-1, None] + np.diff(ts)[:, None] * parts).ravel()])
        means = learned(params, jnp.asarray(times, x0.dtype), mu)
        return law.follow(key, mu, x0, times, means, substeps)

    return Method(
        Learner(init),
        sample,
        rollout_evaluations(frame.scaling, steps, stages=1),
        modes=modes if law.has_waves else None,
        steps=steps,
        smooth=not law.noisy,
        backend=lambda particles: law.backend(),
    )
