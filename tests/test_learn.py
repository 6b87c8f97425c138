"""From an experiment to a saved model: progress, checkpoints, resume."""

import jax
import numpy as np
import pytest

from hoam_core import get_system, load_model
from hoam_core.learning import CHECKPOINT, learn
from hoam_core.systems.plasmas.instabilities import TwoStream
from hoam_core.training.experiment import default_experiment


def small(**changes):
    values = {
        "axes": ((1.3, 1.6),), "particles": 64, "n_times": 9, "t_end": 2.0, "steps": 4,
        "network_options": {"width": 8, "depth": 2, "hyper_width": 8},
        "options": {"intervals": 4, "samples": 16},
    }  # fmt: skip
    return default_experiment(get_system("two-stream"), "dice", **{**values, **changes})


def run(experiment, folder, **options):
    return list(learn(experiment, folder, every=2, judge=False, **options))


def test_progress_names_every_stage_and_ends_with_the_saved_model(tmp_path):
    states = run(small(), tmp_path)
    assert [s.stage for s in states] == ["full-model runs"] * 2 + ["training"] * 2 + ["saved"]
    assert states[-1].model is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    assert load_model(tmp_path).experiment == small()


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(tmp_path):
    whole = run(small(), tmp_path / "whole")[-1].model
    for state in learn(small(), tmp_path / "cut", every=2, judge=False):
        if state.stage == "training":
            break
    assert (tmp_path / "cut" / CHECKPOINT).is_file()
    states = run(small(), tmp_path / "cut", resume=True)
    assert [s.done for s in states if s.stage == "training"] == [4]
    for ours, theirs in zip(
        jax.tree.leaves(states[-1].model.params), jax.tree.leaves(whole.params), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_checkpoint_of_another_experiment_or_a_damaged_one_is_refused(tmp_path):
    for state in learn(small(), tmp_path, every=2, judge=False):
        if state.stage == "training":
            break
    with pytest.raises(ValueError, match="another experiment"):
        run(small(steps=6), tmp_path, resume=True)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged"):
        run(small(), tmp_path, resume=True)


@pytest.mark.parametrize(
    ("seed", "judge"), [pytest.param(2**32 - 2, 0, marks=pytest.mark.slow), (2**32 - 1, 1)]
)
def test_the_highest_seeds_are_judged_too(seed, judge, tmp_path, monkeypatch):
    monkeypatch.setattr(TwoStream, "truth_particles", 256)
    model = default_experiment(
        get_system("two-stream"), "galerkin", axes=((1.3, 1.6),), particles=64, n_times=5,
        t_end=0.5, seed=seed, options={"modes_x": 1, "modes_v": 2},
    )  # fmt: skip
    *_, last = learn(model, tmp_path)
    assert {errors["seed"] for errors in last.model.errors} == {judge}


def test_a_folder_that_cannot_be_made_is_named_before_any_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="`out`"):
        next(learn(small(), tmp_path / "file" / "model"))
