"""openPMD series: which iterations and which files are used, and what is told of the rest."""

import h5py
import numpy as np
import pytest

from hoam_core.recorded.reader import Reading, read_recording, read_recordings, runs_of
from hoam_core.recorded.recordings import collect, with_values
from tests.openpmd_files import changed, population, sorted_rows, without, written


@pytest.mark.parametrize("rows", [None, np.zeros(0), np.zeros(40)])
@pytest.mark.parametrize(("times", "left"), [((0, 1), "0, 10"), ((7,), "70"), ((1, 3, 5, 7), None)])
def test_iterations_without_enough_particles_are_left_out(rows, times, left, tmp_path):
    columns = population(times=8)
    read = read_recording(written(tmp_path / "run.h5", without(columns, *times, rows=rows)))
    kept = [k for k in range(8) if k not in times]
    assert sorted_rows(read.x[..., 1]) == pytest.approx(sorted_rows(columns["momentum/x"][kept]))
    assert read.ts == pytest.approx(0.5 * (np.array(kept) - kept[0]))
    told = f"iterations {left or '10, 30, 50, 70'}" if len(times) > 1 else f"iteration {left}"
    assert f"Left out with fewer than 256 particles of 'electrons': {told}." in read.notes


@pytest.mark.parametrize("rows", [None, np.zeros(0)])
def test_an_iteration_without_particles_in_the_middle_is_named(rows, tmp_path):
    path = written(tmp_path / "run.h5", without(population(times=8), 3, rows=rows))
    sentence = r"not equally spaced.*iteration 20 .* iteration 40 .*'electrons': iteration 30\.$"
    with pytest.raises(ValueError, match=sentence):
        read_recording(path)


def test_a_species_that_is_empty_throughout_is_named(tmp_path):
    path = written(tmp_path / "run.h5", without(population(), *range(6), rows=np.zeros(0)))
    with pytest.raises(ValueError, match=r"'run.h5' holds no particles of 'electrons'"):
        read_recording(path)


def test_a_species_that_comes_later_is_asked_for(tmp_path):
    path = written(tmp_path / "run.h5", population())
    with h5py.File(path, "r+") as file:
        file["/data/50/particles"].copy("electrons", "ions")
    with pytest.raises(ValueError, match="holds the species electrons, ions; name one of them"):
        read_recording(path)
    assert read_recording(path, Reading(species="electrons")).x.shape == (6, 300, 3)


@pytest.mark.parametrize(
    ("steps", "kept", "left"),
    [
        ([0, 10, 20, 30, 40, 47], slice(0, 5), [r"Iteration 47 \(t = 2.35e-15 s\)"]),
        ([3, 10, 20, 30, 40, 50], slice(1, 6), ["Iteration 3 "]),
        ([0, 1, 11, 21, 31, 36], slice(1, 5), ["Iteration 0 ", "Iteration 36 "]),
    ],
)
def test_a_first_and_a_last_time_off_the_grid_are_left_out(steps, kept, left, tmp_path):
    columns = population()
    read = read_recording(written(tmp_path / "run.h5", columns, steps=steps))
    assert sorted_rows(read.x[..., 1]) == pytest.approx(sorted_rows(columns["momentum/x"][kept]))
    told = [note for note in read.notes if "does not fit the equal steps" in note]
    assert len(told) == len(left)
    for note, sentence in zip(told, left, strict=True):
        assert sentence.replace("\\", "") in note


def test_times_that_do_not_fit_are_named(tmp_path):
    path = written(tmp_path / "run.h5", population(), steps=[0, 10, 20, 33, 40, 50])
    with pytest.raises(ValueError, match=r"from iteration 20 .* to iteration 33 .* it is 6.5e-16"):
        read_recording(path)
    changed(path, "/data/40", time=1.0)
    with pytest.raises(ValueError, match=r"iteration 33 .* is followed by iteration 40 "):
        read_recording(path)


def test_a_series_is_what_was_given_of_it(tmp_path):
    written(tmp_path / "data_%T.h5", population(times=8))
    secret = tmp_path / "secret"
    secret.mkdir()
    (tmp_path / "data_0070.h5").rename(secret / "data_0070.h5")
    (tmp_path / "data_0070.h5").symlink_to(secret / "data_0070.h5")
    (tmp_path / "data_old_0080.h5").write_bytes(b"")
    given = sorted(tmp_path.glob("data_00[0-5]0.h5"))
    (run,) = runs_of(given)
    assert (run.name, list(run.files)) == ("data_%T.h5", given)
    (read,) = read_recordings(given)
    assert len(read.ts) == 6
    for pattern in ("data_%T.h5", "data_%04T.h5"):
        assert len(read_recording(tmp_path / pattern).ts) == 8


def test_runs_are_called_by_as_much_as_tells_them_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "out").mkdir(parents=True)
        written(tmp_path / folder / "out" / "data_%T.h5", population())
    (tmp_path / "a" / "out" / "run.h5").write_bytes(b"")
    names = [run.name for run in runs_of(sorted(tmp_path.rglob("*.h5")))]
    assert names == ["a/out/data_%T.h5", "run.h5", "b/out/data_%T.h5"]
    read = list(read_recordings(sorted(tmp_path.rglob("data*.h5"))))
    typed = with_values(read, {"a0": [1.0, 2.0]})
    assert collect(typed).files == ("a/out/data_%T.h5", "b/out/data_%T.h5")
    told = "Typed values of a0: 1 for a/out/data_%T.h5, 2 for b/out/data_%T.h5."
    assert told in collect(typed).notes


def test_a_damaged_file_of_a_series_is_named(tmp_path):
    written(tmp_path / "data_%T.h5", population())
    (tmp_path / "data_0030.h5").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"'data_0030.h5' is no HDF5 file"):
        read_recording(tmp_path / "data_%T.h5")


def test_an_iteration_that_stands_twice_is_named(tmp_path):
    written(tmp_path / "data_%T.h5", population())
    (tmp_path / "data_0060.h5").write_bytes((tmp_path / "data_0050.h5").read_bytes())
    with pytest.raises(ValueError, match=r"Iteration 50 .*'data_0050.h5' and in 'data_0060.h5'"):
        read_recording(tmp_path / "data_%T.h5")


def test_whatever_a_library_says_is_told_without_folders(tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError(f"no such\n thing in {tmp_path}/run.h5")

    monkeypatch.setattr("hoam_core.recorded.reader.read_openpmd", fails)
    path = written(tmp_path / "run.h5", population())
    with pytest.raises(ValueError, match=r"RuntimeError: no such thing in /run.h5") as told:
        read_recording(path)
    assert str(tmp_path) not in str(told.value)
