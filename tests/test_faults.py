"""Faults that the library and the command line survive: full disks, NaN, a training cut off."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

from hoam_core import get_system, load_model, save_model, simulate
from hoam_core.cli import main
from hoam_core.learning import CHECKPOINT, learn
from hoam_core.storage.datasets import write_files
from hoam_core.training.experiment import default_experiment

ROOT = Path(__file__).parent.parent
FULL = OSError(28, "No space left on device")


class Disk:
    """Room for so many more files, of which the next one is cut off; renaming fails likewise."""

    def __init__(self, monkeypatch, room: int, name: str):
        self.room, self.real = room, getattr(Path, name)
        monkeypatch.setattr(Path, name, lambda path, *data: self.write(path, *data))

    def write(self, path: Path, target):
        if self.room <= 0:
            if isinstance(target, bytes):
                self.real(path, target[: len(target) // 2])
            raise FULL
        self.room -= 1
        return self.real(path, target)


def folder_of(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in path.iterdir()}


@pytest.mark.parametrize(("name", "room"), [("write_bytes", 0), ("write_bytes", 1), ("replace", 0)])
def test_a_full_disk_while_a_model_is_saved_keeps_the_old_one(
    galerkin_model, model_of, tmp_path, monkeypatch, room, name
):
    save_model(galerkin_model, tmp_path)
    before = folder_of(tmp_path)
    other = model_of("oscillator", "galerkin")
    with monkeypatch.context() as patch:
        Disk(patch, room, name)
        with pytest.raises(OSError, match="No space"):
            save_model(other, tmp_path)
    assert folder_of(tmp_path) == before
    assert load_model(tmp_path).name == "two-stream-galerkin"


def test_files_that_belong_together_are_renamed_in_their_order(tmp_path, monkeypatch):
    renamed, replace = [], Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda path, to: (renamed.append(to.name), replace(path, to))
    )
    write_files(tmp_path, {"a": b"1", "b": b"2", "c": b"3"})
    assert renamed == ["a", "b", "c"]
    assert folder_of(tmp_path) == {"a": b"1", "b": b"2", "c": b"3"}


def small():
    return default_experiment(
        get_system("two-stream"), "dice", axes=((1.3, 1.6),), particles=64, n_times=9, t_end=2.0,
        steps=6, network="mlp", network_options={"width": 8, "depth": 2},
        options={"intervals": 4, "samples": 16, "frequencies": 2},
    )  # fmt: skip


def test_a_full_disk_at_a_checkpoint_costs_what_came_after_the_last_one(tmp_path, monkeypatch):
    training = learn(small(), tmp_path, every=2, judge=False)
    with monkeypatch.context() as patch:
        Disk(patch, 1, "write_bytes")
        with pytest.raises(OSError, match="No space"):
            list(training)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
    resumed = list(learn(small(), tmp_path, every=2, judge=False, resume=True))
    assert [one.done for one in resumed if one.stage == "training"] == [4, 6]


def test_a_training_that_is_stopped_leaves_its_checkpoint_only(tmp_path):
    training = learn(small(), tmp_path, every=2, judge=False)
    for state in training:
        if state.stage == "training":
            break
    training.close()
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


SIMULATE = ["simulate", "two-stream", "--particles", "64", "--t-end", "0.4", "--n-times", "3"]


def test_a_full_disk_ends_a_command_with_code_1_and_a_sentence(tmp_path, monkeypatch):
    Disk(monkeypatch, 0, "write_bytes")
    with jax.enable_x64(False):
        done = CliRunner().invoke(main.app, [*SIMULATE, "--out", str(tmp_path / "run.nc")])
    assert done.exit_code == 1
    assert "The run failed: No space left on device." in done.stderr
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_file_system_that_takes_no_more_bytes(tmp_path):
    """The system itself refuses: no file may become larger than four kilobytes."""
    code = (
        "import resource, sys; from hoam_core.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); main.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *SIMULATE, "--out", str(tmp_path / "run.nc")],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "The run failed: File too large." in done.stderr
    assert list(tmp_path.iterdir()) == []


NUMBERS = ["nan", "inf", "-inf", "1e400"]
COMMANDS = {
    "a parameter of a run": [*SIMULATE, "--set", "mu={}", "--out", "x.nc"],
    "a parameter of a model": ["predict", "two-stream-galerkin", "--set", "mu={}", "--out", "x.nc"],
    "a parameter that is judged": ["evaluate", "two-stream-galerkin", "--set", "mu={}"],
    "a last time": ["predict", "two-stream-galerkin", "--t-end", "{}", "--out", "x.nc"],
    "a time of the processor": ["reproduce", "table1", "--core-seconds", "{}", "--out", "results"],
}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("what", COMMANDS)
def test_what_is_no_finite_number_is_refused(what, number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main.app, [part.format(number) for part in COMMANDS[what]])
    assert done.exit_code == 2, done.output
    assert "`" in done.stderr
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_the_library_refuses_them_too(galerkin_model, tiny, number):
    with pytest.raises(ValueError, match="`mu` must be a finite number"):
        simulate("two-stream", {"mu": number}, particles=64)
    with pytest.raises(ValueError, match="`mu` must be a finite number"):
        galerkin_model.predict({"mu": number})
    for field in ("t_end", "rate", "seed", "particles", "steps", "n_times"):
        with pytest.raises(ValueError, match=f"`{field}` must be"):
            tiny("two-stream", "galerkin", **{field: number})
    options = {"waves": number}
    with pytest.raises(ValueError, match="`waves` must be a finite number"):
        tiny("two-stream", "galerkin", options=options)


def test_a_model_that_has_lost_its_numbers_is_refused(galerkin_model, tmp_path):
    save_model(galerkin_model, tmp_path)
    about = json.loads((tmp_path / "model.json").read_text())
    about["scaling"] = {k: (np.asarray(v) * np.nan).tolist() for k, v in about["scaling"].items()}
    (tmp_path / "model.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="finite numbers"):
        load_model(tmp_path)
