"""Many runs or trainings that do not depend on each other, in one store."""

from hoam_core.studies.base import Result, Study, run_study
from hoam_core.studies.full_model import full_model_sweep

__all__ = ["Result", "Study", "full_model_sweep", "run_study"]
