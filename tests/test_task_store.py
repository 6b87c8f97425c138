"""The store of a study: whole tasks, one plan, and a sentence for everything else."""

import numpy as np
import pytest
import xarray as xr

from hoam_core.studies.task_store import Layout, Variable, open_store, read_store

pytest.importorskip("zarr")

LAYOUT = Layout(
    plan={"study": "test", "particles": 64, "values": (1.0, 2.0)},
    axes={"mu": [1.0, 2.0], "method": ["am", "dice", "cfm"]},
    variables={"energy": Variable(("time",), {"units": "J"}), "loss": Variable()},
    coordinates={"time": [0.0, 0.5, 1.0, 1.5]},
    about={"mu": {"long_name": "drift"}},
)
VALUES = {"energy": np.arange(4.0), "loss": 7.0}


@pytest.fixture
def path(tmp_path):
    """A store with its task 4 done: mu = 2, dice."""
    open_store(tmp_path / "s.zarr", LAYOUT).write(4, VALUES)
    return tmp_path / "s.zarr"


def test_a_task_lies_at_its_point_of_the_grid_and_others_are_missing(path):
    found = read_store(path)
    assert found["energy"].dims == ("mu", "method", "time")
    one = found.sel({"mu": 2.0, "method": "dice"})
    np.testing.assert_array_equal(one["energy"], VALUES["energy"])
    assert (float(one["loss"]), bool(one["done"])) == (7.0, True)
    assert int(found["done"].sum()) == 1
    assert int(found["loss"].isnull().sum()) == 5
    assert (found["energy"].attrs["units"], found["mu"].attrs["long_name"]) == ("J", "drift")
    assert LAYOUT.points()[4] == {"mu": 2.0, "method": "dice"}


def test_any_zarr_reader_opens_it(path):
    with xr.open_zarr(path, consolidated=False, chunks=None) as found:
        assert found["energy"].shape == (2, 3, 4)
        assert found["method"].attrs["flag_meanings"] == "am dice cfm"


def test_an_opened_store_knows_what_is_finished(path):
    store = open_store(path, LAYOUT)
    np.testing.assert_array_equal(np.flatnonzero(store.finished()), [4])
    store.write(0, VALUES)
    np.testing.assert_array_equal(np.flatnonzero(open_store(path, LAYOUT).finished()), [0, 4])


def test_nothing_is_written_twice(path):
    with pytest.raises(ValueError, match="Task 4 is in the store"):
        open_store(path, LAYOUT).write(4, VALUES)


def test_a_result_of_another_shape_or_name_is_refused_before_anything_is_written(path):
    store = open_store(path, LAYOUT)
    with pytest.raises(ValueError, match=r"`energy` must have shape \(4\)"):
        store.write(1, {"loss": 1.0, "energy": np.zeros(5)})
    with pytest.raises(ValueError, match="The variable `energy` is missing"):
        store.write(1, {"loss": 1.0})
    assert np.isnan(read_store(path)["loss"].values[0, 1])


def test_a_task_that_was_cut_off_while_it_was_written_is_done_again(path):
    class Full(dict):
        def items(self):
            yield "loss", 1.0
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        open_store(path, LAYOUT).write(1, Full(VALUES))
    store = open_store(path, LAYOUT)
    assert list(np.flatnonzero(store.finished())) == [4]
    store.write(1, VALUES)
    assert float(read_store(path)["loss"][0, 1]) == VALUES["loss"]


def test_another_plan_is_refused_with_its_first_difference(path):
    other = Layout({**LAYOUT.plan, "particles": 128}, LAYOUT.axes, LAYOUT.variables)
    with pytest.raises(ValueError, match="begun with particles = 64, but now it is 128"):
        open_store(path, other)


@pytest.mark.parametrize("damage", ["group", "mark", "text", "version"])
def test_a_damaged_store_is_refused_in_a_sentence(damage, path):
    group = path / "zarr.json"
    if damage == "group":
        group.write_text(group.read_text()[:40])
    elif damage == "text":
        group.unlink()
    elif damage == "version":
        group.write_text(group.read_text().replace('"format": 1', '"format": 9'))
    else:
        (mark,) = [p for p in (path / "done" / "c").rglob("*") if p.is_file()]
        mark.write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"Store '.*s\.zarr' (cannot be read|has format 9)"):
        open_store(path, LAYOUT).finished()


def test_damaged_numbers_are_refused_in_a_sentence(path):
    (chunk,) = [p for p in (path / "energy" / "c").rglob("*") if p.is_file()]
    chunk.write_bytes(chunk.read_bytes()[:-3])
    with pytest.raises(ValueError, match="cannot be read"):
        read_store(path)


def test_a_missing_store_and_a_missing_folder_are_said(tmp_path):
    with pytest.raises(ValueError, match="There is no Zarr store"):
        read_store(tmp_path / "none.zarr")
    with pytest.raises(ValueError, match="which does not exist"):
        open_store(tmp_path / "none" / "s.zarr", LAYOUT)


def test_a_store_appears_whole_or_not_at_all(tmp_path):
    broken = Layout({}, LAYOUT.axes, {"x": Variable(("nowhere",))})
    with pytest.raises(KeyError):
        open_store(tmp_path / "s.zarr", broken)
    assert list(tmp_path.iterdir()) == []
