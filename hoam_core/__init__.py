"""hoam_core: learned gradient fields for parametric population dynamics.

import hoam_core as hoam

truth = hoam.simulate("two-stream", {"mu": 1.25}, particles=16_384, seed=1)
model = hoam.load_model("two-stream-galerkin")
run = model.predict({"mu": 1.25}, particles=16_384, seed=2)
errors = hoam.evaluate(model, {"mu": 1.25})
"""

from hoam_core.data import Ensemble, Scaling
from hoam_core.evaluation import evaluate
from hoam_core.inference.measurement import Measurement, read_measurement
from hoam_core.inference.posterior import Discrepancy, calibrate, infer
from hoam_core.inference.sweeps import sweep, uncertain
from hoam_core.methods import METHODS, compile_roll_out
from hoam_core.metrics.rates import growth, mode_amplitudes
from hoam_core.models.files import list_models, load_model, save_model
from hoam_core.models.model import Model
from hoam_core.networks import NETWORKS
from hoam_core.numerics.domain import Domain
from hoam_core.simulation import simulate, training_ensemble
from hoam_core.systems import SYSTEMS, Component, Observable, Parameter, System, get_system, plugins
from hoam_core.training.experiment import Experiment, build_method, default_experiment
from hoam_core.training.fit import TrainState, adam, fit
from hoam_core.version import __version__

__all__ = [
    "METHODS", "NETWORKS", "SYSTEMS", "Component", "Discrepancy", "Domain", "Ensemble",
    "Experiment", "Measurement", "Model", "Observable", "Parameter", "Scaling", "System",
    "TrainState", "__version__", "adam", "build_method", "calibrate", "compile_roll_out",
    "default_experiment", "evaluate", "fit", "get_system", "growth", "infer", "list_models",
    "load_model", "mode_amplitudes", "read_measurement", "save_model", "simulate", "sweep",
    "training_ensemble", "uncertain",
]  # fmt: skip

# Last, because other packages import the names above.
SYSTEMS.update(plugins())
