r"""The action of HOAM on a linear basis, its roll-out closed on the moments.

For s = sum_k c_k phi_k the minimiser of the action at fixed (t, mu) solves

    A c = b,   A_kl = E[grad phi_k . grad phi_l],   b_k = d/dt E[phi_k] - (sigma^2/2) E[Lap phi_k].

So instead of a network the moments M_k(t; mu) = E[phi_k] are learned: measured at the training
parameters, interpolated by cubic splines in mu and t. A roll-out takes A on its *own* particles X
and asks each step to end on the learned moments,

    A(X) c = (M(t + h) - mean phi(X)) / h - (sigma^2/2) mean Lap phi(X),

with the midpoint rule (two solves a step). The field is still the gradient field of least energy
that obeys the continuity equation, now for the model's own population; errors are corrected at the
next step instead of accumulating.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve

from hoam_core.interpolation import CardinalSpline, grid_weights
from hoam_core.methods.base import Frame, Method, rollout, substeps_for
from hoam_core.methods.basis import TrigonometricBasis


def galerkin(
    frame: Frame,
    network: None = None,
    *,
    modes_x: int = 6,
    modes_v: int = 16,
    ridge: float = 1e-4,
    sigma: float = 0.0,
    steps: int = 200,
) -> Method:
    """Closed-loop Galerkin for a 1D1V phase space (x on a circle, v on a line).

    `ridge` is added to the diagonal of A relative to it; `sigma` (unit coordinates) adds noise that
    the field compensates; `steps` is the number of time steps from 0 to the trained end time.
    """
    scaling, default_steps = frame.scaling, steps
    basis = TrigonometricBasis(modes_x, modes_v)
    mu_splines = [CardinalSpline.through(axis) for axis in frame.axes]
    time_spline = CardinalSpline.through(frame.times)
    # The cosines in v are even about both ends: leave room beyond the fastest particle.
    room = 0.05 * (scaling.high[1] - scaling.low[1])
    v_low, v_high = scaling.low[1] - room, scaling.high[1] + room

    def slopes(mu):
        """Slopes of both angles in unit coordinates, where the energy is measured."""
        length = frame.domain(mu).length[0]
        unit = scaling.scale
        return 2 * jnp.pi * unit[0] / length, jnp.pi * unit[1] / (v_high - v_low)

    def population(x, mu):
        theta = 2 * jnp.pi * x[:, 0] / frame.domain(mu).length[0]
        return basis.population(theta, jnp.pi * (x[:, 1] - v_low) / (v_high - v_low))

    def interpolated(params, mu):
        """Learned moments (t, k) at a parameter set."""
        return jnp.tensordot(grid_weights(mu_splines, mu), params["moments"], 1)

    def means(x, mu):
        return basis.means(basis.moments(population(x, mu)))

    def init(key, ensemble):
        @jax.jit
        def measure(path, mu):
            return jax.lax.map(lambda x: means(x, mu), path)

        measured = [measure(path, mu) for path, mu in zip(ensemble.x, ensemble.mu, strict=True)]
        return {"moments": jnp.stack(measured)}

    @partial(jax.jit, static_argnames="substeps")
    def run(params, x0, ts, mu, key, substeps):
        domain = frame.domain(mu)
        kx, kv = slopes(mu)
        learned = interpolated(params, mu)

        def here(x):
            harmonics = population(x, mu)
            return harmonics, basis.moments(harmonics)

        def velocity(harmonics, moments, rate):
            matrix = basis.stiffness(moments, kx, kv)
            diagonal = jnp.diag(matrix)
            # Relative to each function, and a little to all: few particles may leave some at rest.
            matrix = matrix + jnp.diag(ridge * (diagonal + 1e-3 * jnp.mean(diagonal)))
            coefficients = cho_solve(cho_factor(matrix), rate)
            return basis.field(harmonics, coefficients, kx, kv) * scaling.scale[None]

        def step(x, t, h, key):
            harmonics, moments = here(x)
            now = basis.means(moments)
            # Unit time cancels: the moments' rate and the field are both per physical time.
            rate = (time_spline(t + h) @ learned - now) / h
            if sigma:
                spread = sigma**2 / scaling.t_end
                rate = rate - 0.5 * spread * basis.laplacians(now, kx, kv)
            half = x + 0.5 * h * velocity(harmonics, moments, rate)
            moved = x + h * velocity(*here(half), rate)
            if sigma:
                noise = jax.random.normal(key, x.shape, x.dtype)
                moved = moved + sigma * jnp.sqrt(h / scaling.t_end) * scaling.scale[None] * noise
            return domain.wrap(moved)

        return rollout(step, x0, ts, key, substeps)

    def sample(params, x0, ts, mu, key, *, steps=None):
        substeps = substeps_for(ts, float(scaling.t_end), steps or default_steps)
        return run(params, x0, jnp.asarray(ts, x0.dtype), mu, key, substeps)

    @jax.jit
    def modes(params, ts, mu):
        learned = interpolated(params, mu)
        over_time = jax.vmap(time_spline)(jnp.asarray(ts, learned.dtype)) @ learned
        labels = {label: k for k, label in enumerate(basis.labels)}
        cosines = np.array([labels[False, m, 0] for m in range(1, modes_x + 1)])
        sines = np.array([labels[True, m, 0] for m in range(1, modes_x + 1)])
        return over_time[:, cosines] - 1j * over_time[:, sines]

    return Method(init, sample, modes=modes)
