"""Pictures and densities from counts."""

import numpy as np
import pytest

from dashboard.parts.html import notices
from dashboard.runs import pictures
from hoam_core import SYSTEMS

TWO_STREAM, LANDAU = SYSTEMS["two-stream"], SYSTEMS["landau"]
PLANE = pictures.Ranges.of(TWO_STREAM, (1.25,)).plane((0, 1))


@pytest.mark.parametrize("k", [0.3, 0.6])
def test_a_periodic_range_is_the_box_of_the_parameters(k):
    ranges = pictures.Ranges.of(LANDAU, (0.1, k))
    assert ranges.high[0] == pytest.approx(2 * np.pi / k, rel=1e-6)
    assert (ranges.low[0], ranges.periodic) == (0.0, (True, False))
    assert (ranges.low[1], ranges.high[1]) == LANDAU.components[1].view


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_every_system_has_ranges_and_a_default_plane(name):
    from dashboard.runs.catalogue import catalogue

    system = SYSTEMS[name]
    ranges = pictures.Ranges.of(system, tuple(p.default for p in system.parameters))
    axes = catalogue().axes(name)
    plane = ranges.plane(axes)
    assert axes[0] != axes[1] or len(system.components) == 1
    assert all(high > low for low, high in zip(plane.low, plane.high, strict=True))


def test_mass_that_left_the_plane_is_in_the_wrong_place():
    here, there, gone = (np.zeros((96, 144), np.float32) for _ in range(3))
    here[40, 20] = there[70, 90] = 1 / PLANE.cell_area
    assert pictures.misplaced(here, here, PLANE) == 0
    assert pictures.misplaced(here, there, PLANE) == pytest.approx(1)
    assert pictures.misplaced(here, gone, PLANE) == pytest.approx(1)
    assert pictures.misplaced(here, 0.9 * here, PLANE) == pytest.approx(0.1, rel=1e-5)
    assert pictures.misplaced(gone, gone, PLANE) == 0


def test_smoothing_keeps_the_mass_and_closes_a_periodic_axis():
    counts = np.zeros((96, 144), np.uint16)
    counts[48, 0] = 1
    density = pictures.density(counts, 1, PLANE, 2.0)
    assert float(density.sum()) * PLANE.cell_area == pytest.approx(1, rel=1e-4)
    assert density[48, -1] == pytest.approx(density[48, 1], rel=1e-5)


def test_smoothing_narrows_with_more_particles():
    widths = [pictures.sigma_for(n) for n in (1_024, 4_096, 65_536)]
    assert widths == sorted(widths, reverse=True)


def test_levels_are_clipped_and_symmetric():
    values = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]])
    assert pictures.to_signed_levels(values, 1.0).tolist() == [[0, 0, 128, 255, 255]]
    assert pictures.to_levels(values, 2.0).dtype == np.uint8


def test_marginals_are_densities_of_what_the_plane_shows():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 9, (96, 144)).astype(np.uint16)
    n = int(counts.sum())
    horizontal, vertical = pictures.marginals(counts, n, PLANE, 1.0)
    dx, dv = PLANE.cell_sides
    assert horizontal.sum() * dx == pytest.approx(1, rel=1e-4)
    assert vertical.sum() * dv == pytest.approx(1, rel=0.02)  # some is smoothed over the edge
    field = pictures.density(counts, n, PLANE, 1.0)
    assert field.sum(0) * dv == pytest.approx(horizontal, rel=0.05)
    assert PLANE.centres(0)[[0, -1]] == pytest.approx([dx / 2, 50 - dx / 2], rel=1e-5)


def test_a_law_that_starts_as_a_point_does_not_set_the_limits():
    spread = np.full((8, 96, 144), 1, np.uint16)
    point = spread.copy()
    point[0], point[0, 48, 72] = 0, 96 * 144
    n = 96 * 144
    plain, pointed = (pictures.limits(some, n, PLANE) for some in (spread, point))
    assert pointed.density < 2 * plain.density
    assert pointed.heights < (3 * plain.heights[0], 3 * plain.heights[1])
    assert pictures.limits(np.zeros((2, 96, 144), np.uint16), 1, PLANE) == pictures.DensityLimits()


def test_sentences_from_outside_are_escaped():
    assert "<script>" not in notices([], "Unknown model '<script>'.")
