"""Every exported format opens again, and holds the numbers of the view."""

import ast
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image as Pillow

import hoam_core as hoam
from dashboard.explore.export import dataset, exportable
from dashboard.explore.snapshot import ViewSnapshot
from dashboard.exports.csv_file import to_csv
from dashboard.exports.film import frames, gif, mp4
from dashboard.exports.menu import FORMATS, counted
from dashboard.exports.script import docstring, model_in_python, script
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.runs.jobs import answer, truth
from dashboard.runs.lattice_jobs import lattice_view
from dashboard.runs.run import Case, truth_case
from dashboard.view.animation import AnimatedChart, Animation, Curve, Image, Lines, Side
from dashboard.view.base import Exportable
from hoam_core.storage.datasets import read_dataset

SHELF, ROOT = catalogue(), Path(__file__).parents[2]
PLASMA = Case("two-stream", "two-stream-galerkin", (1.25,), 3, 256)
WEISS = Case("curie-weiss", "curie-weiss-partial", (1.1, 0.1, -0.5, 16.0), 0, 256)


def snapshot_of(case: Case, axes, shelf: Catalogue = SHELF, **changes) -> ViewSnapshot:
    (run,) = answer(case, shelf, axes)
    system = shelf.systems[case.system]
    values = {"answer": run, "truth": None} | changes
    return ViewSnapshot(system, shelf, case, axes, run.ts, float(run.ts[50]), True, **values)


@pytest.fixture(scope="module")
def plasma(galerkin_model) -> ViewSnapshot:
    """A tiny model; its answer of another seed stands for the full model's run."""
    shelf = Catalogue(SHELF.systems, {"tiny": galerkin_model})
    case = PLASMA._replace(model="tiny")
    (other,) = answer(case._replace(seed=4), shelf, (0, 1))
    full = replace(other, case=other.case._replace(model=""))
    return snapshot_of(case, (0, 1), shelf, truth=full)


@pytest.fixture(scope="module")
def given(plasma) -> Exportable:
    """Its material, with numbers that are computed once."""
    numbers = dataset(plasma)
    return replace(exportable(plasma), dataset=numbers.copy)


def made(suffix: str, given: Exportable) -> bytes:
    *steps, data = counted(FORMATS[suffix].make, given)
    assert all(isinstance(step, int) for step in steps)
    return data


def test_csv_opens_in_pandas_with_units_and_provenance(plasma, given):
    text = made("csv", given).decode()
    table = pd.read_csv(io.StringIO(text), comment="#")
    assert list(table.columns[:2]) == ["time [1/(mu omega_p)]", "electric_energy [mu^2 m v_th^2]"]
    np.testing.assert_allclose(
        table["electric_energy [mu^2 m v_th^2]"], plasma.answer.curves["electric_energy"], rtol=1e-6
    )
    np.testing.assert_allclose(
        table["electric_energy_full_model [mu^2 m v_th^2]"], plasma.truth.curves["electric_energy"],
        rtol=1e-6,
    )  # fmt: skip
    for line in ("# system: two-stream", '# parameters: {"mu": 1.25}', "# seed: 3",
                 "# model: tiny", f"# steps: {plasma.catalogue.models['tiny'].steps}"):  # fmt: skip
        assert line in text.splitlines()
    assert text.startswith("# Two-stream instability, μ = 1.25. The field energy")


def test_what_speaks_against_a_run_stands_in_its_files():
    (run,) = answer(PLASMA._replace(particles=64), SHELF, (0, 1))
    assert any(sentence.startswith("64 particles are fewer") for sentence in run.doubts)
    few = snapshot_of(PLASMA._replace(particles=64), (0, 1))
    told = dataset(few)
    assert json.loads(told.attrs["warnings"]) == list(run.doubts) == few.warnings
    lines = to_csv(told).splitlines()
    assert [line for line in lines if line.startswith("# warning: ")] == [
        f"# warning: {sentence}" for sentence in run.doubts
    ]
    assert [value for name, value in exportable(few).animation().about if name == "warning"] == [
        *run.doubts
    ]
    assert 'run.attrs["warnings"]' in exportable(few).script


def test_curves_over_two_dimensions_stand_side_by_side():
    table = xr.Dataset(
        {"a": ("time", [1.0, 2.0]), "b": ("time", [3.0, 4.0]), "c": ("mu", [5.0, 6.0, 7.0])},
        {"time": [0.0, 1.0], "mu": [0.1, 0.2, 0.3]},
    )
    read = pd.read_csv(io.StringIO(to_csv(table)), comment="#")
    assert list(read.columns) == ["time", "a", "b", "mu", "c"]
    assert read["a"].dropna().tolist() == [1, 2]
    assert read["c"].tolist() == [5, 6, 7]
    with pytest.raises(ValueError, match="nothing to write"):
        to_csv(xr.Dataset({"x": ((), 1.0)}))


