"""Many runs or trainings that do not depend on each other, in one store."""

from hoam_core.studies.base import Study, run_study
from hoam_core.studies.ensemble import training_ensemble
from hoam_core.studies.full_model import full_model_sweep

__all__ = ["Study", "full_model_sweep", "run_study", "training_ensemble"]
