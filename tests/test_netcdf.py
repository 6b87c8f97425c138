"""NetCDF as other programs write it: classic files, characters, units of time, lattices, sizes."""

import json
import shutil
import subprocess
import sys
import textwrap

import h5netcdf
import numpy as np
import pytest
import xarray as xr

from hoam_core.recorded.netcdf import UNWRITTEN, read_start
from hoam_core.recorded.reader import read_recording
from hoam_core.recorded.recordings import collect

TS = np.array([0.0, 0.5, 1.0, 1.5, 2.0])


def shearing(n: int = 300, seed: int = 0) -> np.ndarray:
    """A population (t, n, 2) that shears: positions drift by their velocities."""
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=(2, n))
    return np.stack([x + TS[:, None] * v, np.tile(v, (len(TS), 1))], axis=-1)


def run(ts=TS, component=("x", "v"), **attributes) -> xr.Dataset:
    told = {"parameters": json.dumps({"shear": 1.0})} | attributes
    state = ("time", "particle", "component"), shearing()
    return xr.Dataset({"state": state}, {"time": ts, "component": list(component)}, told)


def written(path, data: xr.Dataset, engine="h5netcdf", **options):
    data.to_netcdf(path, engine=engine, **options)
    return path


WORDINGS = [
    "seconds", "days since 2000-01-01", "milliseconds since start", "fs", "hours since the pulse",
    "nanoseconds since 1970-01-01T00:00:00", "months since 1999-12-01", "µs", "model time", "1",
]  # fmt: skip


@pytest.mark.parametrize("wording", WORDINGS)
def test_times_are_the_numbers_in_the_file_and_their_unit_is_told(wording, tmp_path):
    data = run()
    data.time.attrs["units"] = wording
    path = written(tmp_path / "a.nc", data)
    read = read_recording(path)
    assert read.ts.tolist() == TS.tolist()
    unit = "" if wording in ("model time", "1") else wording.split(" since")[0]
    assert read.time_unit == unit
    assert any(f"Times are in {unit}" in note for note in read.notes) == bool(unit)
    assert read_start(path)[0] == 0.0


def test_datetimes_and_durations_are_numbers_too(tmp_path):
    start = np.datetime64("2024-05-01")
    for ts in (
        start + np.arange(5) * np.timedelta64(1, "s"),
        np.arange(5) * np.timedelta64(1, "s"),
    ):
        read = read_recording(written(tmp_path / "a.nc", run(ts=ts)))
        steps = np.diff(read.ts)
        assert steps == pytest.approx(steps[0])
        assert read.time_unit
    late = run(ts=1e-9 + 0.5e-15 * np.arange(5))
    late.time.attrs["units"] = "s"
    read = read_recording(written(tmp_path / "late.nc", late))
    assert read.ts == pytest.approx(0.5e-15 * np.arange(5), rel=1e-6)


def test_files_whose_times_have_other_units_do_not_fit_together(tmp_path):
    read = []
    for i, unit in enumerate(("seconds since start", "milliseconds")):
        data = run(parameters=json.dumps({"shear": 1.0 + i}))
        data.time.attrs["units"] = unit
        read.append(read_recording(written(tmp_path / f"{i}.nc", data)))
    with pytest.raises(ValueError, match=r"'1.nc' are in milliseconds, those of '0.nc' in seconds"):
        collect(read)


CHARACTERS = {
    "bytes": np.array([b"x", b"v"]),
    "padded": np.array(["x   ", "v\0\0"], "S4"),
    "objects": np.array(["x", "v"], object),
}


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
@pytest.mark.parametrize("names", CHARACTERS.values(), ids=CHARACTERS)
def test_names_come_as_characters(names, engine, tmp_path):
    path = written(tmp_path / "a.nc", run().assign_coords(component=names), engine)
    assert [c.name for c in read_recording(path).components] == ["x", "v"]
    assert read_start(path)[1] == ("x", "v")


def test_names_come_as_columns_of_characters(tmp_path):
    # As MATLAB writes a matrix of characters, whose first index runs fastest.
    letters = np.array([[b"p", b"p"], [b"x", b"y"]])
    with h5netcdf.File(tmp_path / "a.nc", "w") as file:
        file.dimensions = {"time": 5, "particle": 300, "component": 2, "nchar": 2}
        file.create_variable("time", ("time",), float)[:] = TS
        file.create_variable("state", ("time", "particle", "component"), float)[:] = shearing()
        file.create_variable("component", ("nchar", "component"), "S1")[:] = letters
        file.attrs["parameters"] = np.bytes_('{"shear": 2}')
    read = read_recording(tmp_path / "a.nc")
    assert [c.name for c in read.components] == ["px", "py"]
    assert read.parameters == {"shear": 2.0}


def test_classic_files_are_read_and_broken_ones_told(tmp_path):
    for kind in ("NETCDF3_CLASSIC", "NETCDF3_64BIT"):
        path = written(tmp_path / "a.nc", run(), "scipy", format=kind)
        read = read_recording(path)
        assert read.x == pytest.approx(shearing(), abs=1e-6)
        assert read.parameters == {"shear": 1.0}
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"'a.nc' cannot be read .*NetCDF 3.*nccopy -k nc4"):
        read_recording(path)
    path.write_bytes(b"CDF\x05" + bytes(100))
    with pytest.raises(ValueError, match=r"'a.nc' cannot be read .*NetCDF 3.*nccopy -k nc4"):
        read_recording(path)


