"""Distances between populations, by name; errors of curves and growth rates."""

from hoam_core.metrics.density import density_error
from hoam_core.metrics.kernel import maximum_mean_discrepancy
from hoam_core.metrics.modes import ModeFit, fit_mode, fit_window
from hoam_core.metrics.physics import (
    CurveError,
    GrowthFit,
    curve_error,
    fit_damping,
    fit_growth,
    maxima,
)
from hoam_core.metrics.rates import Rate, growth, mode_amplitudes
from hoam_core.metrics.transport import (
    Distance,
    over_blocks,
    over_subsets,
    sinkhorn_divergence,
    sliced_wasserstein2,
    transport_distance,
    wasserstein2,
)

METRICS: dict[str, Distance] = {
    "w2": wasserstein2, "sliced": sliced_wasserstein2, "sinkhorn": sinkhorn_divergence,
    "mmd": maximum_mean_discrepancy,
}  # fmt: skip

__all__ = [
    "METRICS", "CurveError", "Distance", "GrowthFit", "ModeFit", "Rate", "curve_error",
    "density_error", "fit_damping", "fit_growth", "fit_mode", "fit_window", "growth", "maxima",
    "maximum_mean_discrepancy", "mode_amplitudes", "over_blocks", "over_subsets",
    "sinkhorn_divergence", "sliced_wasserstein2", "transport_distance", "wasserstein2",
]  # fmt: skip
