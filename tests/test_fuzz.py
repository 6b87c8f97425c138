"""Damaged and foreign files: every loader loads, or says in a sentence what is wrong.

Files are cut off at random places, bytes are changed, headers lie, JSON and YAML hold what nobody
expects. HDF5 is read in a child process, since its library may end the process that it runs in.
"""

import hashlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path

import h5py
import jax
import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as save_arrays

from dashboard.content.asset_files import checked_fields, parsed_yaml
from dashboard.content.lessons import parsed_lesson, read_lessons
from dashboard.explore.scenarios import FIELDS, read_scenarios
from hoam_core import Experiment, fit, load_model, save_model
from hoam_core.data import Scaling
from hoam_core.recorded.learning import learn_recorded
from hoam_core.recorded.options import Reading, checked, fewer, read_parameters
from hoam_core.recorded.recordings import Recording, collect
from hoam_core.storage.datasets import write_dataset
from hoam_core.systems.base import Component
from hoam_core.training import adam
from hoam_core.training.checkpoint import read_checkpoint, unfinished, write_checkpoint
from hoam_core.training.experiment import build_method
from tests.damage import altered, damaged, sentence_of

ROOT = Path(__file__).parent.parent
FEW, SOME = settings(max_examples=25), settings(max_examples=40)
# Where the library below loops for ever, an example costs seconds: always the same examples.
FILES = settings(max_examples=15, derandomize=True, database=None)
READ = """
import json, os, resource, sys
from pathlib import Path
from hoam_core.recorded.reader import read_recording, series_of
from hoam_core.recorded.netcdf import read_start
readers = {"recording": lambda path: read_recording(series_of([path])[0]), "initial": read_start}

def tell(*words):
    print(json.dumps(words), flush=True)

def read(kind, path):
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**31, used + 2**31))
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    try:
        readers[kind](Path(path))
        tell("loaded", "")
    except Exception as error:
        tell(type(error).__name__, str(error))

tell("ready")
for line in sys.stdin:
    if (child := os.fork()) == 0:
        read(*line.rstrip("\\n").split(" ", 1))
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        tell("ended", "")
"""


