r"""Entropic optimal transport of two equally weighted samples, solved to a known accuracy.

For costs C (n, k), weights a_i = 1/n and b_j = 1/k, and regularisation e

    OT = min <P, C> + e KL(P | a b^T)  over plans P of marginals a and b
       = max F(g),   F(g) = <a, f> + <b, g>,   f_i = -e log sum_j b_j exp((g_j - C_ij) / e).

F is concave. With the plan P_ij = a_i b_j exp((f_i + g_j - C_ij) / e), whose first marginal is a
and whose second is q, its gradient is b - q and its Hessian -(diag(q) - P^T diag(1/a) P) / e. The
potential at the maximum varies by no more than the costs do, so that F is below its maximum by at
most |b - q|_1 (range of g + range of C) / 2.

Scaling the marginals in turn (Sinkhorn) may need exp(range of C / e) steps where mass has to go
from one cluster to another, and F is too low until then. Newton steps with a damping in
proportion to |b - q|_1 (Levenberg and Marquardt) need ten to forty, each a factorisation of order
k^3.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve
from scipy.special import logsumexp

# F is known to this share of its value, or of e where that is larger.
ACCURACY = 1e-5
STEPS = 200
SCALINGS = 3
# Relative to 1/k; with less damping rounding errors spoil the factorisation.
LEAST_DAMPING = 1e-10


class TransportPlan(NamedTuple):
    """Potentials f (n,) and g (k,), the value F(g), their plan (n, k) and the residual b - q."""

    first: np.ndarray
    potential: np.ndarray
    value: float
    plan: np.ndarray
    missing: np.ndarray


def cost(
    costs: Float[np.ndarray, "n k"], epsilon: float, start: Float[np.ndarray, " k"]
) -> float:  # fmt: skip
    """Least <P, C> + epsilon KL(P | a b^T), from a potential `start` such as that of an exact plan.

    Raises ValueError where the plan does not converge, as for an epsilon near rounding.
    """
    now = _plan(costs, epsilon, start)
    for _ in range(SCALINGS):
        now = _scaled(now, costs, epsilon)
    # The value is a difference of potentials as large as the costs, which limits its precision.
    damping, rounding = 1.0, 1e-14 * np.ptp(costs)
    for _ in range(STEPS):
        short = 0.5 * np.abs(now.missing).sum() * (np.ptp(now.potential) + np.ptp(costs))
        if short <= ACCURACY * max(epsilon, now.value):
            return now.value
        step = _newton_step(now, epsilon, damping)
        trial = _plan(costs, epsilon, now.potential + step)
        if trial.value >= now.value + 0.1 * step @ now.missing - rounding:
            now, damping = trial, max(damping / 4, 1e-6)
        else:
            # Far from the maximum a scaling always increases F.
            now, damping = _scaled(now, costs, epsilon), 4 * damping
    raise ValueError(
        f"Argument `epsilon` must be larger for these samples, but is {epsilon:g}, where their "
        "plan does not converge; the exact distance needs none."
    )


def _plan(costs: np.ndarray, epsilon: float, potential: np.ndarray) -> TransportPlan:
    n, k = costs.shape
    plan = (potential - costs) / epsilon
    highest = plan.max(axis=1, keepdims=True)
    np.exp(plan - highest, out=plan)
    total = plan.sum(axis=1, keepdims=True)
    plan /= n * total
    first = -epsilon * (highest + np.log(total / k))[:, 0]
    value = float(first.mean() + potential.mean())
    return TransportPlan(first, potential, value, plan, 1 / k - plan.sum(axis=0))


def _scaled(now: TransportPlan, costs: np.ndarray, epsilon: float) -> TransportPlan:
    """The plan after one scaling of its second marginal and of its first."""
    # By logarithms, since parts of the marginal may underflow.
    levels = logsumexp((now.first[:, None] - costs) / epsilon, axis=0, b=1 / len(costs))
    return _plan(costs, epsilon, -epsilon * levels)


def _newton_step(now: TransportPlan, epsilon: float, damping: float) -> np.ndarray:
    """A Newton step of the potential; for large damping it is in the direction of a scaling."""
    n, k = now.plan.shape
    hessian = -n * (now.plan.T @ now.plan)
    more = damping * np.abs(now.missing).sum() + LEAST_DAMPING
    hessian[np.diag_indices(k)] += 1 / k - now.missing + more / k
    return epsilon * solve(hessian, now.missing, assume_a="pos", overwrite_a=True)
