"""openPMD series of all kinds: what is read is what stands in the file, and the rest is told."""

from pathlib import Path

import h5py
import numpy as np
import openpmd_api as io
import pytest

from hoam_core.recorded.reader import Reading, read_recording
from hoam_core.recorded.recordings import collect, with_values
from hoam_core.recorded.sandbox_protocol import of_recording, to_recording
from tests.openpmd_files import PARTICLES, add, changed, population, sorted_rows, without, written

LAST = "/data/50"
NOTES = {
    "true": True, "an array": np.ones((2, 2)), "big-endian": np.array(1.5, ">f8"),
    "half": np.float16(1.5), "text": "words", "nothing": h5py.Empty("f4"),
}  # fmt: skip


@pytest.fixture
def weighted() -> dict[str, np.ndarray]:
    """A population with an offset and weights that differ."""
    columns = population()
    columns["positionOffset/x"] = np.full_like(columns["position/x"], 7.0)
    columns["weighting"] = np.where(columns["momentum/x"] > 0, 3.0, 1.0)
    return columns


def test_what_is_read_is_what_the_reference_implementation_reads(tmp_path, weighted):
    path = written(tmp_path / "run.h5", weighted)
    changed(path, f"{LAST}/{PARTICLES}/momentum", macroWeighted=np.uint32(1), weightingPower=1.0)
    series = io.Series(str(path), io.Access.read_only)
    electrons = series.iterations[50].particles["electrons"]
    scalar = io.Record_Component.SCALAR
    found = {
        name: electrons[record][component].load_chunk()
        for name, record, component in (
            ("x", "position", "x"), ("offset", "positionOffset", "x"), ("p", "momentum", "y"),
            ("w", "weighting", scalar),
        )
    }  # fmt: skip
    series.flush()
    sums = {"x": found["x"] + found["offset"], "py": found["p"] / found["w"]}
    read = read_recording(path)
    assert [(c.name, c.unit) for c in read.components] == [
        ("x", "µm"), ("px", "10⁻²⁴ kg m/s"), ("py", "10⁻²⁴ kg m/s"),
    ]  # fmt: skip
    for name, values in sums.items():
        column = [c.name for c in read.components].index(name)
        # Drawn by weight: each particle that is heavy for sure, and nobody else.
        assert np.isin(read.x[-1, :, column], values.astype(np.float32)).all()
        assert len(np.unique(read.x[-1, :, column])) > 150


