"""Experiments: a JSON round trip, and a sentence for everything that does not fit."""

import dataclasses
import json

import numpy as np
import pytest

from hoam_core import METHODS, SYSTEMS, Experiment, default_experiment, get_system
from hoam_core.training.experiment import parameter_grid


def experiment(**changes):
    values = {"system": "two-stream", "method": "galerkin", "axes": ((1.2, 1.5),)}
    return Experiment(**{**values, **changes})


def fits(system, method):
    return METHODS[method].fits(SYSTEMS[system])


@pytest.mark.parametrize(
    ("system", "method"), [(s, m) for s in SYSTEMS for m in METHODS if fits(s, m)]
)
def test_defaults_survive_json(system, method):
    target = get_system(system)
    before = default_experiment(target, method, seed=7)
    after = Experiment.from_json(json.loads(json.dumps(before.to_json())))
    assert after == before
    assert after.seed == 7
    usual = tuple(p.train for p in target.parameters)
    # Only what is as precise as its training values are dense has more of them.
    denser = METHODS[method].knows_equations or method == "ftm"
    ends = [[(axis[0], axis[-1]) for axis in axes] for axes in (after.axes, usual)]
    assert after.axes == usual or (denser and ends[0] == ends[1])


@pytest.mark.parametrize(("system", "method"), [("ising", "galerkin"), ("two-stream", "partial")])
def test_a_method_of_the_other_kind_is_refused_with_those_that_fit(system, method):
    with pytest.raises(ValueError, match=f"`method` must be one of .* for '{system}', but"):
        default_experiment(get_system(system), method)
    assert default_experiment(get_system("ising")).method == "partial"
    assert default_experiment(get_system("two-stream")).method == "galerkin"


def test_options_survive_json():
    before = experiment(method="dice", network="film", options={"intervals": 3})
    assert Experiment.from_json(json.loads(json.dumps(before.to_json()))) == before


def test_a_network_is_chosen_where_one_is_needed():
    assert default_experiment(get_system("two-stream"), "dice").network == "wave"
    assert default_experiment(get_system("two-stream"), "galerkin").network is None


def test_an_experiment_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        experiment().seed = 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"system": "two-steam"}, "Unknown system 'two-steam'. Did you mean 'two-stream'"),
        ({"method": "galerkn"}, "Unknown method 'galerkn'. Did you mean 'galerkin'"),
        ({"method": "dice"}, "Unknown network"),
        ({"method": "dice", "network": "colors"}, "Did you mean 'colora'"),
        ({"network": "mlp"}, "`network` must be left out for 'galerkin'"),
        ({"loading": "quite"}, "Did you mean 'quiet'"),
        ({"optimizer": "adma"}, "Unknown optimizer 'adma'. Did you mean 'adam'"),
        ({"particles": 0}, "`particles` must be a whole number of at least 1"),
        ({"steps": 0}, "`steps` must be"),
        ({"n_times": 3}, "`n_times` must be a whole number of at least 4"),
        ({"t_end": np.nan}, "`t_end` must be a positive number"),
        ({"t_end": -1.0}, "`t_end` must be a positive number"),
        ({"rate": 0.0}, "`rate` must be a positive number"),
        ({"seed": -1}, "`seed` must lie from 0"),
        ({"axes": ()}, "`axes` must hold training values for 1 parameter"),
        ({"axes": ((),)}, "`axes` must hold increasing training values of 'mu'"),
        ({"axes": ((1.5, 1.2),)}, "increasing"),
        ({"axes": ((1.2, 1.2),)}, "increasing"),
        ({"axes": ((1.2, 3.0),)}, "`mu` must lie from 0.4 to 2.5, but is 3"),
        ({"axes": ((1.2, np.nan),)}, "`mu` must be a finite number"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(ValueError) as caught:
        experiment(**changes)
    assert sentence in str(caught.value)


def test_unknown_and_missing_fields_are_named():
    values = experiment().to_json()
    with pytest.raises(ValueError, match="Unknown field 'color'"):
        Experiment.from_json({**values, "color": 1})
    for name in ("system", "method", "axes"):
        with pytest.raises(ValueError, match=f"field '{name}' .* missing"):
            Experiment.from_json({k: v for k, v in values.items() if k != name})


def test_times_are_equispaced_from_zero_to_the_end():
    np.testing.assert_allclose(experiment(n_times=5, t_end=2.0).times, [0, 0.5, 1, 1.5, 2])


def test_the_grid_is_the_product_with_the_last_parameter_fastest():
    grid = parameter_grid(((1.0, 2.0), (3.0, 4.0, 5.0)))
    np.testing.assert_array_equal(grid, [[1, 3], [1, 4], [1, 5], [2, 3], [2, 4], [2, 5]])
