"""The columns of a comparison: their links, and how they are added, removed and pinned."""

from dataclasses import replace

import pytest

from dashboard.compare.choice import Column, Comparison, usual
from dashboard.compare.headers import ColumnHeader
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query, write_query
from hoam_core import SYSTEMS

GALERKIN, DICE = "two-stream-galerkin", "two-stream-dice"


def opened(link: str):
    """State and choice that a link makes, and the sentences about it."""
    reader = read_query(dict(pair.split("=", 1) for pair in link.split("&")), catalogue())
    state, choice = Exploration(catalogue(), **reader.values), Comparison()
    choice.read(reader, state)
    return state, choice, reader.problems


def test_a_link_restores_the_columns_and_is_written_again():
    columns = f"truth,{GALERKIN},{DICE}@mu=1.4,truth@mu=1.7"
    state, choice, problems = opened(f"view=compare&system=two-stream&mu=1.3&with={columns}")
    assert problems == []
    assert choice.columns == (
        Column(), Column(GALERKIN), Column(DICE, (1.4,)), Column("", (1.7,))
    )  # fmt: skip
    assert choice.write(state) == {"with": columns}
    assert "with=truth,two-stream-galerkin" in write_query(state, choice.write(state))


def test_a_pin_that_names_some_parameters_takes_the_others_from_the_sliders():
    link = "system=landau&alpha=0.2&k=0.4&with=truth,landau-galerkin@k=0.5"
    _, choice, problems = opened(link)
    assert problems == []
    assert choice.columns[1].pinned == (0.2, 0.5)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ("truth", "must name 2 to 4 columns"),
        ("truth,truth,truth,truth,truth", "must name 2 to 4 columns"),
        ("truth,two-stream-galerkni", "Did you mean 'two-stream-galerkin'"),
        ("truth,landau-galerkin", "belongs to the system 'landau'"),
        (f"truth,{GALERKIN}@nu=1.4", "nu"),
        (f"truth,{GALERKIN}@mu=many", "must be a number"),
        (f"truth,{GALERKIN}@mu=9", "mu"),
    ],
)
def test_bad_entries_give_a_sentence_and_the_usual_columns(entries, sentence):
    _, choice, problems = opened(f"system=two-stream&with={entries}")
    assert len(problems) == 1
    assert sentence in problems[0]
    assert choice.columns == usual("two-stream", catalogue())


def test_the_usual_columns_are_the_full_model_and_one_learned_model_of_each_kind():
    for system in SYSTEMS:
        columns = usual(system, catalogue())
        assert columns[0] == Column()
        models = [catalogue().models[c.model] for c in columns[1:]]
        assert all(model.system.name == system for model in models)
        kinds = [
            (model.entry.knows_equations, model.entry.needs_network)
            for model in models
            if model.entry.knows_equations or model.entry.is_gradient
        ]
        assert len(kinds) == len(set(kinds)) or len(columns) == 3
        assert 2 <= len(columns) <= 4


def test_two_stream_opens_with_a_mean_field_a_closed_loop_and_a_network():
    methods = [
        catalogue().models[c.model].experiment.method for c in usual("two-stream", catalogue())[1:]
    ]
    assert methods == ["mean-field", "galerkin", "dice"]


def test_the_best_of_each_kind_of_method_comes_before_the_second_best_of_one():
    errors = {GALERKIN: 0.2, DICE: 0.3, "two-stream-hoam-gauss": 0.1}
    models = {
        name: replace(
            catalogue().models[name],
            errors=({"parameters": {"mu": 1.25}, "density": [{"value": value}]},),
        )
        for name, value in errors.items()
    }
    shelf = Catalogue(catalogue().systems, models, shipped=frozenset(models))
    # The networks are 0.1 and 0.3 away, the closed loop 0.2.
    columns = (Column(), Column("two-stream-hoam-gauss"), Column(GALERKIN))
    assert usual("two-stream", shelf) == columns


def test_another_system_brings_its_own_columns_and_the_same_one_keeps_them():
    _, choice, _ = opened(f"system=two-stream&with={GALERKIN},{DICE}")
    choice.suit("two-stream", catalogue())
    assert choice.columns == (Column(GALERKIN), Column(DICE))
    choice.suit("oscillator", catalogue())
    assert choice.columns == usual("oscillator", catalogue())


def test_columns_are_added_removed_and_pinned_within_their_number():
    _, choice, _ = opened("system=chaos-9d")
    mu = {"r": 14.0}
    choice.remove(0)
    assert len(choice.columns) == 2
    choice.add(catalogue(), mu)
    assert choice.columns[2] == Column("chaos-9d-galerkin", (14.0,))
    choice.add(catalogue(), mu)
    choice.add(catalogue(), mu)
    assert len(choice.columns) == 4
    choice.pin(0, mu)
    assert choice.columns[0].pinned == (14.0,)
    choice.pin(0, {"r": 13.7})
    assert choice.columns[0].pinned is None
    choice.remove(1)
    assert len(choice.columns) == 3


def test_a_pinned_column_has_sliders_of_its_own_that_move_it_alone():
    names = ["landau-galerkin@alpha=0.2;k=0.45", "landau-galerkin"]
    state, choice, _ = opened("system=landau&alpha=0.1&k=0.5&with=" + ",".join(names))
    heads = [ColumnHeader(slot, choice, state, catalogue()) for slot in (0, 1)]
    for head in heads:
        head.show()
    own, loose = (head.values.__panel__() for head in heads)
    assert (own.visible, loose.visible, list(loose)) == (True, False, [])
    assert [(s.name, s.value) for s in own] == [("A: amplitude α", 0.2), ("A: wavenumber k", 0.45)]
    # The ends, and the values that the column's model was trained on.
    assert [m["value"] for m in own[1].marks][:2] == [own[1].start, own[1].end]
    assert len(own[1].marks) > 2
    own[1].value = 0.35
    assert [column.pinned for column in choice.columns] == [(0.2, 0.35), None]
    assert state.mu == {"alpha": 0.1, "k": 0.5}
    choice.pin(0, state.mu)
    heads[0].show()
    assert not own.visible
    # A column that moves up brings its values.
    choice.columns = (Column("landau-galerkin"), Column("landau-galerkin", (0.3, 0.4)))
    heads[1].show()
    assert [slider.value for slider in heads[1].values.__panel__()] == [0.3, 0.4]
    assert choice.columns[1].pinned == (0.3, 0.4)
