"""Own data without a browser: allowed paths, texts, the desk, privacy, playback."""

import gc
import threading
import weakref
import zipfile

import numpy as np
import pytest

from dashboard.compute.session import Session
from dashboard.compute.threads import Workers
from dashboard.concurrency.worker import Worker
from dashboard.keeping.store import SavedItems
from dashboard.own_data import jobs
from dashboard.own_data.allowed_files import (
    LARGEST_MB,
    MOST_ITERATIONS,
    VARIABLE,
    check_upload,
    count_runs,
    found_files,
)
from dashboard.own_data.choice import OwnChoice
from dashboard.own_data.jobs import ReadingStep, example, zipped
from dashboard.own_data.preview import details, table, verdict
from dashboard.own_data.view import OwnData
from dashboard.own_data.workspace import Workspace
from dashboard.runs.catalogue import catalogue
from dashboard.runs.references import linear_theory, reference
from dashboard.runs.run import truth_case
from dashboard.runs.visitor_catalogue import VisitorCatalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from dashboard.view.base import Visit
from hoam_core import load_model
from hoam_core.recorded.reader import read_recordings
from tests.openpmd_files import population, written


class Immediate:
    """A worker that does everything at once, unless it is told to wait."""

    def __init__(self):
        self.waiting, self.hold = {}, False

    def ask(self, owner, job, deliver, **options):
        self.waiting[owner] = (job, deliver)
        while not self.hold and owner in self.waiting and self.waiting[owner][0] is job:
            try:
                for value in job():
                    deliver(value)
            except (ValueError, RuntimeError) as error:
                deliver(error)
            if owner in self.waiting and self.waiting[owner][0] is job:
                del self.waiting[owner]

    def cancel(self, owner):
        self.waiting.pop(owner, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of the example, three of them."""
    made = tmp_path_factory.mktemp("files")
    *steps, paths = example(made, (1.3, 1.4, 1.5), 1_024)
    assert all(isinstance(step, ReadingStep) for step in steps)
    assert [path.name for path in paths] == [f"two-stream-mu-{mu}.nc" for mu in (1.3, 1.4, 1.5)]
    return made


@pytest.fixture(autouse=True)
def read_here(monkeypatch):
    """Files are read in this process; the other one is tested in test_uploads.py."""
    monkeypatch.setattr(jobs, "read_recordings_sandboxed", read_recordings)


@pytest.fixture
def workspace():
    worker = Immediate()
    made = Workspace(OwnChoice(), worker, worker, lambda f: f())
    yield made
    made.close()


def files_of(folder, n=3):
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.nc"))[:n]]


@pytest.fixture(scope="module")
def keep(tmp_path_factory) -> SavedItems:
    return SavedItems("a" * 64, tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def trained(folder, keep):
    """A desk with a model of the example, for a visitor for whom things are kept."""
    worker = Immediate()
    made = Workspace(OwnChoice(title="Two streams"), worker, worker, lambda f: f(), keep)
    made.give(files_of(folder))
    made.train()
    assert made.problem == ""
    yield made
    made.close()


def test_paths_need_a_folder_that_is_allowed(folder, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(ValueError, match=f"set {VARIABLE}"):
        found_files(str(folder / "*.nc"))
    monkeypatch.setenv(VARIABLE, str(folder))
    for pattern in ("*.nc", str(folder / "*.nc"), str(folder), "."):
        assert len(found_files(pattern)) == 3
    outside = tmp_path / "other.nc"
    outside.write_bytes(b"")
    (folder / "link.nc").symlink_to(outside)
    for pattern in (str(outside), "../*/*.nc", "link.nc", "none*.nc"):
        with pytest.raises(ValueError, match=r"There are no .nc or .h5 files"):
            found_files(pattern)
    (folder / "link.nc").unlink()


def test_files_come_in_the_order_that_people_list_them_in(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    names = ["a2/run1.nc", "a10/run1.nc", "k-1.25.nc", "k-1.3.nc", "run1.nc", "Run2.nc", "run10.nc"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert found_files("**/*.nc") == [tmp_path / name for name in names]


def test_a_series_counts_as_one_file(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    names = [f"run{i}_{k:06d}.h5" for i in range(4) for k in range(17)]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert len(found_files("*.h5")) == 68
    assert [path.name for path in found_files("run2_%06T.h5")] == names[34:51]
    assert check_upload([(name, 1) for name in names]) == names
    assert count_runs(names) == 4
    assert count_runs(f"{k}.h5" for k in range(MOST_ITERATIONS + 1)) == 2
    assert count_runs(["a.h5", "b.h5", "a.h5", "1.nc", "2.nc"]) == 5
    with pytest.raises(ValueError, match="65 files are too many"):
        check_upload([(f"run{k}_0.h5", 1) for k in range(65)])


def test_each_run_of_a_scan_gets_its_own_value(workspace, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for i in (1, 2, 10):
        (tmp_path / f"scan{i}").mkdir()
        columns = population(seed=i)
        columns["momentum/x"] = i * columns["momentum/x"]
        written(tmp_path / f"scan{i}" / "data_%T.h5", columns)
    workspace.choice.values = "drift = 1, 2, 10"
    workspace.point("scan*/*.h5")
    assert workspace.problem == ""
    collection, rows = workspace.checked
    assert [row.file for row in rows] == [f"scan{i}/data_%T.h5" for i in (1, 2, 10)]
    assert [row.found for row in rows] == [300] * 3
    for values, x in zip(collection.sets(), collection.x, strict=True):
        assert x[..., 1].std() == pytest.approx(values["drift"], rel=0.2)
    assert "1 for scan1/data_%T.h5, 2 for scan2/data_%T.h5, 10 for scan10/" in details(collection)
    workspace.choice.values = "drift = 1, 2"
    workspace.check()
    assert (
        "in their order: scan1/data_%T.h5, scan2/data_%T.h5, scan10/data_%T.h5."
        in workspace.problem
    )


def test_uploads_have_limits():
    with pytest.raises(ValueError, match="65 files are too many"):
        check_upload([(f"{i}.nc", 1) for i in range(65)])
    with pytest.raises(ValueError, match="at most 400 MB"):
        check_upload([("a.nc", LARGEST_MB * 2**20), ("b.nc", 1)])


def test_texts_are_read_and_slips_told():
    choice = OwnChoice(values="mu = 1.2, 1.4; drift = 2, 3", lengths="x = 50, y = 20")
    assert choice.typed_values() == {"mu": [1.2, 1.4], "drift": [2.0, 3.0]}
    assert choice.typed_lengths() == {"x": 50.0, "y": 20.0}
    assert OwnChoice(attributes="a, b").reading().attributes == ("a", "b")
    with pytest.raises(ValueError, match="`lengths` must read name = number"):
        OwnChoice(lengths="50").typed_lengths()
    with pytest.raises(ValueError, match="`mu` must be a number, but is 'one'"):
        OwnChoice(values="mu = one").typed_values()


def test_files_are_checked_previewed_and_taken_anew(workspace, folder):
    workspace.give(files_of(folder))
    assert workspace.problem == ""
    collection, rows = workspace.checked
    assert collection.axes == ((1.3, 1.4, 1.5),)
    assert all(picture.startswith(b"\x89PNG") for row in rows for picture in row.pictures)
    assert len({row.pictures for row in rows}) == 3
    page = table(collection, rows)
    assert page.count("<img") == 9
    assert page.count("alt='Density of v over x, mu = 1.3") == 3
    assert "periodic with length 50" in details(collection)
    assert workspace.choice.held() == ("mu", 1.4)
    workspace.choice.lengths = "x = 25"
    workspace.check()
    assert workspace.checked.collection.lengths == (25.0, None)


def test_nothing_is_kept_of_files_that_do_not_fit(workspace, folder):
    workspace.give(files_of(folder))
    workspace.give(files_of(folder, 1))
    assert "All files have the same parameters" in workspace.problem
    assert workspace.checked is None
    assert workspace.busy is None
    workspace.give([*files_of(folder, 2), ("broken.nc", b"text")])
    assert "'broken.nc' is no HDF5 file" in workspace.problem
    assert str(workspace.folder) not in workspace.problem
    assert workspace.checked is None
    workspace.train()
    assert "nothing to learn from" in workspace.problem


def test_a_slip_in_a_field_is_told_before_anything_is_read(workspace, folder):
    workspace.choice.lengths = "fifty"
    workspace.give(files_of(folder))
    assert "`lengths` must read" in workspace.problem
    workspace.choice.lengths = ""
    workspace.check()
    assert workspace.checked is not None


def test_a_cancelled_check_delivers_nothing(workspace, folder):
    workspace._reader.hold = True
    workspace.give(files_of(folder))
    job, deliver = workspace._reader.waiting[workspace._question]
    assert workspace.busy is not None
    workspace.cancel()
    for value in job():
        deliver(value)
    assert workspace.busy is None
    assert workspace.checked is None


def test_a_name_of_an_upload_cannot_leave_its_folder(workspace, folder):
    (_, data), *rest = files_of(folder)
    workspace.give([("../../escape.nc", data), *rest])
    assert workspace.problem == ""
    assert all(path.is_relative_to(workspace.folder) for path in workspace.paths)


def test_the_files_of_a_visit_go_with_it(folder):
    worker = Immediate()
    workspace = Workspace(OwnChoice(), worker, worker, lambda f: f())
    workspace.give(files_of(folder))
    place = workspace.folder
    assert any(place.rglob("*.nc"))
    workspace.close()
    assert not place.exists()


def test_what_a_step_saves_after_the_visit_goes_too(monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def saving(folder):
        began.set()
        assert go_on.wait(20)
        folder.mkdir(parents=True)
        (folder / "model.json").write_text("{}")
        yield ReadingStep("Saving", None)

    monkeypatch.setattr("dashboard.own_data.workspace.example", saving)
    worker = Worker("test")
    workspace = Workspace(OwnChoice(), worker, worker, lambda f: f())
    workspace.use_example()
    assert began.wait(20)
    workspace.close()
    assert not workspace.folder.exists()
    go_on.set()
    worker.end()
    assert not workspace.folder.exists()


def test_the_model_is_judged_and_can_be_taken_along(trained, tmp_path):
    (errors,) = trained.model.errors
    assert errors["parameters"] == {"mu": 1.4}
    assert max(row["ratio"] for row in errors["w2"]) < 2
    assert "mu = 1.4" in verdict(errors, "Two streams")
    with zipfile.ZipFile(zipped(trained.model_folder, "mine")) as archive:
        names = ["model.json", "model.safetensors", "recorded.safetensors"]
        assert sorted(archive.namelist()) == [f"mine/{name}" for name in names]
        archive.extractall(tmp_path)
    assert load_model(tmp_path / "mine").name == trained.model.name


def test_what_was_read_and_trained_is_there_again_after_a_reload(trained, keep):
    """The address names it; files need not be given again, nor the model be trained anew."""
    trained.choice.held_out = "mu=1.4"
    data, model = trained.showing, trained.model
    assert sorted(one.kind for one in trained.things) == ["data", "model"]
    assert not trained.unsaved
    link = {"view": "data"} | trained.choice.write(None)
    assert link["data"] == data
    shelf, choice, worker = VisitorCatalogue(catalogue(), keep), OwnChoice(), Immediate()
    reader = read_query(link, shelf)
    state = Exploration(shelf, **reader.values)
    choice.read(reader, state)
    assert reader.problems == []
    workspace = Workspace(choice, worker, worker, lambda f: f(), keep)
    workspace.open(choice.data)
    assert workspace.problem == ""
    assert np.array_equal(workspace.checked.collection.x, trained.checked.collection.x)
    assert [row.pictures for row in workspace.checked.rows] == [
        row.pictures for row in trained.checked.rows
    ]
    assert (choice.title, choice.data, choice.held()) == ("Two streams", data, ("mu", 1.4))
    assert workspace.model.name == model.name
    assert workspace.model.errors == model.errors
    assert workspace.model_folder != trained.folder / "model"
    workspace.check()
    assert "only what was read from them is kept" in workspace.problem
    assert workspace.checked is not None
    choice.read(read_query(link | {"hold-out": "nothing"}, shelf), state)
    workspace.open(data)
    assert choice.held() is None
    workspace.close()
    stranger = Workspace(
        OwnChoice(), worker, worker, lambda f: f(), SavedItems("b" * 64, keep._root)
    )
    stranger.open(data)
    assert "kept only for the visitor who made them" in stranger.problem
    assert stranger.checked is None
    stranger.close()


def test_what_is_deleted_is_taken_off_the_page_and_what_cannot_be_kept_is_told(
    folder, tmp_path, monkeypatch
):
    worker, keep = Immediate(), SavedItems("c" * 64, tmp_path)
    workspace = Workspace(OwnChoice(), worker, worker, lambda f: f(), keep)
    workspace.give(files_of(folder))
    (thing,) = workspace.things
    assert workspace.choice.data == workspace.showing == thing.name
    workspace.delete(thing.name)
    assert (
        workspace.things,
        workspace.checked,
        workspace.choice.data,
        workspace.unsaved_reason,
    ) == ([], None, "", "")
    assert list(tmp_path.rglob("*.safetensors")) == []
    monkeypatch.setenv("HOAM_KEPT_MB", "0.1")
    workspace.give(files_of(folder))
    assert workspace.checked is not None
    assert "There is no room to keep it" in workspace.unsaved_reason
    assert workspace.unsaved
    assert workspace.choice.data == ""
    worker.hold = True
    workspace.use_example()
    assert (workspace.unsaved_reason, workspace.unsaved) == ("", True)
    workspace.cancel()
    assert not workspace.unsaved
    workspace.close()


def test_own_data_are_offered_to_nobody_else(trained):
    mine, other = VisitorCatalogue(catalogue()), VisitorCatalogue(catalogue())
    state = Exploration(mine)
    mine.offer(trained.model)
    state.admit(trained.model.system)
    name = trained.model.system.name
    assert name in mine.systems
    assert name not in other.systems
    assert trained.model.name not in catalogue().models
    assert state.param.system.names["Two streams"] == name
    state.adopt(system=name, model=trained.model.name, mu={"mu": 1.4})
    assert state.settled
    assert len(state.ts) == 81


def test_recordings_are_the_truth_where_there_are_any(trained):
    system = trained.model.system
    *_, found = reference(truth_case(system, (1.4,), 3), system, system.times(), (0, 1))
    assert found.truth.complete
    assert found.second.complete
    assert not found.theory
    assert len(found.truth) == 81
    assert not np.array_equal(found.truth.counts(80, (0, 1)), found.second.counts(80, (0, 1)))


def test_where_nothing_was_recorded_no_truth_is_asked_for(trained):
    shelf, worker = VisitorCatalogue(catalogue()), Immediate()
    worker.hold = True
    shelf.offer(trained.model)
    state = Exploration(shelf)
    state.admit(trained.model.system)
    session = Session(state, shelf, Workers(*[worker] * 7), lambda f: f())
    session.sleep(False)
    state.adopt(system=trained.model.system.name, mu={"mu": 1.4})
    assert session.truth_state == "waiting"
    state.parameters.mu = 1.45
    assert session.truth_state == "absent"
    assert session.reference is None
    state.parameters.mu = 1.5
    assert session.truth_state == "waiting"
    session.close()


def test_snapshots_are_forgotten_with_the_visit(folder):
    worker = Immediate()
    workspace = Workspace(OwnChoice(title="Short"), worker, worker, lambda f: f())
    workspace.give(files_of(folder))
    workspace.choice.held_out = ""
    workspace.train()
    system = workspace.model.system
    linear_theory(system, (1.4,))
    *_, _ = reference(truth_case(system, (1.4,), 0), system, system.times(), (0, 1))
    held = weakref.ref(system)
    del system
    workspace.close()
    workspace.param.update(model=None, checked=None)
    del workspace, worker
    gc.collect()
    assert held() is None


def test_the_view_shows_each_step(folder):
    shelf, worker = VisitorCatalogue(catalogue()), Immediate()
    worker.hold = True
    state = Exploration(shelf)
    session = Session(state, shelf, Workers(*[worker] * 7), lambda f: f())
    session.sleep(False)
    links, told = [], []
    visit = Visit(
        state, session, shelf, Workers(*[worker] * 3, Immediate(), *[worker] * 3), lambda f: f(),
        links.append, told.append,
    )  # fmt: skip
    view = OwnData(visit)
    assert not view._found.visible
    assert view.exportable() is None
    worker.hold = False
    view._upload.param.update(
        filename=[name for name, _ in files_of(folder)],
        value=[data for _, data in files_of(folder)],
    )
    assert view._found.visible
    assert not view._made.visible
    assert "3 recorded populations" in view.exportable().description
    dataset = view.exportable().dataset()
    assert dataset.state.dims == ("recording", "time", "particle", "component")
    compile(view.exportable().script, "script", "exec")
    view.workspace.choice.held_out = ""
    view.workspace.train()
    assert view._made.visible
    view._explore()
    assert links[0].startswith("?view=explore&system=own-my-data-")
    view.close()
    session.close()
