"""Trainings of the process: run, pause, cancel, resume, names, bad input, what is left behind."""

import os
import threading
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from dashboard.concurrency.worker import Worker
from dashboard.keeping.bounds import date
from dashboard.keeping.store import MARK, SavedItems, remove_expired
from dashboard.runs.catalogue import Catalogue, catalogue, own_folder
from dashboard.runs.visitor_catalogue import VisitorCatalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from dashboard.train.choice import TrainChoice
from dashboard.train.form import TrainForm
from dashboard.train.panel import zipped
from dashboard.train.plan import (
    PRESETS,
    Axis,
    methods_for,
    options_of,
    preset,
)
from dashboard.train.preview import Watcher
from dashboard.train.text import error_table, errors_of
from dashboard.train.training import Training, for_visitors
from dashboard.train.trainings import MOST_BYTES, Trainings, check_name, free_name
from dashboard.train.view import TrainView, dataset_of, script_of, terms
from dashboard.view.base import Visit
from hoam_core import SYSTEMS, Experiment, default_experiment, get_system, load_model
from hoam_core.checks import DivergedError
from hoam_core.learning import Progress, check_buildable, learn
from hoam_core.training.checkpoint import CHECKPOINT
from tests.dashboard.recorder import recorders


@pytest.fixture
def shelf() -> Catalogue:
    return Catalogue(dict(SYSTEMS), {})


@pytest.fixture
def worker():
    made = Worker("test")
    yield made
    made.end()


@pytest.fixture
def kept(tmp_path) -> Trainings:
    return Trainings(tmp_path / "models")


