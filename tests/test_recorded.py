"""A system known by its snapshots: its initial law, playback, files, and a model trained on it."""

import gc
import json

import jax
import numpy as np
import pytest

from hoam_core import get_system, load_model, save_model, sweep
from hoam_core.models.files import RECORDED
from hoam_core.numerics.loading import quiet, random
from hoam_core.recorded.collection import Collection, bounds
from hoam_core.recorded.learning import learn_recorded
from hoam_core.storage.datasets import observe
from hoam_core.systems import Component, Recorded, register

AXIS = (1.0, 2.0, 4.0)


def drifting(axis=AXIS, n: int = 2_000, seed: int = 0, paths: bool = True) -> Collection:
    """Gaussians of spread 0.5 that move by mu t, beside an angle that turns with them."""
    rng = np.random.default_rng(seed)
    ts = np.linspace(0.0, 1.0, 9)
    rows = []
    for mu in axis:
        v = mu + 0.5 * rng.normal(size=n)
        x = rng.uniform(0, 6, n)
        v_at, x_at = v + mu * ts[:, None], (x + v * ts[:, None]) % 6
        rows.append(np.stack([x_at, v_at], axis=-1))
    components = (Component("x", "x", "m", (0.0, 6.0)), Component("v", "v", "m/s", (0.0, 9.0)))
    return Collection(
        "Drifting", ("a.nc", "b.nc", "c.nc"), ("mu",), (axis,), components, (6.0, None), ts,
        np.stack(rows).astype(np.float32), paths,
    )  # fmt: skip


@pytest.fixture(scope="module")
def collection() -> Collection:
    return drifting()


@pytest.fixture(scope="module")
def system(collection) -> Recorded:
    return collection.system()


def test_initial_samples_at_a_recorded_value_are_that_recording_each_once(system, key):
    mu = system.vector({"mu": 2.0})
    n = system.snapshots.shape[2]
    x = np.asarray(system.initial(key, mu, 2_048))
    recorded = {tuple(row) for row in system.snapshots[1, 0].tolist()}
    assert {tuple(row) for row in x.astype(np.float32).tolist()} <= recorded
    assert np.mean(x[:, 1]) == pytest.approx(2.0, abs=0.03)
    for load in (quiet, random):
        all_of_them = np.asarray(system.initial(key, mu, n, load))
        assert len(np.unique(all_of_them, axis=0)) == n


def test_between_two_values_the_initial_law_mixes_their_recordings(system, key):
    assert system.weights(np.array([3.5])) == pytest.approx([0, 0.25, 0.75])
    assert system.weights(np.array([9.0])) == pytest.approx([0, 0, 1])
    v = np.asarray(system.initial(key, system.vector({"mu": 3.5}), 4_096))[:, 1]
    assert np.mean(v) == pytest.approx(0.25 * 2 + 0.75 * 4, abs=0.05)
    # A mixture keeps both beams: it is wider than either.
    assert np.std(v) > 0.9


def test_playback_gives_disjoint_halves_and_only_where_something_was_recorded(system):
    first, second = (system.playback(np.float32([2.0]), seed) for seed in (4, 5))
    assert first.shape == second.shape == (9, system.truth_particles, 2)
    assert not {tuple(p) for p in first[0].tolist()} & {tuple(p) for p in second[0].tolist()}
    assert system.has_truth(np.float32([4.0]))
    assert not system.has_truth(np.array([3.0]))
    with pytest.raises(ValueError, match="recorded at mu = 1, 2, 4"):
        system.playback(np.array([3.0]), 0)


def test_it_cannot_be_simulated(system, key):
    with pytest.raises(ValueError, match="known by its snapshots only"):
        system.simulate(key, np.array([2.0]), system.snapshots[0, 0], np.array([0.0, 1.0]))


def test_observables_are_spreads_and_means_without_the_snapshots(system):
    x = system.playback(np.array([2.0]), 0)
    found = observe(system, x, np.array([2.0]))
    assert set(found) == {o.name for o in system.observable_info}
    assert system.observable_info[0].name == "spread_v"
    assert np.asarray(found["mean_v"]) == pytest.approx(x[..., 1].mean(1), rel=1e-5)
    assert hash(system.observables) == hash(system.observables)


