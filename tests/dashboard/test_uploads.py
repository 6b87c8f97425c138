"""Uploads: bounded in number, size, time and memory, and never outside of their folder."""

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.concurrency.worker import Worker
from dashboard.own_data import jobs
from dashboard.own_data.allowed_files import (
    MOST_FILES,
    UPLOAD,
    VARIABLE,
    check_upload,
    found_files,
    largest_upload,
    refusal,
    tally,
    upload_name,
)  # fmt: skip
from dashboard.own_data.choice import OwnChoice
from dashboard.own_data.workspace import Workspace
from dashboard.parts.upload import Upload
from dashboard.train.trainings import check_name
from hoam_core.recorded.reader import Reading
from hoam_core.recorded.sandbox import OvertaxedError, ReadingLimits, read_recordings_sandboxed
from hoam_core.storage.datasets import write_dataset
from tests.damage import sentence_of

HOSTILE = [
    "../../x.nc", "/etc/x.nc", "..\\..\\x.nc", "C:\\x.nc", "..", ".", "", "/", "x\0.nc", ".nc",
    "nul.nc", "COM1.h5", "x" * 300 + ".nc", "é" * 80 + ".nc", "a/../../b.nc", "\ud800.nc", "~/x.nc",
    "x.nc/", "x.nc\n", "-rf.nc", "*.nc", "x.nc:stream", "%T.nc", "none", "a" * 49, "con", "a--b",
]  # fmt: skip
names = st.one_of(
    st.text(max_size=40), st.sampled_from(HOSTILE), st.text().map(lambda t: t + ".nc")
)
# What a child does that reads nothing: it says what it reads, and then ...
FAKE = """
import json, os, sys, time
from pathlib import Path
task = json.load(sys.stdin)
(Path(task["folder"]) / "pid").write_text(str(os.getpid()))
(Path(task["folder"]) / "now").write_text("bad.nc")
"""
FAULTS = {
    "takes longer than 0.3 s to read": "while True: pass",
    "ended the process that read it": "os.kill(os.getpid(), 11)",
    "ended the process that read": "sys.exit(1)",
}


