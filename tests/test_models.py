"""Models: prediction, and files that come back bit by bit or are refused with a sentence."""

import dataclasses
import json
import random
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import list_models, load_model, save_model
from hoam_core.checks import DivergedError
from hoam_core.models.files import shipped_models
from hoam_core.storage.datasets import read_dataset, write_dataset

RUN = {"particles": 40, "n_times": 5, "steps": 20}
CARD = {"name", "system", "method", "network", "parameters", "train_values"}
CARD |= {"errors", "limits", "seed", "version", "knows_equations", "needs_trajectories"}


@pytest.fixture(scope="module")
def neural_model(model_of):
    return model_of("oscillator", "dice")


@pytest.fixture
def model(galerkin_model):
    return galerkin_model


@pytest.fixture
def folder(model, tmp_path):
    save_model(model, tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.parametrize("which", ["galerkin_model", "neural_model"])
def test_a_saved_model_comes_back_bit_by_bit(which, request, tmp_path):
    model = request.getfixturevalue(which)
    save_model(model, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    again = load_model(tmp_path)
    assert (again.name, again.experiment) == (model.name, model.experiment)
    assert again.card() == model.card()
    for ours, theirs in (
        (model.params, again.params),
        (vars(model.scaling), vars(again.scaling)),
    ):
        assert jax.tree.structure(ours) == jax.tree.structure(theirs)
        for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    values = {p.name: p.default for p in model.system.parameters}
    first, second = (m.predict(values, **RUN) for m in (model, again))
    assert first.identical(second)


def test_errors_and_training_facts_are_kept(model, tmp_path):
    told = dataclasses.replace(model, errors=({"mu": 1.25},), training={"seconds": 3.5})
    save_model(told, tmp_path)
    again = load_model(tmp_path)
    assert again.errors == ({"mu": 1.25},)
    assert again.training == {"seconds": 3.5}


def test_a_card_has_every_field_of_the_interface_and_is_plain_json(model):
    card = model.card()
    assert set(card) == CARD
    assert json.loads(json.dumps(card)) == card
    assert card["parameters"] == {"mu": [1.2, 1.8]}
    assert card["train_values"] == {"mu": [1.2, 1.4, 1.6, 1.8]}


@pytest.mark.parametrize("trial", range(6))
def test_a_truncated_array_file_is_refused(folder, trial):
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: random.Random(trial).randrange(len(data))])
    with pytest.raises(ValueError, match=r"damaged.*truncated.*Copy .* or train it anew"):
        load_model(folder)


@pytest.mark.parametrize("trial", range(6))
def test_a_truncated_json_is_refused(folder, trial):
    path = folder / "model.json"
    data = path.read_bytes().rstrip()
    path.write_bytes(data[: random.Random(trial).randrange(len(data))])
    with pytest.raises(ValueError, match=r"cannot be read.*truncated.*Copy"):
        load_model(folder)


def test_a_missing_array_file_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"cannot be read \(FileNotFoundError\)"):
        load_model(folder)


def test_a_changed_byte_is_noticed(folder):
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match=r"not the file that model.json describes"):
        load_model(folder)


def edit(folder, change):
    path = folder / "model.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


@pytest.mark.parametrize("found", [0, 2, "1", None])
def test_another_format_names_both_and_the_cure(folder, found):
    edit(folder, lambda about: about.update(format=found))
    with pytest.raises(ValueError, match=f"format {found!r}.*reads format 1.*Install the version"):
        load_model(folder)


def test_a_format_of_any_length_makes_a_short_sentence(folder):
    edit(folder, lambda about: about.update(format="x" * 5_000))
    with pytest.raises(ValueError, match="has format 'xxx") as caught:
        load_model(folder)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["[]", "3", '"model"', "null"])
def test_json_that_is_no_model_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    with pytest.raises(ValueError, match="format None"):
        load_model(folder)


