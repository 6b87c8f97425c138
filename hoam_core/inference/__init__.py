"""Sweeps over a parameter, uncertainty propagation, and inference from measurements."""

from hoam_core.inference.measurement import Measurement, read_measurement
from hoam_core.inference.posterior import Discrepancy, calibrate, infer
from hoam_core.inference.sweeps import surface, sweep, uncertain

__all__ = [
    "Discrepancy", "Measurement", "calibrate", "infer", "read_measurement", "surface", "sweep",
    "uncertain",
]  # fmt: skip
