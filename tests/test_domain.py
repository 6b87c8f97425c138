"""Lines and circles: wrapping, shortest displacements, unwrapped paths, periodic features."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hoam_core.numerics.domain import Domain, along_last

lengths = st.floats(0.1, 1e3)
positions = st.floats(-1e5, 1e5)


def circle(length: float, dtype=jnp.float64) -> Domain:
    return Domain(jnp.array([length, 1.0], dtype), (True, False))


def at(x: float, dtype=jnp.float64):
    return jnp.array([x, x], dtype)


@given(lengths, positions)
@example(1.1, -1e-20)
def test_wrapped_positions_lie_in_the_box_and_stay_when_wrapped_again(length, x):
    domain = circle(length)
    once = domain.wrap(at(x))
    assert 0 <= float(once[0]) < length
    np.testing.assert_array_equal(domain.wrap(once), once)


@given(st.sampled_from([50.0, 1.1, 4 * np.pi, 0.7]), st.integers(-40, 40), st.integers(-2, 2))
@example(1.1, 3, -1)
@example(4 * np.pi, 5, -1)
def test_wrapping_next_to_the_edges_stays_in_the_box_in_single_precision(length, turns, steps):
    size = np.float32(length)
    x = np.float32(turns * size)
    for _ in range(abs(steps)):
        x = np.nextafter(x, np.float32(np.sign(steps) * np.inf))
    wrapped = circle(length, jnp.float32).wrap(at(x, jnp.float32))
    assert wrapped.dtype == np.float32
    assert 0 <= float(wrapped[0]) < float(size)


@given(st.sampled_from([50.0, 1.1, 0.7]), st.floats(0, 1), st.floats(0, 1))
def test_a_chord_is_the_distance_in_the_plane_of_the_circle(length, start, end):
    def planar(share):
        turn = 2 * np.pi * share
        return length / (2 * np.pi) * np.array([np.cos(turn), np.sin(turn)])

    chord = circle(length).chord(at(start * length), at(end * length))
    assert abs(float(chord[0])) == pytest.approx(
        np.linalg.norm(planar(end) - planar(start)), abs=1e-9 * length
    )
    assert float(chord[1]) == pytest.approx((end - start) * length)


def test_a_chord_of_lines_is_the_displacement():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 3))
    np.testing.assert_array_equal(Domain.free(3).chord(a, b), b - a)


@given(lengths, positions, st.integers(-50, 50))
def test_whole_turns_do_not_matter_and_free_components_are_untouched(length, x, turns):
    domain = circle(length)
    here, there = domain.wrap(at(x)), domain.wrap(at(x + turns * length))
    gap = float(domain.displacement(here, there)[0])
    assert abs(gap) < 1e-9 * (length + abs(x) + abs(turns) * length)
    assert float(here[1]) == x


@given(lengths, positions, positions)
def test_displacement_is_shortest_antisymmetric_and_leads_to_the_end(length, x, y):
    domain = circle(length)
    there, back = domain.displacement(at(x), at(y)), domain.displacement(at(y), at(x))
    rounding = 1e-9 * (abs(x) + abs(y) + length)
    assert abs(float(there[0])) <= length / 2 + rounding
    # Exactly half a turn is the same length either way, so that its sign is free there.
    if abs(float(there[0])) < length / 2 - rounding:
        assert float(there[0]) == pytest.approx(-float(back[0]), abs=rounding)
    assert float(there[1]) == y - x
    reached = domain.displacement(at(x) + there, at(y))
    assert abs(float(reached[0])) <= rounding


@given(lengths, st.lists(st.floats(-0.49, 0.49), min_size=12, max_size=12), st.floats(0, 0.99))
def test_unwrap_undoes_wrap_for_steps_shorter_than_half_a_box(length, steps, start):
    path = length * np.cumsum([start, *steps])[:, None] * np.ones(2)
    domain = circle(length)
    found = domain.unwrap(domain.wrap(jnp.asarray(path)))
    np.testing.assert_allclose(found, path, atol=1e-11 * length * len(path), rtol=0)


@given(lengths, positions, st.integers(-20, 20))
def test_features_repeat_after_whole_turns(length, x, turns):
    domain = circle(length)
    here = domain.features(jnp.array([x, 0.2]))
    there = domain.features(jnp.array([x + turns * length, 0.2]))
    np.testing.assert_allclose(here, there, atol=1e-9 * (1 + abs(x) / length))


def test_features_are_harmonics_on_circles_and_the_value_on_lines():
    angle = 2 * np.pi * 0.3 / 2.0
    expected = [f(k * angle) for k in (1, 2, 3) for f in (np.cos, np.sin)]
    np.testing.assert_allclose(
        circle(2.0).features(jnp.array([0.3, -7.0])), [*expected, -7.0], rtol=1e-13
    )


def test_a_free_domain_changes_nothing(key):
    x = jnp.array([[1e6, -3.0], [0.0, 2.5]])
    domain = Domain.free(2)
    np.testing.assert_array_equal(domain.wrap(x), x)
    np.testing.assert_array_equal(domain.displacement(x[0], x[1]), x[1] - x[0])
    np.testing.assert_array_equal(domain.features(x[0]), x[0])


def test_along_last_meets_any_batch():
    assert along_last(jnp.ones(3), jnp.ones((2, 5, 3))).shape == (1, 1, 3)
