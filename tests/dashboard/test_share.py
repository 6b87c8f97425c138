"""Sharing and citing without a browser: addresses, QR codes, BibTeX, the full room."""

import re
from contextvars import ContextVar, copy_context
from functools import partial
from types import SimpleNamespace

import pytest
import segno
from bokeh.document import Document

from dashboard.concurrency.event_loop import Gate
from dashboard.operations import admission
from dashboard.sharing.cite import Cite, belongs, bibliography, entries
from dashboard.sharing.follow import Following, Lectures, News
from dashboard.sharing.share import Share, is_local, public_place, qr_code
from hoam_core import SYSTEMS, __version__
from hoam_core.cli.serve import SHARED

LAN = "http://192.168.7.5:5006/app"


@pytest.mark.parametrize(
    ("place", "local"),
    [
        ("http://localhost:5006/app", True), ("http://127.0.0.1:5006/app", True),
        ("http://[::1]:5006/app", True), (LAN, False), ("https://lab.example.org/app", False),
    ],
)  # fmt: skip
def test_an_address_of_this_computer_alone_is_known(place, local):
    assert is_local(place) == local


def test_others_get_the_address_of_the_network(monkeypatch):
    monkeypatch.delenv(SHARED, raising=False)
    assert public_place("http://localhost:5006/app") == ""
    monkeypatch.setenv(SHARED, f"{LAN} http://10.42.0.1:5006/app")
    assert public_place("http://localhost:5006/app") == LAN
    assert public_place("https://lab.example.org/app") == "https://lab.example.org/app"


def test_the_code_is_dark_on_white_and_has_a_name():
    drawn = qr_code(LAN + "?view=explore&system=landau")
    assert 'role="img"' in drawn
    assert "view=explore&amp;system=landau" in drawn
    assert "#fff" in drawn
    side = segno.make(LAN + "?view=explore&system=landau", micro=False).symbol_size(5, 4)[0]
    assert f'viewBox="0 0 {side} {side}"' in drawn


@pytest.fixture
def share():
    room = Lectures()
    following = Following(lambda: News("?t=1"), lambda news: None, lambda f: f(), room)
    classroom = SimpleNamespace(following=following, place=LAN)
    return Share(classroom, lambda: "?view=explore&t=1")


def test_the_dialog_shows_the_present_state_and_then_the_lecture(share):
    share.open()
    assert share._address.text == LAN + "?view=explore&t=1"
    assert "<svg" in share._code.object
    share._button.param.trigger("clicks")
    code = share._classroom.following.code
    assert share._address.text == f"{LAN}?follow={code}"
    assert share._button.label == "Stop teaching"


def test_a_code_can_be_typed_and_stands_large_where_one_teaches(share):
    typed = []
    share._classroom.follow = typed.append
    share.open()
    assert share._joining.visible
    share._typed.value_input = " ab3de "
    share._typed.param.trigger("enter_pressed")
    assert typed == ["ab3de"]
    share._button.param.trigger("clicks")
    assert share._classroom.following.code in share._teaching.object
    assert not share._joining.visible


def test_without_a_network_the_dialog_says_how_to_share(share, monkeypatch):
    monkeypatch.delenv(SHARED, raising=False)
    share._classroom.place = "http://localhost:5006/app"
    share.open()
    assert "hoam serve --share" in share._text.object
    assert share._code.object == ""
    assert share._address.text == "http://localhost:5006/app?view=explore&t=1"


def test_every_system_cites_the_software_a_paper_and_its_own_source():
    for system in SYSTEMS.values():
        text = bibliography(system)
        assert f"version = {{{__version__}}}" in text
        assert text.count("{") == text.count("}")
        assert re.search(r"eprint = \{(2410\.12000|2511\.12842)\}", text), system.name
    assert "Cheng" in bibliography(SYSTEMS["landau"])
    assert "Landau, L. D." in bibliography(SYSTEMS["landau"])
    assert "Reiterer" in bibliography(SYSTEMS["chaos-9d"])
    assert "Birdsall" in bibliography(SYSTEMS["two-stream-beams"])
    assert "Xing" in bibliography(SYSTEMS["nbmota"])
    assert "berman2024" not in bibliography(SYSTEMS["ising"])


def test_every_entry_of_the_bibliography_belongs_to_a_system():
    for key, entry in entries().items():
        assert any(belongs(entry, system.reference) for system in SYSTEMS.values()), key


def test_an_unknown_source_is_cited_in_its_own_words():
    system = SimpleNamespace(name="my-data", title="My runs", reference="Group meeting, 2026")
    assert "note = {Group meeting, 2026}" in bibliography(system)
    cite = Cite(lambda: system)
    cite.open()
    assert "My runs" in cite._request.object
    assert cite._entries.text == bibliography(system)


def test_what_a_page_does_at_its_own_time_belongs_to_no_other():
    page = ContextVar("page", default="none")
    found, calls = [], []
    through = Gate(lambda f: calls.append(copy_context()) or f())
    through.open()
    page.set("another")
    through(partial(lambda: found.append(page.get())))
    assert found == ["none"]
    assert page not in calls[0]


def document(number: int, server: object = "a server") -> Document:
    made, context = Document(), SimpleNamespace(id=str(number), server_context=server)
    made._session_context = lambda: context
    return made


def test_a_full_room_lets_nobody_in_until_somebody_leaves(monkeypatch):
    monkeypatch.setattr(admission, "_inside", set())
    monkeypatch.setenv(admission.SESSIONS, "3")
    pages = [document(i) for i in range(9)]
    assert [admission.let_in(page) for page in pages] == [True] * 3 + [False] * 6
    # Those who were turned away leave their note open.
    admission.leave(pages[1].session_context)
    assert [admission.let_in(page) for page in pages[7:]] == [True, False]
    monkeypatch.setenv(admission.SESSIONS, "many")
    assert admission.most_sessions() == admission.MOST_SESSIONS


def test_before_there_is_a_server_nobody_visits():
    assert admission.has_visitor(document(0))
    assert not admission.has_visitor(document(0, None))
    assert not admission.has_visitor(Document())
