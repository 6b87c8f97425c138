"""Many independent runs or trainings, with their results in one store."""

from hoam_core.studies.base import Study, run_study
from hoam_core.studies.ensemble import ensemble_study
from hoam_core.studies.full_model import full_model_study

__all__ = ["Study", "ensemble_study", "full_model_study", "run_study"]
