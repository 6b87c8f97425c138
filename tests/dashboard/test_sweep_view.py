"""The view "sweep": its link, what it asks for, its pictures, its words, and what it gives away."""

import numpy as np
import pytest
import xarray as xr

from dashboard.compute.session import Session
from dashboard.compute.threads import Workers
from dashboard.runs.catalogue import catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query, write_query
from dashboard.sweep import jobs as sweep_jobs
from dashboard.sweep import text as sweep_words
from dashboard.sweep.choice import Belief, SweepChoice
from dashboard.sweep.jobs import (
    Calibration,
    Inferred,
    SweepStage,
    Synthetic,
    asked_for,
    asked_to_fit,
    calibrations,
    inference,
    tables,
    values_of,
)
from dashboard.sweep.map import HIGHEST, levels_of, spread_rows
from dashboard.sweep.view import SweepView
from dashboard.view.base import Visit
from hoam_core.inference import Discrepancy, Measurement
from tests.dashboard.recorder import Recorder, recorders

MODEL, LEARNED = "two-stream-galerkin", "electric_energy_learned"
PLACE = {"system": "two-stream", "model": MODEL}


@pytest.fixture
def worker():
    return Recorder()


@pytest.fixture
def opened(worker):
    """A function that opens the view by a link; returns it and where it went since."""
    made = []

    def start(**query):
        shelf = catalogue()
        reader = read_query(
            {"view": "sweep"} | PLACE | {k: str(v) for k, v in query.items()}, shelf
        )
        state, choice = Exploration(shelf, **reader.values), SweepChoice()
        choice.read(reader, state)
        session = Session(state, shelf, recorders(), lambda f: f())
        gone = []
        visit = Visit(
            state, session, shelf, Workers(*[worker] * 7), lambda f: f(),
            go=gone.append, tell=gone.append, choices={"sweep": choice},
        )  # fmt: skip
        view = SweepView(visit)
        view.open()
        made.append(session)
        return view, gone

    yield start
    for session in made:
        session.close()


def read(**query):
    reader = read_query(PLACE | {k: str(v) for k, v in query.items()}, catalogue())
    state, choice = Exploration(catalogue(), **reader.values), SweepChoice()
    choice.read(reader, state)
    return choice, state, reader


def test_a_link_restores_the_choice_and_is_written_again():
    entries = {
        "tab": "uncertain", "observable": "electric_energy", "over": "mu", "between": "1.3:1.7",
        "runs": "256", "belief": "uniform:1.5:0.1",
    }  # fmt: skip
    choice, state, reader = read(**entries)
    assert reader.problems == []
    assert choice.belief == Belief("uniform", 1.5, 0.1)
    assert choice.between == (1.3, 1.7)
    assert choice.write(state) == entries
    assert "belief=uniform:1.5:0.1" in write_query(state, choice.write(state))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"tab": "maps"}, "Did you mean 'map'"),
        ({"over": "nu"}, "Unknown parameter 'nu'"),
        ({"observable": "heat"}, "Unknown observable 'heat'"),
        ({"runs": "100"}, "must be one of 32, 64"),
        ({"between": "1.9:1.2"}, "lower value first"),
        ({"between": "0.1:1.2"}, "must lie from 0.4 to 2.5"),
        ({"between": "1.2"}, "must have 2 parts"),
        ({"belief": "normal:1.5:-1"}, "must be a positive number"),
        ({"belief": "cauchy:1.5:1"}, "Unknown belief 'cauchy'"),
    ],
)
def test_a_bad_link_is_told_and_the_usual_stands(entry, sentence):
    choice, _, reader = read(**entry)
    assert len(reader.problems) == 1
    assert sentence in reader.problems[0]
    assert (choice.tab, choice.over, choice.between) == ("map", "mu", (1.2, 1.9))
    assert choice.observable == LEARNED


def test_another_model_brings_its_own_parameter_and_range():
    choice, _, _ = read()
    choice.suit("landau-galerkin", catalogue())
    first = choice.over, choice.between
    choice.turn("k", catalogue())
    assert choice.over == "k"
    assert (choice.over, choice.between) != first
    assert choice.between[0] < choice.belief.mean < choice.between[1]


def test_opening_sweeps_and_draws_the_map_with_its_training_values(opened, worker):
    view, _ = opened(runs=32)
    worker.work()
    levels = view.map.source.data["image"][0]
    assert levels.dtype == np.uint8
    assert len(np.unique(levels)) > 100
    assert levels.shape[1] == view.map.source.data["values"][0].shape[1] == 101
    assert len(view.map.marks.data["y"]) == 8
    assert "The learned model says: " in view._headline.object
    assert "is largest" in view._headline.object
    assert view.map.bars[True].visible


