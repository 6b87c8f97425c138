"""A model's zip file that is given back: what it may hold, and whose it is afterwards."""

import io
import json
import tracemalloc
import zipfile
from functools import cache

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from dashboard.keeping import packed
from dashboard.keeping.packed import ARRAYS, JSON, LIMITS, RECORDED, renamed, unpacked
from dashboard.keeping.store import SavedItems
from dashboard.keeping.visitor import filed_under
from dashboard.own_data.jobs import Made, zipped
from dashboard.own_data.returning import reopen, take_in
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.runs.visitor_catalogue import VisitorCatalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from hoam_core import SYSTEMS, Model, load_model
from hoam_core.models.files import model_files, shipped_models
from hoam_core.recorded.learning import learn_recorded
from hoam_core.recorded.recordings import Recording, collect
from hoam_core.systems.base import Component
from tests.conftest import tiny_model

ANNA, BERT = filed_under("a" * 43), filed_under("b" * 43)


def zip_of(files: dict[str, bytes], folder: str = "mine/") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(folder + name, data)
    return made.getvalue()


@cache
def plain() -> dict[str, bytes]:
    """The files of a model of a system that ships."""
    return model_files(tiny_model("oscillator", "galerkin"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> dict[str, bytes]:
    """The files of a model of recordings, as the page gives them away."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("model")
    parts = tuple(Component(name, name, "", (-4.0, 4.0)) for name in ("q", "p"))
    recordings = [
        Recording(f"{mu}.nc", {"mu": mu}, np.arange(9.0),
                  mu + rng.normal(size=(9, 256, 2)).astype(np.float32), parts, {}, 256)
        for mu in (1.0, 2.0, 3.0)
    ]  # fmt: skip
    collection = collect(recordings, title="My beams")
    options = {"modes_x": 2, "modes_v": 3, "degree": 2, "waves": 2}
    list(learn_recorded(collection, folder, options=options))
    return unpacked(zipped(folder, "own-my-beams").getvalue())


def taken(data: bytes, keep: SavedItems, folder) -> Made:
    *_, made = take_in(data, keep, keep.visitor or "nobody", folder)
    assert isinstance(made, Made)
    return made


def test_a_model_of_a_system_that_ships_is_loaded_back_for_its_visitor_alone(tmp_path):
    keep = SavedItems(ANNA, tmp_path / "kept")
    made = taken(zip_of(plain()), keep, tmp_path)
    assert made.unsaved_reason == ""
    assert made.model.name.startswith("own-oscillator-galerkin-")
    (thing,) = keep.things()
    assert (thing.name, thing.about["system"]) == (made.model.name, "oscillator")
    shared = Catalogue(dict(SYSTEMS), {})
    link = {"view": "explore", "system": "oscillator", "model": made.model.name, "omega": "4"}
    mine = VisitorCatalogue(shared, keep)
    mine.recall(link.values())
    reader = read_query(link, mine)
    assert reader.problems == []
    assert Exploration(mine, **reader.values).model == made.model.name
    other = VisitorCatalogue(shared, SavedItems(BERT, tmp_path / "kept"))
    other.recall(link.values())
    reader = read_query(link, other)
    (sentence,) = reader.problems
    assert "are not here: uploads are kept only for the visitor who made them" in sentence
    assert Exploration(other, **reader.values).system == "oscillator"
    # The same file again is the same model.
    assert taken(zip_of(plain()), keep, tmp_path / "again").model.name == thing.name
    assert len(keep.things()) == 1


def test_a_model_of_recordings_is_found_again_with_its_system(recorded, tmp_path):
    keep = SavedItems(ANNA, tmp_path / "kept")
    model = taken(zip_of(recorded), keep, tmp_path).model
    link = {"system": model.system.name, "model": "none", "mu": "2.5", "t": "3"}
    system, name = model.system.name, model.name
    assert name.startswith(f"{system}-galerkin-")
    del model
    mine = VisitorCatalogue(catalogue(), keep)
    mine.recall(link.values())
    assert mine.systems[system].title == "My beams"
    assert name in mine.models
    reader = read_query(link, mine)
    assert reader.problems == []
    assert reader.values["mu"] == {"mu": 2.5}
    keep.clear()
    gone = VisitorCatalogue(catalogue(), keep)
    gone.recall(link.values())
    reader = read_query(link, gone)
    # One sentence, and nothing of the link is taken for another system's.
    assert len(reader.problems) == 1
    assert "Did you mean" not in reader.problems[0]
    assert reader.values["system"] == next(iter(SYSTEMS))
    assert reader.values["mu"] == {}


def test_what_is_kept_is_loaded_once_and_only_when_it_is_named(recorded, tmp_path, monkeypatch):
    keep, loaded = SavedItems(ANNA, tmp_path / "kept"), []
    made = taken(zip_of(recorded), keep, tmp_path)
    name, system = made.model.name, made.model.experiment.system
    monkeypatch.setattr(
        "dashboard.runs.visitor_catalogue.load_model",
        lambda folder: loaded.append(folder) or load_model(folder),
    )
    for link in ({}, {"system": "two-stream", "model": "two-stream-galerkin"}):
        VisitorCatalogue(catalogue(), keep).recall(link.values())
    assert loaded == []
    pages = [VisitorCatalogue(catalogue(), keep) for _ in range(2)]
    for page in pages:
        page.recall([name])
    assert len(loaded) == 1
    assert pages[0].models[name] is pages[1].models[name]
    assert pages[0].systems[system] is pages[1].systems[system]
    (value,) = [one for one in reopen(keep, name) if isinstance(one, Made)]
    assert value.model is pages[0].models[name]
    with pytest.raises(ValueError, match="are not here"):
        list(reopen(keep, "own-other"))


def test_names_of_others_are_not_taken(recorded, tmp_path):
    """A forged name would be given somebody else's recordings, or put its own in their place."""
    anna, bert = SavedItems(ANNA, tmp_path / "kept"), SavedItems(BERT, tmp_path / "kept")
    victim = taken(zip_of(recorded), anna, tmp_path / "a").model
    about = json.loads(recorded[JSON])
    about["recorded"]["name"] = about["experiment"]["system"] = victim.system.name
    about["name"] = victim.name
    arrays = load_arrays(recorded[RECORDED])
    forged = save_arrays({"snapshots": np.ascontiguousarray(arrays["snapshots"] + 1)})
    about["recorded"]["sha256"] = packed.hashlib.sha256(forged).hexdigest()
    files = recorded | {JSON: json.dumps(about).encode(), RECORDED: forged}
    thief = taken(zip_of(files), bert, tmp_path / "b").model
    assert thief.system.name != victim.system.name
    assert thief.name != victim.name
    assert np.allclose(thief.system.snapshots, victim.system.snapshots + 1, atol=1e-6)
    same = taken(zip_of(recorded), bert, tmp_path / "c").model
    assert same.system.name != victim.system.name
    for name in ("two-stream", "../../x", "<b>", "x" * 5_000, ""):
        about["recorded"]["name"], about["name"] = name, name
        called, new = renamed({**files, JSON: json.dumps(about).encode()}, BERT)
        told = json.loads(new[JSON])
        assert called == told["name"]
        assert told["experiment"]["system"] == told["recorded"]["name"] != name
        assert set(called) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert len(called) < 120


def bomb() -> bytes:
    return zip_of(plain() | {ARRAYS: bytes(LIMITS[ARRAYS] + 1)})


def lying() -> bytes:
    """An archive whose directory promises one byte of what unpacks to many."""
    data, size = bytearray(bomb()), (LIMITS[ARRAYS] + 1).to_bytes(4, "little")
    while (found := data.find(size)) >= 0:
        data[found : found + 4] = (1).to_bytes(4, "little")
    return bytes(data)


def twice() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for folder in ("a", "b"):
            for name, data in plain().items():
                archive.writestr(f"{folder}/{name}", data)
    return made.getvalue()


def changed(**fields) -> bytes:
    about = json.loads(plain()[JSON]) | fields
    return zip_of(plain() | {JSON: json.dumps(about).encode()})


def of_other_arrays() -> bytes:
    data = save_arrays({"one": np.zeros(1)})
    about = json.loads(plain()[JSON]) | {"arrays_sha256": packed.hashlib.sha256(data).hexdigest()}
    return zip_of({ARRAYS: data, JSON: json.dumps(about).encode()})


def of_nan() -> bytes:
    arrays = load_arrays(plain()[ARRAYS])
    data = save_arrays({name: np.full_like(a, np.nan) for name, a in arrays.items()})
    about = json.loads(plain()[JSON]) | {"arrays_sha256": packed.hashlib.sha256(data).hexdigest()}
    return zip_of({ARRAYS: data, JSON: json.dumps(about).encode()})


def that_takes_hours() -> bytes:
    """A closure whose paths take steps of a billionth."""
    about = json.loads(shipped_models()["ising-partial"].joinpath(JSON).read_text())
    about["experiment"]["options"] |= {"step": 1e-9}
    arrays = shipped_models()["ising-partial"].joinpath(ARRAYS).read_bytes()
    return zip_of({JSON: json.dumps(about).encode(), ARRAYS: arrays})


REFUSED = {
    "too slow for a page": that_takes_hours,
    "not a readable zip file": lambda: b"these are words",
    "is damaged, or of another kind": lambda: zip_of(plain())[:-40],
    "too much for a model": bomb,
    "readable zip file": lying,
    "not part of a model": lambda: zip_of(plain() | {"run.py": b"print(1)"}),
    "twice": twice,
    "lacks 'model.safetensors'": lambda: zip_of({JSON: b"{}"}),
    "too many for a model": lambda: zip_of({f"{i}/{JSON}": b"{}" for i in range(99)}),
    "does not describe a model (": lambda: zip_of(plain() | {JSON: b"[1, 2]"}),
    "does not describe a model (Recursion": lambda: zip_of(plain() | {JSON: b"[" * 200_000}),
    "recorded.safetensors is missing": lambda: changed(recorded={"title": "x"}),
    "has format 99": lambda: changed(format=99),
    "is not the file that model.json describes": lambda: changed(arrays_sha256="0"),
    "does not describe a model": lambda: changed(scaling={}),
    "cannot be used": of_other_arrays,
    "cannot be used: ": of_nan,
}  # fmt: skip


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_no_model_is_a_sentence_and_nothing_is_kept_of_it(sentence, tmp_path):
    keep, data = SavedItems(ANNA, tmp_path / "kept"), REFUSED[sentence]()
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"\.$") as told:
        taken(data, keep, tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sentence.removesuffix(" (Recursion") in str(told.value)
    assert str(tmp_path) not in str(told.value)
    assert keep.things() == []
    assert most < 3 * LIMITS[ARRAYS]


@pytest.mark.parametrize(
    "change",
    [
        {"t_end": float("inf")}, {"t_end": -1.0}, {"lengths": [0.0, None]}, {"lengths": [None]},
        {"axes": [[3.0, 2.0, 1.0]]}, {"axes": [[1.0, 2.0, float("nan")]]},
    ],
    ids=str,
)  # fmt: skip
def test_a_system_that_cannot_be_is_refused(recorded, tmp_path, change):
    about = json.loads(recorded[JSON])
    about["recorded"] |= change
    with pytest.raises(ValueError, match=r"does not describe a model|cannot be read"):
        taken(zip_of(recorded | {JSON: json.dumps(about).encode()}), SavedItems(), tmp_path)


def test_recordings_that_are_not_finite_are_refused(recorded, tmp_path):
    about = json.loads(recorded[JSON])
    snapshots = load_arrays(recorded[RECORDED])["snapshots"].copy()
    snapshots[0, 0, 0, 0] = np.nan
    data = save_arrays({"snapshots": snapshots})
    about["recorded"]["sha256"] = packed.hashlib.sha256(data).hexdigest()
    files = recorded | {RECORDED: data, JSON: json.dumps(about).encode()}
    with pytest.raises(ValueError, match="finite numbers"):
        taken(zip_of(files), SavedItems(), tmp_path)


def test_without_room_the_model_is_there_for_the_visit_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("HOAM_KEPT_MB", "0")
    made = taken(zip_of(plain()), SavedItems(ANNA, tmp_path / "kept"), tmp_path)
    assert isinstance(made.model, Model)
    assert "There is no room to keep it" in made.unsaved_reason
    assert sorted(p.name for p in made.folder.iterdir()) == [JSON, ARRAYS]


def test_of_what_ships_nothing_is_forgotten_by_the_catalogue_of_a_visitor(model_of):
    """What somebody has trained must not be what everybody's page opens with."""
    model = model_of("two-stream", "galerkin")
    shared = Catalogue(
        dict(SYSTEMS), {"anna": model, **catalogue().models}, shipped=catalogue().shipped
    )
    mine = VisitorCatalogue(shared)
    assert mine.shipped == catalogue().shipped
    assert mine.models_of("two-stream") == shared.models_of("two-stream")
    assert mine.models_of("two-stream")[-1] == "anna"
    assert Exploration(mine, system="two-stream").model == "two-stream-mean-field"