@pytest.mark.parametrize("name", ["name", "experiment", "scaling", "errors", "training", "version"])
def test_a_missing_field_is_named_with_the_cure(folder, name):
    edit(folder, lambda about: about.pop(name))
    with pytest.raises(ValueError, match=f"{name}.*Copy the model's folder again"):
        load_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about.update(scaling=[1, 2]),
        lambda about: about.update(experiment=[]),
        lambda about: about.update(experiment="x"),
        lambda about: about["scaling"].pop("scale"),
        lambda about: about["scaling"].update(color=1),
        lambda about: about["scaling"].update(scale=["a", "b"]),
        lambda about: about["experiment"].update(system="two-steam"),
        lambda about: about["experiment"].update(color=1),
        lambda about: about["experiment"].update(axes=5),
        lambda about: about["experiment"].update(axes=[["a"]]),
        lambda about: about["experiment"].update(particles="many"),
        lambda about: about["experiment"].update(options={"color": 1}),
        lambda about: about["experiment"].update(options=[]),
        lambda about: about["experiment"].pop("method"),
        lambda about: about.update(errors=3),
        lambda about: about.update(training=[1]),
    ],
)
def test_an_edited_json_is_refused_with_a_sentence(folder, change):
    edit(folder, change)
    with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
        load_model(folder)


