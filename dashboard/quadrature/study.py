"""A rule in time applied to the oscillator's integrand: one draw, many, all numbers of nodes.

Everything is a closed form or a few random numbers (hoam_core/systems/oscillator_action.py), so
that a moved slider is answered within milliseconds and no program is compiled for it.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from hoam_core.numerics.quadrature import Rule, gauss_legendre, monte_carlo, simpson
from hoam_core.systems import Parameter, get_system
from hoam_core.systems.oscillator_action import (
    integral,
    integrand,
    monte_carlo_error,
    sampled_integrand,
    sampling_variance,
)

SYSTEM = get_system("oscillator")
OMEGA: Parameter = SYSTEM.parameters[0]
# All odd, as Simpson's rule requires.
NODES = (3, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257)
SAMPLES = (1, 4, 16, 64, 256, 1_024)
# Single draws that are shown: at every number of nodes, and at the chosen one.
DOTS, DRAWS = 40, 120
POINTS = 1_201
# Below this, errors are rounding errors.
ROUNDING = 1e-10


class RuleEntry(NamedTuple):
    """A rule as the page names it, and the method that trains with it."""

    title: str
    make: Callable[[int], Rule]
    method: str


RULES: dict[str, RuleEntry] = {
    "monte-carlo": RuleEntry("Monte Carlo", monte_carlo, "am"),
    "simpson": RuleEntry("Simpson", simpson, "hoam-simpson"),
    "gauss": RuleEntry("Gauss-Legendre", gauss_legendre, "hoam-gauss"),
}


class QuadratureCase(NamedTuple):
    """The request: frequency, rule, nodes, particles per node, and the seed of all draws."""

    omega: float
    rule: str
    nodes: int
    samples: int
    seed: int


class Draw(NamedTuple):
    """One use of a rule: its nodes, the integrand there, and its estimate by few particles."""

    nodes: Float[np.ndarray, " q"]
    weights: Float[np.ndarray, " q"]
    exact: Float[np.ndarray, " q"]
    sampled: Float[np.ndarray, " q"]

    @property
    def estimate(self) -> float:
        """The integral by this rule with the exact integrand at its nodes."""
        return float(self.weights @ self.exact)

    @property
    def sampled_estimate(self) -> float:
        """The integral by this rule and these particles."""
        return float(self.weights @ self.sampled)


class QuadratureStudy(NamedTuple):
    """All rules against the number of nodes, and the results of many draws at the chosen number.

    `errors` are root mean squares of estimate - exact with the exact integrand, in closed form;
    `sampled` the same with particles; `cloud` single Monte Carlo draws at every number of nodes;
    `draws` estimates at the chosen one, with particles.
    """

    case: QuadratureCase
    exact: float
    errors: dict[str, Float[np.ndarray, " k"]]
    sampled: dict[str, Float[np.ndarray, " k"]]
    cloud: Float[np.ndarray, "k r"]
    draws: dict[str, Float[np.ndarray, " r"]]

    def at(self, rule: str) -> tuple[float, float]:
        """Errors of a rule at the chosen number of nodes: rule alone, and with particles."""
        i = NODES.index(self.case.nodes)
        return float(self.errors[rule][i]), float(self.sampled[rule][i])


@lru_cache(maxsize=128)
def fixed(rule: str, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (q,) of a rule that does not draw them, in double precision."""
    with jax.enable_x64(True):
        found = RULES[rule].make(nodes)(jax.random.key(0))
        return np.asarray(found.nodes), np.asarray(found.weights)


def _places(
    rng: np.random.Generator, rule: str, nodes: int, draws: int
) -> tuple[Float[np.ndarray, "r q"], Float[np.ndarray, " q"]]:
    if rule == "monte-carlo":
        # numerics/quadrature.py has this rule, but would compile it for every number of nodes.
        return np.sort(rng.random((draws, nodes)), axis=1), np.full(nodes, 1 / nodes)
    t, weights = fixed(rule, nodes)
    return np.broadcast_to(t, (draws, nodes)), weights


def draw(case: QuadratureCase, count: int = 0) -> Draw:
    """The draw number `count` of a case; rules with fixed nodes differ in their particles only."""
    rng = np.random.default_rng([case.seed, case.nodes, count])
    (t,), weights = _places(rng, case.rule, case.nodes, 1)
    sampled = sampled_integrand(rng, case.omega, t, case.samples)
    return Draw(t, weights, integrand(case.omega, t), sampled)


def curve(omega: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and q(t), finely sampled."""
    t = np.linspace(0.0, 1.0, POINTS)
    return t, integrand(omega, t)


def study(case: QuadratureCase) -> QuadratureStudy:
    """The study of a case; the same seed gives the same draws at every frequency."""
    exact = integral(case.omega)
    pairs = {rule: [_errors(case, rule, q, exact) for q in NODES] for rule in RULES}
    errors, sampled = (
        {rule: np.maximum([pair[i] for pair in found], ROUNDING) for rule, found in pairs.items()}
        for i in range(2)
    )
    cloud = []
    for q in NODES:
        rng = np.random.default_rng([case.seed, q])
        t, weights = _places(rng, "monte-carlo", q, DOTS)
        cloud.append(integrand(case.omega, t) @ weights - exact)
    draws = {}
    for number, rule in enumerate(RULES):
        rng = np.random.default_rng([case.seed, case.nodes, number])
        t, weights = _places(rng, rule, case.nodes, DRAWS)
        draws[rule] = sampled_integrand(rng, case.omega, t, case.samples) @ weights
    return QuadratureStudy(case, exact, errors, sampled, np.array(cloud), draws)


def _errors(case: QuadratureCase, rule: str, nodes: int, exact: float) -> tuple[float, float]:
    """Root mean squares of the error of a rule, with the exact integrand and with particles."""
    if rule == "monte-carlo":
        return (
            monte_carlo_error(case.omega, nodes),
            monte_carlo_error(case.omega, nodes, case.samples),
        )
    t, weights = fixed(rule, nodes)
    bias = float(weights @ integrand(case.omega, t)) - exact
    variance = float(weights**2 @ sampling_variance(case.omega, t)) / case.samples
    return abs(bias), float(np.hypot(bias, np.sqrt(variance)))


def studies(case: QuadratureCase) -> Iterator[QuadratureStudy]:
    """`study` as a job for a worker."""
    yield study(case)