PLACES = [
    "/", "/data", "/data/0", "/data/20", LAST, f"{LAST}/particles", f"{LAST}/{PARTICLES}",
    *(f"{LAST}/{PARTICLES}/{one}" for one in (
        "weighting", "positionOffset", "positionOffset/x", "position", "position/x", "momentum",
        "momentum/x", "momentum/y",
    )),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_an_attribute_of_any_type_changes_nothing(place, tmp_path, weighted):
    path = written(tmp_path / "run.h5", weighted)
    whole = read_recording(path)
    assert whole.x.shape == (6, 300, 3)
    assert not whole.paths
    for i, note in enumerate(NOTES.values()):
        changed(path, place, **{f"note{i}": note})
    noted = read_recording(path)
    assert np.array_equal(noted.x, whole.x)
    assert np.array_equal(noted.ts, whole.ts)
    assert noted.notes == whole.notes


@pytest.mark.parametrize("value", [True, np.ones((2, 2)), 1j, np.nan, "one", h5py.Empty("f8")])
@pytest.mark.parametrize(
    ("place", "key"),
    [
        (LAST, "time"), ("/data/20", "timeUnitSI"),
        *((f"{LAST}/{PARTICLES}/{one}", "unitSI") for one in ("momentum/y", "weighting")),
        (f"{LAST}/{PARTICLES}/momentum", "macroWeighted"),
    ],
)  # fmt: skip
def test_an_attribute_that_counts_is_a_number_or_told(place, key, value, tmp_path, weighted):
    path = changed(written(tmp_path / "run.h5", weighted), place, **{key: value})
    with pytest.raises(ValueError, match=f"attribute `{key}` of 'run.h5' at {place}"):
        read_recording(path)


@pytest.mark.parametrize("key", ["time", "timeUnitSI"])
def test_what_the_standard_requires_and_is_needed_is_named(key, tmp_path):
    path = written(tmp_path / "run.h5", population())
    with h5py.File(path, "r+") as file:
        del file[LAST].attrs[key]
    with pytest.raises(ValueError, match=f"'run.h5' lacks the attribute `{key}` at {LAST}"):
        read_recording(path)


def test_what_the_standard_requires_and_is_not_needed_may_be_missing(tmp_path):
    path = written(tmp_path / "run.h5", population())
    with h5py.File(path, "r+") as file:
        for key in ("openPMDextension", "openPMD", "iterationFormat"):
            del file.attrs[key]
        del file[LAST].attrs["dt"]
    assert read_recording(path).x.shape == (6, 300, 3)


@pytest.mark.parametrize("place", ["/", "/data/0"])
@pytest.mark.parametrize("number", [3, 48, 51, 57, -1])
@pytest.mark.parametrize("wrap", [np.int8, lambda n: np.array([n], np.int8)])
def test_a_whole_number_of_one_byte_is_that_number(place, number, wrap, tmp_path):
    path = changed(written(tmp_path / "run.h5", population()), place, a0=wrap(number))
    assert read_recording(path, Reading(attributes=("a0",))).parameters == {"a0": number}


@pytest.mark.parametrize("value", [True, 1 + 2j, np.ones(2), "strong", h5py.Empty("f8")])
def test_a_parameter_that_is_no_number_is_told(value, tmp_path):
    path = written(tmp_path / "run.h5", population(), a0=value)
    with pytest.raises(ValueError, match=r"attribute 'a0' of 'run.h5' is .*, which is no number"):
        read_recording(path, Reading(attributes=("a0",)))


def test_a_parameter_that_changes_during_the_run_is_told(tmp_path):
    path = written(tmp_path / "run.h5", population(), a0=1.0)
    changed(path, "/data/0", a0=1.0)
    changed(path, LAST, a0=2.0)
    with pytest.raises(
        ValueError, match=r"'a0' of 'run.h5' is 1.0 at iteration 0, but 2.0 at .* 50"
    ):
        read_recording(path, Reading(attributes=("a0",)))


def scan(folder: Path, sizes, **options) -> list[Path]:
    paths = []
    for i, size in enumerate(sizes):
        columns = population(seed=i)
        columns = {k: size * v if k.startswith("momentum") else v for k, v in columns.items()}
        paths.append(written(folder / f"run{i}.h5", columns, **options))
    return paths


def test_the_files_of_a_scan_are_counted_in_one_unit(tmp_path):
    # Spans of 0.6 and of 6 times 10^-24 kg m/s lie on either side of a power of a thousand.
    small, large = scan(tmp_path, (0.1, 1.0), lengths='{"x": 2e-5}')
    read = [read_recording(path) for path in (small, large)]
    assert [one.components[1].unit for one in read] == ["10⁻²⁷ kg m/s", "10⁻²⁴ kg m/s"]
    for order in ((0, 1), (1, 0)):
        collection = collect(
            with_values([read[i] for i in order], {"a0": [float(i) for i in order]})
        )
        assert [c.unit for c in collection.components] == ["µm", "10⁻²⁴ kg m/s", "10⁻²⁴ kg m/s"]
        assert collection.x[0, ..., 1].std() == pytest.approx(0.1, rel=0.2)
        assert collection.x[1, ..., 1].std() == pytest.approx(1.0, rel=0.2)
        assert collection.lengths == (20.0, None, None)
        assert collection.notes.count("Times are in fs.") == 1


def test_the_times_of_a_scan_are_counted_in_one_unit(tmp_path):
    short = written(tmp_path / "a.h5", population(), steps=[20 * k for k in range(6)])
    with h5py.File(tmp_path / "b.h5", "w") as made, h5py.File(short) as file:
        for name in file:
            file.copy(name, made)
        made.attrs.update(file.attrs)
        for iteration in made["data"].values():
            # The last time is a little more than 1 ps, and of the first file a little less.
            iteration.attrs["timeUnitSI"] = 0.20001e-12
    for iteration in range(0, 120, 20):
        changed(short, f"/data/{iteration}", timeUnitSI=0.19999e-12)
    read = [read_recording(path) for path in (short, tmp_path / "b.h5")]
    assert [note for one in read for note in one.notes if "Times" in note] == [
        "Times are in fs.", "Times are in ps.",
    ]  # fmt: skip
    collection = collect(with_values(read, {"a0": [1.0, 2.0]}))
    assert collection.ts[-1] == pytest.approx(1.0, rel=1e-3)
    assert [note for note in collection.notes if "Times" in note] == ["Times are in ps."]


def test_late_windows_are_counted_by_their_span(tmp_path):
    columns = population()
    columns["position/x"] = columns["position/x"] + 3e5  # µm
    read = read_recording(written(tmp_path / "run.h5", columns, start=1e6))
    assert read.ts == pytest.approx(0.5 * np.arange(6))
    assert "Times are in fs." in read.notes
    assert "Times are counted from the first, which is 1e+06 fs in the file." in read.notes
    assert read.components[0].unit == "µm"


def test_units_and_notes_go_through_the_other_process(tmp_path):
    read = read_recording(written(tmp_path / "run.h5", population()))
    assert to_recording(of_recording(read)).si == read.si
    assert str(read.si["px"]) == "10⁻²⁴ kg m/s"


def shuffled(columns, ids) -> dict:
    rng = np.random.default_rng(1)
    orders = [rng.permutation(len(row)) for row in columns["position/x"]]
    columns = columns | {"id": ids}
    return {k: np.stack([r[o] for r, o in zip(v, orders, strict=True)]) for k, v in columns.items()}


def test_ids_tell_who_is_who_only_if_they_are_identities(tmp_path):
    columns = population()
    numbers = np.tile(np.arange(300, dtype=np.uint64), (6, 1))
    read = read_recording(written(tmp_path / "good.h5", shuffled(columns, numbers)))
    assert read.paths
    assert np.ptp(read.x[..., 1], axis=0).max() == 0
    read = read_recording(written(tmp_path / "twice.h5", shuffled(columns, numbers % 150)))
    assert not read.paths
    assert "Some ids belong to two particles, so that no particle is followed." in read.notes
    later = numbers + np.where(np.arange(6) > 2, 1, 0)[:, None].astype(np.uint64)
    read = read_recording(written(tmp_path / "others.h5", shuffled(columns, later)))
    assert not read.paths
    assert "The ids change with time, so that no particle is followed." in read.notes


def test_ids_that_stand_twice_are_seen_among_more_particles_than_are_used(tmp_path):
    numbers = np.tile(np.arange(2_000, dtype=np.uint64), (6, 1))
    numbers[:, 7] = 1_999
    path = written(tmp_path / "run.h5", shuffled(population(2_000), numbers))
    assert not read_recording(path, Reading(most=256)).paths


def test_without_ids_it_is_told_that_particles_keep_their_places(tmp_path):
    read = read_recording(written(tmp_path / "run.h5", population()))
    assert read.paths
    assert "Particles have no ids and are taken to keep their places in the file." in read.notes


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("momentum/x", np.ones(300) * 1j, "values of type complex128 at .*momentum/x"),
        ("momentum/x", np.ones(300) > 0, "values of type bool at .*momentum/x"),
        ("momentum/x", np.ones((300, 1)), r"an array of shape \(300, 1\) at .*momentum/x"),
        ("momentum/x", np.ones(299), "299 of momentum/x"),
        ("id", np.arange(20), "20 of id"),
        ("weighting", -np.ones(300), "weights of 'run.h5' at iteration 50 .* not negative"),
        ("weighting", np.full(300, np.nan), "weights of 'run.h5' at iteration 50 .* finite"),
        ("positionOffset/y", np.ones(300), "lacks positionOffset/x at iteration 50"),
        ("positionOffset/x/z", np.ones(300), "holds no numbers at .*positionOffset/x"),
    ],
)
def test_values_that_cannot_be_used_are_told_with_their_place(name, values, sentence, tmp_path):
    path = written(tmp_path / "run.h5", population())
    with h5py.File(path, "r+") as file:
        file[LAST].pop(f"{PARTICLES}/{name}", None)
        add(file[LAST], name, values, {"momentum": 1e-24})
    with pytest.raises(ValueError, match=sentence) as told:
        read_recording(path)
    assert "'run.h5'" in str(told.value)