@pytest.mark.parametrize("dims", [("time", "y", "x"), ("time", "component", "x")])
def test_a_lattice_is_told_for_what_it_is(dims, tmp_path):
    data = xr.Dataset({"state": (dims, np.zeros((5, 3, 4)))}, {"time": TS})
    path = written(tmp_path / "spins.nc", data)
    with pytest.raises(ValueError, match=r"'spins.nc' holds a lattice.*`hoam train ising`") as told:
        read_recording(path)
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize("scale", [1e24, 1e-30, -3e29, 1e-13])
def test_a_parameter_of_any_size_is_an_ordinary_number(scale, tmp_path):
    read = []
    for i in range(3):
        about = json.dumps({"n0": scale * (1 + i)})
        read.append(read_recording(written(tmp_path / f"{i}.nc", run(parameters=about))))
    collection = collect(read)
    (axis,) = collection.axes
    assert sorted(axis) == pytest.approx(sorted(scale * (1 + i) for i in range(3)), rel=1e-12)
    (about,) = collection.system().parameters
    assert about.low < axis[0] < axis[-1] < about.high


def test_what_single_precision_cannot_hold_is_told(tmp_path):
    path = written(tmp_path / "a.nc", run(parameters='{"n0": 1e39}'))
    with pytest.raises(ValueError, match=r"'n0' of 'a.nc' is 1e\+39; .* another unit"):
        read_recording(path)
    for factor, sentence in ((1e33, "a larger unit"), (1e-33, "a smaller unit")):
        data = run()
        path = written(tmp_path / "a.nc", data.assign(state=data.state * factor))
        with pytest.raises(ValueError, match=sentence):
            read_recording(path)


LOWEST = """
    import sys, json
    from hoam_core.storage.datasets import read_dataset
    import xarray
    found = {path: read_dataset(path).time.values.tolist() for path in sys.argv[1:]}
    print(json.dumps({"xarray": xarray.__version__, "found": found}))
"""


@pytest.mark.slow
def test_the_lowest_xarray_that_is_allowed_reads_the_same_times(tmp_path, pytestconfig):
    """In an environment of its own, whose xarray comes before that of this one."""
    uv = shutil.which("uv")
    pip = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    text = (pytestconfig.rootpath / "pyproject.toml").read_text()
    lowest = text.split('"xarray>=')[1].split('"')[0]
    own = tmp_path / "own"
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--target", own, f"xarray=={lowest}.*"],
        check=True,
    )
    paths = []
    for i, wording in enumerate(WORDINGS):
        data = run()
        data.time.attrs["units"] = wording
        paths.append(str(written(tmp_path / f"{i}.nc", data)))
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(LOWEST), *paths],
        check=True, capture_output=True, text=True,
        env={"PYTHONPATH": f"{own}:{pytestconfig.rootpath}", "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    told = json.loads(there.stdout)
    assert told["xarray"].startswith(lowest)
    assert all(ts == TS.tolist() for ts in told["found"].values())


@pytest.mark.parametrize("empty", [UNWRITTEN, np.nan, 0.0])
def test_times_that_were_never_written_are_left_out_and_told(empty, tmp_path):
    data = run()
    whole = data.state.values.copy()
    data.state[-1:] = empty
    read = read_recording(written(tmp_path / "a.nc", data))
    np.testing.assert_array_equal(read.x, whole[:-1].astype(read.x.dtype))
    assert read.ts.tolist() == TS[:-1].tolist()
    assert "The last time holds no states" in " ".join(read.notes)


def test_a_file_of_an_unlimited_time_that_outran_its_states_is_cut(tmp_path):
    states = shearing()
    with h5netcdf.File(tmp_path / "a.nc", "w") as file:
        file.dimensions = {"time": None, "particle": states.shape[1], "component": 2}
        time = file.create_variable("time", ("time",), float)
        state = file.create_variable("state", ("time", "particle", "component"), float)
        file.resize_dimension("time", len(TS))
        state[:] = states
        file.resize_dimension("time", len(TS) + 1)
        time[:] = np.append(TS, 2 * TS[-1] - TS[-2])
        file.create_variable("component", ("component",), data=np.array([b"x", b"v"]))
    read = read_recording(tmp_path / "a.nc")
    assert len(read.ts) == len(TS)
    assert any("The last time holds no states" in note for note in read.notes)


def test_numbers_in_between_that_were_never_written_are_told(tmp_path):
    data = run()
    data.state[2, 5] = UNWRITTEN
    with pytest.raises(ValueError, match=f"at t = {TS[2]:g} that were never written"):
        read_recording(written(tmp_path / "a.nc", data))


@pytest.mark.parametrize("kind", ["<f2", ">f2", ">f4", ">f8", "<f8", "<i2", ">i4", "u2"])
def test_numbers_of_any_precision_and_order_are_the_same_population(kind, tmp_path):
    data = run()
    data["state"] = np.round(20 * data.state - data.state.min() * 20)
    whole = data.state.values
    read = read_recording(written(tmp_path / "a.nc", data.assign(state=data.state.astype(kind))))
    np.testing.assert_allclose(read.x, whole, rtol=1e-3, atol=0.5)
    assert read.ts.tolist() == TS.tolist()
