"""Training values are added where interpolation errs, and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest

from hoam_core import default_experiment
from hoam_core.studies.spacing import middle, refine, relative
from hoam_core.systems import get_system


def test_values_are_added_until_interpolation_is_below_the_noise():
    experiment = default_experiment(
        get_system("two-stream"), "mean-field", axes=((1.2, 1.5, 1.8),), particles=16_384,
        t_end=16.0, n_times=17,
    )  # fmt: skip
    *_, last = refine(experiment, most=32)
    assert last.finished
    assert last.error <= 1.5 * last.floor
    (axis,) = last.experiment.axes
    assert 3 < len(axis) < 32
    assert {1.2, 1.5, 1.8} <= set(axis)
    # Each lies in the middle of two others once.
    assert all(b > a for a, b in pairwise(axis))


def test_as_many_as_may_be_are_not_exceeded_and_the_worst_place_comes_first():
    experiment = default_experiment(
        get_system("landau"), "mean-field", axes=((0.3, 0.4, 0.5), (0.3, 0.45, 0.6)),
        particles=8_192, t_end=10.0, n_times=11,
    )  # fmt: skip
    seen = list(refine(experiment, most=18))
    assert seen[-1].finished
    # The phase of a wave depends on k much, on alpha little: k gets the values.
    alphas, ks = seen[-1].experiment.axes
    assert len(alphas) * len(ks) <= 18
    assert len(ks) > len(alphas)
    assert len(seen[-1].where) == 2


def test_a_limit_below_the_start_and_a_system_without_an_equation_are_refused():
    experiment = default_experiment(get_system("two-stream"), "mean-field", axes=((1.2, 1.5),))
    with pytest.raises(ValueError, match="`most`"):
        next(refine(experiment, most=1))
    other = default_experiment(get_system("oscillator"), "galerkin", axes=((2.0, 3.0),))
    with pytest.raises(ValueError, match="`mean_field` is known, but is of 'oscillator'"):
        next(refine(other))


def test_the_distance_is_relative():
    assert relative(np.full((2, 2), 1.1), np.ones((2, 2))) == pytest.approx(0.1)
    assert relative(np.zeros((2, 2)), np.zeros((2, 2))) == 0.0


def test_a_test_value_is_never_trained_on():
    assert middle(1.2, 1.4, (1.25,)) == 1.3
    assert middle(1.2, 1.3, (1.25,)) == 1.245
