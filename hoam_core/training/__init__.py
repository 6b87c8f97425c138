"""Training: the experiment, the training loop, its checkpoints and devices."""

from hoam_core.training.experiment import Experiment, build_method, default_experiment
from hoam_core.training.fit import TrainState, fit
from hoam_core.training.optimizers import adam

__all__ = ["Experiment", "TrainState", "adam", "build_method", "default_experiment", "fit"]