class Child:
    """A process that reads one file after another, each in a copy of itself.

    The library below may end that copy or keep it busy for ever: it has 2 GiB and 1 s.
    """

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", READ], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"},
        )  # fmt: skip
        assert self.answer(120) == ["ready"]

    def answer(self, seconds: float) -> list[str]:
        """The next line."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        assert ready, f"nothing was said for {seconds} s"
        return json.loads(self.process.stdout.readline())

    def read(self, kind: str, path: Path) -> str:
        """What became of a file: "loaded", "ended" by the library, or its sentence."""
        self.process.stdin.write(f"{kind} {path}\n")
        self.process.stdin.flush()
        outcome, told = self.answer(60)
        if outcome in ("loaded", "ended"):
            return outcome
        assert outcome == "ValueError", (outcome, told)
        assert path.name in told
        assert told.endswith(".")
        return told


@pytest.fixture(scope="module")
def child():
    made = Child()
    with made.process:
        yield made
        made.process.kill()


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    """A small population that every reader takes."""
    rng = np.random.default_rng(0)
    state = rng.uniform(0, 50, (5, 300, 2)).astype(np.float32)
    return xr.Dataset(
        {"state": (("time", "particle", "component"), state, {"units": "x: m, v: m/s"})},
        {"time": np.arange(5.0), "component": ["x", "v"]},
        {"system": "two-stream", "parameters": '{"mu": 1.3}', "lengths": '{"x": 50}'},
    )


@pytest.fixture(scope="module")
def netcdf(run, place) -> bytes:
    write_dataset(run, place / "whole.nc")
    return (place / "whole.nc").read_bytes()


@pytest.fixture(scope="module")
def openpmd(run, place) -> bytes:
    return written_openpmd(run, place / "whole.h5")


def written_openpmd(run: xr.Dataset, path: Path) -> bytes:
    """The population as openPMD, written with h5py alone."""
    with h5py.File(path, "w") as file:
        file.attrs.update(
            openPMD="1.1.0", openPMDextension=np.uint32(0), basePath="/data/%T/",
            particlesPath="particles/", iterationEncoding="groupBased", mu=1.3,
            iterationFormat="/data/%T/",
        )  # fmt: skip
        for k, time in enumerate(run.time.values):
            iteration = file.create_group(f"data/{k}")
            iteration.attrs.update(time=float(time), dt=1.0, timeUnitSI=1.0)
            electrons = iteration.create_group("particles/electrons")
            for i, record in enumerate(("position", "momentum")):
                group = electrons.create_group(record)
                group.attrs.update(unitDimension=np.zeros(7), timeOffset=0.0)
                column = group.create_dataset("x", data=run.state.values[k, :, i].astype(float))
                column.attrs["unitSI"] = 1.0
    return path.read_bytes()


def test_whole_files_load(child, netcdf, openpmd, place):
    for name in ("whole.nc", "whole.h5"):
        assert child.read("recording", place / name) == "loaded"
    assert child.read("initial", place / "whole.nc") == "loaded"


@pytest.mark.parametrize("kind", ["recording", "initial"])
@FILES
@given(data=st.data())
def test_damaged_netcdf(child, netcdf, place, kind, data):
    path = place / f"{kind}.nc"
    path.write_bytes(data.draw(damaged(netcdf)))
    child.read(kind, path)


@FILES
@given(data=st.data())
def test_damaged_openpmd(child, openpmd, place, data):
    path = place / "damaged7.h5"
    path.write_bytes(data.draw(damaged(openpmd)))
    child.read("recording", path)


@pytest.mark.slow
@settings(max_examples=400, database=None)
@given(data=st.data())
def test_many_damaged_files(child, netcdf, openpmd, place, data):
    name, whole = data.draw(st.sampled_from([("damaged7.h5", openpmd), ("recording.nc", netcdf)]))
    (place / name).write_bytes(data.draw(damaged(whole)))
    child.read("recording", place / name)


def test_a_chunk_that_would_be_unpacked_to_gigabytes_is_refused(child, place):
    with h5py.File(place / "bomb.nc", "w") as file:
        made = file.create_dataset(
            "state", (5, 300, 2), "f8", maxshape=(None, None, None), chunks=(2**15, 2**12, 4),
            compression="gzip", fillvalue=0.0,
        )  # fmt: skip
        made.attrs["units"] = "1"
    told = child.read("recording", place / "bomb.nc")
    assert "chunks of 536,870,912 numbers" in told


def test_a_header_that_promises_more_than_a_file_can_hold_is_refused(child, place, run):
    path = place / "liar.nc"
    path.write_bytes((place / "whole.nc").read_bytes())
    with h5py.File(path, "a") as file:
        file.create_dataset("more", (10**9, 10**3), "f8", chunks=(10**4, 10), compression="gzip")
    assert "1,000,000,000,000 numbers" in child.read("recording", path)
    assert "cannot be read as NetCDF" in child.read("initial", path)


@pytest.fixture(scope="module")
def model(galerkin_model, place) -> Path:
    save_model(galerkin_model, place / "model")
    return place / "model"


@SOME
@given(data=st.data())
def test_damaged_model_files(model, place, data):
    name = data.draw(st.sampled_from(["model.json", "model.safetensors"]))
    forged = place / "forged"
    forged.mkdir(exist_ok=True)
    for path in model.iterdir():
        whole = path.read_bytes()
        made = data.draw(damaged(whole)) if path.name == name else whole
        (forged / path.name).write_bytes(made)
        # A byte may have been replaced by itself.
        assume(path.name != name or made != whole)
    told = sentence_of(lambda: load_model(forged), "forged")
    assert told is not None or name == "model.json"


@SOME
@given(data=st.data())
def test_a_forged_model_whose_hash_is_right(model, place, data):
    forged = place / "forged"
    forged.mkdir(exist_ok=True)
    about = data.draw(altered(json.loads((model / "model.json").read_text())))
    arrays = data.draw(damaged((model / "model.safetensors").read_bytes()))
    if isinstance(about, dict):
        about["arrays_sha256"] = hashlib.sha256(arrays).hexdigest()
    (forged / "model.json").write_text(json.dumps(about))
    (forged / "model.safetensors").write_bytes(arrays)
    sentence_of(lambda: load_model(forged), "forged")


YAML = [
    "{" * 5_000, "2001-99-99", "!!python/object/apply:os.system [ls]", "!!timestamp x",
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]\n"
    "title: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]",
    "&a [*a]", "? {a: 1}\n: 2", "%YAML 9.9", "=", "- !!binary é", "title: " + "x" * 5_000,
    "0x", "1" * 5_000, "$" * 1_000, "$" + "{" * 3_000 + "$", "$\\frac$", "> " * 2_000,
]  # fmt: skip


LIES = {
    "n_times": 10**12, "particles": 1e400, "steps": -1, "seed": 2**70, "rate": "fast", "axes": 3,
    "t_end": [1], "system": None, "method": ["galerkin"], "network": 3, "loading": {},
    "options": {"waves": 10**12}, "network_options": 7,
}  # fmt: skip


@pytest.mark.parametrize("field", LIES)
def test_a_lie_in_an_experiment_is_told_before_it_takes_memory(tiny, field):
    values = json.loads(json.dumps(tiny("two-stream", "galerkin").to_json()))
    with pytest.raises(ValueError, match=r"."):
        build_method(Experiment.from_json({**values, field: LIES[field]}), None)


MANY = {"modes_x": 10**5, "modes_v": 10**5, "degree": 10**5, "waves": 10**5}


@pytest.mark.parametrize("option", MANY)
def test_more_functions_than_memory_holds_are_refused(tiny, option):
    experiment = tiny("two-stream", "galerkin", options={option: MANY[option]})
    with pytest.raises(ValueError, match="must lie from 0 to"):
        build_method(experiment, Scaling(*[np.ones(2)] * 4, np.ones(1), np.ones(1), np.ones(())))


@pytest.fixture(scope="module")
def checkpoint(tiny, ensemble_of, place):
    """An experiment, its method and data, and the bytes of a checkpoint."""
    experiment = tiny("two-stream", "dice")
    data = ensemble_of("two-stream")
    method, optimizer = build_method(experiment, Scaling.of(data)), adam(experiment.steps)
    *_, state = fit(method.learner, data, optimizer, jax.random.key(0), steps=2, every=1)
    write_checkpoint(place / "checkpoint.safetensors", experiment, state)
    whole = (place / "checkpoint.safetensors").read_bytes()
    read = [experiment, method.learner, optimizer, data, jax.random.key(0)]
    return lambda path: read_checkpoint(path, *read), whole


@FEW
@given(data=st.data())
def test_damaged_checkpoints(checkpoint, place, data):
    read, whole = checkpoint
    path = place / "checkpoint.safetensors"
    path.write_bytes(data.draw(damaged(whole)))
    sentence_of(lambda: read(path), "checkpoint")
    sentence_of(lambda: unfinished(place), "checkpoint")


def test_a_checkpoint_of_other_shapes_is_damaged(checkpoint, place):
    read, whole = checkpoint
    length = int.from_bytes(whole[:8], "little")
    about = json.loads(whole[8 : 8 + length])["__metadata__"]
    path = place / "checkpoint.safetensors"
    for arrays in ({}, {"00000": np.zeros(3, np.float32)}):
        path.write_bytes(save_arrays(arrays, metadata=about))
        assert "damaged" in sentence_of(lambda: read(path), "checkpoint")


@pytest.fixture(scope="module")
def own(place) -> tuple[Path, bytes]:
    """A model of recorded snapshots."""
    rng = np.random.default_rng(0)
    recordings = [
        Recording(
            f"{mu}.nc", {"mu": mu}, np.linspace(0, 1, 4), rng.normal(size=(4, 256, 2)),
            (Component("x", "x", "", (0.0, 1.0)), Component("v", "v", "", (0.0, 1.0))), {}, 256,
        )
        for mu in (1.0, 2.0, 3.0)
    ]  # fmt: skip
    collection = collect(recordings)
    *_, last = learn_recorded(collection, place / "own", held_out=None)
    assert last.model is not None
    return place / "own", (place / "own" / "recorded.safetensors").read_bytes()


@FEW
@given(data=st.data())
def test_damaged_recorded_models(own, data):
    folder, whole = own
    path, told = folder / "recorded.safetensors", folder / "model.json"
    before = told.read_text()
    about = data.draw(altered(json.loads(before)["recorded"]))
    bytes_ = data.draw(damaged(whole))
    try:
        path.write_bytes(bytes_)
        sentence_of(lambda: load_model(folder), "own")
        if data.draw(st.booleans()) and isinstance(about, dict):
            about["sha256"] = hashlib.sha256(bytes_).hexdigest()
        told.write_text(json.dumps({**json.loads(before), "recorded": about}))
        sentence_of(lambda: load_model(folder), "own")
    finally:
        told.write_text(before)
        path.write_bytes(whole)


finite = st.floats(allow_nan=False, allow_infinity=False)


@SOME
@example(values=[0.0, 1.0], length=4e-299, end=1.0, scale=1.0)
@given(
    values=st.lists(finite, min_size=2, max_size=4), length=st.floats(), end=st.floats(),
    scale=st.sampled_from([0.0, 1e-300, 1.0, 1e12, 1e30, 1e300, np.nan]),
)  # fmt: skip
def test_recordings_of_any_numbers_fit_or_are_told(values, length, end, scale):
    state = scale * np.random.default_rng(0).normal(size=(4, 256, 1))
    one = Component("x", "x", "", (0.0, 1.0))

    def read():
        recordings = []
        for i, value in enumerate(values):
            parameters = read_parameters({"parameters": json.dumps({"mu": value})}, (), f"{i}.nc")
            with np.errstate(over="ignore", invalid="ignore"):
                ts = np.arange(4) * end
            x, _ = fewer(state, Reading())
            made = Recording(f"{i}.nc", parameters, ts, x, (one,), {"x": length}, 256)
            recordings.append(checked(made))
        system = collect(recordings).system()
        assert np.all(np.isfinite(system.snapshots))

    sentence_of(read, ".nc")


def told_of(text: str) -> None:
    """A text as the fields of a file, in the front matter of a lesson and in a step of one."""
    sentence_of(lambda: checked_fields("a.yaml", parsed_yaml("a.yaml", text), FIELDS), "a.yaml")
    fields = "title: T\nlevel: l\nminutes: 1\norder: 1\nsummary: s\n"
    step = f"## One\nstate: ?view=explore\n\n{text}"
    sentence_of(lambda: parsed_lesson("a", f"---\n{fields}---\n{step}"), "a.md")
    sentence_of(lambda: parsed_lesson("a", f"---\n{fields}{text}\n---\n## One\n"), "a.md")


@FEW
@given(text=st.text(max_size=200))
def test_any_text_is_read_as_yaml_and_lesson_or_told(text):
    told_of(text)


@pytest.mark.parametrize("number", range(len(YAML)))
def test_hostile_yaml_is_told(number):
    told_of(YAML[number])


@FEW
@given(data=st.data())
def test_damaged_scenarios_cost_their_own_entries(place, data):
    whole = (ROOT / "assets" / "scenarios.yaml").read_bytes()
    path = place / "scenarios.yaml"
    path.write_bytes(data.draw(damaged(whole[:2_000])))
    shelf = read_scenarios(path, ROOT / "assets" / "thumbnails")
    assert all(told.endswith(".") and len(told) < 1_000 for told in shelf.problems)


@FEW
@given(data=st.data())
def test_damaged_lessons_cost_their_own_file(place, data):
    folder = place / "lessons"
    folder.mkdir(exist_ok=True)
    whole = min((ROOT / "assets" / "lessons").glob("*.md"), key=lambda one: one.stat().st_size)
    (folder / "one.md").write_bytes(data.draw(damaged(whole.read_bytes())))
    shelf = read_lessons(folder)
    assert len(shelf.items) + len(shelf.problems) == 1
