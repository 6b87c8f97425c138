"""Linear theory of a plasma whose velocity law is a mixture of Maxwellians.

A density mode exp(i k x - i omega t) of the field equation c phi'' = n - 1 obeys

    D(omega, k) = 1 - 1/(2 c k^2) sum_b (share_b / width_b^2) Z'(zeta_b) = 0,
    zeta_b = (omega - k drift_b) / (sqrt(2) |k| width_b),

with the plasma dispersion function Z(z) = i sqrt(pi) w(z), w the Faddeeva function, and
Z' = -2 (1 + z Z) (Fried & Conte 1961; Stix, Waves in Plasmas, ch. 8). The growth rate is Im omega.
Roots are found in the complex plane with SciPy, not by a small-k expansion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Array
from scipy.optimize import root
from scipy.special import wofz


@final
@dataclass(frozen=True)
class Maxwellian:
    """One beam of a velocity law: its share of the electrons, drift and thermal width."""

    share: float
    drift: float | Array
    width: float | Array


class Mode(NamedTuple):
    """A root of the dispersion relation: mode number in the box, real frequency, growth rate."""

    number: int
    frequency: float
    growth_rate: float


def dispersion(omega: complex, k: float, beams: Sequence[Maxwellian], coupling: float) -> complex:
    """The dispersion function D(omega, k), continued analytically to damped modes."""
    total = 0.0 + 0.0j
    for beam in beams:
        zeta = (omega - k * beam.drift) / (np.sqrt(2) * abs(k) * beam.width)
        slope = -2 * (1 + zeta * 1j * np.sqrt(np.pi) * wofz(zeta))
        total += beam.share / beam.width**2 * slope
    return 1 - total / (2 * coupling * k**2)


def solve(
    k: float, beams: Sequence[Maxwellian], coupling: float, guesses: Sequence[complex] | None = None
) -> complex:
    """The least damped root omega at wavenumber k > 0.

    `guesses` start the search; the default is a grid around the drifts and the plasma frequency.
    Raises ValueError if no start converges.
    """
    plasma_frequency = 1 / np.sqrt(coupling)
    if guesses is None:
        speeds = [b.drift for b in beams]
        reach = max(abs(min(speeds)), abs(max(speeds))) * k + 2 * plasma_frequency
        guesses = [
            complex(re, im)
            for re in np.linspace(-reach, reach, 17)
            for im in plasma_frequency * np.array([-0.1, 0.05, 0.3, 0.6])
        ]

    def residual(z: np.ndarray) -> list[float]:
        value = dispersion(complex(z[0], z[1]), k, beams, coupling)
        return [value.real, value.imag]

    roots = []
    # A search that runs far into the lower half plane overflows w(z); it is then discarded.
    with np.errstate(all="ignore"):
        for guess in guesses:
            found = root(residual, [guess.real, guess.imag], tol=1e-12)
            if found.success and abs(dispersion(complex(*found.x), k, beams, coupling)) < 1e-8:
                roots.append(complex(*found.x))
    if not roots:
        raise ValueError(
            f"No root of the dispersion relation was found at `k` = {k:g}; pass other `guesses`."
        )
    return max(roots, key=lambda omega: (round(omega.imag, 9), omega.real))


def modes_of(
    beams: Sequence[Maxwellian], coupling: float, length: float, modes: int = 12
) -> tuple[Mode, ...]:
    """The least damped root of each mode k = 2 pi m / length, m = 1..modes."""
    roots = ((m, solve(2 * np.pi * m / length, beams, coupling)) for m in range(1, modes + 1))
    return tuple(Mode(m, omega.real, omega.imag) for m, omega in roots)


def fastest_mode(
    beams: Sequence[Maxwellian], coupling: float, length: float, modes: int = 12
) -> Mode:
    """The mode of largest growth rate among k = 2 pi m / length, m = 1..modes."""
    found = modes_of(beams, coupling, length, modes)
    return max(found, key=lambda mode: mode.growth_rate)
