"""Tasks on real worker processes: the same bits as here, whoever dies in between."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import xarray as xr

from hoam_core import simulate
from hoam_core.checks import ClusterError
from hoam_core.studies import full_model_study, run_study
from hoam_core.studies.cluster import Result, connect, run_tasks
from hoam_core.studies.task_store import open_store, read_store

pytest.importorskip("distributed")
ROOT = Path(__file__).parent.parent


def sweep(**changes):
    """Six runs of a hundredth of a second."""
    options = {"seeds": [0, 1], "particles": 64, "n_times": 5, "states": True, **changes}
    return full_model_study("oscillator", {"omega": [3.0, 4.0, 5.0]}, **options)


@pytest.fixture(scope="module")
def client():
    """A client of two worker processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with connect(workers=2) as client:
            yield client


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """The store that this process filled alone."""
    path = tmp_path_factory.mktemp("serial") / "sweep.zarr"
    *_, last = run_study(sweep(), path)
    assert (last.done, last.total, last.share) == (6, 6, 1.0)
    return read_store(path)


def test_a_sweep_is_that_of_single_runs(serial):
    run = simulate("oscillator", {"omega": 4.0}, particles=64, n_times=5, seed=1)
    one = serial.sel(omega=4.0, seed=1)
    for name in run.data_vars:
        np.testing.assert_array_equal(one[name], run[name])
    assert serial["state"].dims == ("omega", "seed", "time", "particle", "component")
    assert serial["state"].dtype == np.float64


def test_worker_processes_leave_the_same_bits(client, serial, tmp_path):
    *_, last = run_study(sweep(), tmp_path / "s.zarr", client)
    assert last.done == 6
    xr.testing.assert_identical(read_store(tmp_path / "s.zarr"), serial)


def test_a_scheduler_of_ones_own_is_found_by_its_address(client, serial, tmp_path):
    with connect(client.scheduler.address) as other:
        *_, last = run_study(sweep(), tmp_path / "s.zarr", other)
    assert last.done == 6
    xr.testing.assert_identical(read_store(tmp_path / "s.zarr"), serial)


def busy_worker(client):
    """Address and tasks of a worker that is at work now."""
    while True:
        for address, keys in client.processing().items():
            if keys:
                return address, keys
        time.sleep(0.01)


def test_nothing_is_lost_and_nothing_twice_when_a_worker_is_killed(client, tmp_path):
    study = sweep(seeds=range(8), particles=4_096, n_times=21, states=False)
    process = client.run(os.getpid)
    reports, killed = [], None
    for report in run_tasks(study.work, study.tasks, client):
        reports.append(report)
        if killed is None:
            address, lost = busy_worker(client)
            killed = process[address]
            os.kill(killed, signal.SIGKILL)
    assert lost
    assert killed not in client.run(os.getpid).values()
    assert sorted(r.task for r in reports) == list(range(len(study.tasks)))
    for report in reports[-3:]:
        (again,) = (r for r in run_tasks(study.work, [study.tasks[report.task]]) if r.result)
        for name, values in again.result.values.items():
            np.testing.assert_array_equal(report.result.values[name], values)


COMMAND = ["runs", "oscillator", "--set", "omega=2:6:50", "--seeds", "2", "--particles", "64",
           "--n-times", "5", "--quiet"]  # fmt: skip


def started(out, workers):
    """The command in a process of its own, in double precision, like these tests."""
    arguments = [sys.executable, "-m", "hoam_core.cli", *COMMAND]
    return subprocess.Popen(
        [*arguments, "--out", str(out), "--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "JAX_ENABLE_X64": "1"}, cwd=out.parent,
        text=True, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def finished_files(path):
    """The chunks of all finished tasks, with their times of writing."""
    done = {p.relative_to(path / "done") for p in (path / "done" / "c").rglob("*") if p.is_file()}
    chunks = [p for one in done for p in path.glob(f"mean_*/{one}/*") if p.is_file()]
    return {p: p.stat().st_mtime_ns for p in chunks}


def wait_for(tasks, path, process):
    """Until so many tasks are done, though not all of them."""
    while sum(p.is_file() for p in (path / "done").rglob("c/*/*")) < tasks:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.002)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_client_that_was_killed_leaves_what_another_goes_on_with(workers, tmp_path):
    path = tmp_path / "s.zarr"
    process = started(path, workers)
    wait_for(3, path, process)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    # Workers end with their client.
    assert not psutil.wait_procs(family, timeout=20)[1]
    axes = {"omega": [float(f"{omega:.12g}") for omega in np.linspace(2, 6, 50)]}
    study = full_model_study("oscillator", axes, seeds=range(2), particles=64, n_times=5)
    before = finished_files(path)
    count = int(open_store(path, study.layout).finished().sum())
    assert 3 <= count < 100
    first, *_, last = run_study(study, path)
    assert (first.done, last.done) == (count, 100)
    after = finished_files(path)
    assert before
    assert before.items() <= after.items()
    *_, _ = run_study(study, tmp_path / "whole.zarr")
    xr.testing.assert_identical(read_store(path), read_store(tmp_path / "whole.zarr"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_command_says_so_and_goes_on_later(workers, tmp_path):
    path = tmp_path / "s.zarr"
    process = started(path, workers)
    wait_for(3, path, process)
    # As Ctrl-C does, to all processes of the command.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "Interrupted" in said
    again = started(path, workers)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert bool(read_store(path)["done"].all())


def failing(task):
    yield "working", 0.5
    raise ValueError(f"Argument `task` must not be {task}.")


def deadly(task):
    yield "working", 0.5
    os.kill(os.getpid(), signal.SIGKILL)


def where(task):
    yield "working", 0.5
    return Result({"pid": os.getpid()})


def test_an_error_in_a_task_is_raised_where_it_was_asked_for(client):
    for here in (None, client):
        with pytest.raises(ValueError, match="must not be 3"):
            list(run_tasks(failing, [3], here))


def test_tasks_are_shared_by_processes_that_are_not_this_one(client):
    found = {r.result.values["pid"] for r in run_tasks(where, range(8), client) if r.result}
    assert found == set(client.run(os.getpid).values())
    assert os.getpid() not in found


def test_versions_of_client_and_worker_must_agree(client, monkeypatch):
    monkeypatch.setattr("hoam_core.studies.cluster.__version__", "9.9")
    with pytest.raises(ClusterError, match=r"hoam_core .*, but the client has 9\.9"):
        list(run_tasks(where, [0], client))


@pytest.mark.slow
def test_a_task_that_ends_every_worker_is_given_up_in_a_sentence():
    with connect(workers=2) as client, pytest.raises(ClusterError, match="ended its worker"):
        list(run_tasks(deadly, [0], client))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scheduler": "tcp://127.0.0.1:1", "workers": 2}, "must be left out beside"),
        ({"scheduler": "127.0.0.1:1"}, "must start with tcp:// or tls://"),
        ({"workers": 0}, "`workers` must be a whole number of at least 1"),
    ],
)
def test_a_cluster_that_cannot_be_is_a_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence), connect(**options):
        pass


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_a_sentence():
    address = "tcp://127.0.0.1:1"
    with pytest.raises(ValueError, match="does not answer"), connect(address):
        pass


def test_one_worker_is_this_process():
    with connect(workers=1) as client:
        assert client is None
    with connect(tasks=1) as client:
        assert client is None