def faulty(end: str) -> list[str]:
    return [sys.executable, "-c", FAKE + end]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where all temporary files go, so that what is left can be seen."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    """Two populations that fit together."""
    folder, rng, made = tmp_path_factory.mktemp("files"), np.random.default_rng(0), []
    for mu in (1.0, 2.0):
        state = rng.normal(size=(4, 256, 2)).astype(np.float32)
        run = xr.Dataset(
            {"state": (("time", "particle", "component"), state)},
            {"time": np.arange(4.0), "component": ["q", "p"]},
            {"parameters": f'{{"mu": {mu}}}'},
        )
        made.append(folder / f"run-{mu}.nc")
        write_dataset(run, made[-1])
    return made


@pytest.fixture
def workspace(temporary):
    """A desk whose reader is a thread as on the page."""
    worker = Worker("reader")
    made = Workspace(OwnChoice(), worker, worker, lambda result: result())
    yield made
    made.close()
    worker.end()


def settled(workspace: Workspace) -> Workspace:
    """The desk, once nothing goes on."""
    end = time.monotonic() + 100
    while workspace.busy is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return workspace


@given(name=names)
def test_a_name_of_an_upload_cannot_leave_its_folder(name):
    if sentence_of(lambda: upload_name(name), "give it a plain name"):
        return
    made = upload_name(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / made
        path.write_bytes(b"")
        assert path.resolve().parent == Path(folder).resolve()
        assert [one.name for one in Path(folder).iterdir()] == [made]


@given(name=names)
@example("x" * 48)
def test_a_name_of_a_training_cannot_leave_its_folder(name):
    if sentence_of(lambda: check_name(name, []), "try 'my-model-2'"):
        return
    assert (Path("folder") / name).parts == ("folder", name)
    assert name.isascii()


@pytest.mark.parametrize("name", HOSTILE)
def test_plain_names_stay_and_hostile_ones_lose_their_folders(name):
    assert upload_name("run-1.25.nc") == "run-1.25.nc"
    assert upload_name("Läufe 7.H5") == "Läufe 7.H5"
    try:
        assert upload_name(name) in ("x.nc", "b.nc", "-rf.nc", "%T.nc")
    except ValueError:
        assert name not in ("../../x.nc", "..\\..\\x.nc")


@given(pattern=names)
def test_a_pattern_finds_nothing_outside_of_the_allowed_folder(pattern):
    with tempfile.TemporaryDirectory() as outer, pytest.MonkeyPatch.context() as patch:
        folder, secret = Path(outer) / "allowed", Path(outer) / "secret"
        for place in (folder, secret):
            place.mkdir()
            (place / "a.nc").write_bytes(b"")
        (folder / "link.nc").symlink_to(secret / "a.nc")
        (folder / "inside").symlink_to(secret)
        patch.setenv(VARIABLE, str(folder))
        for asked in (pattern, "**/*", f"../*/{pattern}", f"inside/{pattern}", str(secret / "*")):
            if not sentence_of(partial(found_files, asked), "There are no .nc or .h5 files"):
                assert found_files(asked) == [folder / "a.nc"]


def test_two_files_of_one_name_are_told():
    with pytest.raises(ValueError, match=r"Two files are called 'a.nc'"):
        check_upload([("x/a.nc", 1), ("y/A.nc", 1)])


def test_the_size_of_uploads_is_a_variable(monkeypatch):
    monkeypatch.setenv(UPLOAD, "3")
    assert largest_upload() == 3 * 2**20
    for nonsense in ("", "-1", "0", "many", "1e9"):
        monkeypatch.setenv(UPLOAD, nonsense)
        assert largest_upload() == 400 * 2**20


def piece(name: str, chunk: int, total: int, size: int) -> dict:
    return {
        "status": "upload_event", "name": name, "chunk": chunk, "total_chunks": total,
        "mime_type": "", "data": bytes(size),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ([piece("a.nc", i, 9, 2**19) for i in range(1, 4)], "at most 1 MB can be uploaded"),
        ([piece(f"{i}.nc", 1, 2, 1) for i in range(MOST_FILES + 1)], "65 files are too many"),
    ],
)
def test_pieces_beyond_the_limits_are_forgotten_as_they_come(pieces, sentence, monkeypatch):
    monkeypatch.setenv(UPLOAD, "1")
    told, sent = [], []
    field = Upload(refusal, told.append, multiple=True)
    monkeypatch.setattr(field, "_send_msg", sent.append)
    for one in ({"status": "initializing"}, *pieces):
        field._handle_msg(one)
    assert not field._buffer
    assert not field._file_buffer
    field._handle_msg({"status": "finished"})
    assert sentence in told[0]
    assert sent == [{"status": "error", "error": told[0]}]
    assert field.value is None
    for one in ({"status": "initializing"}, piece("a.nc", 1, 1, 7), {"status": "finished"}):
        field._handle_msg(one)
    assert field.value == [bytes(7)]
    assert len(told) == 1


def test_pieces_of_a_series_are_files_of_one_run():
    told, field = [], Upload(refusal, print, tally, multiple=True)
    field._send_msg = told.append
    field._handle_msg({"status": "initializing"})
    for i in range(4):
        for k in range(17):
            field._handle_msg(piece(f"run{i}_{k}.h5", 1, 1, 7))
    field._handle_msg({"status": "finished"})
    assert len(field.value) == 68
    assert told == [{"status": "finished"}]


def test_runs_are_counted_again_where_the_files_are_read(temporary):
    paths = [temporary / f"run{i}.h5" for i in range(MOST_FILES + 1)]
    for path in paths:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="65 files are too many") as told:
        list(read_recordings_sandboxed(paths))
    assert not isinstance(told.value, OvertaxedError)


def test_files_are_read_in_another_process(files, temporary):
    bad = temporary / "bad.nc"
    bad.write_text("no numbers")
    reading = (
        one for one in read_recordings_sandboxed([*files, bad], Reading()) if one is not None
    )
    found = [next(reading), next(reading)]
    with pytest.raises(ValueError, match=r"'bad.nc' is no HDF5 file") as told:
        next(reading)
    assert not isinstance(told.value, OvertaxedError)
    assert [one.file for one in found] == [path.name for path in files]
    whole = xr.load_dataset(files[1], engine="h5netcdf")
    assert np.array_equal(found[1].x, whole["state"].values)
    assert found[1].parameters == {"mu": 2.0}
    assert [c.name for c in found[1].components] == ["q", "p"]
    assert [path.name for path in temporary.iterdir()] == ["bad.nc"]


def test_what_unpacks_to_gigabytes_is_told(temporary):
    bomb = temporary / "bomb.nc"
    with h5py.File(bomb, "w") as file:
        chunks, shape = (1, 2**15, 16), (4, 2**15, 16)
        made = file.create_dataset("state", shape, "f8", chunks=chunks, compression="gzip")
        made[...] = 1.0
        for i, name in enumerate(("time", "particle", "component")):
            made.dims[i].label = name
    assert bomb.stat().st_size < 2**17
    reading = read_recordings_sandboxed([bomb], limits=ReadingLimits(memory=2**22))
    with pytest.raises(ValueError, match=r"'bomb.nc' .*memory.*\.$"):
        list(reading)
    assert [path.name for path in temporary.iterdir()] == ["bomb.nc"]


@pytest.mark.parametrize("sentence", FAULTS)
def test_a_reader_that_fails_is_one_sentence_on_the_page_and_leaves_nothing(
    sentence, workspace, files, temporary, monkeypatch
):
    limits, command = ReadingLimits(seconds=0.3), faulty(FAULTS[sentence])
    read = partial(read_recordings_sandboxed, limits=limits, command=command)
    monkeypatch.setattr(jobs, "read_recordings_sandboxed", read)
    workspace.give([("bad.nc", b"1"), (files[0].name, files[0].read_bytes())])
    assert sentence in settled(workspace).problem
    assert "bad.nc" in workspace.problem
    assert str(temporary) not in workspace.problem
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    assert workspace.paths == ()


def test_what_a_reader_takes_to_start_is_not_the_files(files):
    slow = [sys.executable, "-c", "import time; time.sleep(2.5)" + FAKE + "sys.exit(1)"]
    with pytest.raises(OvertaxedError, match=r"'bad.nc' ended the process that read it"):
        list(read_recordings_sandboxed(files, limits=ReadingLimits(seconds=2.0), command=slow))


def test_a_cancelled_reader_is_killed(workspace, files, temporary, monkeypatch):
    read = partial(read_recordings_sandboxed, command=faulty("while True: pass"))
    monkeypatch.setattr(jobs, "read_recordings_sandboxed", read)
    workspace.give([(path.name, path.read_bytes()) for path in files])
    end = time.monotonic() + 60
    while not (found := list(temporary.glob("hoam-read-*/now"))):
        assert time.monotonic() < end
        time.sleep(0.02)
    child = int((found[0].parent / "pid").read_text())
    os.kill(child, 0)
    workspace.cancel()
    while found[0].parent.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert workspace.problem == ""


def test_a_full_disk_while_an_upload_is_taken(workspace, files, temporary, monkeypatch):
    write = Path.write_bytes

    def full(self, data):
        write(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    workspace.give([(path.name, path.read_bytes()) for path in files])
    assert workspace.problem.startswith("The run failed: No space left on device.")
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


def test_another_upload_takes_the_place_of_the_first(workspace, monkeypatch):
    monkeypatch.setattr(jobs, "read_recordings_sandboxed", lambda *_: iter([]))
    for name in ("a.nc", "b.nc"):
        workspace.give([(name, b"1")])
        settled(workspace)
    assert [path.name for path in workspace.folder.rglob("*") if path.is_file()] == ["b.nc"]
