"""The command line: every command in small, JSON, exit codes, a sentence for bad input."""

import json

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from hoam_core import (
    METHODS,
    SYSTEMS,
    __version__,
    default_experiment,
    get_system,
    load_model,
    save_model,
)
from hoam_core.checks import DivergedError
from hoam_core.cli import console, main, models
from hoam_core.models.files import shipped_models
from hoam_core.recorded.netcdf import read_start
from hoam_core.recorded.sandbox_protocol import InitialState
from hoam_core.storage.datasets import read_dataset
from hoam_core.systems.plasmas.instabilities import TwoStream

pytestmark = pytest.mark.usefixtures("float32")

SMALL = ["--particles", "64", "--t-end", "0.4", "--n-times", "3"]
MODEL = "two-stream-galerkin"


def hoam(*arguments):
    return CliRunner().invoke(main.app, [str(a) for a in arguments])


def good(*arguments):
    done = hoam(*arguments)
    assert done.exit_code == 0, done.stderr
    return done


def refused(*arguments) -> str:
    """The sentence of a command that ends with code 2, on one line and without a traceback."""
    done = hoam(*arguments)
    assert done.exit_code == 2, (done.exit_code, done.output)
    assert "Traceback" not in done.output
    assert done.stdout == ""
    return " ".join(done.stderr.split())


def test_systems_are_listed_as_json():
    rows = json.loads(good("systems", "--json").stdout)
    assert [row["name"] for row in rows] == list(SYSTEMS)
    for row in rows:
        assert set(row) == {"name", "title", "parameters", "components", "observables"}
    two_stream = next(row for row in rows if row["name"] == "two-stream")
    assert two_stream["parameters"] == {"mu": [0.4, 2.5]}
    assert two_stream["components"] == ["x", "v"]


def test_models_are_listed_as_json():
    rows = json.loads(good("models", "--json").stdout)
    assert [row["name"] for row in rows] == list(shipped_models())
    assert rows == [load_model(row["name"]).card() for row in rows]


def test_own_models_are_listed_by_the_names_that_find_them_and_damaged_ones_left_out(
    galerkin_model, tmp_path, monkeypatch
):
    for name in ("mine", "damaged"):
        save_model(galerkin_model, tmp_path / name)
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"")
    monkeypatch.setenv("HOAM_MODELS", str(tmp_path))
    done = good("models", "--json")
    names = [row["name"] for row in json.loads(done.stdout)]
    assert (names[-1], len(names)) == ("mine", len(shipped_models()) - 1)
    assert "Warning: Model 'damaged' is damaged" in " ".join(done.stderr.split())
    done = good("info", "--json", "--quiet")
    assert json.loads(done.stdout)["models"] == names
    assert done.stderr == ""


@pytest.mark.parametrize("width", [30, 80])
@pytest.mark.parametrize(("command", "names"), [("systems", SYSTEMS), ("models", shipped_models())])
def test_lists_never_cut_a_name_however_narrow_the_window(command, names, width, monkeypatch):
    monkeypatch.setattr(console.results, "_width", width)
    text = good(command).stdout
    assert set(names) <= set(text.split())
    assert "…" not in text
    assert width < 80 or max(map(len, text.splitlines())) <= 80


def test_the_version_is_told():
    assert good("--version").stdout == f"hoam_core {__version__}\n"


def test_info_names_versions_and_what_ships():
    facts = json.loads(good("info", "--json").stdout)
    assert facts["version"] == main.__version__
    assert facts["systems"] == list(SYSTEMS)
    assert "jax" in facts["packages"]


@pytest.mark.parametrize(
    "command",
    ["", "simulate", "train", "predict", "evaluate", "runs", "sweep", "ensemble", "serve"],
)
def test_every_command_explains_itself(command):
    assert "Usage" in good(*command.split(), "--help").stdout


