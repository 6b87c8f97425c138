"""Ensembles and their unit coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import Ensemble
from hoam_core.data import Scaling
from hoam_core.numerics.domain import Domain


@pytest.fixture
def ensemble(key):
    x = 3 + jnp.array([[2.0, 0.1]]) * jax.random.normal(key, (600, 2))
    mu = jnp.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]])
    return Ensemble(mu, jnp.array([0.0, 1.0, 2.0, 5.0]), x.reshape(3, 4, 50, 2))


def test_unit_samples_have_mean_zero_and_unit_spread_over_all_populations(ensemble):
    z = Scaling.of(ensemble).unit(ensemble.x)
    np.testing.assert_allclose(z.mean((0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(z.std((0, 1, 2)), 1, rtol=1e-12)


def test_physical_undoes_unit_for_one_sample_and_for_batches(ensemble):
    scaling = Scaling.of(ensemble)
    for x in (ensemble.x, ensemble.x[0, 0], ensemble.x[0, 0, 0]):
        np.testing.assert_allclose(scaling.physical(scaling.unit(x)), x, rtol=1e-12)


def test_parameters_span_minus_one_to_one_and_a_constant_one_does_not_divide_by_zero(ensemble):
    found = Scaling.of(ensemble).unit_mu(ensemble.mu)
    np.testing.assert_allclose(found[:, 0], [-1, -1 / 3, 1], atol=1e-12)
    np.testing.assert_allclose(found[:, 1], -1)


def test_range_and_end_time_are_those_of_the_data(ensemble):
    scaling = Scaling.of(ensemble)
    np.testing.assert_array_equal(scaling.low, ensemble.x.min((0, 1, 2)))
    np.testing.assert_array_equal(scaling.high, ensemble.x.max((0, 1, 2)))
    assert float(scaling.t_end) == 5.0


def test_circles_shrink_with_the_scale(ensemble):
    scaling = Scaling.of(ensemble)
    unit = scaling.unit_domain(Domain(jnp.array([10.0, 1.0]), (True, False)))
    assert unit.periodic == (True, False)
    assert float(unit.length[0]) == pytest.approx(10 / float(scaling.scale[0]))


def test_a_good_ensemble_passes_its_check(ensemble):
    ensemble.check()


def test_an_ensemble_whose_shapes_do_not_fit_is_refused(ensemble):
    with pytest.raises(ValueError, match=r"`x` must have shape \(3, 3, any, any\)"):
        Ensemble(ensemble.mu, ensemble.ts[:3], ensemble.x).check()


def test_an_ensemble_with_a_nan_is_refused_with_the_cure(ensemble):
    with pytest.raises(ValueError, match=r"`x` must hold finite samples.*remove"):
        Ensemble(ensemble.mu, ensemble.ts, ensemble.x.at[0, 1, 2, 0].set(jnp.nan)).check()


def test_an_ensemble_with_unordered_times_is_refused(ensemble):
    with pytest.raises(ValueError, match="never decrease"):
        Ensemble(ensemble.mu, ensemble.ts[::-1], ensemble.x).check()