def test_tables_without_curves_have_a_line_for_each_value():
    table = xr.Dataset(
        {"energy": (("mu", "time"), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], {"units": "J"})},
        {"mu": [1.2, 1.4], "time": ("time", [0.0, 1.0, 2.0], {"units": "s"})},
    )
    read = pd.read_csv(io.StringIO(to_csv(table)), comment="#")
    assert list(read.columns) == ["mu", "time [s]", "energy [J]"]
    assert read["mu"].tolist() == [1.2] * 3 + [1.4] * 3
    assert read["time [s]"].tolist() == [0.0, 1.0, 2.0] * 2
    assert read["energy [J]"].tolist() == [1, 2, 3, 4, 5, 6]


def test_netcdf_has_the_layout_of_predict_and_more(given, tmp_path):
    path = tmp_path / "view.nc"
    path.write_bytes(made("nc", given))
    read = read_dataset(path)
    assert read["state"].dims == ("time", "particle", "component")
    assert read.sizes["particle"] == 256
    assert {"system", "parameters", "seed", "version", "model"} <= set(read.attrs)
    assert json.loads(read.attrs["parameters"]) == {"mu": 1.25}
    assert all("units" in variable.attrs for variable in read.data_vars.values())
    field = read["density_full_model"]
    assert field.dims == ("time", "v", "x")
    mass = field.isel(time=30).sum() * np.diff(field.v)[0] * np.diff(field.x)[0]
    assert float(mass) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("case", "axes", "name"),
    [
        (WEISS._replace(share=0.5), (0, 0), "magnetisation"),
        pytest.param(PLASMA, (0, 1), "electric_energy", marks=pytest.mark.slow),
    ],
)
def test_the_script_runs_alone_and_makes_the_numbers_of_the_page(case, axes, name, tmp_path):
    shown = snapshot_of(case, axes)
    given = exportable(shown)
    file = tmp_path / "view.py"
    file.write_text(given.script)
    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, capture_output=True, text=True, check=True,
        # These tests compute in double precision.
        env=os.environ | {"JAX_ENABLE_X64": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    read = read_dataset(tmp_path / f"{given.name}.nc")
    mine = shown.answer.curves[name]
    np.testing.assert_allclose(read[name], mine, rtol=1e-6)
    assert f"{name} = {mine[50]:.6g} " in done.stdout


def test_every_kind_of_view_gives_a_script_that_is_python():
    for case in (PLASMA, PLASMA._replace(model=""), WEISS, WEISS._replace(share=0.5)):
        text = script(SHELF.systems[case.system], case, time=1.0, end=2.0, frames=9, name="n")
        compile(text, "view.py", "exec")
        assert ("with_share" in text) == (case.share != 1.0)
        assert ("def full_model" in text) == bool(case.model)


def test_the_full_model_of_a_script_is_that_of_the_page(monkeypatch):
    system = SHELF.systems["oscillator"]  # its steps are random
    monkeypatch.setattr(type(system), "truth_particles", 256)
    case = Case(system.name, "oscillator-galerkin", (4.25,), 3, 64)
    ts = SHELF.times(system.name, case.model)
    text = script(system, case, time=1.0, end=float(ts[-1]), frames=len(ts), name="n")
    beside = {"hoam": hoam, "parameters": {"omega": 4.25}}
    exec(text[text.index("def full_model") :], beside)
    *_, page = truth(truth_case(system, case.mu, case.seed), system, ts, SHELF.axes(system.name))
    for name, values in page.curves.items():
        np.testing.assert_allclose(beside["full_model"]()[name], values, rtol=1e-5, atol=1e-6)


def test_python_finds_a_model_that_was_trained_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr("dashboard.exports.script.own_folder", lambda: tmp_path)
    assert model_in_python("two-stream-galerkin") == '"two-stream-galerkin"'
    (tmp_path / "my-own").mkdir()
    (tmp_path / "my-own" / "model.json").write_text("{}")
    assert model_in_python("my-own") == json.dumps(str(tmp_path / "my-own"))


def test_the_full_model_alone_gives_its_densities_and_its_own_script(plasma):
    alone = replace(plasma, case=plasma.truth.case, answer=None)
    given = exportable(alone)
    found = given.dataset()
    assert "state" not in found
    assert {"electric_energy", "density_full_model"} <= set(found)
    assert found.attrs["method"] == "full-model"
    assert "simulate_pieces" in given.script
    assert [scene.title for scene in given.animation().scenes] == ["Full model"]
    assert exportable(replace(alone, truth=None)) is None


def test_a_run_that_is_under_way_is_filled_with_nothing(plasma):
    part = replace(
        plasma.truth, states=plasma.truth.states.until(11),
        curves={k: v[:11] for k, v in plasma.truth.curves.items()},
    )  # fmt: skip
    found = dataset(replace(plasma, case=part.case, truth=part, answer=None))
    energy = found["electric_energy"].values
    assert np.isfinite(energy[:11]).all()
    assert np.isnan(energy[11:]).all()
    assert found["density_full_model"].sizes["time"] == len(plasma.ts)


def test_the_reel_has_both_models_and_their_difference(plasma):
    animation = exportable(plasma).animation()
    assert [scene.title for scene in animation.scenes] == [
        "Learned model", "Full model", "Difference, learned − full",
    ]  # fmt: skip
    assert animation.equations == plasma.system.equations
    assert animation.charts[0].heading.endswith(", logarithmic")
    a, b, difference = (scene.levels(50).astype(int) for scene in animation.scenes)
    # One colour scale for both, and half of it for the difference.
    inside = (a < 255) & (b < 255)
    np.testing.assert_allclose(difference[inside], np.clip(127.5 + (a - b), 0, 255)[inside], atol=2)


def test_a_lattice_gives_its_cells():
    *_, view = (
        v for v in lattice_view(WEISS._replace(model=""), SHELF, np.linspace(0, 1, 5), (0, 0))
    )
    shown = snapshot_of(WEISS, (0, 0), cells=view.cells)
    animation = exportable(shown).animation()
    assert len(animation.ts) == 5
    assert set(np.unique(animation.scenes[0].levels(2))) <= {0, 1}
    found = dataset(shown)
    assert found["cells_full_model"].dims == ("time", "y", "x")
    assert len(list(frames(animation))) == 5
    # The curves are complete before the pictures are.
    assert animation.end == shown.ts[-1] > animation.ts[-1]
    assert shown.values == "T = 1.1, h = 0.1, m0 = -0.5, L = 16"


def small_reel(n: int = 6) -> Animation:
    t = np.linspace(0, 1, n)
    grey = [f"#{i:02x}{i:02x}{i:02x}" for i in range(256)]
    levels = [np.full((8, 12), 40 * i % 256, np.uint8) for i in range(n)]
    image = Image("grey", lambda i: levels[i], grey, grey, Side("x", 0, 1), Side("y", 0, 1))
    lines = Lines("rows", np.arange(5.0), lambda i: np.full((2, 5), t[i]), ("u", "v"), 0.0, 1.0)
    chart = AnimatedChart("energy", (Curve("model", "m", t, t + 1), Curve("truth", "f", t, 2 - t)))
    return Animation("A test", t, (image, lines), (chart,))


# Reading a film by imageio forks; making one does not.
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_films_open_again_with_all_their_frames(tmp_path):
    shown = list(frames(small_reel()))
    *steps, data = gif(shown)
    assert steps == [None] * 6
    with Pillow.open(io.BytesIO(data)) as film:
        assert film.n_frames == 6
        assert film.size[0] == 640
    *_, data = mp4(shown)
    read = iio.imread(data, extension=".mp4")
    assert read.shape == (6, *shown[0].shape)
    assert np.abs(read[3].astype(int) - shown[3]).mean() < 3


def test_a_film_without_frames_says_so_and_a_cancelled_one_ends_its_encoder():
    for encode in (gif, mp4):
        with pytest.raises(ValueError, match="no frames"):
            list(encode(iter(())))
    film = mp4(iter(frames(small_reel())))
    next(film)
    film.close()
    with pytest.raises(StopIteration):
        next(film)


def test_the_menu_offers_what_a_material_has():
    bare = Exportable("name", "words", "print(1)")
    assert [s for s, f in FORMATS.items() if f.fits(bare)] == ["py"]
    film = Exportable("name", "words", "", film=partial(frames, small_reel()))
    assert [s for s, f in FORMATS.items() if f.fits(film)] == ["mp4", "gif"]
    with Pillow.open(io.BytesIO(made("gif", film))) as read:
        assert read.n_frames == 6


def test_limits_of_a_chart_are_six_decades_at_most_and_no_less_than_is_worth_it():
    t = np.arange(3.0)
    low, high = AnimatedChart(
        "", (Curve("model", "m", t, np.array([0, 1e-12, 1.0])),), log=True
    ).limits()
    assert high / low == pytest.approx(1.5**2 * 1e6)
    flat = AnimatedChart("", (Curve("model", "m", t, np.full(3, 5.0)),), least=2.0).limits()
    assert flat[1] - flat[0] == pytest.approx(2.0)


@pytest.mark.parametrize("title", ['"""\nimport os\n"""', "\\", 'a "title"', "ends in \\"])
def test_titles_of_strangers_are_text_in_python(title):
    (found,) = ast.parse(docstring(title)).body
    assert isinstance(found, ast.Expr)
    assert found.value.value == title.replace('"', "'") + "."
