"""Models that make every time anew, and runs at few times."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from dashboard.compare.choice import Column, Comparison
from dashboard.compare.jobs import at_times, frame_at, is_slow, learned, times_of
from dashboard.compare.runs import Comparing
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.runs.jobs import answer
from dashboard.runs.run import Case
from dashboard.state.exploration import Exploration
from hoam_core import SYSTEMS, Model
from hoam_core.data import Scaling
from hoam_core.training import build_method
from tests.conftest import tiny_ensemble, tiny_experiment
from tests.dashboard.recorder import Recorder

NAME = "oscillator-cfm"


@pytest.fixture(scope="module")
def slow():
    """A catalogue with a model that makes every time anew."""
    with jax.enable_x64(False):
        experiment, ensemble = tiny_experiment("oscillator", "cfm"), tiny_ensemble("oscillator")
        scaling = Scaling.of(ensemble)
        params = build_method(experiment, scaling).learner.init(jax.random.key(0), ensemble)
    # What is not trained moves nothing; such numbers do.
    params = jax.tree.map(lambda a: a + 0.3 * np.cos(np.arange(a.size)).reshape(a.shape), params)
    model = Model.build(experiment, scaling, params)
    return Catalogue({"oscillator": SYSTEMS["oscillator"]}, {model.name: model})


def test_slow_models_are_recognised_by_what_a_late_time_costs(slow):
    assert is_slow(slow.models[NAME])
    assert not any(
        is_slow(catalogue().models[name]) for name in ("two-stream-dice", "ising-partial")
    )
    model = slow.models[NAME]
    dear = replace(model, method=model.method._replace(evaluations=lambda ts, steps=None: 10**4))
    shelf = Catalogue(slow.systems, {NAME: dear})
    few = times_of(NAME, shelf)
    assert len(few) == 21
    assert set(few) <= set(shelf.times("oscillator", NAME))


def test_a_slow_model_grows_and_ends_where_one_call_does(slow):
    case = Case("oscillator", NAME, (4.0,), 1, 64)
    steps = slow.models[NAME].experiment.options["steps"]
    *part, last = learned(case, slow, (0, 1))
    assert [len(run) for run in part[:3]] == [1, 2, 3]
    assert last.complete
    whole = slow.models[NAME].predict(
        {"omega": 4.0}, particles=64, seed=1, n_times=len(last.ts), steps=steps
    )
    assert np.abs(np.diff(last.curves["mean_x"])).max() > 1e-3
    np.testing.assert_allclose(last.curves["mean_x"], whole["mean_x"], rtol=1e-4, atol=1e-5)
    assert next(learned(case, slow, (0, 1))).states is last.states


def test_a_slow_model_waits_among_the_full_models_and_blocks_no_other(slow):
    shelf = Catalogue(slow.systems, {**catalogue().models, **slow.models})
    state, choice = Exploration(shelf, system="oscillator", seed=906), Comparison()
    choice.param.update(system="oscillator", columns=(Column(), Column(NAME)))
    models, truths = Recorder(), Recorder()
    runs = Comparing(state, choice, shelf, (models, truths), lambda f: f())
    runs.sleep(False)
    assert runs.slots[1] not in models.waiting
    assert truths.waiting[runs.slots[1]].options["delay"] > 0
    assert runs.progress == 0.0


@pytest.mark.slow
def test_runs_at_few_times_stand_still_between_them_and_are_judged_at_their_own():
    case = Case("oscillator", "oscillator-galerkin", (4.0,), 0, 64)
    run = next(answer(case, catalogue(), (0, 1)))
    few = at_times(run, run.ts[::20])
    assert len(few) == 6
    np.testing.assert_array_equal(few.curves["mean_x"], run.curves["mean_x"][::20])
    np.testing.assert_array_equal(few.counts(2, (0, 1)), run.counts(40, (0, 1)))
    assert [frame_at(few, t) for t in (0.0, 0.19, 0.2, 0.39, 1.0)] == [0, 0, 1, 1, 5]
    begun = replace(run, states=run.states.until(3))
    assert frame_at(begun, 0.02) == 2
    assert frame_at(begun, 0.03) is None
    assert at_times(begun, run.ts[:2]) is None
    assert at_times(run, run.ts[::20] + 0.005) is None
