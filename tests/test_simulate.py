"""Runs of full models from names and numbers."""

import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import SYSTEMS, get_system, simulate
from hoam_core.numerics.loading import quiet, random
from hoam_core.simulation import as_ensemble, start_truth, training_runs
from hoam_core.training.experiment import parameter_grid

RUN = {"particles": 32, "t_end": 0.2, "n_times": 3}


def test_a_run_is_a_function_of_its_seed():
    first, same, other = (
        simulate("two-stream", {"mu": 1.25}, seed=s, **RUN)["state"].values for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.isin(other[0, :, 0], first[0, :, 0]).any()


def test_a_name_and_its_system_give_the_same_run():
    a = simulate("two-stream", {"mu": 1.25}, seed=1, **RUN)
    b = simulate(get_system("two-stream"), {"mu": 1.25}, seed=1, **RUN)
    assert a.identical(b)


def test_the_loading_is_passed_on():
    first, other = (
        simulate("two-stream", {"mu": 1.25}, loading=loading, **RUN)["state"].values
        for loading in (quiet, random)
    )
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("name", "values", "options", "sentence"),
    [
        ("two-steam", {"mu": 1.2}, {}, "Did you mean 'two-stream'"),
        ("two-stream", {"mu": 9.0}, {}, "`mu` must lie from 0.4 to 2.5, but is 9"),
        ("two-stream", {"mu": np.nan}, {}, "`mu` must be a finite number"),
        ("two-stream", {}, {}, "parameter `mu` is missing"),
        ("two-stream", {"omega": 1.2}, {}, "Unknown parameter `omega`"),
        ("two-stream", {"mu": 1.2}, {"particles": 0}, "`particles` must be"),
        ("two-stream", {"mu": 1.2}, {"seed": -1}, "`seed` must lie"),
        ("two-stream", {"mu": 1.2}, {"t_end": -1.0}, "must be a positive number, but is -1"),
        ("two-stream", {"mu": 1.2}, {"n_times": 1}, "at least 2, but is 1"),
    ],
)
def test_bad_input_gets_a_sentence(name, values, options, sentence):
    with pytest.raises(ValueError) as caught:
        simulate(name, values, **options)
    assert sentence in str(caught.value)


def test_training_runs_follow_the_grid_and_share_no_particles(tiny):
    experiment = tiny("two-stream", "galerkin", particles=64, n_times=4, t_end=0.3)
    runs = list(training_runs(experiment))
    ensemble = as_ensemble(experiment, runs)
    ensemble.check()
    assert ensemble.x.shape == (4, 4, 64, 2)
    np.testing.assert_array_equal(ensemble.mu, parameter_grid(experiment.axes))
    np.testing.assert_allclose(ensemble.ts, experiment.times)
    starts = [set(np.asarray(run[0, :, 0]).tolist()) for run in runs]
    truth = start_truth(SYSTEMS["two-stream"], jnp.array([1.2]), 64, experiment.seed)[0]
    starts.append(set(np.asarray(truth[:, 0]).tolist()))
    assert len(set.union(*starts)) == 5 * 64


@pytest.mark.slow
@pytest.mark.parametrize("mu", [1.25, 1.55, 1.85])
def test_two_quiet_truths_differ_by_two_percent_at_most(mu, float32):
    system = SYSTEMS["two-stream"]
    runs = [
        simulate(system, {"mu": mu}, particles=system.truth_particles, seed=s)["electric_energy"]
        for s in (1, 2)
    ]
    first, second = (np.asarray(run.values, float)[1:] for run in runs)
    assert np.mean(np.abs(first - second) / first) < 0.02
    assert first.max() > 20 * first[0]


def test_quiet_truths_agree_where_random_ones_do_not(float32):
    def difference(loading):
        a, b = (
            simulate("two-stream", {"mu": 1.25}, particles=16_384, seed=s, t_end=20.0, n_times=21,
                     loading=loading)["electric_energy"].values[1:]
            for s in (1, 2)
        )  # fmt: skip
        return np.mean(np.abs(a - b) / a)

    assert difference(quiet) < 0.05
    assert difference(random) > 0.2
