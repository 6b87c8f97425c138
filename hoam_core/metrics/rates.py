"""Rates of the waves of a plasma's field compared with linear theory, and why they differ.

Linear theory treats one wave E_m exp(i k x) at a time, and holds while electrons hardly move
within it. In a wave of amplitude E the resonant electrons bounce with the frequency

    omega_B = sqrt(k E)      (e = m = 1; O'Neil, Phys. Fluids 8 (1965) 2255),

and in each of the two travelling halves of a standing wave with sqrt(k E / 2). Linear theory needs
omega_B << |gamma|. A wave 2 m, however small, is driven by the square of a stronger wave m, and
grows at twice its rate.
"""

import json
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Complex, Float

from hoam_core.metrics.modes import ModeFit, fit_mode, fit_window
from hoam_core.storage.datasets import observe_all
from hoam_core.systems import System, get_system
from hoam_core.systems.plasmas.dispersion import Mode

# A bounce frequency above this share of the rate is not small.
BOUNCES = 0.5
# Only modes well below the end of the spectrum are considered.
HIGHEST = 6


class Rate(NamedTuple):
    """A mode, its fit (None if it has no rate) and a sentence that compares it with theory."""

    mode: Mode
    fit: ModeFit | None
    why: str


def mode_amplitudes(run: xr.Dataset) -> xr.DataArray:
    """Complex amplitudes E_m(time, mode) of the waves of the field of a run.

    E(x) = Re sum_m E_m exp(2 pi i m x / L), along the first component, in the units of the run:
    an acceleration. Raises ValueError for a system without a field.
    """
    system = get_system(str(run.attrs["system"]))
    modes = observe_all(system, jnp.asarray(run["state"].values), parameters_of(system, run))[1]
    if modes is None:
        raise ValueError(f"The system {system.name!r} has no field; take a plasma.")
    numbers = np.arange(1, modes.shape[1] + 1)
    about = {"long_name": "amplitudes of the waves of the field"}
    coordinates = {"time": run["time"], "mode": numbers}
    return xr.DataArray(np.asarray(modes), coordinates, ("time", "mode"), attrs=about)


def parameters_of(system: System, run: xr.Dataset):
    """The parameters (p,) of a run."""
    return system.vector(json.loads(run.attrs["parameters"]))


def growth(
    run: xr.Dataset, *, number: int | None = None, window: tuple[float, float] | None = None
) -> Rate | None:
    """The rate of one mode of a run, by default the strongest of those that grow by theory.

    None for a system without linear theory. Raises ValueError for a system without a field.
    """
    system = get_system(str(run.attrs["system"]))
    mu = parameters_of(system, run)
    theory = system.linear_modes(mu)
    ts, modes = run["time"].values, mode_amplitudes(run).values
    if not theory:
        return None
    mode = theory[number - 1] if number else strongest(modes, theory)
    fit = (
        fit_window(ts, modes, mode.number, window)
        if window
        else fit_mode(ts, modes, mode.number, grows=mode.growth_rate > 0)
    )
    return Rate(mode, fit, why(fit, mode, theory, ts, modes, wavenumber(system, mu)))


def wavenumber(system: System, mu) -> float:
    """k of the first mode of the box, along the first component."""
    return 2 * np.pi / float(np.asarray(system.domain(mu).length)[0])


def strongest(modes: Complex[np.ndarray, "t m"], theory: tuple[Mode, ...]) -> Mode:
    """The growing mode with the largest amplitude when the field first has a third of its maximum.

    It need not be the fastest-growing mode, as the initial state may favour another one. If all
    modes are damped it is the least damped one.
    """
    growing = [mode for mode in theory[:HIGHEST] if mode.growth_rate > 0]
    if not growing:
        return max(theory, key=lambda mode: mode.growth_rate)
    heights = np.abs(modes[:, : len(theory)])
    whole = np.sqrt((heights**2).sum(axis=1))
    grown = int(np.argmax(whole >= whole.max() / 3))
    return max(growing, key=lambda mode: heights[grown, mode.number - 1])


def with_second(
    fit: ModeFit, ts: Float[np.ndarray, " t"], second: Complex[np.ndarray, "t m"] | None, mode: Mode
) -> ModeFit:
    """The fit, whose uncertainty includes the difference from a second run of another seed."""
    window = fit.start, fit.end
    again = None if second is None else fit_window(ts, second, mode.number, window)
    if again is None:
        return fit
    return fit._replace(uncertainty=float(np.hypot(fit.uncertainty, again.rate - fit.rate)))


def why(
    fit: ModeFit | None, mode: Mode, theory: tuple[Mode, ...], ts: Float[np.ndarray, " t"],
    modes: Complex[np.ndarray, "t m"], first: float,
) -> str:  # fmt: skip
    """A sentence that compares a fit with theory; `first` is the wavenumber of the first mode."""
    rate, m = mode.growth_rate, mode.number
    if fit is None:
        phase = "grows" if rate > 0 else "is damped"
        return f"No rate: mode {m} has no window in which it {phase} at one rate above the noise."
    if abs(fit.rate - rate) <= fit.uncertainty:
        return "Fit and theory agree within the uncertainty."
    inside = (ts >= fit.start) & (ts <= fit.end)
    heights = np.abs(modes[inside][:, : len(theory) if rate > 0 else 1])
    half = m // 2 - 1
    if m % 2 == 0 and fit.rate > rate and heights[0, half] > heights[0, m - 1]:
        twice = 2 * theory[half].growth_rate
        itself = "faster than by itself" if rate > 0 else "though not by itself"
        return (
            f"Mode {m} grows {itself}: it is driven by mode {half + 1}, which is stronger and "
            f"whose square grows with 2γ = {twice:.3g}."
        )
    # A standing wave is two travelling waves of half its amplitude each.
    share = 0.5 if rate <= 0 else 1.0
    bounces = np.sqrt(share * first * np.arange(1, heights.shape[1] + 1) * heights.max(axis=0))
    return _by_bounces(fit, mode, bounces)


def _by_bounces(fit: ModeFit, mode: Mode, bounces: np.ndarray) -> str:
    rate, own = mode.growth_rate, bounces[mode.number - 1]
    other = int(np.argmax(bounces))
    if own >= BOUNCES * abs(rate):
        then = "grows" if rate > 0 else "is damped"
        return (
            "The wave is too strong for linear theory: it traps electrons, which bounce in it with "
            f"the frequency {own:.2g}, while it {then} with |γ| = {abs(rate):.2g}."
        )
    if bounces[other] >= BOUNCES * abs(rate):
        return (
            f"Modes compete: in mode {other + 1}, which is stronger, electrons bounce with the "
            f"frequency {bounces[other]:.2g}, which changes the plasma in which mode {mode.number} "
            "grows."
        )
    if abs(fit.frequency - abs(mode.frequency)) > max(abs(rate), 0.1 * abs(mode.frequency)):
        return (
            f"Another wave of the same length is stronger in the window: its frequency is "
            f"{fit.frequency:.2f}, not {abs(mode.frequency):.2f}."
        )
    return "No cause of the difference is known here; move the window, or take another seed."