def test_simulate_writes_a_run(tmp_path):
    out = tmp_path / "run.nc"
    done = good("simulate", "two-stream", "--set", "mu=1.3", *SMALL, "--seed", 7, "--out", out)
    assert done.stdout == ""
    run = read_dataset(out)
    assert run["state"].shape == (3, 64, 2)
    assert json.loads(run.attrs["parameters"]) == {"mu": 1.3}
    assert (run.attrs["seed"], run.attrs["system"]) == (7, "two-stream")
    np.testing.assert_allclose(run["time"], [0, 0.2, 0.4])
    assert [p.name for p in tmp_path.iterdir()] == ["run.nc"]


def test_simulate_is_a_function_of_its_options(tmp_path):
    runs = []
    for i, options in enumerate(([], [], ["--loading", "random"], ["--seed", 1])):
        out = tmp_path / f"{i}.nc"
        good("simulate", "two-stream", *SMALL, *options, "--quiet", "--out", out)
        runs.append(read_dataset(out)["state"].values)
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    assert not np.array_equal(runs[0], runs[3])


def test_quiet_says_nothing(tmp_path):
    done = good("simulate", "oscillator", *SMALL, "--quiet", "--out", tmp_path / "run.nc")
    assert done.output == ""


def test_predict_writes_a_run_and_goes_on_from_a_file(tmp_path):
    first, second = tmp_path / "first.nc", tmp_path / "second.nc"
    done = good("predict", MODEL, "--set", "mu=1.55", *SMALL, "--seed", 3, "--out", first)
    told = " ".join(done.stderr.split())
    assert f"Written to {first}: 3 times to t = 0.4, 64 particles." in told
    assert " 0%" not in told
    run = read_dataset(first)
    assert run["state"].shape == (3, 64, 2)
    assert run.attrs["method"] == "galerkin"
    good("predict", MODEL, "--set", "mu=1.55", "--t-end", 0.4, "--n-times", 3, "--initial", first,
         "--out", second)  # fmt: skip
    np.testing.assert_allclose(read_dataset(second)["state"], run["state"], atol=1e-4)


def test_a_parameter_outside_the_trained_range_is_a_warning(tmp_path):
    done = good("predict", MODEL, "--set", "mu=2.2", *SMALL, "--out", tmp_path / "run.nc")
    assert "mu = 2.2 lies outside the trained range 1.2 to 1.9" in " ".join(done.stderr.split())


def test_a_run_that_is_not_to_be_trusted_says_so_and_so_does_its_file(tmp_path):
    out = tmp_path / "run.nc"
    done = good("predict", MODEL, "--set", "mu=1.55", *SMALL, "--out", out)
    wanted = load_model(MODEL)
    sentence = (
        f"64 particles are fewer than the {wanted.limits.particles} that this model needs: this "
        "run is not to be trusted."
    )
    assert f"Warning: {sentence}" in " ".join(done.stderr.split())
    assert good("predict", MODEL, "--set", "mu=1.55", *SMALL, "--quiet", "--out", out).output == ""
    told = read_dataset(out).attrs
    assert sentence in json.loads(told["warnings"])
    assert (told["model"], told["model_sha256"]) == (MODEL, wanted.sha256)
    assert told["steps"] == wanted.steps == wanted.limits.steps
    about = json.loads((shipped_models()[MODEL] / "model.json").read_text())
    assert wanted.sha256 == about["arrays_sha256"]


