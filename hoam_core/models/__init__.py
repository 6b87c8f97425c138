"""Trained models: what they are, their files, and when a run of them is plausible."""

from hoam_core.models.files import list_models, load_model, save_model
from hoam_core.models.model import Model

__all__ = ["Model", "list_models", "load_model", "save_model"]
