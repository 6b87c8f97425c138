"""The training loop: resumed equals uninterrupted, and its consumer decides when to stop."""

import jax
import numpy as np
import pytest

from hoam_core import fit
from hoam_core.data import Scaling
from hoam_core.training import adam
from hoam_core.training.experiment import build_method


@pytest.fixture(scope="module")
def training(tiny, ensemble_of):
    """A function that runs a tiny training with given arguments and yields its states."""
    experiment = tiny("oscillator", "dice")
    ensemble = ensemble_of("oscillator")
    method = build_method(experiment, Scaling.of(ensemble))

    def run(**options):
        return fit(method.learner, ensemble, adam(8), jax.random.key(4), **options)

    return run


@pytest.fixture(scope="module")
def whole(training):
    """All states of an uninterrupted training."""
    return list(training(steps=8, every=3))


def test_a_resumed_training_equals_an_uninterrupted_one(training, whole):
    *_, resumed = training(steps=8, every=4, state=whole[0])
    assert resumed.step == whole[-1].step == 8
    for a, b in zip(
        jax.tree.leaves((whole[-1].params, whole[-1].optimizer_state)),
        jax.tree.leaves((resumed.params, resumed.optimizer_state)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(whole[-1].losses[-1], resumed.losses[-1], rtol=1e-12)


def test_states_come_every_so_often_with_the_losses_between(whole):
    assert [s.step for s in whole] == [3, 6, 8]
    assert [s.losses.size for s in whole] == [3, 3, 2]
    assert len(np.unique(np.concatenate([s.losses for s in whole]))) == 8


def test_a_training_that_is_done_yields_nothing_more(training, whole):
    assert list(training(steps=8, every=4, state=whole[-1])) == []


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 3, "every": 0}, {"steps": 2.5}])
def test_steps_must_be_whole_and_positive(training, options):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        next(training(**options))


def test_a_method_in_closed_form_yields_once(tiny, ensemble_of, key):
    ensemble = ensemble_of("two-stream")
    method = build_method(tiny("two-stream", "galerkin"), Scaling.of(ensemble))
    (state,) = fit(method.learner, ensemble, adam(1), key, steps=1)
    assert state.losses.size == 0
    np.testing.assert_array_equal(
        state.params["moments"], method.learner.init(key, ensemble)["moments"]
    )


def test_adam_warms_up_and_decays_to_a_hundredth():
    steps, rate = 1000, 0.5
    optimizer = adam(steps, rate)
    params = np.zeros(1)
    state = optimizer.init(params)
    moves = []
    for _ in range(steps):
        updates, state = optimizer.update(np.ones(1), state, params)
        moves.append(-float(updates[0]))
    # Under a constant gradient a step of Adam has the length of the rate.
    assert moves[0] < 0.05 * rate
    assert max(moves) == pytest.approx(rate, rel=0.01)
    assert moves[-1] == pytest.approx(rate / 100, rel=0.05)
