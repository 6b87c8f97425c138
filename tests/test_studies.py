"""Sweeps and ensembles: what is asked, what is refused, what is stored; the commands of both."""

import dataclasses
import json
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

from hoam_core import load_model
from hoam_core.checks import DivergedError
from hoam_core.cli import main
from hoam_core.cli.console import parse_axes
from hoam_core.studies import Study, ensemble, ensemble_study, full_model_study, run_study
from hoam_core.studies.base import files_folder
from hoam_core.studies.task_store import read_store
from hoam_core.systems import get_system

pytest.importorskip("zarr")


def hoam(*arguments):
    done = CliRunner().invoke(main.app, [str(a) for a in arguments])
    assert "Traceback" not in done.output
    return done.exit_code, " ".join(done.stderr.split())


def test_values_are_ranges_or_lists_and_the_others_their_usual_ones():
    read = partial(parse_axes, system=get_system("landau"), usual=lambda p: p.test)
    usual = list(get_system("landau").parameters[1].test)
    assert read(["alpha=0.1:0.3:3"]) == {"alpha": [0.1, 0.2, 0.3], "k": usual}
    assert read(["k=0.5,0.4"])["k"] == [0.5, 0.4]
    assert read(["alpha=0.1:0.3:1"])["alpha"] == [0.1]


RUNS = ("runs", "oscillator", "--particles", 32, "--n-times", 3, "--workers", 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "omega=1:2"], "takes NAME=LOW:HIGH:COUNT or NAME=A,B,C"),
        (["--set", "omega=1:2:0"], "takes NAME=LOW:HIGH:COUNT"),
        (["--set", "omega=3:40:2"], "`omega` must lie from 1 to 20, but is 40"),
        (["--set", "nu=3"], "Unknown parameter `nu`"),
        (["--set", "omega=3,3"], "at least one value and none twice"),
        (["--seeds", "0"], "`seed` must hold at least one value"),
        (["--loading", "loud"], "Unknown loading 'loud'"),
        (["--particles", "0"], "`particles` must be a whole number of at least 1"),
    ],
)
def test_a_sweep_that_cannot_be_ends_with_code_2_and_no_store(arguments, sentence, tmp_path):
    code, said = hoam(*RUNS, *arguments, "--out", tmp_path / "s.zarr")
    assert code == 2
    assert sentence in said
    assert list(tmp_path.iterdir()) == []


def test_the_command_goes_on_with_its_own_store_and_refuses_that_of_another(tmp_path):
    out = tmp_path / "s.zarr"
    command = (*RUNS, "--set", "omega=3:4:2", "--seeds", 2, "--seed", 5, "--out", out)
    assert hoam(*command)[0] == 0
    found = read_store(out)
    assert dict(found.sizes) == {"omega": 2, "seed": 2, "time": 3}
    assert list(found["seed"].values) == [5, 6]
    assert np.isfinite(found["mean_x"]).all()
    assert json.loads(found.attrs["plan"])["system"] == "oscillator"
    marks = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    assert "4 of 4" in hoam(*command)[1]
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == marks
    code, said = hoam(*command, "--n-times", 4)
    assert code == 2
    assert "begun with n_times = 3, but now it is 4" in said


@pytest.mark.parametrize(
    ("system", "expected"), [("oscillator", 16_384), ("ising", 1_024), ("nbmota", 256)]
)
def test_a_sweep_has_as_many_particles_as_its_system_can_bear(system, expected):
    values = {p.name: [p.default] for p in get_system(system).parameters}
    assert full_model_study(system, values).layout.plan["particles"] == expected


def test_precision_belongs_to_the_plan(tmp_path, float32):
    study = full_model_study("oscillator", {"omega": [3.0]}, particles=32, n_times=3)
    assert study.layout.dtype == "float32"
    assert study.layout.plan["precision"] == "float32"


@pytest.mark.slow
def test_a_lattice_is_swept_by_its_runs(tmp_path):
    values = {"T": [1.5, 2.5], "h": [0.1], "m0": [0.5], "L": [16.0]}
    study = full_model_study(
        "curie-weiss", values, particles=4, t_end=0.2, n_times=3, states=True
    )  # fmt: skip
    list(run_study(study, tmp_path / "s.zarr"))
    found = read_store(tmp_path / "s.zarr")
    assert found["state"].shape == (2, 1, 1, 1, 1, 3, 4, 1)
    assert np.isfinite(found["magnetisation"]).all()


