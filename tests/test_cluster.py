"""Tasks on real worker processes: the same bits as here, whoever dies in between."""

import os
import signal
import time

import numpy as np
import pytest
import xarray as xr

from hoam_core import simulate
from hoam_core.cluster import connect, run_tasks
from hoam_core.studies import full_model_sweep, run_study
from hoam_core.task_store import read_store

from .conftest import CACHE

pytest.importorskip("distributed")
OMEGAS = [3.0, 4.0, 5.0]


def sweep(**changes):
    """Six runs; twelve compile nothing more."""
    options = {"seeds": [0, 1], "particles": 64, "n_times": 5, "states": True, **changes}
    return full_model_sweep("oscillator", {"omega": OMEGAS}, **options)


@pytest.fixture(scope="module")
def client():
    """A client of two worker processes that keep what they compile where the tests do."""
    kept = {
        "JAX_COMPILATION_CACHE_DIR": str(CACHE),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in kept.items():
            patch.setenv(name, value)
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


def busy_worker(client) -> str:
    """The address of a worker that is at work now."""
    while True:
        for address, keys in client.processing().items():
            if keys:
                return address
        time.sleep(0.01)


def test_nothing_is_lost_and_nothing_twice_when_a_worker_is_killed(client, serial, tmp_path):
    study = sweep(seeds=range(8), particles=4_096, n_times=21, states=False)
    process = client.run(os.getpid)
    seen, killed = [], None
    for report in run_tasks(study.work, study.tasks, client):
        seen.append(report.task)
        if killed is None:
            killed = process[busy_worker(client)]
            os.kill(killed, signal.SIGKILL)
    assert sorted(seen) == list(range(len(study.tasks)))
    assert killed not in client.run(os.getpid).values()


def failing(task):
    yield "working", 0.5
    raise ValueError(f"Argument `task` must not be {task}.")


def test_an_error_in_a_task_is_raised_where_it_was_asked_for(client):
    for where in (None, client):
        with pytest.raises(ValueError, match="must not be 3"):
            list(run_tasks(failing, [3], where))
