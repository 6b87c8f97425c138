"""Trained models: predictions, files, and the plausibility of their runs."""

from hoam_core.models.files import list_models, load_model, save_model
from hoam_core.models.model import Model

__all__ = ["Model", "list_models", "load_model", "save_model"]
