"""Files appear whole or not at all, and hold what the interface says."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from hoam_core import SYSTEMS, __version__, simulate
from hoam_core.storage.datasets import (
    check_file,
    check_folder,
    read_dataset,
    to_dataset,
    whole_file,
    write_dataset,
)

LONG_TO_COMPILE = ("nbmota", "curie-weiss", "trap", "chaos-9d")


@pytest.fixture(scope="module")
def run():
    return simulate("two-stream", {"mu": 1.25}, particles=50, seed=3, t_end=0.5, n_times=4)


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow if name in LONG_TO_COMPILE else ())
    for name in SYSTEMS
])  # fmt: skip
def test_a_run_has_the_layout_of_the_interface(name, float32):
    system = SYSTEMS[name]
    values = {p.name: p.default for p in system.parameters}
    found = simulate(name, values, particles=20, seed=5, t_end=0.1, n_times=3)
    assert found["state"].dims == ("time", "particle", "component")
    assert found["state"].shape == (3, 20, len(system.components))
    assert list(found["component"].values) == [c.name for c in system.components]
    np.testing.assert_allclose(found["time"], [0, 0.05, 0.1])
    for observable in system.observable_info:
        assert found[observable.name].dims == ("time",)
    assert all("units" in found[v].attrs for v in found.data_vars)
    assert json.loads(found.attrs["parameters"]) == values
    expected = {"system": name, "seed": 5, "particles": 20, "method": "full-model"}
    assert {k: found.attrs[k] for k in expected} == expected
    assert found.attrs["version"] == __version__


def test_the_electric_energy_of_a_run_is_that_of_its_state(run):
    system = SYSTEMS["two-stream"]
    last = system.observables(jnp.asarray(run["state"].values[-1]), jnp.array([1.25]))
    assert float(run["electric_energy"][-1]) == pytest.approx(float(last["electric_energy"]))


def test_positions_are_wrapped_and_velocities_are_not(run):
    x, v = run["state"].sel(component="x"), run["state"].sel(component="v")
    assert 0 <= float(x.min()) < float(x.max()) < 50
    assert float(v.min()) < 0


def test_netcdf_gives_back_every_value_and_attribute(run, tmp_path):
    path = tmp_path / "run.nc"
    write_dataset(run, path)
    again = read_dataset(path)
    xr.testing.assert_identical(again, run.assign_coords(component=again["component"]))
    assert list(again["component"].values) == ["x", "v"]
    assert [p.name for p in tmp_path.iterdir()] == ["run.nc"]


def test_writing_replaces_a_file(run, tmp_path):
    path = tmp_path / "run.nc"
    path.write_text("old")
    write_dataset(run, path)
    assert read_dataset(path).sizes["particle"] == 50


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def write():
        with whole_file(path) as part:
            part.write_text("half of the n")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_full_disk_while_a_run_is_written_leaves_nothing(run, tmp_path, monkeypatch):
    write = Path.write_bytes

    def full(self, data):
        write(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_dataset(run, tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_writing_leaves_nothing(tmp_path):
    def write():
        with whole_file(tmp_path / "a") as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_written_file_has_the_rights_of_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    with whole_file(tmp_path / "whole") as part:
        part.write_text("")
    assert (tmp_path / "whole").stat().st_mode == plain.stat().st_mode


def test_a_missing_folder_is_named_with_the_cure(run, tmp_path):
    with pytest.raises(ValueError, match=r"`out` names the folder .*does not exist; create it"):
        write_dataset(run, tmp_path / "none" / "run.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"`out` names the folder .*; add a file name"):
        check_file(tmp_path)


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"`out` names the folder .*cannot be written.*choose"):
        check_folder(tmp_path / "file" / "below")


def test_a_read_only_folder_is_refused_before_anything_runs(tmp_path, monkeypatch):
    # Rights do not bind the user root, so the refusal of the system is imitated.
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ValueError, match=r"cannot be written \(Permission denied\); choose"):
        check_file(tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"There is no file .*none.nc"):
        read_dataset(tmp_path / "none.nc")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused_with_the_cure(run, tmp_path, share):
    path = tmp_path / "run.nc"
    write_dataset(run, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=r"cannot be read as NetCDF.*truncated"):
        read_dataset(path)


def test_a_file_without_a_state_is_refused(tmp_path):
    path = tmp_path / "other.nc"
    xr.Dataset({"a": ("time", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(
        ValueError, match=r"lacks the variable `state\(time, particle, component\)`"
    ):
        read_dataset(path)


def test_parameters_are_written_as_they_were_given(float32):
    system = SYSTEMS["two-stream"]
    mu = system.vector({"mu": 1.3})
    made = to_dataset(system, mu, np.zeros(1), jnp.ones((1, 4, 2)), seed=0, method="x")
    assert made.attrs["parameters"] == '{"mu": 1.3}'
