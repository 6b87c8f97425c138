"""State and its URL, without a browser."""

from dataclasses import replace
from urllib.parse import parse_qsl

import numpy as np
import pytest

from dashboard.page.views import VIEWS as ENTRIES
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.state.exploration import VIEWS, Exploration
from dashboard.state.parameters import nice_step
from dashboard.state.url import read_query, write_query

SHELF = catalogue()


def explore(**values):
    return Exploration(SHELF, **values)


def test_every_system_and_its_models_are_offered():
    state = explore()
    assert set(state.param.system.objects) == set(SHELF.systems)
    for name in SHELF.systems:
        state.system = name
        assert set(state.param.model.objects) == {*SHELF.models_of(name), ""}
        assert set(state.mu) == {p.name for p in SHELF.systems[name].parameters}


def test_what_ships_comes_before_what_somebody_has_trained():
    quick = replace(SHELF.models["two-stream-galerkin"], name="anna")
    shelf = Catalogue(SHELF.systems, {"anna": quick, **SHELF.models}, shipped=SHELF.shipped)
    assert shelf.models_of("two-stream") == [*SHELF.models_of("two-stream"), "anna"]


def test_the_model_that_the_judge_puts_first_comes_first():
    """By the mean density error inside the trained range; what is not judged comes after."""
    model = SHELF.models["two-stream-galerkin"]

    def judged(name, *values):
        rows = [{"density": [{"value": v}], "parameters": {"mu": mu}} for mu, v in values]
        return replace(model, name=name, errors=tuple(rows))

    models = [judged("a"), judged("b", (1.25, 0.1), (1.55, 0.3)), judged("c", (1.25, 0.1)),
              judged("d", (1.25, 0.15), (2.4, 9.0))]  # fmt: skip
    shelf = Catalogue(SHELF.systems, {m.name: m for m in models}, shipped=frozenset("abcd"))
    assert shelf.models_of("two-stream") == ["c", "d", "b", "a"]


@pytest.mark.parametrize(("low", "high", "step"), [(0.4, 2.5, 0.01), (1, 20, 0.05), (0, 1, 0.005)])
def test_steps_of_sliders_are_round(low, high, step):
    assert nice_step(low, high) == step


def test_time_is_the_nearest_frame():
    state = explore()
    state.time = 20.0
    assert state.time == pytest.approx(20.0)
    state.time = 1e9
    assert state.frame == len(state.ts) - 1


def test_changing_the_system_keeps_the_share_of_time():
    state = explore(t=10.0)
    state.system = "oscillator"
    assert state.time == pytest.approx(0.25 * state.ts[-1], abs=0.02 * state.ts[-1])


def test_playing_loops_or_stops_at_the_end():
    state = explore()
    state.go(-1)
    state.toggle()
    assert state.playing
    assert state.frame == 0
    state.frame = len(state.ts) - 1
    state.advance()
    assert state.frame == 0
    state.loop, state.frame = False, len(state.ts) - 1
    state.advance()
    assert not state.playing


def test_fast_runs_skip_frames_at_a_bounded_rate():
    state = explore()
    for speed in state.param.speed.objects:
        state.speed = speed
        assert state.period >= 35


def test_steps_stop_at_the_ends():
    state = explore()
    state.go(0)
    state.step(-1)
    assert state.frame == 0
    state.go(-1)
    state.step(1)
    assert state.frame == len(state.ts) - 1


def test_the_address_restores_the_state():
    first = explore(mu={"mu": 1.37}, t=12.0, seed=5, particles=3_000)
    query = dict(parse_qsl(write_query(first).lstrip("?")))
    assert query["view"] == "explore"
    reader = read_query(query, SHELF)
    values, problems = reader.values, reader.problems
    second = explore(**values)
    assert problems == []
    assert write_query(second) == write_query(first)
    assert (second.mu, second.seed, second.particles) == ({"mu": 1.37}, 5, 3_000)


def test_the_address_restores_a_view_without_a_model():
    query = dict(parse_qsl(write_query(explore(model="")).lstrip("?")))
    assert read_query(query, SHELF).values["model"] == ""


def test_a_plane_is_offered_where_there_are_more_than_two_components():
    state = explore(system="trap")
    assert state.plane == ("x1", "x100")
    assert state.axes == (0, 99)
    state.system = "two-stream"
    assert state.plane == ("x", "v")
    assert "plane" not in dict(parse_qsl(write_query(state).lstrip("?")))


def test_choosing_the_other_component_exchanges_both():
    state = explore(system="chaos-9d", plane=("c1", "c9"))
    state.horizontal = "c9"
    assert state.plane == ("c9", "c1")
    state.vertical = "c9"
    assert state.plane == ("c1", "c9")


def test_the_address_restores_the_plane():
    first = explore(system="chaos-9d", plane=("c6", "c9"))
    assert "plane=c6,c9" in write_query(first)
    query = dict(parse_qsl(write_query(first).lstrip("?")))
    reader = read_query(query, SHELF)
    values, problems = reader.values, reader.problems
    assert problems == []
    assert explore(**values).plane == ("c6", "c9")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"system": "chaos-9d", "plane": "c1,c77"}, "Unknown component 'c77'"),
        ({"system": "chaos-9d", "plane": "c1"}, "two different components"),
        ({"system": "chaos-9d", "plane": "c1,c1"}, "two different components"),
        ({"system": "trap", "plane": "x1,y"}, "Known: x1, x2, x3, …, x100."),
        ({"plane": "v,x"}, "which has no other"),
        ({"system": "trap", "particles": "131072"}, "must lie from 1 to 8192"),
        ({"system": "two-steam"}, "Did you mean 'two-stream'"),
        ({"model": "nothing"}, "Unknown model"),
        ({"system": "oscillator", "model": "two-stream-galerkin"}, "belongs to the system"),
        ({"mu": "9"}, "must lie from 0.4 to 2.5"),
        ({"mu": "nan"}, "finite number"),
        ({"mu": "fast"}, "must be a number"),
        ({"particles": "0"}, "at least 1"),
        ({"particles": "1e99"}, "`particles`"),
        ({"particles": "nan"}, "`particles`"),
        ({"seed": "-1"}, "`seed`"),
        ({"seed": "1.5"}, "whole number"),
        ({"t": "1000"}, "`t`"),
        ({"share": "3"}, "`share` must be one of 0.25, 0.5, 1, 2, 4"),
        ({"system": "ising", "L": "40.5"}, "`L` must be a whole number"),
        ({"system": "ising", "T": "-1"}, "`T` must lie from 0.5 to 5"),
        ({"t": "inf"}, "`t`"),
    ],
)
def test_a_bad_address_gives_a_sentence_and_the_default(query, words):
    reader = read_query(query, SHELF)
    values, problems = reader.values, reader.problems
    assert len(problems) == 1
    assert words in problems[0]
    state = explore(**values)
    expected = explore(system=values["system"])
    assert write_query(state) == write_query(expected)


def test_a_roll_out_of_many_components_has_a_bound():
    state = explore(particles=65_536)
    state.system = "trap"
    assert max(state.param.particles.objects) == 8_192
    assert state.particles == 1_024
    state.system = "chaos-9d"
    assert max(state.param.particles.objects) == 65_536
    assert state.particles == 4_096


def test_times_end_where_the_model_was_trained():
    for name, model in SHELF.models.items():
        ts = SHELF.times(model.experiment.system, name)
        assert ts[-1] == pytest.approx(model.experiment.t_end)
        assert np.all(np.diff(ts) > 0)


def test_every_view_of_a_link_is_one_of_the_page():
    assert set(ENTRIES) == set(VIEWS)
