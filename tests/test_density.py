"""The density error against closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from hoam_core.metrics import density_error
from hoam_core.metrics.density import BINS, WIDTH, Marginal, density, marginals
from hoam_core.numerics.loading import quiet
from hoam_core.systems import SYSTEMS, get_system

FREE = Marginal((0, 1), ("x", "y"), ((-8.0, 8.0), (-8.0, 8.0)), (False, False))
RING = Marginal((0, 1), ("x", "v"), ((0.0, 6.0), (-8.0, 8.0)), (True, False))


@pytest.fixture(scope="module")
def cloud():
    import jax

    return norm.ppf(np.asarray(quiet(jax.random.key(0), 2**17, 2)))


@pytest.mark.parametrize("shift", [0.25, 1.0, 4.0])
def test_the_error_of_a_shifted_normal_law_is_the_closed_form(cloud, shift):
    smoothed = np.hypot(1.0, WIDTH * 16 / BINS)
    expected = 2 * (2 * norm.cdf(0.5 * shift / smoothed) - 1)
    found = density_error(cloud + np.array([shift, 0.0]), cloud, FREE)
    assert found == pytest.approx(expected, rel=0.01)


def test_the_same_samples_have_no_error_and_what_left_the_picture_counts(cloud):
    assert density_error(cloud, cloud, FREE) == 0
    assert density_error(cloud + 100.0, cloud, FREE) == pytest.approx(1.0)
    assert np.isnan(density_error(cloud, cloud + 100.0, FREE))


def test_a_shift_by_half_a_smoothing_width_is_seen_across_the_edge_of_a_ring(cloud):
    """A bunch at the edge is moved as one in the middle; without wrapping half of it would go."""
    bunch = np.stack([0.3 * cloud[:, 0], cloud[:, 1]], axis=1)
    errors = []
    for centre in (3.0, 0.0):
        a, b = (bunch + np.array([centre + shift, 0.0]) for shift in (0.2, 0.0))
        a[:, 0], b[:, 0] = a[:, 0] % 6.0, b[:, 0] % 6.0
        errors.append(density_error(a, b, RING))
    assert errors[1] == pytest.approx(errors[0], rel=0.02)
    assert density(bunch % 6.0, RING)[0].sum() > 0.05


def test_the_noise_of_independent_samples_falls_as_the_root_of_their_number(cloud):
    rng = np.random.default_rng(1)
    few, many = (
        density_error(*rng.normal(size=(2, n, 2)), FREE) for n in (2**11, 2**15)
    )  # fmt: skip
    assert few / many == pytest.approx(4.0, rel=0.2)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("two-stream", [("x", "v")]),
        ("strong-landau-6d", [("x", "vx"), ("y", "vy"), ("z", "vz")]),
        ("oscillator", [("x", "y")]),
        ("chaos-9d", [("c1", "c2"), ("c3", "c4"), ("c5", "c6"), ("c7", "c8"), ("c8", "c9")]),
    ],
)
def test_phase_planes_or_neighbouring_components_are_compared(system, expected):
    target = get_system(system)
    mu = target.vector({p.name: p.default for p in target.parameters})
    assert [plane.names for plane in marginals(target, mu)] == expected


def test_every_component_of_every_system_is_on_a_plane():
    for system in SYSTEMS.values():
        mu = system.vector({p.name: p.default for p in system.parameters})
        found = {i for plane in marginals(system, mu) for i in plane.components}
        assert found == set(range(len(system.components)))


def test_a_box_that_depends_on_a_parameter_is_taken_at_its_length():
    landau = get_system("landau")
    (plane,) = marginals(landau, landau.vector({"alpha": 0.3, "k": 0.5}))
    assert plane.ranges[0] == pytest.approx((0.0, 4 * np.pi))
    assert plane.periodic == (True, False)