def test_train_saves_a_model_that_predict_takes(tmp_path):
    folder, out = tmp_path / "model", tmp_path / "run.nc"
    good("train", "two-stream", "--particles", 64, "--no-judge", "--seed", 5, "--out", folder)
    assert sorted(p.name for p in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert load_model(folder).experiment.seed == 5
    good("predict", folder, *SMALL, "--out", out)
    assert read_dataset(out).sizes["particle"] == 64


def test_train_takes_values_times_and_options_and_prints_its_errors(tmp_path, monkeypatch):
    monkeypatch.setattr(TwoStream, "truth_particles", 1024)
    options = ["--set", "mu=1.5,1.55,1.6,1.65", "--t-end", 2, "--n-times", 9, "--particles", 64,
               "--option", "modes_x=2", "--option", "modes_v=3"]  # fmt: skip
    done = good("train", "two-stream", *options, "--out", tmp_path)
    model = load_model(tmp_path)
    assert model.experiment.axes == ((1.5, 1.55, 1.6, 1.65),)
    assert (model.experiment.t_end, model.experiment.n_times) == (2.0, 9)
    assert model.experiment.options == {"modes_x": 2, "modes_v": 3}
    assert [error["parameters"]["mu"] for error in model.errors] == [1.25, 1.55, 1.85]
    for error in model.errors:
        assert f"{error['electric_energy']['l2_error']:.5f}" in done.stdout
    assert "noise floor" in done.stdout


def test_train_adds_values_and_keeps_those_of_the_recipe_unless_told(tmp_path):
    options = ["--method", "mean-field", "--particles", 512, "--t-end", 2, "--n-times", 5]
    good("train", "two-stream", *options, "--set", "mu=1.3:1.5:3", "--dense", 4, "--no-judge",
         "--out", tmp_path)  # fmt: skip
    (axis,) = load_model(tmp_path).experiment.axes
    assert {1.3, 1.4, 1.5} <= set(axis)
    assert len(axis) <= 4
    asked = default_experiment(get_system("two-stream"), "mean-field").axes
    good("train", "two-stream", *options, "--no-judge", "--out", tmp_path / "usual")
    assert load_model(tmp_path / "usual").experiment.axes == asked


def test_evaluate_prints_the_layout_of_the_interface(galerkin_model, tmp_path, monkeypatch):
    monkeypatch.setattr(TwoStream, "truth_particles", 1024)
    save_model(galerkin_model, tmp_path)
    options = ["--set", "mu=1.55", "--particles", 200]
    found = json.loads(good("evaluate", tmp_path, *options, "--json", "--quiet").stdout)
    assert found["model"] == MODEL
    assert found["parameters"] == {"mu": 1.55}
    assert {"mean_error", "l2_error", "floor_mean", "floor_l2"} <= set(found["electric_energy"])
    assert [row["t"] for row in found["w2"]] == [1.0, 2.0]
    assert found["samples"]["w2_aligned"] == "5 aligned blocks of 32"
    assert [set(row) for row in found["density"]] == [{"t", "value", "floor", "ratio", "plane"}] * 4
    scatter = found["uncertainty"]
    assert scatter["seeds"] == [0, 2, 4]
    assert 0 < scatter["density"][3]["value"] < found["density"][3]["value"]
    table = good("evaluate", tmp_path, *options, "--seeds", 1).stdout
    assert "noise floor" in table
    assert f"{found['w2_aligned'][0]['floor']:.5f}" in table
    assert "±" not in table


@pytest.mark.parametrize("command", ["simulate", "train", "predict", "evaluate", "runs", "sweep"])
def test_help_says_which_numbers_of_particles_are_quietest(command):
    told = good(command, "--help").stdout.replace("│", " ")
    assert "powers of two are quietest" in " ".join(told.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["simulate", "two-steam"], "Unknown system 'two-steam'. Did you mean 'two-stream'?"),
        (["simulate", "two-stream", "--set", "mu=9"], "`mu` must lie from 0.4 to 2.5, but is 9"),
        (["simulate", "two-stream", "--set", "mu=nan"], "`mu` must be a finite number"),
        (["simulate", "two-stream", "--set", "mu"], "takes NAME=NUMBER"),
        (["simulate", "two-stream", "--set", "mu=high"], "takes NAME=NUMBER"),
        (["simulate", "two-stream", "--set", "nu=1"], "Unknown parameter `nu`"),
        (["simulate", "two-stream", "--particles", "0"], "`particles` must be a whole number"),
        (["simulate", "ising", "--particles", "0"], "`particles` must be a whole number"),
        (["simulate", "two-stream", "--n-times", "1"], "must be a whole number of at least 2"),
        (["simulate", "two-stream", "--t-end", "-1"], "must be a positive number, but is -1"),
        (["simulate", "two-stream", "--t-end", "nan"], "must be a positive number, but is nan"),
        (["simulate", "two-stream", "--seed", "-1"], "`seed` must lie from 0"),
        (["simulate", "two-stream", "--loading", "quite"], "Did you mean 'quiet'?"),
        (["simulate", "two-stream", "--set", "mu=1", "--set", "mu=2"], "gives 'mu' twice"),
        (["train", "two-stream", "--set", "nu=1,2"], "Unknown parameter `nu`"),
        (["train", "two-stream", "--set", "mu=1:2"], "takes NAME=LOW:HIGH:COUNT"),
        (["train", "two-stream", "--option", "modes_q=4"], "has no option `modes_q`"),
        (["train", "two-stream", "--option", "modes_x=four"], "with a number, true or false"),
        (["train", "ising", "--option", "pach=4"], "Did you mean 'patch'?"),
        (["predict", "two-stream-galerkn"], "Did you mean 'two-stream-galerkin'?"),
        (["predict", MODEL, "--set", "mu=9"], "`mu` must lie from 0.4 to 2.5"),
        (["predict", MODEL, "--t-end", "41"], "`t_end` must be at most 40"),
        (["predict", MODEL, "--steps", "0"], "`steps` must be a whole number"),
        (["predict", MODEL, "--particles", "0"], "`particles` must be a whole number"),
        (["predict", MODEL, "--initial", "none.nc"], "There is no file"),
        (["predict", MODEL, "--initial", "a.nc", "--particles", "5"], "cannot be combined"),
        (["train", "two-stream", "--method", "galerkn"], "Did you mean 'galerkin'?"),
        (["train", "two-stream", "--method", "dice", "--network", "mpl"], "Did you mean 'mlp'?"),
        (["train", "two-stream", "--method", "dice", "--loss-steps", "0"], "`steps` must be"),
        (["train", "two-stream", "--method", "dice", "--devices", "64"], "`devices` must be at"),
    ],
)
def test_bad_input_ends_with_code_2_one_sentence_and_no_file(arguments, sentence, tmp_path):
    assert sentence in refused(*arguments, "--out", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_evaluate_refuses_bad_input():
    assert "`mu` must lie" in refused("evaluate", MODEL, "--set", "mu=9")
    assert "`particles` must be" in refused("evaluate", MODEL, "--particles", "4")


@pytest.mark.parametrize(
    "arguments", [["simulate"], ["fly"], ["simulate", "two-stream", "--wings"]]
)
def test_a_wrong_command_is_usage_and_code_2(arguments):
    done = hoam(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", [["simulate", "two-stream"], ["predict", MODEL]])
def test_an_output_in_a_missing_folder_is_refused_before_the_run(command, tmp_path, monkeypatch):
    monkeypatch.setattr(main, "simulate_pieces", None)
    text = refused(*command, "--out", tmp_path / "none" / "run.nc")
    assert "which does not exist; create it" in text
    assert list(tmp_path.iterdir()) == []


def test_training_into_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused("train", "two-stream", "--out", tmp_path / "file" / "m")


def test_a_truncated_model_is_refused(tmp_path):
    source = shipped_models()[MODEL]
    for name in ("model.json", "model.safetensors"):
        (tmp_path / name).write_bytes((source / name).read_bytes()[:500])
    assert "truncated" in refused("predict", tmp_path, "--out", tmp_path / "run.nc")
    assert not (tmp_path / "run.nc").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda run: run.assign_coords(component=["a", "b"]), "has the components"),
        (lambda run: run.assign_coords(time=[1.0, 2.0, 3.0]), "starts at t = 1, not at 0"),
        (lambda run: run.drop_vars("component"), "component"),
        (lambda run: run.isel(particle=slice(0, 0)), "`initial` must hold at least"),
        (lambda run: run.assign(state=run["state"] * np.nan), "finite"),
        (lambda run: run.drop_vars("state"), "lacks the variable `state"),
    ],
)
def test_an_initial_file_that_does_not_fit_is_refused(change, sentence, tmp_path, monkeypatch):
    # In this process, for the sake of time; one test is left with the other.
    monkeypatch.setattr(
        models, "read_start_sandboxed", lambda path: InitialState(*read_start(path))
    )
    state = xr.DataArray(
        np.ones((3, 8, 2), np.float32), dims=("time", "particle", "component"),
        coords={"time": [0.0, 1.0, 2.0], "component": ["x", "v"]},
    )  # fmt: skip
    path = tmp_path / "start.nc"
    change(xr.Dataset({"state": state})).to_netcdf(path, engine="h5netcdf")
    out = tmp_path / "run.nc"
    assert sentence in refused("predict", MODEL, "--initial", path, "--out", out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (DivergedError("The run diverged."), 1, "The run diverged."),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_a_failed_run_has_its_exit_code_and_leaves_nothing(
    error, code, sentence, tmp_path, monkeypatch
):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(main, "write_dataset", fail)
    done = hoam("simulate", "two-stream", *SMALL, "--out", tmp_path / "run.nc")
    assert done.exit_code == code
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_square_brackets_in_a_name_are_shown_as_they_are(tmp_path):
    assert "[red]x" in refused("simulate", "[red]x", "--out", tmp_path / "run.nc")


@pytest.mark.slow
def test_a_lattice_is_written_cell_by_cell_with_its_observables(tmp_path):
    out = tmp_path / "spins.nc"
    good("simulate", "ising", "--set", "T=2.5", "--set", "h=0.1", "--set", "L=16", "--particles", 3,
         "--t-end", 2, "--n-times", 3, "--out", out, "--quiet")  # fmt: skip
    with xr.open_dataset(out) as run:
        assert run["state"].dims == ("time", "y", "x")
        assert set(np.unique(run["state"])) == {-1, 1}
        assert run["state"].attrs["flag_meanings"] == "down up"
        assert run["magnetisation"].dims == run["walls_spread"].dims == ("time",)
        assert float(run["magnetisation"][0]) == pytest.approx(-0.75)
        assert run.attrs["particles"] == 3
    good("simulate", "predator-prey", "--t-end", 0.1, "--n-times", 2, "--out", out, "--quiet")
    with xr.open_dataset(out) as run:
        assert run["state"].dims == ("time", "component", "x")
        assert list(run.component.values) == ["prey", "predators"]
    assert "`L` must be a whole number" in refused("simulate", "ising", "--set", "L=9.5",
                                                   "--out", out)  # fmt: skip


def test_a_macroscopic_model_predicts_paths_from_any_size(tmp_path):
    out = tmp_path / "paths.nc"
    good("predict", "ising-partial", "--set", "L=128", "--particles", 64, "--n-times", 3,
         "--out", out)  # fmt: skip
    with xr.open_dataset(out) as run:
        assert run["state"].shape == (3, 64, 2)
        assert list(run.component.values) == ["magnetisation", "walls"]


def test_patches_of_another_side_are_asked_for_or_refused_with_their_cure(monkeypatch, tmp_path):
    asked = []
    note = lambda experiment, *_, **__: asked.append(experiment) or ()  # noqa: E731
    monkeypatch.setattr(models, "learn", note)
    good("train", "ising", "--patch", 8, "--out", tmp_path)
    assert asked[0].options["patch"] == 8
    for system, patch, sentence in (
        ("ising", 10, "must divide the lattice's size 64, but is 10; choose one of [2, 4, 8"),
        ("ising", 128, "choose a smaller patch or a larger lattice"),
        ("two-stream", 8, "must be a lattice, but is 'two-stream'"),
    ):
        assert sentence in refused("train", system, "--patch", patch, "--out", tmp_path)


def test_every_method_of_the_registry_can_be_asked_for(monkeypatch, tmp_path):
    asked = []
    note = lambda experiment, *_, **__: asked.append(experiment) or ()  # noqa: E731
    monkeypatch.setattr(models, "learn", note)
    for method, entry in METHODS.items():
        system = "ising" if entry.family == "lattice" else "two-stream"
        good("train", system, "--method", method, "--loss-steps", 3, "--out", tmp_path)
    assert [e.method for e in asked] == list(METHODS)
    assert all(e.steps == 3 for e in asked)
