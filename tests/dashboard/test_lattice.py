"""What the page shows of a lattice: its parameters, the view that fills, lambda of the noise."""

from urllib.parse import parse_qsl

import numpy as np
import pytest

from dashboard.explore.lattice_pictures import LatticeScene
from dashboard.runs import describe, lattice_jobs
from dashboard.runs.cache import Memory
from dashboard.runs.catalogue import catalogue
from dashboard.runs.jobs import answer, predict
from dashboard.runs.lattice_jobs import lattice_view
from dashboard.runs.pictures import Ranges
from dashboard.runs.run import Case, Run
from dashboard.runs.states import Cells, Moments
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query, write_query
from hoam_core import SYSTEMS

SHELF = catalogue()
WEISS = Case("curie-weiss", "curie-weiss-partial", (1.1, 0.1, -0.5, 64.0), 0, 256)

pytestmark = pytest.mark.usefixtures("float32")


def test_parameters_keep_the_order_of_the_system():
    state = Exploration(SHELF, system="ising")
    assert list(state.mu) == ["T", "h", "m0", "L"]
    assert state.parameters.param["L"].step == 1


def test_one_component_is_a_plane_of_its_own():
    state = Exploration(SHELF, system="curie-weiss")
    assert state.axes == (0, 0)
    assert state.settled
    assert "plane" not in write_query(state)
    shown = describe.shown(SYSTEMS["curie-weiss"], (0, 0))
    assert [one.moment for one in shown] == [("mean", 0), ("spread", 0)]


def test_the_address_restores_the_noise():
    first = Exploration(SHELF, system="ising", share=0.5)
    reader = read_query(dict(parse_qsl(write_query(first).lstrip("?"))), SHELF)
    values, problems = reader.values, reader.problems
    assert problems == []
    assert Exploration(SHELF, **values).share == 0.5


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch):
    for name in ("lived", "swept"):
        monkeypatch.setattr(lattice_jobs, name, Memory(2**24))


def test_a_view_fills_drift_first_then_cells_then_diagram():
    ts = np.linspace(0, 2, 21)
    views = lattice_view(WEISS, SHELF, ts, (0, 0))
    first = next(views)
    assert first.cells is None
    assert np.abs(first.drift.learned - first.drift.exact).max() < 0.05
    counts = []
    for view in views:
        if view.sweep is not None:
            break
        counts.append(len(view.cells))
        assert view.cells.shape[1:] == (64, 64)
    assert counts == [10, 20, 21]
    assert set(np.unique(view.cells)) == {-1, 1}
    assert len(view.sweep.mean) == 1
    assert view.sweep.limit.shape == view.sweep.values.shape
    views.close()


def test_what_has_been_complete_is_there_at_once(monkeypatch):
    ts = np.linspace(0, 1, 3)
    monkeypatch.setattr(lattice_jobs, "SWEPT", 2)
    *_, last = lattice_view(WEISS, SHELF, ts, (0, 0))
    monkeypatch.setattr(lattice_jobs, "lattice_pieces", None)
    (again,) = lattice_view(WEISS, SHELF, ts, (0, 0))
    assert again.cells is last.cells
    assert again.sweep is last.sweep
    assert again.complete


def test_the_diagram_of_another_first_parameter_is_the_same(monkeypatch):
    monkeypatch.setattr(lattice_jobs, "SWEPT", 2)
    ts, (first, *others) = np.linspace(0, 1, 3), WEISS.mu
    *_, last = lattice_view(WEISS, SHELF, ts, (0, 0))
    moved = next(lattice_view(WEISS._replace(mu=(first + 0.1, *others)), SHELF, ts, (0, 0)))
    assert moved.sweep is last.sweep
    assert moved.cells is None
    for other in (WEISS._replace(mu=(first, 0.2, *others[1:])), WEISS._replace(share=0.5)):
        assert next(lattice_view(other, SHELF, ts, (0, 0))).sweep is None


def test_a_view_without_a_model_shows_cells_alone():
    case = WEISS._replace(model="")
    *_, last = lattice_view(case, SHELF, np.linspace(0, 1, 4), (0, 0))
    assert (last.drift, last.sweep, len(last.cells)) == (None, None, 4)


def test_populations_have_no_such_view():
    case = Case("two-stream", "two-stream-galerkin", (1.25,), 0, 256)
    assert list(lattice_view(case, SHELF, np.linspace(0, 1, 4), (0, 1))) == []


def test_an_answer_that_comes_before_the_figures_of_its_lattice_draws_nothing():
    state = Exploration(SHELF, system="ising", particles=256)
    scene = LatticeScene(state, SHELF)
    scene.place()
    case = Case("ising", "ising-partial", tuple(state.mu.values()), 0, 256)
    scene.show(next(lattice_view(case, SHELF, state.ts, state.axes)))
    state.system = "curie-weiss"
    run = next(answer(WEISS, SHELF, (0, 0)))
    scene.draw(run, None)
    assert scene.drift.points["model"].data["x"] == []
    scene.place()
    scene.show(next(lattice_view(WEISS, SHELF, state.ts, (0, 0))))
    scene.draw(run, None)
    assert len(scene.drift.points["model"].data["x"]) == 1


def test_half_of_lambda_is_twice_the_variance():
    ts, spreads = np.linspace(0, 1, 3), {}
    for share in (1.0, 0.5):
        case = WEISS._replace(share=share, particles=2_048)
        model = SHELF.model(case.model, share)
        x, seen, _ = predict(model, SYSTEMS["curie-weiss"], case, ts)
        assert x.shape == (3, 2_048, 1)
        spreads[share] = seen.curves["magnetisation_spread"][-1]
    assert spreads[0.5] / spreads[1.0] == pytest.approx(np.sqrt(2), rel=0.06)


def test_an_answer_keeps_a_few_paths():
    (run,) = answer(WEISS, SHELF, (0, 0))
    assert run.paths.shape == (len(run.ts), 6, 1)
    np.testing.assert_array_equal(run.paths[0], -0.5)


def test_words_about_a_lattice_are_about_its_first_mean():
    mean, spread = np.linspace(-0.75, 0.6, 5)[:, None], np.full((5, 1), 0.1)
    run = Run(
        WEISS, np.linspace(0, 10, 5), Cells(np.zeros((5, 96, 144), np.uint16), 10),
        Ranges((-1.0,), (1.0,), (False,)), Moments(mean, spread), {},
    )  # fmt: skip
    words = describe.headline(run, SYSTEMS["curie-weiss"], (0, 0))
    assert words.startswith(
        "The magnetisation m rises from -0.75 to 0.6 and crosses zero once; the spread"
    )


def test_a_start_at_zero_crosses_nothing_and_rounding_is_no_number():
    t = np.linspace(0, 6, 61)
    mean, spread = 0.5 - 0.5 * np.cos(t), 1e-8 + 0.1 * t
    run = Run(
        WEISS, t, Cells(np.zeros((61, 96, 144), np.uint16), 10), Ranges((-1.0,), (1.0,), (False,)),
        Moments(mean[:, None], spread[:, None]), {},
    )  # fmt: skip
    words = describe.headline(run, SYSTEMS["curie-weiss"], (0, 0))
    assert words.startswith(
        "The magnetisation m rises from 0 to 1 and then falls to 0.02; the spread"
    )
    assert "rises from 0 to 0.6" in words
