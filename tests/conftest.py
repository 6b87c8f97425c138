"""What all tests share: double precision, no silent rank promotion, and tiny trainings."""

# ruff: noqa: E402 -- JAX is configured before anything that uses it is imported.

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Nothing is read from the models of whoever runs the tests, nor written among them.
os.environ["HOAM_MODELS"] = tempfile.mkdtemp(prefix="hoam-models-")
atexit.register(shutil.rmtree, os.environ["HOAM_MODELS"], ignore_errors=True)
os.environ["HOAM_KEPT"] = tempfile.mkdtemp(prefix="hoam-kept-")
atexit.register(shutil.rmtree, os.environ["HOAM_KEPT"], ignore_errors=True)

# Most of the time of these tests is compilation: keep what was compiled, within a run and between,
# by this process and by those that it starts.
os.environ |= {
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).parent.parent / ".pytest_cache" / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

import functools
from collections.abc import Callable, Iterator

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from hoam_core import METHODS, Ensemble, Experiment, Model, default_experiment, evaluation, fit
from hoam_core.data import Scaling
from hoam_core.judgement import convergence, judging
from hoam_core.simulation import as_ensemble, training_runs
from hoam_core.systems import get_system
from hoam_core.training import adam
from hoam_core.training.experiment import build_method

# Compilation makes the first example slow, so a deadline would say nothing about the code.
settings.register_profile(
    "tests", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
# The default run meets the same examples each time; with the slow tests new ones are looked for.
settings.register_profile("hurried", settings.get_profile("tests"), derandomize=True)

# For programs that run once or twice; they are read when JAX computes for the first time.
IN_A_HURRY = (
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)

TINY_AXES = {"two-stream": ((1.2, 1.4, 1.6, 1.8),), "oscillator": ((3.0, 4.0, 5.0),)}
# Phase spaces take the first two of these, everything else the others.
TINY_GALERKIN = {"modes_x": 2, "modes_v": 3, "degree": 2, "waves": 2}
TINY_OPTIONS = {
    "galerkin": TINY_GALERKIN,
    "hybrid": {
        **TINY_GALERKIN,
        "frequencies": 2,
        "training": {"intervals": 4, "samples": 16},
    },
    "mean-field": {},
    "dice": {"intervals": 4, "samples": 16, "frequencies": 2},
    "ftm": {"populations": 4, "samples": 16, "frequencies": 2},
    "hoam-simpson": {"nodes": 5, "samples": 16, "frequencies": 2},
    "cfm": {"populations": 4, "samples": 16, "frequencies": 2, "steps": 5},
    "ncsm": {"populations": 4, "samples": 16, "frequencies": 2, "levels": 3, "steps": 5},
}
TINY_NEURAL = {"nodes": 4, "samples": 16, "frequencies": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests may take half an hour; the browser's, which one worker takes, come first."""
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.timeout(1_800))
    items.sort(key=lambda item: item.path.parent.name != "ui")


class ByFile(LoadScopeScheduling):
    """A worker takes a file, or all of the browser's tests.

    Those share one server: a second one would compile all models beside the first.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/ui/") else nodeid.split("::")[0]


@pytest.fixture(scope="module", autouse=True)
def fresh_programs() -> Iterator[None]:
    """Forget what a file has compiled: thousands of programs would fill the memory."""
    yield
    jax.clear_caches()


@pytest.fixture(scope="module", autouse=True)
def few_are_tried(pytestconfig) -> Iterator[None]:
    """Models are judged with few particles, but where slow tests are run too."""
    with pytest.MonkeyPatch.context() as patch:
        if hurried(pytestconfig):
            patch.setattr(convergence, "MOST", 256)
            patch.setattr(convergence, "USUAL", 256)
            patch.setattr(judging, "PARTICLES", 1_024)
            patch.setattr(evaluation, "DENSITY_PARTICLES", 1_024)
        yield


def hurried(config: pytest.Config) -> bool:
    """Whether slow tests are left out."""
    return "not slow" in config.option.markexpr


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How tests are dealt out to `-n` workers."""
    # Not the longest list first: that of the browser has few tests, but they take longest.
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Short tests are compiled in a hurry; long ones run what users run."""
    settings.load_profile("hurried" if hurried(config) else "tests")
    if hurried(config):
        os.environ.setdefault("XLA_FLAGS", " ".join(IN_A_HURRY))
    # A cache that another process is writing to is no defect: the program is compiled anew.
    config.addinivalue_line(
        "filterwarnings", "ignore:Error (reading|writing) persistent compilation cache"
    )


def tiny_experiment(system: str, method: str, **changes) -> Experiment:
    """A training of seconds: few particles, few times, a small network."""
    target, trained = get_system(system), METHODS[method].needs_network
    first = tuple(p.train[: 3 if len(target.parameters) == 1 else 2] for p in target.parameters)
    values = {
        "axes": TINY_AXES.get(system, first),
        "t_end": 1.0 if system == "oscillator" else 0.05 * target.t_end,
        "n_times": 9,
        "particles": 256,
        "steps": 6 if trained else 1,
        "options": TINY_OPTIONS.get(method, TINY_NEURAL),
        # The plain network compiles fastest.
        "network": "mlp" if trained else None,
        "network_options": {"width": 8, "depth": 2} if trained else {},
    }
    return default_experiment(target, method, **{**values, **changes})


@functools.cache
def _ensemble(system: str, double: bool) -> Ensemble:
    experiment = tiny_experiment(system, "dice")
    return as_ensemble(experiment, list(training_runs(experiment)))


def tiny_ensemble(system: str) -> Ensemble:
    """The training data of every tiny experiment on a system, in the precision that is on."""
    return _ensemble(system, jnp.zeros(()).dtype == np.float64)


def tiny_model(system: str, method: str, **changes) -> Model:
    """A model from a tiny training."""
    experiment = tiny_experiment(system, method, **changes)
    ensemble = tiny_ensemble(system)
    scaling = Scaling.of(ensemble)
    trained = build_method(experiment, scaling)
    *_, state = fit(
        trained.learner, ensemble, adam(experiment.steps), jax.random.key(0), steps=experiment.steps
    )
    return Model.build(experiment, scaling, state.params)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Experiment]:
    """The function `tiny_experiment`."""
    return tiny_experiment


@pytest.fixture(scope="session")
def ensemble_of() -> Callable[[str], Ensemble]:
    """The function `tiny_ensemble`."""
    return tiny_ensemble


@pytest.fixture(scope="session")
def model_of() -> Callable[..., Model]:
    """The function `tiny_model`."""
    return tiny_model


@pytest.fixture(scope="session")
def galerkin_model() -> Model:
    """A tiny closed-loop model of the two-stream instability, in double precision."""
    return tiny_model("two-stream", "galerkin")


@pytest.fixture
def key() -> jax.Array:
    """One random key."""
    return jax.random.key(0)


@pytest.fixture
def float32() -> Iterator[None]:
    """Single precision for the length of a test: what users run."""
    with jax.enable_x64(False):
        yield
