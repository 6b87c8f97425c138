"""What is not finite is an error wherever it is judged, saved, printed or drawn."""

import dataclasses
import json
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from dashboard.exports.csv_file import to_csv
from dashboard.operations.logs import JsonLines
from dashboard.quadrature import training as race
from hoam_core import get_system, load_model, save_model
from hoam_core.checks import DivergedError
from hoam_core.evaluation import reference
from hoam_core.files.json_text import json_text
from hoam_core.learning import CHECKPOINT, learn
from hoam_core.methods import Learner, Method
from hoam_core.metrics import METRICS, curve_error, fit_damping, fit_growth, over_subsets
from hoam_core.numerics.domain import Domain
from hoam_core.simulation import Piece
from hoam_core.storage.datasets import dataset_bytes, to_dataset
from hoam_core.training.checkpoint import _stored
from hoam_core.training.experiment import default_experiment

BAD = {"nan": np.nan, "inf": np.inf, "overflow": 1e200}
KEY = jax.random.key(5)


@pytest.fixture(autouse=True)
def allow_rank_promotion():
    # OTT-JAX promotes ranks inside.
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("first", [True, False])
def test_a_distance_of_what_has_diverged_is_an_error(metric, value, first):
    good = np.random.default_rng(0).normal(size=(60, 2))
    bad = good + 1.0
    bad[7, 1] = value
    pair = (bad, good) if first else (good, bad)
    with pytest.raises(DivergedError, match="NaN or infinite"):
        metric(*pair, Domain.free(2), np.ones(2))


def test_a_single_number_spoils_the_mean_over_subsets():
    good = np.random.default_rng(0).normal(size=(60, 2))
    bad = good + 1.0
    bad[7, 1] = np.nan
    rng, few = np.random.default_rng(0), {"subsets": 3, "size": 20}
    with pytest.raises(DivergedError, match="NaN or infinite"):
        over_subsets(METRICS["w2"], good, bad, Domain.free(2), np.ones(2), rng, **few)


def test_a_component_without_spread_cannot_scale_a_distance():
    still = np.zeros((50, 1))
    with pytest.raises(DivergedError, match="distances between two samples"):
        METRICS["w2"](still, still, Domain.free(1), np.zeros(1))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_curves_and_rates_of_what_has_diverged_are_errors(value):
    ts = np.linspace(0, 20, 41)
    energy = np.exp(0.5 * ts)
    bad = np.where(ts > 15, value, energy)
    for pair in ((energy, bad), (bad, energy)):
        with pytest.raises(DivergedError, match="curves that are compared"):
            curve_error(*pair)
    for fit in (fit_growth, fit_damping):
        with pytest.raises(DivergedError, match="energy"):
            fit(ts, bad)


def test_json_holds_no_nan_and_names_the_place():
    assert json.loads(json_text({"a": [np.int64(3), np.float32(0.5), None]})) == {
        "a": [3, 0.5, None]
    }
    told = {"errors": [{"w2": [{"ratio": 0.9}, {"ratio": np.float64("nan")}]}]}
    with pytest.raises(DivergedError, match=r"`errors\.0\.w2\.1\.ratio` is nan"):
        json_text(told)
    with pytest.raises(DivergedError, match="is inf"):
        json_text({"a": (1.0, float("inf"))}, indent=1)
    with pytest.raises(TypeError, match="no plain value"):
        json_text({"a": object()})


def test_a_model_that_is_not_finite_is_neither_saved_nor_loaded(galerkin_model, tmp_path):
    spoilt = {k: v.at[(0,) * v.ndim].set(jnp.nan) for k, v in galerkin_model.params.items()}
    with pytest.raises(DivergedError, match="Model 'two-stream-galerkin'"):
        save_model(dataclasses.replace(galerkin_model, params=spoilt), tmp_path)
    judged = ({"parameters": {"mu": 1.3}, "w2": [{"value": float("inf")}]},)
    with pytest.raises(DivergedError, match=r"errors\.0\.w2\.0\.value"):
        save_model(dataclasses.replace(galerkin_model, errors=judged), tmp_path)
    assert list(tmp_path.iterdir()) == []
    save_model(galerkin_model, tmp_path)
    path = tmp_path / "model.json"
    path.write_text(path.read_text().replace('"errors": []', '"errors": [{"w2": NaN}]'))
    with pytest.raises(ValueError, match="must hold finite numbers, but holds NaN"):
        load_model(tmp_path)


