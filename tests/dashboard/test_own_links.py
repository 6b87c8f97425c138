"""Links and numbers of own data: parameters of any name and size, any number of times."""

from urllib.parse import parse_qsl

import numpy as np
import pytest

from dashboard.compare.choice import Column, Comparison
from dashboard.parts.player import Player
from dashboard.parts.sliders import number_format
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.parameters import attribute, nice_step, number_of, values_of
from dashboard.state.url import read_query, write_query
from hoam_core.systems import Component, Parameter, Recorded

ODD = ("seed", "t", "particles", "view", "name", "param", "a=b;c,d@e", "mu", "n 0+%", "__class__")


def recorded(names=("mu",), times: int = 41, t_end: float = 4.0, unit: float = 1.0) -> Recorded:
    """A system of the given parameters, each recorded at 1, 2 and 3 units."""
    axes = ((unit, 2 * unit, 3 * unit),) * len(names)
    parameters = tuple(Parameter(n, n, 0.5 * unit, 3.5 * unit, axes[0]) for n in names)
    components = (Component("x", "x", "", (0.0, 1.0)), Component("v", "v", "", (-1.0, 1.0)))
    shape = (3 ** len(names), times, 4, 2)
    x = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    return Recorded(
        "own-shots", "Shots", "files", parameters, components, (None, None), axes, t_end, x
    )  # fmt: skip


def opened(own: Recorded, **values) -> tuple[Exploration, Catalogue]:
    shelf = Catalogue({**catalogue().systems, own.name: own}, catalogue().models)
    return Exploration(shelf, **values), shelf


def link_of(state: Exploration, **more) -> dict[str, str]:
    return dict(parse_qsl(write_query(state, more).lstrip("?")))


@pytest.mark.parametrize("name", ODD)
def test_a_parameter_may_be_called_like_an_entry_of_a_link(name):
    system = recorded((name,))
    state, shelf = opened(system, system="own-shots", mu={name: 2.25}, seed=3, particles=2_048, t=1)
    assert state.mu == {name: 2.25}
    reader = read_query(link_of(state), shelf)
    assert reader.problems == []
    again, _ = opened(system, **reader.values)
    assert again.mu == {name: 2.25}
    assert (again.seed, again.particles, again.view) == (3, 2_048, "explore")
    assert again.time == pytest.approx(1.0)
    other, _ = opened(system)
    other.adopt(**reader.values)
    assert other.mu == {name: 2.25}


def test_links_of_before_are_still_read():
    system = recorded(("mu", "seed"))
    _, shelf = opened(system)
    found = read_query({"system": "own-shots", "mu": "2.5", "seed": "7"}, shelf)
    assert found.problems == []
    assert (found.values["mu"], found.values["seed"]) == ({"mu": 2.5}, 7)
    assert "mu=1.25" in write_query(opened(system, system="two-stream", mu={"mu": 1.25})[0])


def test_numbers_with_odd_names_are_watched_and_moved():
    state, _ = opened(recorded(ODD[:5]), system="own-shots")
    heard = []
    state.watch_mu(lambda *events: heard.extend(events))
    for name in ODD[:5]:
        number = number_of(state.parameters, name)
        assert number.label == name
        setattr(state.parameters, attribute(name), 3.0)
    assert len(heard) == 5
    assert values_of(state.parameters) == dict.fromkeys(ODD[:5], 3.0)


def test_pinned_columns_keep_values_of_odd_names():
    system = recorded(("a=b;c,d@e", "n 0+%"))
    state, shelf = opened(system, system="own-shots", view="compare")
    choice = Comparison()
    pinned = Column("", (1.5, 2.25))
    choice.param.update(system="own-shots", columns=(Column(), pinned))
    query = link_of(state, **choice.write(state))
    again = Comparison()
    reader = read_query(query, shelf)
    again.read(reader, state)
    assert reader.problems == []
    assert again.columns == (Column(), pinned)


@pytest.mark.parametrize("unit", [1e24, 1e-30, 1e-13])
def test_a_number_of_any_size_has_a_slider_and_survives_a_link(unit):
    assert nice_step(0.5 * unit, 3.5 * unit) == pytest.approx(0.01 * unit)
    value = 1.2345678912 * unit
    system = recorded(("n0",), unit=unit)
    state, shelf = opened(system, system="own-shots", mu={"n0": value})
    assert number_of(state.parameters, "n0").step > 0
    found = read_query(link_of(state), shelf)
    assert found.problems == []
    assert found.values["mu"]["n0"] == pytest.approx(value, rel=1e-10)


def test_the_frame_keeps_its_share_of_the_time_whatever_the_number_of_frames():
    state, _ = opened(recorded(times=41), t=20.0)
    player = Player(state)
    assert (state.frame, len(state.ts)) == (50, 101)
    state.adopt(system="own-shots")
    assert (state.frame, len(state.ts)) == (20, 41)
    assert state.time == pytest.approx(2.0)
    assert (player._bar.frame, player._bar.last, player._bar.end) == (20, 40, 4.0)
    state.system = "two-stream"
    assert (state.frame, player._bar.frame, player._bar.last) == (50, 50, 100)
    state.go(-1)
    state.system = "own-shots"
    assert state.frame == 40
    state.adopt(system="oscillator", mu={"omega": 4.0})
    assert state.frame == 100


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [(0.4, 2.5, True), (-20.0, 20.0, True), (8e23, 2.1e24, False), (0.0, 1.1e-13, False)],
)
def test_a_slider_writes_powers_of_ten_where_decimals_say_nothing(low, high, digits):
    assert isinstance(number_format(low, high), str) == digits
