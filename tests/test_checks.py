"""Every message names the argument, its value and the cure."""

import math

import numpy as np
import pytest

from hoam_core import checks


def test_lookup_returns_the_entry():
    assert checks.lookup("a", {"a": 1, "b": 2}, "thing") == 1


def test_lookup_suggests_the_nearest_name_and_lists_all():
    with pytest.raises(ValueError, match=r"Unknown system 'two-steam'.*mean 'two-stream'.*Known:"):
        checks.lookup("two-steam", {"two-stream": 1, "oscillator": 2}, "system")


def test_lookup_makes_no_far_fetched_suggestion():
    with pytest.raises(ValueError, match="Unknown thing") as caught:
        checks.lookup("zzz", {"a": 1}, "thing")
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_positive_refuses_all_but_positive_finite_numbers(value):
    with pytest.raises(ValueError, match=f"`dt` must be a positive number, but is {value}"):
        checks.check_positive("dt", value)


@pytest.mark.parametrize("value", [0, -3, 2.5, True, math.nan, math.inf])
def test_count_refuses_all_but_whole_numbers_from_the_minimum(value):
    with pytest.raises(ValueError, match="`particles` must be a whole number of at least 1"):
        checks.check_count("particles", value)


def test_count_accepts_its_minimum_and_refuses_one_less():
    checks.check_count("q", 3, 3)
    with pytest.raises(ValueError, match="at least 3, but is 2"):
        checks.check_count("q", 2, 3)


@pytest.mark.parametrize("value", [0.39, 2.51, math.nan, -math.inf])
def test_within_names_argument_and_bounds(value):
    with pytest.raises(ValueError, match=r"`mu` must .*0\.4 to 2\.5"):
        checks.check_within("mu", value, 0.4, 2.5)


@pytest.mark.parametrize("value", [0.4, 2.5])
def test_within_accepts_its_bounds(value):
    checks.check_within("mu", value, 0.4, 2.5)


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (lambda: checks.check_within("seed", 2**32, 0, 2**32 - 1), "295, but is 4294967296;"),
        (lambda: checks.check_within("seed", np.nan, 0, 2**32 - 1), "from 0 to 4294967295"),
        (lambda: checks.check_within("mu", 0.123456789, 1, 1e30), "1 to 1e+30, but is 0.123457;"),
        (lambda: checks.check_multiple("L", 12_345_679, 2), "of 2, but is 12345679"),
    ],
)  # fmt: skip
def test_whole_numbers_are_printed_whole(check, sentence):
    with pytest.raises(ValueError) as caught:
        check()
    assert sentence in str(caught.value)


def test_names_must_match_exactly():
    checks.check_names("parameter", ["b", "a"], ["a", "b"])
    with pytest.raises(ValueError, match="Unknown parameter `c`; this system has `a`, `b`"):
        checks.check_names("parameter", ["a", "c"], ["a", "b"])
    with pytest.raises(ValueError, match="parameter `b` is missing"):
        checks.check_names("parameter", ["a"], ["a", "b"])


@pytest.mark.parametrize(
    ("ts", "sentence"),
    [
        ([], "at least one time"),
        ([[0.0, 1.0]], "shape"),
        ([0.0, math.nan], "finite"),
        ([-1.0, 0.0], "zero or later"),
        ([0.0, 2.0, 1.0], "never decrease"),
    ],
)
def test_times_must_be_finite_ordered_and_not_negative(ts, sentence):
    with pytest.raises(ValueError, match=sentence):
        checks.check_times(np.array(ts))


def test_repeated_times_are_accepted():
    checks.check_times(np.array([0.0, 1.0, 1.0]))


def test_shape_compares_length_by_length():
    checks.check_shape("x", (5, 2), (None, 2))
    for shape in [(5, 3), (5,), (5, 2, 1)]:
        with pytest.raises(ValueError, match=r"`x` must have shape \(any, 2\), but has"):
            checks.check_shape("x", shape, (None, 2))


@pytest.mark.parametrize("value", [5, np.int64(5), np.uint8(5), np.float32(5.0), 5.0])
def test_a_count_is_an_int_whatever_held_it(value):
    found = checks.check_count("n", value, 5)
    assert type(found) is int
    assert found == 5