def until(condition, what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still not true: {what}"
        time.sleep(0.01)


def galerkin(tiny) -> Experiment:
    return tiny("oscillator", "galerkin")


def network(tiny, steps: int) -> Experiment:
    return tiny("oscillator", "hoam-gauss", steps=steps)


def held(monkeypatch, failure: Exception | None = None):
    """Replace `learn` by a training without arithmetic that waits before each of its steps."""
    step, closed = threading.Semaphore(0), []

    def learn(experiment, folder, **options):
        try:
            for i in range(1, 5):
                assert step.acquire(timeout=60)
                if failure is not None and i == 3:
                    raise failure
                yield Progress("training", i, 4, np.array([1.0 / i]))
        finally:
            closed.append(True)

    monkeypatch.setattr("dashboard.train.training.learn", learn)
    return step, closed


def test_a_finished_training_is_a_model_for_everybody(tiny, kept, shelf, worker, tmp_path):
    state, heard = Exploration(shelf, system="oscillator"), []
    shelf.watch(heard.append)
    made = kept.start(galerkin(tiny), shelf, judge=False)
    made.run(worker, shelf)
    until(lambda: made.look.status == "done", "it is trained")
    assert [model.name for model in heard] == ["oscillator-galerkin"]
    assert heard[0] is shelf.models["oscillator-galerkin"]
    assert 0.0 <= made.look.preview.difference < 0.6
    assert made.look.preview.data.sum() * made.look.preview.plane.cell_area == pytest.approx(
        1, abs=0.1
    )
    assert sorted(p.name for p in made.folder.iterdir()) == ["model.json", "model.safetensors"]
    state.offer_new_models()
    assert state.model == ""
    assert "oscillator-galerkin" in state.param.model.objects
    with zipfile.ZipFile(zipped(made.look.model, made)) as archive:
        archive.extractall(tmp_path / "unpacked")
    again = load_model(tmp_path / "unpacked" / "oscillator-galerkin")
    assert again.name == made.name
    assert again.experiment == made.experiment
    ours, theirs = (m.predict({"omega": 4.0}, particles=64).state for m in (made.look.model, again))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert kept.start(galerkin(tiny), shelf).name == "oscillator-galerkin-2"


def gated(monkeypatch) -> threading.Event:
    """Let `learn` train, but not beyond its second message of losses before the event is set."""
    opened = threading.Event()

    def until_opened(*args, **options):
        losses = 0
        for progress in learn(*args, **options):
            yield progress
            losses += progress.stage == "training"
            assert losses < 2 or opened.wait(60)

    monkeypatch.setattr("dashboard.train.training.learn", until_opened)
    return opened


def test_a_cancelled_training_goes_on_from_its_checkpoint_also_in_another_process(
    tiny, kept, shelf, worker, monkeypatch
):
    opened = gated(monkeypatch)
    made = kept.start(network(tiny, 60), shelf, name="my-own", judge=False)
    made.run(worker, shelf)
    until(lambda: len(made.look.steps) >= 2, "it has trained for some steps")
    made.cancel()
    opened.set()
    until(lambda: made.look.status == "cancelled", "it is cancelled")
    done = made.look.steps[-1]
    assert done < 60
    assert [p.name for p in made.folder.iterdir()] == [CHECKPOINT]
    later = Trainings(kept.folder)
    assert later.find() == []
    found = later.get("my-own")
    assert found.experiment == made.experiment
    found.judge = False
    found.run(worker, shelf)
    until(lambda: found.look.status in ("done", "failed"), "it is trained")
    assert (found.look.problem, found.look.status) == ("", "done")
    assert found.look.steps[0] > done - 10
    assert found.look.steps[-1] == 60
    assert found.look.preview.step == 60
    assert dataset_of(found).sizes["step"] == len(found.look.steps)
    compile(script_of(found), "script", "exec")


def test_what_another_process_trains_is_neither_found_nor_run_here(
    tiny, kept, shelf, worker, monkeypatch
):
    opened = gated(monkeypatch)
    made = kept.start(network(tiny, 60), shelf, name="my-own", judge=False)
    made.run(worker, shelf)
    until(lambda: (made.folder / CHECKPOINT).exists(), "there is a checkpoint")
    # A lock of a folder belongs to whoever opened it: here as in another process.
    elsewhere = Trainings(kept.folder)
    assert elsewhere.find() == []
    assert elsewhere.names() == []
    twin = Training("my-own", made.experiment, made.folder)
    twin.run(worker, shelf)
    assert twin.look.status == "failed"
    assert "Another process" in twin.look.problem
    made.cancel()
    opened.set()
    until(lambda: made.look.status == "cancelled", "it is cancelled")
    elsewhere.find()
    assert elsewhere.names() == ["my-own"]


def test_a_paused_training_keeps_its_generator_and_frees_the_thread(
    tiny, kept, shelf, worker, monkeypatch
):
    step, closed = held(monkeypatch)
    made = kept.start(galerkin(tiny), shelf)
    made.run(worker, shelf)
    step.release()
    until(lambda: made.look.steps == (1,), "the first step is done")
    made.pause()
    step.release()
    until(lambda: made.look.status == "paused", "it is paused")
    free = threading.Event()
    worker.ask("another", lambda: iter([1]), lambda _: free.set())
    assert free.wait(60)
    assert (made.look.steps, closed) == ((1, 2), [])
    made.run(worker, shelf)
    step.release(2)
    until(lambda: made.look.status == "done", "it is done")
    assert made.look.steps == (1, 2, 3, 4)


def test_trainings_take_turns(tiny, kept, shelf, worker, monkeypatch):
    monkeypatch.setattr("dashboard.train.training.TURN", 0.0)
    order = []

    def learn(experiment, folder, *, name, **options):
        for i in range(1, 4):
            order.append(name)
            yield Progress("training", i, 3, np.array([1.0]))

    monkeypatch.setattr("dashboard.train.training.learn", learn)
    both = [kept.start(galerkin(tiny), shelf, name=name) for name in ("one", "two")]
    release = threading.Event()
    worker.ask("first", lambda: iter([release.wait(60)]), lambda _: None)
    for made in both:
        made.run(worker, shelf)
    release.set()
    until(lambda: all(made.look.status == "done" for made in both), "both are done")
    assert order == ["one", "two"] * 3


def test_a_diverged_training_says_so_and_leaves_nothing_half_written(
    tiny, kept, shelf, worker, monkeypatch
):
    step, closed = held(monkeypatch, DivergedError("The training diverged before step 3."))
    made = kept.start(galerkin(tiny), shelf)
    made.run(worker, shelf)
    step.release(3)
    until(lambda: made.look.status == "failed", "it has failed")
    assert made.look.problem == "The training diverged before step 3."
    assert closed == [True]
    assert not made.folder.exists()
    assert shelf.models == {}


def test_cancelled_while_it_waits_it_never_starts(tiny, kept, shelf, worker):
    release = threading.Event()
    worker.ask("first", lambda: iter([release.wait(60)]), lambda _: None)
    made = kept.start(galerkin(tiny), shelf)
    made.run(worker, shelf)
    assert made.look.status == "waiting"
    made.cancel()
    assert made.look.status == "cancelled"
    release.set()
    idle = threading.Event()
    worker.ask("last", lambda: iter([1]), lambda _: idle.set())
    assert idle.wait(60)
    assert made.look.stages == {}
    assert not made.folder.exists()


def test_bad_plans_are_refused_in_a_sentence_and_make_no_folder(tiny, kept, shelf):
    nodes = tiny("oscillator", "hoam-simpson", options={"nodes": 4})
    with pytest.raises(ValueError, match="must be odd and at least 3, but is 4"):
        kept.start(nodes, shelf)
    huge = tiny("oscillator", "dice", particles=2**28, n_times=401)
    with pytest.raises(ValueError, match="use fewer particles"):
        kept.start(huge, shelf)
    for name in ("Two Streams", "none", "a--b", "x" * 60, "../x"):
        with pytest.raises(ValueError, match=r"Argument `name` must be .*try 'my-model-2'"):
            kept.start(galerkin(tiny), shelf, name=name)
    assert not kept.folder.exists()
    kept.start(galerkin(tiny), shelf, name="mine")
    with pytest.raises(ValueError, match="'mine', which is taken"):
        kept.start(galerkin(tiny), shelf, name="mine")
    with pytest.raises(ValueError, match="Unknown training 'other'"):
        kept.get("other")


def test_damaged_checkpoints_cost_a_sentence_and_not_the_others(kept):
    (kept.folder / "broken").mkdir(parents=True)
    (kept.folder / "broken" / CHECKPOINT).write_bytes(b"no numbers")
    assert ["is damaged" in sentence for sentence in kept.find()] == [True]
    assert kept.names() == []


def test_names_are_free():
    assert free_name("a", []) == "a"
    assert free_name("a", ["a", "a-2"]) == "a-3"
    check_name("two-stream-galerkin-2", ["two-stream-galerkin"])


def test_presets_of_all_systems_and_methods_can_be_built():
    choice = TrainChoice()
    for system in SYSTEMS.values():
        choice.follow(system.name)
        for method in methods_for(system).values():
            for which in PRESETS:
                choice.param.update(method=method, preset=which)
                experiment = choice.experiment(3)
                assert experiment.method == method
                assert experiment.axes == default_experiment(system, method).axes
                check_buildable(experiment)
    assert MOST_BYTES > 0


def test_training_values_are_spaced_as_the_system_spaces_them():
    alpha, k = get_system("landau").parameters
    middle = Axis(0.01, 0.25, 3).values(alpha)
    assert middle == pytest.approx((0.01, 0.05, 0.25))
    assert Axis(0.3, 0.5, 3).values(k) == pytest.approx((0.3, 0.4, 0.5))
    assert Axis.of(alpha.train).values(alpha) == alpha.train
    with pytest.raises(ValueError, match="range that grows"):
        Axis(0.5, 0.3, 3).values(k)


def test_a_link_restores_a_plan_and_its_budget():
    shelf = catalogue()
    link = {
        "view": "train", "system": "oscillator", "method": "hoam-simpson", "network": "mlp",
        "budget": "full", "train-particles": "512", "train-steps": "40", "rate": "0.002",
        "train-omega": "2:6:9", "option-nodes": "9", "judge": "no",
    }  # fmt: skip
    reader = read_query(link, shelf)
    state, choice = Exploration(shelf, **reader.values), TrainChoice()
    choice.read(reader, state)
    assert reader.problems == []
    experiment = choice.experiment(0)
    assert (experiment.method, experiment.network) == ("hoam-simpson", "mlp")
    assert (experiment.particles, experiment.steps, experiment.rate) == (512, 40, 0.002)
    assert experiment.axes == ((2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0),)
    assert experiment.options == {"comoving": True, "gauge_free": True, "nodes": 9}
    again = TrainChoice()
    written = {"view": "train", "system": "oscillator", **choice.write(state)}
    again.read(read_query(written, shelf), state)
    assert again.experiment(0) == experiment
    assert not again.judge
    plain = TrainChoice()
    plain.read(read_query(link | {"method": "galerkin"}, shelf), state)
    TrainForm(plain, state, lambda: None)
    assert plain.particles == 512  # making the widgets changes nothing
    bad = read_query({"view": "train", "method": "partial", "train-omega": "1:2"}, shelf)
    TrainChoice().read(bad, Exploration(shelf, **bad.values))
    assert ["method" in bad.problems[0], len(bad.problems)] == [True, 1]


def test_a_model_is_kept_with_what_else_its_visitor_has(tiny, kept, shelf, worker, tmp_path):
    """It is found again with its curve, deleted by its visitor alone, and swept when that is."""
    keep, other = (SavedItems(letter * 64, tmp_path / "kept") for letter in "ab")
    made = kept.start(network(tiny, 2), shelf, name="mine", judge=False, keep=keep)
    made.run(worker, shelf)
    until(lambda: made.look.status == "done", "it is trained", 240.0)
    (thing,) = keep.things()
    assert (thing.kind, thing.name, thing.place) == ("trained", "mine", made.folder)
    assert thing.size > sum(p.stat().st_size for p in made.folder.iterdir())
    assert other.find("mine") is None
    assert f"until {date(keep.until)}" in terms(keep, "mine")
    assert "Available to everybody" in terms(other, "mine")
    restarted = Trainings(kept.folder)
    restarted.recall({"mine": made.look.model})
    again = restarted.get("mine").look
    assert (again.status, again.steps) == ("done", made.look.steps)
    assert again.losses == made.look.losses
    assert again.model is made.look.model
    other.delete("mine")
    assert made.folder.is_dir()
    # What has that name later is not theirs who had it before.
    mark = (made.folder / MARK).read_text()
    (made.folder / MARK).write_text('{"mark": "another"}')
    assert keep.things() == []
    keep.clear()
    assert made.folder.is_dir()
    (made.folder / MARK).write_text(mark)
    keep.mark("trained", "mine", "Mine", made.folder)
    then = time.time() - 40 * 86_400
    os.utime(tmp_path / "kept" / ("a" * 64), (then, then))
    remove_expired(tmp_path / "kept")
    assert not made.folder.exists()
    kept.forget("mine")
    assert kept.names() == []


def test_nothing_is_trained_that_could_not_be_kept(tiny, kept, shelf, tmp_path, monkeypatch):
    keep = SavedItems("a" * 64, tmp_path / "kept")
    for i in range(3):
        with keep.making("model", f"own-{i}", "Title") as folder:
            (folder / "bytes").write_bytes(bytes(400_000))
    monkeypatch.setenv("HOAM_KEPT_MB", "1")
    with pytest.raises(ValueError, match="Delete some and try again"):
        kept.start(galerkin(tiny), shelf, keep=keep)
    assert kept.names() == []


def test_a_visitor_is_shown_no_training_that_he_did_not_choose(tiny, kept, shelf, monkeypatch):
    monkeypatch.setattr("dashboard.train.view.trainings", lambda: kept)
    kept.start(galerkin(tiny), shelf, name="of-a-stranger")
    choice = TrainChoice()
    view = TrainView(
        Visit(
            Exploration(shelf), None, shelf, recorders(), lambda f: f(),
            go=lambda link: None, tell=lambda sentence: None, choices={"train": choice},
        )
    )  # fmt: skip
    view.open()
    view._which.get_root()  # Panel puts a value in place of one that is not offered
    assert (choice.training, view.training) == ("", None)
    assert view._introduction.visible
    choice.training = "of-a-stranger"
    assert view._which.value == "of-a-stranger"
    assert not view._introduction.visible
    view._which.value = ""
    assert choice.training == ""
    assert view._introduction.visible
    view.close()


def test_after_a_reload_a_visitor_finds_the_newest_training_of_his_own(
    tiny, kept, shelf, tmp_path, monkeypatch
):
    monkeypatch.setattr("dashboard.train.view.trainings", lambda: kept)
    keep = SavedItems("a" * 64, tmp_path / "kept")
    kept.start(galerkin(tiny), shelf, name="older", keep=keep)
    mine = kept.start(galerkin(tiny), shelf, name="newer", keep=keep)
    kept.start(
        galerkin(tiny), shelf, name="of-a-stranger", keep=SavedItems("b" * 64, tmp_path / "kept")
    )
    view = TrainView(
        Visit(
            Exploration(shelf), None, VisitorCatalogue(shelf, keep), recorders(), lambda f: f(),
            go=lambda link: None, tell=lambda sentence: None, choices={"train": TrainChoice()},
        )
    )  # fmt: skip
    view.open()
    assert view.training is mine
    view._which.value = ""
    view.hide()
    view.open()
    assert view.training is None
    view.close()


def test_errors_stand_beside_their_floors(tiny, kept, shelf):
    model = catalogue().models["two-stream-galerkin"]
    found = list(errors_of(model))
    assert {e.at for e in found} == {"mu = 1.25", "mu = 1.55", "mu = 1.85"}
    assert all(e.error > 0 and e.floor > 0 for e in found)
    assert error_table(model).count("<tr>") == len(found) + 1
    assert error_table(None) == ""


def test_models_of_a_former_process_are_found_and_damaged_ones_left_out(
    tiny, kept, shelf, worker, monkeypatch
):
    made = kept.start(galerkin(tiny), shelf, name="of-yesterday", judge=False)
    made.run(worker, shelf)
    until(lambda: made.look.status == "done", "it is trained")
    broken = kept.folder / "broken"
    broken.mkdir()
    (broken / "model.json").write_text("{")
    monkeypatch.setenv("HOAM_MODELS", str(kept.folder))
    assert own_folder() == kept.folder
    found = catalogue.__wrapped__()
    assert "of-yesterday" in found.models
    assert [("broken" in one) for one in found.problems] == [True]
    assert isinstance(made, Training)


def test_looking_takes_little_of_a_training_but_never_misses_the_end(monkeypatch):
    now, looked = [100.0], []

    def see(model, data, axes, step):
        now[0] += 2.0
        looked.append(step)
        return step

    monkeypatch.setattr("dashboard.train.preview.see", see)
    monkeypatch.setattr("dashboard.train.preview.time.monotonic", lambda: now[0])
    watcher = Watcher((0, 1))
    for step in range(20):
        now[0] += 1.0
        watcher.look(None, None, step, step == 19)
    # The second look follows the first at once; every later one after four times its cost.
    assert looked == [0, 1, 9, 17, 19]
    assert watcher.preview == 19


def test_the_patch_of_a_lattice_can_be_chosen_and_must_tile_it():
    ising = get_system("ising")
    assert options_of(preset(ising, "partial", None, "quick"), ising) == {"patch": 16}
    wrong = preset(ising, "partial", None, "quick")
    wrong = replace(wrong, options={**wrong.options, "patch": 10})
    with pytest.raises(ValueError, match="patch"):
        check_buildable(wrong)


def test_a_visitor_is_told_no_option_and_no_folder_of_the_server(shelf, tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    kept = Trainings(tmp_path / "models")
    experiment = preset(get_system("two-stream"), "galerkin", None, "quick")
    with pytest.raises(ValueError, match="This server cannot keep a model") as told:
        kept.start(experiment, shelf)
    assert "out" not in str(told.value).replace("without", "").split()
    assert str(tmp_path) not in str(told.value)
    place = tmp_path / "mine"
    damaged = ValueError(f"The checkpoint is damaged; remove {str(place)!r} to start anew.")
    assert for_visitors(damaged, place) == (
        "The checkpoint is damaged; remove 'mine' to start anew."
    )