def test_a_finished_sweep_is_remembered(opened, worker):
    view, _ = opened(runs=32)
    worker.work()
    before = tables.get(view.table.key)
    again, _ = opened(runs=32)
    worker.work()
    assert again.table.value is before


def test_the_swept_slider_moves_the_cut_and_asks_for_nothing(opened, worker):
    view, _ = opened(runs=32)
    worker.work()
    view.state.parameters.mu = 1.52
    assert worker.waiting == {}
    assert view.map.rest.data["y"] == [1.52]


def test_a_click_opens_explore_there(opened, worker):
    view, gone = opened(runs=32)
    worker.work()
    view.map._go(12.3456, 1.43219)
    assert gone == ["?view=explore&mu=1.432&t=12.35"]


def test_a_sweep_comes_in_pieces_and_goes_on_where_it_was_stopped(opened, worker, monkeypatch):
    monkeypatch.setattr(sweep_jobs, "PACE", 0.0)
    view, _ = opened(runs=64, between="1.25:1.85")
    worker.step()
    first = view.table.value
    assert 0 < first.done < 0.1
    assert len(worker.waiting) == 1
    view._press()
    assert worker.waiting == {}
    assert view.table.value is first
    assert "Stopped after" in view._progress.object
    view._press()
    worker.step()
    assert first.done < view.table.value.done < 0.2
    view.hide()
    assert worker.waiting == {}


def test_uncertain_draws_a_band_and_follows_the_belief(opened, worker):
    view, _ = opened(runs=32, tab="uncertain", belief="normal:1.5:0.02")
    worker.work()
    narrow = view.uncertain().band.areas.data
    assert len(narrow["t"]) == 101
    assert (narrow["a"] <= narrow["m"]).all()
    assert "The learned model says: " in view._headline.object
    assert "uncertain by a factor" in view._headline.object
    view.choice.belief = Belief("normal", 1.5, 0.06)
    worker.work()
    wide = view.uncertain().band.areas.data
    assert np.median(np.log(wide["d"] / wide["a"])) > 2 * np.median(
        np.log(narrow["d"] / narrow["a"])
    )


def test_a_belief_outside_the_range_is_told(opened, worker):
    view, _ = opened(runs=32, tab="uncertain", belief="normal:2.4:0.02")
    worker.work()
    assert "outside the swept range" in view.uncertain()._notes.object


def test_without_a_learned_model_there_is_a_word_instead(opened, worker):
    view, _ = opened(model="none")
    assert "Choose a learned model" in view._notices.object
    assert worker.waiting == {}
    assert view.exportable() is None


def test_material_gives_the_numbers_and_a_script_that_makes_them(opened, worker):
    view, _ = opened(runs=32)
    worker.work()
    exportable = view.exportable()
    scope = {}
    exec(exportable.script, scope)
    made, shown = scope["table"], exportable.dataset()
    np.testing.assert_allclose(made[LEARNED], shown[LEARNED], rtol=1e-6)
    assert shown.attrs["model"] == MODEL


@pytest.fixture
def fitted():
    """The table that a measurement is fitted with, and a calibration that is quick to make."""
    model = catalogue().models[MODEL]
    asked = asked_to_fit(
        asked_for(model, LEARNED, "mu", (1.2, 1.9), 32, {"mu": 1.5}, 0), model, LEARNED
    )
    rng, ts = np.random.default_rng(0), model.times()
    residuals = 0.03 * np.cumsum(rng.standard_normal((12, len(ts))), axis=1) / np.sqrt(len(ts))
    known = Calibration(Discrepancy(np.linspace(1.25, 1.85, 12), ts, residuals))
    calibrations.put(asked, known)
    return asked, model


