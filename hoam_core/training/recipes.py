"""What the project found best for a method on a system, where that is not the method's default.

Plain values that `default_experiment` lays over the defaults of METHODS. Each line has its reason.
"""

from collections.abc import Mapping
from typing import Any

# High powers and waves add nothing to a law that stays Gaussian.
_GAUSSIAN = {"particles": 16_384, "n_times": 101, "options": {"degree": 3, "waves": 0}}
# Components that hardly correlate: functions of single ones; a hundred need memory, not particles.
_MEAN_FIELD = {"particles": 2_048, "n_times": 101, "options": {"degree": 4, "waves": 0}}
# Many parameter sets: fewer times keep the files of moments small.
_TWO_PARAMETERS = {"particles": 16_384, "n_times": 101}

# The noise floor is reached as with 6 x 16 functions a plane, in less than half the time.
_SIX_DIMENSIONS = {"options": {"modes_x": 3, "modes_v": 8}}

_FINE_WAVES = {"ridge": 1e-3}

# The drift of the small noise of many spins wants many increments a step.
_SPINS = {"particles": 1_024, "steps": 4_000, "options": {"dt": 0.2, "step": 0.4, "batch": 8_192}}
# A jump costs a thousand times as much as a spin, so runs are few.
_ALLOY = {"particles": 64, "steps": 2_000, "options": {"dt": 0.025, "snapshots": 10}}
# What drives the means, <u^2> and <uv>, is another two observables, which are learned. Doubled
# lines relax for four units of time: the first four are told by starts, half a unit apart.
_PREDATORS = {
    "particles": 512,
    "steps": 4_000,
    "options": {"dt": 0.05, "closures": 2, "starts": 9},
}
# Without neighbours a frozen patch errs by half its share of dt: short increments, many of them.
# Starts have every magnetisation alike, which later states have not.
_MEAN_SPINS = {
    "particles": 2_048,
    "rate": 3e-3,
    "options": {"dt": 0.02, "step": 0.05, "batch": 12_288, "starts": 10},
}

RECIPES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    # Collisions are random: their noise in the moments falls with the particles only.
    ("bump-on-tail", "galerkin"): {"particles": 131_072},
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
    # Under a network the loop takes the functions that it takes alone.
    ("oscillator", "hybrid"): {"options": _GAUSSIAN["options"]},
    ("trap", "hybrid"): {"particles": 2_048, "options": _MEAN_FIELD["options"]},
    ("chaos-9d", "hybrid"): {"options": _FINE_WAVES},
}
