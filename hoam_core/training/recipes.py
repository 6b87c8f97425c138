"""The best settings found for a method on a system, where these are not the method's defaults.

They are plain values with which `default_experiment` overrides the defaults of METHODS. Each has a
comment with its reason.
"""

from collections.abc import Mapping
from typing import Any

# High powers and waves add nothing to a law that stays Gaussian.
_GAUSSIAN = {"particles": 16_384, "n_times": 101, "options": {"degree": 3, "waves": 0}}
# Components that hardly correlate: functions of single ones; a hundred take memory for particles.
_MEAN_FIELD = {"particles": 2_048, "n_times": 101, "options": {"degree": 4, "waves": 0}}
# Many parameter sets: fewer times keep the files of moments small.
_TWO_PARAMETERS = {"particles": 16_384, "n_times": 101}

# The noise floor is reached as with 6 x 16 functions per plane, in less than half the time.
_SIX_DIMENSIONS = {"options": {"modes_x": 3, "modes_v": 8}}

_FINE_WAVES = {"ridge": 1e-3}

# Many spins have little noise, but learning their drift needs many increments per step.
_SPINS = {"particles": 1_024, "steps": 4_000, "options": {"dt": 0.2, "step": 0.4, "batch": 8_192}}
# A jump costs a thousand times as much as a spin, so runs are few.
_ALLOY = {"particles": 64, "steps": 2_000, "options": {"dt": 0.025, "snapshots": 10}}
# The means are driven by two further quantities, <u^2> and <uv>, which are learned. Doubled lines
# relax for four units of time: the first four are covered by starts, half a unit apart.
_PREDATORS = {
    "particles": 512,
    "steps": 4_000,
    "options": {"dt": 0.05, "closures": 2, "starts": 9},
}
# Without neighbours a frozen patch errs by half its share of dt: short increments, many of them.
# Starts cover all magnetisations evenly, which later states do not.
_MEAN_SPINS = {
    "particles": 2_048,
    "rate": 3e-3,
    "options": {"dt": 0.02, "step": 0.05, "batch": 12_288, "starts": 10},
}


def _even(low: float, high: float, count: int) -> tuple[float, ...]:
    """Evenly spaced training values."""
    return tuple(float(f"{low + (high - low) * i / (count - 1):.6g}") for i in range(count))


# Training values between which interpolation is as near to the full model as a second run of it, or
# within twice that (`hoam train --dense`, studies/spacing.py): phases turn with drift and k.
_DENSE_BEAMS = {
    "axes": (
        (2.0, 2.03125, 2.0625, 2.125, 2.1875, 2.25, 2.3125, 2.375, 2.4375, 2.5, 2.5625, 2.625, 2.75,
         2.875, 3.0, 3.125, 3.25, 3.375, 3.5, 3.625, 3.75, 3.875, 4.0),
        (0.3, 0.3375, 0.375, 0.45, 0.525, 0.6, 0.6375, 0.675, 0.75, 0.825, 0.9, 0.975, 1.05, 1.125,
         1.2),
    )
}  # fmt: skip
_DENSE_LANDAU = {
    "axes": (
        (0.01, 0.02, 0.04, 0.08, 0.15, 0.2, 0.25, 0.28, 0.31, 0.37, 0.435, 0.4675, 0.5),
        (0.3, 0.3125, 0.325, 0.35, 0.375, 0.3875, 0.4, 0.425, 0.45, 0.5, 0.55, 0.6),
    )
}
# Fewer steps would show in the density of the first quarter.
_FIELD_3D = {
    "axes": ((0.3, 0.35, 0.4, 0.45, 0.5, 0.5225, 0.55, 0.575, 0.6),), "options": {"steps": 60}
}  # fmt: skip

# Far from a Gaussian, comoving coordinates stretch directions in which there is little to learn.
_PLAIN = {"options": {}}
_PLAIN_HOAM = {"options": {"gauge_free": True}}

RECIPES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    # Collisions are random: their noise in the moments falls with the particles only.
    ("bump-on-tail", "galerkin"): {"particles": 131_072},
    ("two-stream", "mean-field"): {"axes": (_even(1.2, 1.9, 30),)},
    # Its noise is that of collisions: more training values average it.
    ("bump-on-tail", "mean-field"): {"axes": (_even(1.3, 2.0, 16),)},
    ("two-stream-beams", "mean-field"): _DENSE_BEAMS,
    ("landau", "mean-field"): _DENSE_LANDAU,
    ("strong-landau-6d", "mean-field"): _FIELD_3D,
    ("strong-landau-6d-all-axes", "mean-field"): _FIELD_3D,
    ("trap", "mean-field"): {"particles": 4_096},
    ("two-stream-beams", "galerkin"): _TWO_PARAMETERS,
    ("landau", "galerkin"): _TWO_PARAMETERS,
    ("strong-landau-6d", "galerkin"): _SIX_DIMENSIONS,
    ("strong-landau-6d-all-axes", "galerkin"): _SIX_DIMENSIONS,
    ("oscillator", "galerkin"): _GAUSSIAN,
    ("trap", "galerkin"): _MEAN_FIELD,
    ("chaos-9d", "galerkin"): {"particles": 16_384, "options": _FINE_WAVES},
    ("ising", "partial"): _SPINS,
    ("ising", "naive"): _SPINS,
    ("curie-weiss", "partial"): _MEAN_SPINS,
    ("curie-weiss", "naive"): _MEAN_SPINS,
    ("predator-prey", "partial"): _PREDATORS,
    ("nbmota", "partial"): _ALLOY,
    # Its error is that between training values: as many as for the mean field.
    ("two-stream", "ftm"): {"axes": (_even(1.2, 1.9, 30),), "n_times": 201, "steps": 60_000},
    ("bump-on-tail", "ftm"): {"axes": (_even(1.3, 2.0, 16),), "n_times": 201, "steps": 60_000},
    # A law that stays Gaussian is known without a network.
    ("oscillator", "ftm"): {"options": {"comoving": True}},
    # A law of nine equations, each with products: more than the default width holds.
    ("chaos-9d", "ftm"): {"network_options": {"width": 64}},
    ("chaos-9d", "dice"): _PLAIN,
    ("chaos-9d", "am"): _PLAIN,
    ("chaos-9d", "hoam-gauss"): _PLAIN_HOAM,
    ("chaos-9d", "hoam-simpson"): _PLAIN_HOAM,
    # With a network the loop takes the same functions as without one.
    ("oscillator", "hybrid"): {"options": _GAUSSIAN["options"]},
    ("trap", "hybrid"): {"particles": 2_048, "options": _MEAN_FIELD["options"]},
    ("chaos-9d", "hybrid"): {"options": _FINE_WAVES},
}