def test_unknown_names_and_empty_folders_say_what_there_is(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'two-stream-galerkin'"):
        load_model("two-stream-galerkn")
    with pytest.raises(ValueError, match=r"holds no model.json.*two-stream-galerkin"):
        load_model(tmp_path)


def test_models_of_a_folder_are_listed_by_name(model, tmp_path):
    save_model(model, tmp_path / "b")
    save_model(model, tmp_path / "a")
    (tmp_path / "empty").mkdir()
    assert list(shipped_models(tmp_path)) == ["a", "b"]
    assert [one.name for one in list_models(tmp_path)] == ["a", "b"]
    assert load_model("a", tmp_path).name == model.name


def test_a_folder_that_cannot_be_made_is_refused(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"`out` names the folder .*cannot be written"):
        save_model(model, tmp_path / "file" / "model")


@pytest.mark.parametrize("fails", ["model.safetensors", "model.json"])
def test_a_failure_while_saving_leaves_no_half_file_and_no_silent_mixture(
    fails, model, neural_model, tmp_path, monkeypatch
):
    save_model(model, tmp_path)
    replace = Path.replace

    def full(self, target):
        if Path(target).name == fails:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_model(neural_model, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    if fails == "model.safetensors":
        assert load_model(tmp_path).name == model.name
    else:
        with pytest.raises(ValueError, match="damaged"):
            load_model(tmp_path)


def test_a_prediction_has_the_layout_of_a_run(model):
    run = model.predict({"mu": 1.25}, seed=4, **RUN)
    assert run["state"].dims == ("time", "particle", "component")
    assert run["state"].shape == (5, 40, 2)
    np.testing.assert_allclose(run["time"], np.linspace(0, 2, 5))
    assert (run.attrs["method"], run.attrs["seed"], run.attrs["particles"]) == ("galerkin", 4, 40)
    x = run["state"].values[..., 0]
    assert x.min() >= 0
    assert x.max() < 50
    assert float(run["electric_energy"].min()) >= 0


def test_a_prediction_is_a_function_of_its_seed(model):
    first, same, other = (model.predict({"mu": 1.25}, seed=s, **RUN) for s in (1, 1, 2))
    assert first.identical(same)
    assert not np.array_equal(first["state"], other["state"])


def test_times_default_to_those_of_the_training(model):
    np.testing.assert_allclose(model.times(), model.experiment.times)
    np.testing.assert_allclose(model.times(1.0, 3), [0, 0.5, 1])


def test_a_prediction_starts_from_given_samples(model):
    given = jnp.array([[1.0, 3.0], [51.0, -3.0]] * 10)
    run = model.predict({"mu": 1.25}, n_times=3, steps=10, initial=given)
    np.testing.assert_allclose(run["state"].values[0], [[1, 3], [1, -3]] * 10)


def test_a_prediction_can_go_on_from_a_file(model, tmp_path):
    run = model.predict({"mu": 1.25}, seed=4, **RUN)
    write_dataset(run, tmp_path / "run.nc")
    start = jnp.asarray(read_dataset(tmp_path / "run.nc")["state"].values[0])
    again = model.predict({"mu": 1.25}, initial=start, n_times=5, steps=20, seed=4)
    np.testing.assert_array_equal(again["state"], run["state"])


@pytest.mark.parametrize(
    ("values", "options", "sentence"),
    [
        ({"mu": 3.0}, {}, "`mu` must lie from 0.4 to 2.5, but is 3"),
        ({"mu": np.nan}, {}, "`mu` must be a finite number"),
        ({"nu": 1.0}, {}, "Unknown parameter `nu`"),
        ({"mu": 1.25}, {"particles": 0}, "`particles` must be"),
        ({"mu": 1.25}, {"steps": 0}, "`steps` must be"),
        ({"mu": 1.25}, {"t_end": 2.5}, "`t_end` must be at most 2"),
        ({"mu": 1.25}, {"t_end": -1.0}, "positive number, but is -1"),
        ({"mu": 1.25}, {"n_times": 1}, "at least 2, but is 1"),
        ({"mu": 1.25}, {"seed": -1}, "`seed` must lie"),
        ({"mu": 1.25}, {"initial": jnp.ones((5, 3))}, "must have shape (any, 2), but has (5, 3)"),
        ({"mu": 1.25}, {"initial": jnp.ones(2)}, "must have shape (any, 2), but has (2,)"),
        ({"mu": 1.25}, {"initial": jnp.ones((0, 2))}, "`initial` must hold at least"),
        ({"mu": 1.25}, {"initial": jnp.full((5, 2), jnp.nan)}, "finite"),
    ],
)
def test_bad_input_gets_a_sentence(model, values, options, sentence):
    with pytest.raises(ValueError) as caught:
        model.predict(values, **options)
    assert sentence in str(caught.value)


def test_extrapolation_is_told_but_allowed(model):
    assert model.outside({"mu": 1.5}) == []
    (sentence,) = model.outside({"mu": 2.0}, symbols=True)
    assert sentence.startswith("μ = 2 lies outside the trained range 1.2 to 1.8")
    (sentence,) = model.outside({"mu": 2.0})
    assert sentence == ("mu = 2 lies outside the trained range 1.2 to 1.8: the model extrapolates.")


def test_a_diverged_prediction_is_an_error_and_no_picture(neural_model):
    broken = dataclasses.replace(
        neural_model, params=jax.tree.map(lambda a: a * jnp.nan, neural_model.params)
    )
    with pytest.raises(DivergedError, match=r"diverged.*`steps`"):
        broken.predict({"omega": 4.0}, **RUN)


def test_the_energy_known_without_a_roll_out_is_that_of_the_training_runs(model, ensemble_of):
    ensemble = ensemble_of("two-stream")
    values = {"mu": float(ensemble.mu[1, 0])}
    known = model.learned_energy(values, model.times())
    # A tiny basis holds the first two density modes only.
    x, mu = np.asarray(ensemble.x[1, ..., 0]), values["mu"]
    k = 2 * np.pi / 50 * np.arange(1, 3)
    modes = np.exp(-1j * k[:, None, None] * x[None]).mean(-1)
    energy = 50 * np.sum(np.abs(modes / (mu**2 * k[:, None])) ** 2, axis=0)
    np.testing.assert_allclose(known, energy, rtol=2e-3)


def test_a_model_without_known_energy_says_none(neural_model):
    assert neural_model.learned_energy({"omega": 4.0}, np.array([0.0, 1.0])) is None