@pytest.fixture
def tiny_study(tiny, monkeypatch):
    """An ensemble of two seeds of a training of seconds, judged by few particles."""
    few = dataclasses.replace(ensemble.QUICK, truth_particles=256, particles=60, times=4)
    monkeypatch.setattr(ensemble, "QUICK", few)
    monkeypatch.setattr(
        ensemble,
        "_experiment",
        lambda system, method, seed, quick: tiny(system, method, seed=seed),
    )
    return ensemble_study(["two-stream"], ["galerkin"], [3, 4], quick=True)


@pytest.mark.slow
def test_an_ensemble_stores_errors_and_models(tiny_study, tmp_path):
    path = tmp_path / "e.zarr"
    *_, last = run_study(tiny_study, path)
    assert last.done == 2
    found = read_store(path).sel({"system": "two-stream", "method": "galerkin"})
    assert list(found["seed"].values) == [3, 4]
    # One test parameter is judged, two have their place.
    assert np.isfinite(found["w2"][:, 0]).all()
    assert found["w2"][:, 1].isnull().all()
    assert len(np.unique(found["w2"][:, 0])) == 4
    # One truth for all seeds.
    assert len(np.unique(found["energy_floor"][:, 0])) == 1
    assert len(np.unique(found["energy"][:, 0])) == 2
    assert not found["diverged"].any()
    for seed in (3, 4):
        model = load_model(files_folder(path) / f"two-stream-galerkin-seed{seed}")
        assert model.experiment.seed == seed
        w2 = [row["value"] for row in model.errors[0]["w2"]]
        np.testing.assert_array_equal(found["w2"].sel(seed=seed)[0], w2)


def test_a_training_that_diverges_is_stored_as_such_and_the_others_go_on(
    tiny_study, tmp_path, monkeypatch
):
    def learn(experiment, *arguments, **options):
        raise DivergedError("The training diverged.")
        yield

    monkeypatch.setattr(ensemble, "learn", learn)
    list(run_study(tiny_study, tmp_path / "e.zarr"))
    found = read_store(tmp_path / "e.zarr")
    assert found["diverged"].values.ravel().tolist() == [1.0, 1.0]
    assert found["w2"].isnull().all()
    assert not files_folder(tmp_path / "e.zarr").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--system", "trap", "--method", "partial"], "must be one of"),
        (["--system", "nowhere", "--method", "dice"], "Unknown system 'nowhere'"),
        (["--system", "trap", "--system", "trap", "--method", "dice"], "none twice"),
    ],
)
def test_an_ensemble_that_cannot_be_is_refused(arguments, sentence, tmp_path):
    code, said = hoam("ensemble", *arguments, "--workers", 1, "--out", tmp_path / "e.zarr")
    assert code == 2
    assert sentence in said
    assert list(tmp_path.iterdir()) == []


def test_workers_for_what_has_no_parts_are_refused(tmp_path):
    code, said = hoam("reproduce", "figure3", "--workers", 2, "--out", tmp_path)
    assert code == 2
    assert "must be left out for 'figure3'" in said


def test_files_are_written_before_a_task_is_done(tmp_path, monkeypatch):
    def work(task):
        yield "working", 0.5
        return ensemble.Result({}, {"a/b.txt": b"text"})

    study = full_model_study("oscillator", {"omega": [3.0]}, particles=32, n_times=3)
    study = Study(dataclasses.replace(study.layout, variables={}), study.tasks, work)

    def full(folder, files):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("hoam_core.studies.base.write_files", full)
        with pytest.raises(OSError, match="disk full"):
            list(run_study(study, tmp_path / "s.zarr"))
    assert not read_store(tmp_path / "s.zarr")["done"].any()
    list(run_study(study, tmp_path / "s.zarr"))
    assert (tmp_path / "s.files" / "a" / "b.txt").read_bytes() == b"text"
    assert read_store(tmp_path / "s.zarr")["done"].all()