def test_a_description_is_plain_and_complete(system):
    told = json.loads(json.dumps(system.description()))
    again = Recorded.described(told, system.snapshots)
    assert again.description() == system.description()
    with pytest.raises(ValueError, match=r"shape \(3, any, any, 2\)"):
        Recorded.described(told, system.snapshots[:2])


def test_it_is_known_while_somebody_holds_it():
    made = register(drifting(seed=3).system())
    name = made.name
    assert get_system(name) is made
    del made
    gc.collect()
    with pytest.raises(ValueError, match="Unknown system"):
        get_system(name)


def test_only_a_value_between_others_can_be_held_out(collection):
    assert collection.interior() == [("mu", 2.0)]
    with pytest.raises(ValueError, match="between two others"):
        collection.system(("mu", 4.0))
    held = collection.system(("mu", 2.0))
    assert held.parameters[0].train == (1.0, 4.0)
    assert held.parameters[0].default == 2.0
    assert collection.training(held).x.shape[0] == 2
    assert held.name != collection.system().name


def test_bounds_are_round_and_keep_their_sign():
    assert bounds((1.3, 1.7)) == (1.26, 1.74)
    assert bounds((0.01, 5.0))[0] == 0.0
    assert bounds((-1.0, 1.0)) == (-1.2, 1.2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The progress of a training."""
    folder, close = tmp_path_factory.mktemp("recorded"), drifting(axis=(1.9, 2.0, 2.1))
    options = {"modes_x": 1, "modes_v": 12}
    return list(learn_recorded(close, folder, held_out=("mu", 2.0), options=options))


def test_a_model_is_judged_at_the_value_that_was_held_out(trained):
    states = trained
    assert [s.stage for s in states] == ["training", *["judging"] * 4, "saved"]
    (errors,) = states[-1].model.errors
    assert errors["parameters"] == {"mu": 2.0}
    assert [row["t"] for row in errors["w2"]] == [0.5, 1.0]
    for row in errors["w2"]:
        assert row["floor"] > 0
        assert row["ratio"] < 3


def test_a_model_folder_is_self_contained(trained, tmp_path):
    model = trained[-1].model
    # Another name, so that the system comes out of the file and not out of memory.
    moved = tmp_path / "moved"
    save_model(model, moved)
    about = json.loads((moved / "model.json").read_text())
    for part in (about["experiment"], about["recorded"]):
        key = "system" if "system" in part else "name"
        part[key] = "own-other"
    (moved / "model.json").write_text(json.dumps(about))
    again = load_model(moved)
    assert again.system.name == "own-other"
    gc.collect()
    ts = np.array([0.0, 0.5])
    x0 = again.system.initial(jax.random.key(1), again.system.vector({"mu": 2.05}), 512)
    mu = again.system.vector({"mu": 2.05})
    both = [m.sample(x0, ts, mu, jax.random.key(0)) for m in (model, again)]
    assert np.asarray(both[0]) == pytest.approx(np.asarray(both[1]))
    assert again.predict({"mu": 2.05}, particles=256).attrs["system"] == "own-other"


def test_a_damaged_folder_is_told(trained, tmp_path):
    save_model(trained[-1].model, tmp_path)
    (tmp_path / RECORDED).write_bytes(b"short")
    with pytest.raises(ValueError, match=r"recorded.safetensors is not the file"):
        load_model(tmp_path)
    (tmp_path / RECORDED).unlink()
    with pytest.raises(ValueError, match=r"recorded.safetensors is missing"):
        load_model(tmp_path)


def test_a_sweep_goes_over_own_data_too(trained):
    model = trained[-1].model
    table = sweep(model, "mu", [1.95, 2.0, 2.05], particles=256, n_times=5)
    assert np.all(np.isfinite(table.spread_v.values))
    # The beams drift by mu t.
    drift = table.mean_v.values[:, -1] - table.mean_v.values[:, 0]
    assert drift == pytest.approx([1.95, 2.0, 2.05], abs=0.1)


@pytest.mark.parametrize("method", ["ftm", "dice", "hoam-gauss", "hoam-simpson", "am", "hybrid"])
def test_methods_that_follow_particles_are_refused_without_paths(method, tmp_path):
    with pytest.raises(ValueError, match=rf"'{method}' follows .* change places .* ids"):
        next(learn_recorded(drifting(paths=False), tmp_path, method=method))
