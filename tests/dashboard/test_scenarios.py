"""Scenarios: every card can be opened and seen, and a wrong entry costs itself alone."""

from urllib.parse import parse_qsl

import pytest

from dashboard.explore.scenarios import MOST_BYTES, Scenarios, as_card, read_scenarios, scenarios
from dashboard.runs.catalogue import catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from hoam_core.files.assets import asset

GOOD = """
- {name: one, title: One, sentence: It is one., link: "?view=explore&system=trap", alt: A cloud}
- {name: two, title: Two, sentence: It is two., link: "?view=explore&system=ising", alt: Spins}
"""


@pytest.mark.parametrize("name", list(scenarios().items))
def test_the_link_of_every_scenario_is_read_without_a_problem(name):
    scenario = scenarios().items[name]
    assert read_query(dict(parse_qsl(scenario.link[1:])), catalogue()).problems == []
    assert scenario.image.startswith("data:image/webp;base64,")
    assert len((asset("thumbnails") / f"{name}.webp").read_bytes()) < MOST_BYTES


def test_there_is_a_scenario_for_every_system_and_no_thumbnail_without_one():
    shelf = scenarios()
    assert shelf.problems == ()
    systems = {dict(parse_qsl(one.link[1:]))["system"] for one in shelf.items.values()}
    assert set(catalogue().systems) - systems <= {"strong-landau-6d-all-axes"}
    assert {p.stem for p in asset("thumbnails").iterdir()} == set(shelf.items)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("title: One", "tilte: One", ["entry 1", "'tilte'", "Did you mean 'title'"]),
        ("alt: A cloud", "alt: 3", ["entry 1", "`alt`", "a text"]),
        ('"?view=explore&system=trap"', "trap", ["entry 1", "`link`", "?view=explore"]),
    ],
)
def test_a_wrong_entry_is_named_and_the_others_stay(tmp_path, old, new, words):
    file = tmp_path / "scenarios.yaml"
    file.write_text(GOOD.replace(old, new))
    shelf = read_scenarios(file, tmp_path)
    assert list(shelf.items) == ["two"]
    for word in ["scenarios.yaml", *words]:
        assert word in shelf.problems[0]


@pytest.mark.parametrize("text", ["- [", "one: two", ""])
def test_a_wrong_file_leaves_the_page_without_scenarios(tmp_path, text):
    file = tmp_path / "scenarios.yaml"
    file.write_text(text)
    shelf = read_scenarios(file, tmp_path)
    assert shelf.items == {}
    assert "'scenarios.yaml'" in shelf.problems[0]


def test_a_missing_file_is_told(tmp_path):
    assert "scenarios.yaml" in read_scenarios(tmp_path / "scenarios.yaml", tmp_path).problems[0]


def test_a_large_thumbnail_is_refused(tmp_path):
    file = tmp_path / "scenarios.yaml"
    file.write_text(GOOD)
    (tmp_path / "one.webp").write_bytes(b"RIFF0000WEBP" + bytes(MOST_BYTES))
    shelf = read_scenarios(file, tmp_path)
    assert list(shelf.items) == ["two"]
    assert "'one.webp'" in shelf.problems[0]


def test_a_card_opens_its_link_and_nothing_else_is_heard():
    opened = []
    strip = Scenarios(Exploration(catalogue()), opened.append).__panel__()
    strip._handle_msg({"link": strip.cards[0]["link"]})
    strip._handle_msg({"link": 3})
    strip._handle_msg("delete")
    assert opened == [as_card(next(iter(scenarios().items.values())))["link"]]


def test_the_strip_stands_in_explore_only():
    state = Exploration(catalogue())
    strip = Scenarios(state, lambda link: None).__panel__()
    assert strip.visible
    state.view = "lessons"
    assert not strip.visible
