"""hoam_core: learned gradient fields for parametric population dynamics.

import hoam_core as hoam

truth = hoam.simulate("two-stream", {"mu": 1.25}, particles=16_384, seed=1)
model = hoam.load_model("two-stream-galerkin")
run = model.predict({"mu": 1.25}, particles=16_384, seed=2)
errors = hoam.evaluate(model, {"mu": 1.25})

Besides the names below, six submodules are part of the public interface: `systems` (to add one of
your own), `methods`, `training`, `metrics`, `inference` and `recorded`.
"""

from hoam_core.data import Ensemble
from hoam_core.evaluation import evaluate
from hoam_core.inference import calibrate, infer, read_measurement, sweep, uncertain
from hoam_core.learning import learn
from hoam_core.methods import METHODS
from hoam_core.models import Model, list_models, load_model, save_model
from hoam_core.networks import NETWORKS
from hoam_core.numerics.domain import Domain
from hoam_core.simulation import simulate
from hoam_core.systems import SYSTEMS, Component, Observable, Parameter, System, get_system
from hoam_core.training import Experiment, default_experiment, fit
from hoam_core.version import __version__ as __version__

__all__ = [
    "METHODS", "NETWORKS", "SYSTEMS", "Component", "Domain", "Ensemble", "Experiment", "Model",
    "Observable", "Parameter", "System", "calibrate", "default_experiment", "evaluate", "fit",
    "get_system", "infer", "learn", "list_models", "load_model", "read_measurement", "save_model",
    "simulate", "sweep", "uncertain",
]  # fmt: skip