def test_a_csv_of_the_model_itself_gives_its_parameter_back(opened, worker, fitted):
    _, model = fitted
    view, _ = opened(tab="infer")
    ts = model.times(n_times=41)[1:]
    energy = model.learned_energy({"mu": 1.44}, ts)
    rows = "\n".join(f"{t},{w}" for t, w in zip(ts, energy, strict=True))
    view.infer()._read(f"time,electric_energy\n{rows}\n".encode())
    worker.work()
    assert view.infer().found.found.attrs["best"] == pytest.approx(1.44, abs=2e-3)
    assert "95 % between" in view._headline.object
    assert len(view.infer().fit.dots.data["t"]) == 40
    assert view.infer().posterior.inside.visible
    script = view.exportable().script
    assert "hoam.calibrate" in script
    compile(script, "script", "exec")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"time,energy\n0,1\n", "lacks the column"),
        (b"time,electric_energy\n0,x\n", "where a number is wanted"),
        (b"time,electric_energy\n" + b"".join(b"%d,-1\n" % t for t in range(9)), "is negative"),
        (b"time,electric_energy\n" + b"".join(b"%d,1\n" % (9 * t) for t in range(9)), "outside 0"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(opened, worker, fitted, content, sentence):
    view, _ = opened(tab="infer")
    view.infer()._read(content)
    worker.work()
    assert sentence in view.infer()._progress.object
    assert not view.infer().stop.visible


def test_who_leaves_infer_is_told_so_and_finds_no_bar_that_stands(opened):
    view, _ = opened(tab="infer")
    view.infer()._synthesise()
    assert "progress" in view.infer()._progress.object
    view.hide()
    assert "Cancelled" in view.infer()._progress.object


def test_a_file_that_is_no_curve_is_forgotten_as_it_comes(opened):
    view, _ = opened(tab="infer")
    field, piece = view.infer().file, {"status": "upload_event", "name": "film.csv"}
    field._handle_msg({"status": "initializing"})
    for chunk in range(1, 4):
        field._handle_msg(
            piece | {"chunk": chunk, "total_chunks": 99, "mime_type": "", "data": bytes(2**19)}
        )
    assert not field._file_buffer
    field._handle_msg({"status": "finished"})
    assert field.value is None
    assert "more than 1 MB" in view.infer()._progress.object


def test_a_synthetic_measurement_is_made_and_its_truth_revealed(fitted, monkeypatch):
    asked, model = fitted
    monkeypatch.setattr(type(model.system), "truth_particles", 512)
    told = list(inference(asked, catalogue(), None, 7, 0.05))
    assert all(isinstance(one, SweepStage) for one in told[:-1])
    assert {"Measuring", "Sweeping"} <= {one.text.split()[0].rstrip(":") for one in told[:-1]}
    found = told[-1]
    assert 1.2 < found.synthetic.truth < 1.9
    assert "hidden value" in sweep_words.headline_of_inferred(found, "mu")


def inferred(truth=None, **attributes):
    usual = {"mean": 1.452, "deviation": 0.004, "low": 1.444, "high": 1.460, "edge": 0,
             "misfit": 0.5, "correlation": 0.9, "noise": 0.0}  # fmt: skip
    measured = Measurement(np.arange(3.0), np.ones(3))
    made = Synthetic(measured, truth, 512, 0.0) if truth else None
    return Inferred(xr.Dataset(attrs=usual | attributes), measured, made, 1.0)


def test_the_sentence_has_as_many_digits_as_are_known():
    assert sweep_words.headline_of_inferred(inferred(), "mu") == (
        "mu = 1.4520 ± 0.0040, 95 % between 1.4440 and 1.4600."
    )
    assert "outside the interval" in sweep_words.headline_of_inferred(inferred(1.47), "mu")


def test_an_edge_and_a_bad_fit_are_cautions():
    assert sweep_words.cautions(inferred(), "mu") == []
    assert "edge of the trained range" in sweep_words.cautions(inferred(edge=1), "mu")[0]
    assert "No mu of the trained range fits" in sweep_words.cautions(inferred(misfit=9.0), "mu")[0]
    assert sweep_words.cautions(inferred(misfit=9.0, correlation=0.1), "mu") == []


def test_uneven_rows_are_spread_evenly_and_a_hole_stays_a_hole():
    grid, values = np.array([0.0, 1.0, 4.0]), np.array([[0.0], [1.0], [4.0]])
    np.testing.assert_allclose(spread_rows(values, grid, 5)[:, 0], [0, 1, 2, 3, 4])
    values[2] = np.nan
    holed = spread_rows(values, grid, 5)[:, 0]
    assert np.isnan(holed).tolist() == [False, False, False, True, True]


def test_levels_are_logarithmic_for_energies_and_grey_where_there_is_nothing():
    values = np.array([[1e-4, 1e-2, 1.0], [np.nan, 1e-3, 1e-1]])
    levels, _low, high = levels_of(values, log=True)
    assert levels[1, 0] == HIGHEST + 1
    assert levels[0, 2] == HIGHEST
    assert high == 1.0
    assert levels_of(np.ones((2, 2)), log=False)[2] > 1.0


def test_whole_parameters_are_swept_by_whole_values():
    model = catalogue().models["ising-partial"]
    mu = {p.name: p.default for p in model.system.parameters}
    asked = asked_for(model, "m", "L", (32, 64), 128, mu, 0)
    assert (values_of(asked, model) % 1 == 0).all()
    assert len(values_of(asked, model)) == 33
