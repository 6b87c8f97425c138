"""Whose colour scale it is: the truth is always to be seen, and what leaves the scale says so."""

from dataclasses import replace

import numpy as np
import pytest

from dashboard.compare.pictures import CompareScene, Drawn, Zoom
from dashboard.explore.curves import Evolution
from dashboard.explore.flipbook import levels
from dashboard.parts.curves import Curves
from dashboard.parts.picture import Picture
from dashboard.runs.catalogue import catalogue
from dashboard.runs.colours import clipped, colour_limit, height_limits
from dashboard.runs.pictures import to_levels
from dashboard.runs.run import Case, Run
from dashboard.runs.states import Cells
from dashboard.state.exploration import Exploration
from tests.dashboard.test_describe import AXES, run_of


def heaped(width: float, model: str = "", frames: int = 9, times: int = 9) -> Run:
    """A run whose mass stands in a heap that is so many cells wide."""
    rng = np.random.default_rng(0)
    at = rng.normal((72, 48), width, (20_000, 2)).astype(int) % (144, 96)
    counts = np.zeros((96, 144), np.uint16)
    np.add.at(counts, (at[:, 1], at[:, 0]), 1)
    states = Cells(np.stack([counts] * frames), 20_000)
    case = Case("two-stream", model, (1.25,), 0, 20_000)
    return replace(
        run_of({"electric_energy": np.ones(frames)}, times=times), states=states, case=case
    )


TRUTH, FINE = heaped(10), heaped(10.5, "fine")
HEAP, SHEET = heaped(2, "heap"), heaped(400, "sheet")


@pytest.mark.parametrize("broken", [HEAP, SHEET])
def test_a_broken_model_does_not_hide_the_truth(broken):
    limit = colour_limit([broken, TRUTH], AXES)
    assert limit == TRUTH.limits(AXES).density
    shown = levels({"model": broken, "truth": TRUTH}, AXES, 4)["truth"]
    # Neither a white sheet nor a dark one: all shades from nothing to the last colour.
    assert len(np.unique(shown)) > 100
    assert (shown == 255).mean() < 0.05
    assert shown.max() > 180


def test_a_model_that_leaves_the_scale_says_so():
    limit = colour_limit([HEAP, TRUTH], AXES)
    assert clipped(HEAP, limit, AXES).startswith("clipped: about ")
    for run in (TRUTH, FINE, SHEET, None):
        assert clipped(run, limit, AXES) == ""


def test_before_the_truth_is_there_a_broken_model_sets_no_scale_of_others():
    own = FINE.limits(AXES).density
    assert colour_limit([FINE], AXES) == own
    assert colour_limit([HEAP, FINE, SHEET], AXES) == own
    assert colour_limit([HEAP, FINE], AXES) == own
    assert colour_limit([], AXES) == 1.0
    # The first times of a full run may be more crowded than all the others.
    early = heaped(2, frames=3)
    assert colour_limit([FINE, early], AXES) == own
    assert colour_limit([SHEET, early], AXES) == SHEET.limits(AXES).density


def test_densities_of_one_side_leave_room_for_twice_the_truth():
    truth = TRUTH.limits(AXES).heights
    assert height_limits([HEAP, TRUTH], AXES) == pytest.approx([2 * one for one in truth])
    assert height_limits([SHEET, TRUTH], AXES) == truth
    assert height_limits([HEAP], AXES) == HEAP.limits(AXES).heights


def test_a_picture_says_at_its_edge_what_there_is_to_say_and_in_its_middle_why_it_is_empty():
    picture = Picture("learned", "Learned model")
    picture.place(TRUTH.plane(AXES))
    picture.show(to_levels(np.ones((96, 144)), 1.0), 1.0)
    picture.remark("clipped")
    assert (picture.note.text, picture.note.y) == ("clipped", 1.0)
    picture.place(replace(TRUTH.plane(AXES), high=(1.0, 3.0)))
    assert picture.note.y == 3.0
    picture.clear("computing …")
    assert (picture.note.text, picture.note.y) == ("computing …", 1.5)
    picture.show(to_levels(np.ones((96, 144)), 1.0), 1.0)
    picture.remark("")
    assert picture.note.text == ""


def test_columns_take_the_scale_of_the_full_model_that_judges_them_though_it_is_not_on_show():
    scene = CompareScene(Exploration(catalogue()), catalogue(), Zoom())
    scene.grow(2)
    judged = [Drawn(run, "", 1, judge=TRUTH) for run in (HEAP, FINE)]
    scene.frame_all([TRUTH.plane(AXES)] * 2)
    scene.draw(judged, 4.0)
    heap, fine = scene.pictures
    assert heap.units.high == fine.units.high == TRUTH.limits(AXES).density
    assert "clipped" in heap.note.text
    assert fine.note.text == ""


def test_what_is_worth_an_axis_is_told_by_the_full_model_where_it_is_there():
    state = Exploration(catalogue())
    made = Evolution(state, catalogue())
    made.place()
    total = next(i for i, one in enumerate(made.shown) if one.name == "total_energy")
    t = np.linspace(0, state.ts[-1], 5)
    runs = {
        kind: run_of({o.name: size * (1 + t) for o in made.shown}, times=5, end=t[-1])
        for kind, size in (("model", 1e4), ("truth", 1.0))
    }
    broken = replace(runs["model"], case=runs["model"].case._replace(model="two-stream-dice"))
    made.draw_runs({"model": broken, "truth": runs["truth"]}, with_paths=False)
    axis = made.curves[total].figure.y_range
    assert axis.end < 4 * (1 + t[-1])
    made.draw_runs({"model": broken, "truth": None}, with_paths=False)
    assert axis.end > 1e4


def test_a_curve_that_breaks_leaves_the_linear_axis_of_the_full_model():
    t, curves = np.linspace(0, 1, 50), Curves("held", 246, log=True)
    truth, broken = np.linspace(1, 3, 50), np.exp(20 * t)
    curves.fit(1.0, [broken, truth], references=[truth])
    axis = curves.figure.y_range
    assert 0.5 < axis.start < 1
    assert 5 < axis.end < 5.5
    # A logarithmic one holds both, and so does a linear one as long as the full model runs.
    assert curves.heights.log.end > broken[-1]
    curves.fit(1.0, [broken, truth])
    assert curves.figure.y_range.end > broken[-1]
    curves.fit(1.0, [truth + 0.5, truth], references=[truth])
    assert 3.5 < curves.figure.y_range.end < 4