def test_a_scalar_record_can_be_named(tmp_path):
    columns = population()
    columns["energy"] = columns["momentum/x"] ** 2
    path = written(tmp_path / "run.h5", columns)
    read = read_recording(path, Reading(components=("position/x", "energy")))
    assert [c.name for c in read.components] == ["x", "energy"]
    with pytest.raises(ValueError, match="has no spin; it has energy, momentum/x"):
        read_recording(path, Reading(components=("spin",)))


def test_a_component_that_is_constant_at_first_is_used(tmp_path):
    columns = population()
    path = written(tmp_path / "run.h5", without(columns, 0))
    with h5py.File(path, "r+") as file:
        units = {"position": 1e-6, "momentum": 1e-24}
        for name in ("position/x", "momentum/x"):
            add(file["data/0"], name, columns[name][0], units)
        for k in range(6):
            for record, value in (("momentum/z", 2.0), ("momentum/y", 0.0)):
                if k == 0 or record == "momentum/z":
                    constant = file.create_group(f"data/{10 * k}/{PARTICLES}/{record}")
                    constant.attrs.update(unitSI=1e-24, value=value, shape=np.array([300]))
    read = read_recording(path)
    assert [c.name for c in read.components] == ["x", "px", "py"]
    later = sorted_rows(columns["momentum/y"][1:])
    assert sorted_rows(read.x[1:, :, 2]) == pytest.approx(later)
    assert not read.x[0, :, 2].any()
    assert "Constant for all particles and left out: momentum/z." in read.notes
