"""Counts of NumPy, or written as 256.0, wherever one is given; arrays as they lie in memory."""

import json

import jax
import numpy as np
import pytest

from hoam_core import default_experiment, get_system, simulate, sweep
from hoam_core.files.json_text import json_text
from hoam_core.models.files import RECORDED, read_recorded, recorded_bytes
from hoam_core.numerics.quadrature import gauss_legendre
from hoam_core.recorded.collection import Collection
from hoam_core.studies import full_model_study, run_study
from hoam_core.studies.task_store import read_store
from hoam_core.systems import Component
from hoam_core.training.checkpoint import CHECKPOINT, _stored, write_checkpoint
from hoam_core.training.fit import TrainState

KINDS = [np.int64, np.uint16, float, np.float32]


@pytest.mark.parametrize("kind", KINDS)
def test_a_sweep_of_full_models_takes_any_count(kind, tmp_path):
    pytest.importorskip("zarr")
    options = {"particles": kind(16), "n_times": kind(3), "seeds": [np.int64(1)]}
    study = full_model_study("oscillator", {"omega": [np.float64(3.0)]}, **options)
    *_, last = run_study(study, tmp_path / "runs.zarr")
    assert last.done == 1
    told = json.loads(read_store(tmp_path / "runs.zarr").attrs["plan"])
    assert (told["particles"], told["n_times"]) == (16, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_runs_and_predictions_take_any_count(kind, galerkin_model):
    run = simulate("oscillator", {"omega": 3.0}, particles=kind(16), n_times=kind(3))
    assert run.attrs["particles"] == 16
    made = galerkin_model.predict(
        {"mu": 1.3}, particles=kind(64), n_times=kind(3), steps=kind(4), seed=np.int64(3)
    )
    assert made.sizes["particle"] == 64
    table = sweep(
        galerkin_model, "mu", [1.3, 1.4], particles=kind(64), n_times=kind(3), steps=kind(4)
    )
    assert table.attrs["particles"] == 64
    with pytest.raises(ValueError, match="must be a whole number"):
        simulate("oscillator", {"omega": 3.0}, particles=float(kind(16)) + 0.5)


def test_an_experiment_of_any_numbers_is_plain_json():
    numbers = {
        "particles": np.int64(256), "n_times": 9.0, "steps": np.uint8(4), "seed": np.int64(7),
        "t_end": np.float32(2.0), "axes": (tuple(np.linspace(1.25, 1.75, 3)),),
        "options": {"modes_x": np.int64(3)},
    }  # fmt: skip
    experiment = default_experiment(get_system("two-stream"), "galerkin", **numbers)
    told = json.loads(json_text(experiment.to_json()))
    assert (told["particles"], told["n_times"], told["steps"], told["seed"]) == (256, 9, 4, 7)
    assert type(experiment.particles) is int
    assert told["axes"] == [[1.25, 1.5, 1.75]]


def test_rules_take_any_count(key):
    nodes = gauss_legendre(np.int64(4))(key).nodes
    assert nodes == pytest.approx(gauss_legendre(4)(key).nodes)


def test_what_is_saved_does_not_depend_on_how_it_lies_in_memory(tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 5, 300, 3)).astype(np.float32)
    parts = tuple(Component(name, name, "", (-3.0, 3.0)) for name in "abc")
    files = ("a", "b"), ("mu",), ((1.0, 2.0),)
    collection = Collection("Lying", *files, parts, (None,) * 3, np.arange(5.0), x, True)
    system = collection.system()
    turned = np.asfortranarray(system.snapshots)
    assert not turned.flags.c_contiguous
    object.__setattr__(system, "snapshots", turned)
    data, about = recorded_bytes(system)
    (tmp_path / RECORDED).write_bytes(data)
    assert np.array_equal(read_recorded(about, tmp_path).snapshots, turned)
    state = TrainState(3, {"w": turned[0, 0].T}, {"m": turned[0, 1, ::2]}, np.zeros(0))
    experiment = default_experiment(get_system("two-stream"), "galerkin")
    write_checkpoint(tmp_path / CHECKPOINT, experiment, state)
    arrays = _stored(tmp_path / CHECKPOINT)[0]
    for name, leaf in zip(sorted(arrays), jax.tree.leaves(state[1:3]), strict=True):
        assert np.array_equal(arrays[name], leaf)
