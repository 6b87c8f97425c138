"""The glossary: every entry can be read, and the words of a text lead to it."""

import re

import pytest

from dashboard.content.glossary import glossary, marked, read_glossary
from dashboard.explore.solved import solved, welcome
from hoam_core.systems import SYSTEMS


def terms(html: str) -> list[str]:
    return re.findall(r'data-term="([^"]+)"', html)


def test_what_ships_can_be_read():
    assert glossary().problems == ()
    assert len(glossary().items) > 30
    forms = [
        form.casefold() for term in glossary().items.values() for form in (term.title, *term.also)
    ]
    assert len(forms) == len(set(forms)), "a word has one meaning"


def test_the_first_occurrence_of_a_word_is_a_button():
    text = marked("<p>Beside its noise floor, which is the floor of galerkin.</p>")
    assert terms(text) == ["noise-floor", "galerkin"]
    assert re.sub(r"</?button[^>]*>", "", text) == (
        "<p>Beside its noise floor, which is the floor of galerkin.</p>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<h2>noise floor</h2>", "<a href='?'>noise floor</a>", "<code>galerkin</code>",
        "<button>seed</button>", "<td title='noise floor'>4</td>", "w = 3", "two-stream-galerkin",
        "spreadsheet", "",
    ],
)  # fmt: skip
def test_headings_attributes_and_parts_of_words_stay_as_they_are(text):
    assert marked(text) == text


def test_symbols_are_terms_in_their_own_case_only():
    assert terms(marked("W grows")) == ["field-energy"]
    assert terms(marked("<b>λ</b>")) == ["lambda"]


def test_words_that_are_known_already_stay_text():
    assert terms(marked("seed and spread", seen=["seed"])) == ["spread"]


def test_an_entry_that_is_wrong_costs_itself(tmp_path):
    file = tmp_path / "glossary.yaml"
    file.write_text(
        "- {name: a, title: A, also: '-', text: One.}\n"
        "- {name: B C, title: B, also: '-', text: x}\n"
        "- {name: a, title: A, also: '-', text: Twice.}\n- {name: d, title: D}\n",
        encoding="utf-8",
    )
    shelf = read_glossary(file)
    assert list(shelf.items) == ["a"]
    assert len(shelf.problems) == 3
    assert "lower-case letters" in shelf.problems[0]


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_says_what_is_solved(name):
    system, text = SYSTEMS[name], solved(SYSTEMS[name])
    assert 'display="block"' in text
    for parameter in system.parameters:
        assert parameter.label in text
        assert f"from {parameter.low:g} to {parameter.high:g}" in text


def test_a_first_visit_is_met_in_two_sentences():
    words = re.sub(r"<[^>]+>", "", welcome())
    assert words.count(". ") + 1 == 2
    assert "learned model" in words
    assert "full model" in words