def test_a_run_that_is_not_finite_is_no_dataset():
    system = get_system("two-stream")
    x = np.ones((3, 64, 2))
    x[2, 5, 1] = np.inf
    with pytest.raises(DivergedError, match=r"'full-model' at \{'mu': 1.25\}"):
        to_dataset(
            system, system.vector({"mu": 1.25}), np.arange(3.0), x, seed=0, method="full-model"
        )


def test_an_infinity_is_written_to_no_file_and_a_gap_stays_a_gap():
    ts = ("time", np.arange(3.0))
    endless = xr.Dataset({"energy": ("time", [1.0, np.inf, 2.0])}, {"time": ts})
    gap = xr.Dataset({"energy": ("time", [1.0, np.nan, 2.0])}, {"time": ts})
    for write in (dataset_bytes, to_csv):
        with pytest.raises(DivergedError, match="'energy'"):
            write(endless)
    assert dataset_bytes(gap)
    assert to_csv(gap).splitlines()[1:] == ["0,1", "1,", "2,2"]


def test_a_truth_that_diverged_judges_nothing(monkeypatch):
    system, ts = get_system("two-stream"), np.array([0.0, 1.0])
    x = jnp.full((2, 64, 2), jnp.nan)
    own = reference.__globals__  # the function has its module's name in the package
    monkeypatch.setitem(own, "simulate_pieces", lambda *_: [Piece(ts, x, 1.0)])
    with pytest.raises(DivergedError, match="full model of 'Two-stream"):
        reference(system, system.vector({"mu": 1.25}), ts, 0, (1.0,), 64)


def exploding(at: int) -> Method:
    """Its loss is always finite; the gradient of step `at` is infinite."""

    def loss(params, step):
        # The root of nothing is nothing, with an infinite slope.
        x = jnp.where(step == at, params["w"] - jax.lax.stop_gradient(params["w"]), 1.0)
        return jnp.sum(jnp.sqrt(x)) + jnp.sum(params["w"] ** 2)

    # A batch is the number of its step, which its key tells.
    steps = jnp.stack([jax.random.key_data(jax.random.fold_in(KEY, i)) for i in range(8)])

    def draw(key, data):
        return jnp.argmax(jnp.all(steps == jax.random.key_data(key)[None], axis=1))

    learner = Learner(lambda key, data: {"w": jnp.ones(3)}, draw, loss)
    return Method(learner, lambda *_, **__: None, lambda *_: 1)


@pytest.mark.parametrize(("at", "kept"), [(1, None), (3, 2), (5, 4)])
def test_an_infinite_gradient_spoils_neither_checkpoint_nor_model(at, kept, tmp_path, monkeypatch):
    monkeypatch.setattr("hoam_core.models.model.build_method", lambda *_: exploding(at))
    monkeypatch.setattr("hoam_core.learning.seed_key", lambda *_: KEY)
    options = {"particles": 64, "n_times": 5, "t_end": 1.0, "steps": 6}
    two_stream, axes = get_system("two-stream"), ((1.3, 1.6),)
    experiment = default_experiment(two_stream, "dice", axes=axes, **options)
    states = learn(experiment, tmp_path, every=2, judge=False)
    seen = [next(states) for _ in range(2 + at // 2)]
    with pytest.raises(DivergedError, match="its parameters are not finite") as told:
        next(states)
    assert all(np.all(np.isfinite(state.losses)) for state in seen)
    assert ("checkpoint is kept" in str(told.value)) == (kept is not None)
    assert [state.done for state in seen[2:]] == list(range(2, at, 2))
    assert not (tmp_path / "model.json").exists()
    if kept is None:
        assert not (tmp_path / CHECKPOINT).exists()
    else:
        arrays, step, _ = _stored(tmp_path / CHECKPOINT)
        assert step == kept
        assert all(np.all(np.isfinite(array)) for array in arrays.values())


def test_a_line_of_the_log_is_json_whatever_stands_in_it():
    record = logging.makeLogRecord({"msg": "slow", "seconds": float("nan"), "share": 0.5})
    told = json.loads(JsonLines().format(record), parse_constant=pytest.fail)
    assert (told["seconds"], told["share"]) == ("nan", 0.5)


def test_samples_that_fly_apart_have_no_distance_in_the_race(monkeypatch):
    court = object.__new__(race.Court)
    court.truth = np.zeros((len(race.TIMES), 50, 2))
    court._x0, court._scale, court._key = court.truth[0], np.ones(2), KEY
    court._mu = race.SYSTEM.vector({"omega": 8.0})
    far = Method(Learner(lambda *_: None), lambda *_, **__: court.truth + 1e200, lambda *_: 1)
    assert court.judge(far, jnp.zeros(1), 3).distance is None
