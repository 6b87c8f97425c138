"""Files of snapshots: NetCDF and openPMD, round trips, and a sentence for everything wrong."""

import json
from pathlib import Path

import h5py
import jax
import numpy as np
import openpmd_api as io
import pytest
import xarray as xr

from hoam_core import simulate
from hoam_core.recorded.learning import learn_recorded
from hoam_core.recorded.options import fewer
from hoam_core.recorded.reader import Reading, read_recording, series_of
from hoam_core.recorded.recordings import collect, with_values
from hoam_core.storage.datasets import write_dataset

VALUES = (1.3, 1.4, 1.5)


@pytest.fixture(scope="module")
def runs() -> list[xr.Dataset]:
    """Three runs of the two-stream instability."""
    with jax.enable_x64(False):
        return [
            simulate("two-stream", {"mu": mu}, particles=2_048, seed=i, t_end=6.0, n_times=21)
            for i, mu in enumerate(VALUES)
        ]


@pytest.fixture(scope="module")
def files(runs, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("netcdf")
    paths = [folder / f"run-{mu}.nc" for mu in VALUES]
    for run, path in zip(runs, paths, strict=True):
        write_dataset(run, path)
    return paths


def judged(collection, folder) -> list[dict]:
    """W2 at the middle value, which the model has not seen, beside its floor."""
    with jax.enable_x64(False):
        *_, last = learn_recorded(collection, folder, held_out=("mu", 1.4))
    return last.model.errors[0]["w2"]


@pytest.mark.slow
def test_netcdf_round_trip_reaches_the_noise_floor_at_a_held_out_value(files, runs, tmp_path):
    collection = collect([read_recording(path) for path in reversed(files)])
    assert collection.axes == (VALUES,)
    assert collection.lengths == (50.0, None)
    assert [c.unit for c in collection.components] == ["lambda_D/mu", "v_th"]
    ours = np.sort(collection.x[1, -1, :, 1])
    assert ours == pytest.approx(np.sort(runs[1].state.values[-1, :, 1]), abs=1e-5)
    for row in judged(collection, tmp_path):
        assert row["ratio"] < 1.6


def write_openpmd(path: Path, run: xr.Dataset, *, attribute: str = "", **options) -> None:
    """A run as an openPMD series in femtoseconds and micrometres, particles in another order."""
    weights, ids = options.get("weights"), options.get("ids", False)
    rng = np.random.default_rng(1)
    series = io.Series(str(path), io.Access.create)
    if attribute:
        series.set_attribute(attribute, json.loads(run.attrs["parameters"])["mu"])
    for k, time in enumerate(run.time.values):
        iteration = series.iterations[10 * k]
        iteration.time, iteration.dt, iteration.time_unit_SI = float(time), 1.0, 1e-15
        species = iteration.particles["electrons"]
        order = rng.permutation(run.sizes["particle"]) if ids else np.arange(run.sizes["particle"])
        x, v = (np.ascontiguousarray(run.state.values[k, order, i], float) for i in (0, 1))
        columns = {("position", "x"): (x - 7.0, 1e-6), ("momentum", "x"): (v, 1e-24)}
        for (record, name), (values, unit) in columns.items():
            part = species[record][name]
            part.reset_dataset(io.Dataset(values.dtype, values.shape))
            part.unit_SI = unit
            part.store_chunk(values)
        constants = {("positionOffset", "x"): (7.0, 1e-6), ("momentum", "y"): (0.0, 1.0)}
        for (record, name), (value, unit) in constants.items():
            part = species[record][name]
            part.reset_dataset(io.Dataset(np.dtype(float), x.shape))
            part.unit_SI = unit
            part.make_constant(value)
        scalars = {"weighting": weights, "id": order.astype(np.uint64) if ids else None}
        for name, values in scalars.items():
            if values is not None:
                part = species[name][io.Record_Component.SCALAR]
                part.reset_dataset(io.Dataset(values.dtype, values.shape))
                part.store_chunk(np.ascontiguousarray(values))
        series.flush()
    series.close()


def test_openpmd_round_trip_reaches_the_noise_floor_at_a_held_out_value(runs, tmp_path):
    paths = [tmp_path / f"run{i}.h5" for i in range(3)]
    for run, path in zip(runs, paths, strict=True):
        write_openpmd(path, run, attribute="mu", ids=True)
    read = [read_recording(path, Reading(attributes=("mu",))) for path in paths]
    assert [c.name for c in read[0].components] == ["x", "px"]
    assert [c.unit for c in read[0].components] == ["µm", "10⁻²⁴ kg m/s"]
    assert read[0].paths
    assert read[0].ts == pytest.approx(runs[0].time.values)
    collection = collect(read, lengths={"x": 50.0})
    velocities = np.sort(collection.x[0, 5, :, 1])
    assert velocities == pytest.approx(np.sort(runs[0].state.values[5, :, 1]), rel=1e-4, abs=1e-4)
    positions = np.sort(collection.x[0, 5, :, 0])
    assert positions == pytest.approx(np.sort(runs[0].state.values[5, :, 0]), abs=1e-3)
    for row in judged(collection, tmp_path / "model"):
        assert row["ratio"] < 1.6


def test_unequal_weights_are_drawn_by_weight(runs, tmp_path):
    fast = runs[0].state.values[0, :, 1] > 0
    write_openpmd(tmp_path / "w.h5", runs[0], weights=np.where(fast, 3.0, 1.0))
    read = read_recording(tmp_path / "w.h5")
    assert np.mean(read.x[0, :, 1] > 0) == pytest.approx(0.75, abs=0.01)
    assert not read.paths
    assert "weight" in read.notes[0]


def test_one_file_an_iteration_is_one_series(runs, tmp_path):
    write_openpmd(tmp_path / "data_%04T.h5", runs[0].isel(time=slice(0, 5)))
    paths = sorted(tmp_path.glob("*.h5"))
    assert len(paths) == 5
    (series,) = series_of(paths)
    assert series.name == "data_%T.h5"
    read = read_recording(series)
    assert read.x.shape == (5, 2_048, 2)
    assert read.parameters == {}


def test_the_smallest_number_of_particles_is_what_all_keep(files):
    most = zip(files, (1_800, 1_500, 1_200), strict=True)
    read = [read_recording(path, Reading(most=n)) for path, n in most]
    assert {one.found for one in read} == {2_048}
    assert "1,800 particles" in read[0].notes[0]
    collection = collect(read)
    assert collection.x.shape[2] == 1_200
    again = collect(read)
    assert np.array_equal(again.x, collection.x)
    assert not np.array_equal(collect(read, seed=1).x, collection.x)


def test_values_are_typed_for_every_file(files):
    read = [read_recording(path) for path in files]
    typed = with_values(read, {"mu": [3, 2, 1]})
    assert collect(typed).files == ("run-1.5.nc", "run-1.4.nc", "run-1.3.nc")
    with pytest.raises(ValueError, match="each of the 3 files, but holds 2"):
        with_values(read, {"mu": [1, 2]})


def altered(path: Path, run: xr.Dataset, change) -> Path:
    write_dataset(change(run.copy(deep=True)), path)
    return path


def with_nan(run):
    run.state.values[3, 5, 1] = np.nan
    return run


def constant(run):
    run.state.values[..., 1] = 2.0
    return run


BROKEN = {
    "lacks the variable `state": lambda run: run.drop_vars("state"),
    "lacks the coordinate `time`": lambda run: run.drop_vars("time"),
    "lacks the coordinate `component`": lambda run: run.drop_vars("component"),
    "'v' of the variable `state` of 'a.nc' holds a NaN": with_nan,
    r"has 3 value\(s\), but a model needs at least 4": lambda run: run.isel(time=slice(0, 3)),
    "holds 100 particles": lambda run: run.isel(particle=slice(0, 100)),
    "not equally spaced": lambda run: run.isel(time=[0, 1, 2, 5, 6]),
    "must hold increasing": lambda run: run.isel(time=[0, 2, 1, 3, 4]),
    "is the same for all particles": constant,
    "attribute `parameters` of 'a.nc'": lambda run: run.assign_attrs(parameters="mu: 3"),
    "a parameter of 'a.nc' is '<img src=x": lambda run: run.assign_attrs(
        parameters='{"<img src=x onerror=alert()>": 1}'
    ),
    "a component of 'a.nc' is": lambda run: run.assign_coords(
        component=["x", 'v"""\nimport os\n"""']
    ),
    "attribute `parameters` of 'a.nc' is '{\"mu\": true}'": lambda run: run.assign_attrs(
        parameters='{"mu": true}'
    ),
    "'mu' of 'a.nc' is nan": lambda run: run.assign_attrs(parameters='{"mu": NaN}'),
}


def test_a_time_off_the_grid_is_left_out_and_told(runs, tmp_path):
    times = [0, 2, 4, 6, 8, 9]
    read = read_recording(altered(tmp_path / "a.nc", runs[0], lambda run: run.isel(time=times)))
    assert read.ts == pytest.approx(runs[0].time.values[times[:-1]])
    assert (
        "Time 2.7 1/(mu omega_p) does not fit the equal steps of the others and is left out."
        in read.notes
    )


def test_times_that_do_not_begin_with_zero_are_told(runs, tmp_path):
    late = altered(tmp_path / "a.nc", runs[0], lambda run: run.assign_coords(time=run.time + 5))
    read = read_recording(late)
    assert read.ts[0] == 0
    assert "Times are counted from the first, which is 5 1/(mu omega_p) in the file." in read.notes


@pytest.mark.parametrize("kind", [complex, bool])
def test_a_state_that_is_not_real_is_refused(kind):
    with pytest.raises(ValueError, match=rf"'a.nc' holds values of type {kind.__name__}"):
        fewer(np.ones((4, 256, 2), kind), Reading(), "a.nc")


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_file_is_told_with_its_name(sentence, runs, tmp_path):
    path = altered(tmp_path / "a.nc", runs[0], BROKEN[sentence])
    with pytest.raises(ValueError, match=sentence) as told:
        read_recording(path)
    assert "a.nc" in str(told.value)
    assert str(tmp_path) not in str(told.value)


def test_what_is_no_file_or_no_hdf5_is_told(tmp_path):
    (tmp_path / "text.nc").write_text("no numbers here")
    with pytest.raises(ValueError, match=r"'text.nc' is no HDF5 file"):
        read_recording(tmp_path / "text.nc")
    with pytest.raises(ValueError, match=r"There is no file 'none.nc'"):
        read_recording(tmp_path / "none.nc")


def test_a_file_that_refers_to_others_is_refused(files, tmp_path):
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["state"] = h5py.ExternalLink(str(files[0]), "/state")
    (tmp_path / "secret").write_bytes(bytes(800))
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("state", (100,), "f8", external=[(str(tmp_path / "secret"), 0, 800)])
    for name in ("link.h5", "raw.h5"):
        with pytest.raises(ValueError, match="refers to another file at 'state'"):
            read_recording(tmp_path / name)


COLLECTIONS = {
    "both belong to mu = 1.3": lambda run: run,
    "does not tell its parameter 'mu'": lambda run: run.assign_attrs(parameters="{}"),
    "differs from that of 'run-1.3.nc'": lambda run: run.isel(time=slice(0, 15)),
    "holds the components q, v": lambda run: run.assign_coords(component=["q", "v"]),
}


@pytest.mark.parametrize("sentence", COLLECTIONS)
def test_files_that_do_not_fit_together_are_told(sentence, runs, files, tmp_path):
    path = altered(tmp_path / "b.nc", runs[0], COLLECTIONS[sentence])
    read = [read_recording(one) for one in (*files, path)]
    with pytest.raises(ValueError, match=sentence) as told:
        collect(read)
    assert "b.nc" in str(told.value)


def test_one_value_alone_is_no_family(files):
    with pytest.raises(ValueError, match=r"All files have the same parameters \(mu = 1.3\)"):
        collect([read_recording(files[0])])
    with pytest.raises(ValueError, match="There is no file"):
        collect([])


def test_several_parameters_fill_a_grid(files):
    read = [read_recording(path) for path in (*files[:2], *files[:2])]
    typed = with_values(read, {"charge": [1, 1, 2, 2]})
    collection = collect(typed)
    assert collection.names == ("charge", "mu")
    assert collection.sets()[1] == {"charge": 1.0, "mu": 1.4}
    with pytest.raises(ValueError, match=r"No file holds charge = 2, mu = 1.4"):
        collect(typed[:3])


def test_lengths_are_typed_or_come_from_the_file(files, runs, tmp_path):
    read = [read_recording(path) for path in files]
    assert collect(read, lengths={"x": 0}).lengths == (None, None)
    assert collect(read, lengths={"x": 25.0}).x[..., 0].max() < 25.0
    with pytest.raises(ValueError, match="Unknown component `z`"):
        collect(read, lengths={"z": 1.0})
    for length in (-1.0, 1e-40, np.inf):
        with pytest.raises(ValueError, match="`length of x`"):
            collect(read, lengths={"x": length})
    other = altered(
        tmp_path / "other.nc", runs[2], lambda run: run.assign_attrs(lengths='{"x": 60.0}')
    )
    with pytest.raises(ValueError, match="different lengths in these files"):
        collect([*read[:2], read_recording(other)])
