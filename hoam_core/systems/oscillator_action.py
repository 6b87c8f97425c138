r"""The action of the oscillator in closed form, as a reference for quadrature rules in time.

Its law is Gaussian in each of two dimensions, with mean m = -cos(omega t) and variance V = c^2, so
that the exact potential is s = m' . y + (c'/2c) |y|^2 with y = x - m. Along it

    1/2 |grad s|^2 + d_t s = -m'^2 + m'' (y_1 + y_2) + (c''/2c) |y|^2,
    q(t) = E[1/2 |grad s|^2 + d_t s] = c c'' - m'^2 = V''/2 - V'^2 / (4V) - m'^2,

and the least value of the action (methods/action.py) is -int (m'^2 + c'^2) dt. All of it is in
NumPy and double precision, as rounding of q in single exceeds the errors of a good rule.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hoam_core.checks import check_count
from hoam_core.systems.oscillator import NOISE, SPREAD

# Poles of q come as near to the real axis as 0.002: panels of Gauss rules resolve them.
PANELS, ORDER = 800, 8


class GaussianLaw(NamedTuple):
    """Derivatives of the mean, and the variance with its derivatives, at times of any shape."""

    speed: np.ndarray
    acceleration: np.ndarray
    variance: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray

    @property
    def bending(self) -> np.ndarray:
        """c c'' = V''/2 - V'^2 / (4V)."""
        return self.curvature / 2 - self.slope**2 / (4 * self.variance)


def law(omega: float, t: Float[np.ndarray, "*t"]) -> GaussianLaw:
    """m', m'', V, V' and V'' of one position at angular frequency omega."""
    t = np.asarray(t, np.float64)
    c, s, double = np.cos(omega * t), np.sin(omega * t), 2 * omega * t
    thermal, diffusion = (SPREAD / omega) ** 2, (NOISE / omega) ** 2
    swing = thermal - SPREAD**2
    variance = (SPREAD * c) ** 2 + thermal * s**2
    return GaussianLaw(
        speed=omega * s,
        acceleration=omega**2 * c,
        variance=variance + diffusion * (t / 2 - np.sin(double) / (4 * omega)),
        slope=swing * omega * np.sin(double) + diffusion * (1 - np.cos(double)) / 2,
        curvature=2 * swing * omega**2 * np.cos(double) + diffusion * omega * np.sin(double),
    )


def integrand(omega: float, t: Float[np.ndarray, "*t"]) -> Float[np.ndarray, "*t"]:
    """The integrand q(t) of the module's equation."""
    at = law(omega, t)
    return at.bending - at.speed**2


def sampled_integrand(
    rng: np.random.Generator, omega: float, t: Float[np.ndarray, "*t"], samples: int
) -> Float[np.ndarray, "*t"]:
    """q(t) as the mean over `samples` particles, drawn anew at every entry of t.

    No positions are drawn, so any number costs the same: mean and scatter of Gaussian samples are
    independent, Gaussian and chi-squared. ValueError for less than one sample.
    """
    samples = check_count("samples", samples)
    at = law(omega, t)
    centre = rng.standard_normal((2, *at.variance.shape)) * np.sqrt(at.variance / samples)
    scatter = np.zeros(at.variance.shape)
    if samples > 1:
        scatter = rng.chisquare(2 * (samples - 1), at.variance.shape) * at.variance / samples
    squares = scatter + np.sum(centre**2, axis=0)
    pull = at.bending / (2 * at.variance)
    return -(at.speed**2) + at.acceleration * np.sum(centre, axis=0) + pull * squares


def sampling_variance(omega: float, t: Float[np.ndarray, "*t"]) -> Float[np.ndarray, "*t"]:
    """Variance of the contribution of one particle to q(t); the mean over n has 1 / n of it."""
    at = law(omega, t)
    return 2 * at.acceleration**2 * at.variance + at.bending**2


def integral(omega: float) -> float:
    """The exact integral of q over [0, 1]."""
    nodes, weights = _panels()
    return float(weights @ integrand(omega, nodes))


def monte_carlo_error(omega: float, nodes: int, samples: int | None = None) -> float:
    """Standard deviation of the Monte Carlo integral of q at `nodes` independent uniform times.

    q is exact at each time, or the mean over `samples` particles drawn anew at each.
    """
    t, weights = _panels()
    q = integrand(omega, t)
    variance = float(weights @ (q - weights @ q) ** 2)
    if samples is not None:
        variance += float(weights @ sampling_variance(omega, t)) / samples
    return float(np.sqrt(variance / nodes))


def least_action(omega: float, scale: Float[np.ndarray, " d"] | None = None) -> float:
    """The value of the action at the exact potential; no potential has a lower one.

    Physical units by default; with `scale` (2,), in units in which positions are divided by it.
    """
    nodes, weights = _panels()
    at = law(omega, nodes)
    kinetic = float(weights @ (at.speed**2 + at.slope**2 / (4 * at.variance)))
    units = np.ones(2) if scale is None else np.asarray(scale, np.float64)
    return -kinetic * float(np.mean(1 / units**2))


@lru_cache(maxsize=1)
def _panels() -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(ORDER)
    starts = np.arange(PANELS)[:, None]
    return (((x[None] + 1) / 2 + starts) / PANELS).ravel(), np.tile(w / (2 * PANELS), PANELS)
