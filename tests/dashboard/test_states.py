"""What is kept of a run: any plane, bounded memory, and no compilation when the box changes."""

import jax
import numpy as np
import pytest

from dashboard.runs import states
from dashboard.runs.cache import Memory
from dashboard.runs.pictures import CELLS, Ranges
from dashboard.runs.run import Case, Run
from hoam_core import SYSTEMS

TWO, NINE = (
    Ranges((0.0,) * d, (1.0,) * d, (False,) * d) for d in (2, 9)
)  # fmt: skip


def points(times, n, d, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (times, n, d)).astype(np.float32)


def expected(x, axes):
    nx, ny = CELLS
    return np.histogram2d(x[:, axes[1]], x[:, axes[0]], (ny, nx), ((0, 1), (0, 1)))[0]


@pytest.mark.parametrize("ranges", [TWO, NINE], ids=["d=2", "d=9"])
def test_every_particle_inside_is_counted_once(ranges):
    d = len(ranges.low)
    found = states.digest(points(3, 500, d), ranges, 3)
    assert [found.states.counts(i, (0, 1)).sum() for i in range(len(found.states))] == [500] * 3
    assert found.finite


@pytest.mark.parametrize("ranges", [TWO, NINE], ids=["d=2", "d=9"])
def test_particles_outside_or_missing_are_not_drawn(ranges):
    x = np.full((1, 5, len(ranges.low)), 0.5, np.float32)
    x[0, 1:, 0] = [9.0, -0.1, np.nan, np.inf]
    found = states.digest(x, ranges, 1)
    assert found.states.counts(0, (0, 1)).sum() == 1
    assert not found.finite


@pytest.mark.parametrize("ranges", [TWO, NINE], ids=["d=2", "d=9"])
def test_a_population_on_the_ends_of_its_range_is_inside_and_drawn(ranges):
    x = np.zeros((1, 4, len(ranges.low)), np.float32)
    x[0, 2:] = 1.0
    found = states.digest(x, ranges, 1)
    assert found.outside == 0
    counts = found.states.counts(0, (0, 1))
    assert (counts[0, 0], counts[-1, -1], counts.sum()) == (2, 2, 4)


@pytest.mark.parametrize("axes", [(0, 1), (8, 3), (3, 8)])
def test_any_plane_is_counted_where_the_particles_are(axes):
    x = points(2, 3_000, 9)
    counts = states.digest(x, NINE, 2).states.counts(1, axes)
    # A particle within 1/65,535 of an edge may fall on its other side.
    assert np.abs(counts - expected(x[1], axes)).sum() <= 20
    assert counts.sum() == 3_000


def test_two_components_count_exactly():
    x = points(2, 3_000, 2)
    counts = states.digest(x, TWO, 2).states.counts(1, (0, 1))
    assert np.abs(counts - expected(x[1], (0, 1))).sum() <= 2


def test_moments_are_those_of_the_whole_population():
    x = points(2, 40_000, 9)
    found = states.digest(x, NINE, 101)
    assert found.states.particles == states.MOST_KEPT
    assert found.moments.mean == pytest.approx(x.mean(1), abs=1e-4)
    assert found.moments.spread == pytest.approx(x.std(1), abs=1e-4)


@pytest.mark.parametrize("d", [3, 6, 9, 30, 100])
def test_what_is_kept_has_a_bound_and_is_a_power_of_two(d):
    most = states.most_kept(101, d, 262_144)
    assert 2 * 101 * d * most <= states.MOST_BYTES
    assert most & (most - 1) == 0
    assert most >= 2_048
    assert states.most_kept(101, d, 100) == 100


@pytest.mark.parametrize("ranges", [TWO, NINE], ids=["d=2", "d=9"])
def test_pieces_make_the_whole(ranges):
    x = points(7, 300, len(ranges.low))
    whole = states.digest(x, ranges, 7).states
    growing = states.Growing(7)
    first = growing.add(states.digest(x[:1], ranges, 7).states)
    last = growing.add(states.digest(x[1:], ranges, 7).states)
    assert (len(first), len(last)) == (1, 7)
    assert np.array_equal(last.array, whole.array)
    assert np.array_equal(first.counts(0, (0, 1)), whole.counts(0, (0, 1)))


def test_another_box_compiles_nothing():
    landau, compiled = SYSTEMS["landau"], []

    def note(event, duration, **_):
        compiled.extend([event] if "backend_compile" in event else [])

    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        states.digest(points(2, 67, 2), Ranges.of(landau, (0.1, 0.4)), 2)
        assert compiled
        compiled.clear()
        states.digest(points(2, 67, 2), Ranges.of(landau, (0.1, 0.5)), 2)
        assert compiled == []
    finally:
        jax.monitoring.unregister_event_duration_listener(note)


def test_memory_is_bounded_by_bytes_and_keeps_the_newest():
    def run(seed, times=4):
        found = states.digest(points(times, 10, 2), TWO, times)
        ts = np.arange(times, dtype=float)
        return Run(Case("s", "", (), seed, 10), ts, found.states, TWO, found.moments, {})

    one = run(0).nbytes
    memory = Memory(most_bytes=2 * one)
    for seed in range(3):
        memory.put(seed, run(seed))
    assert [memory.get(seed) is not None for seed in range(3)] == [False, True, True]
    memory.put(9, run(9, times=40))
    assert memory.get(9) is not None
    assert memory.get(2) is None
