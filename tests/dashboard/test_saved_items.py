"""What is kept for visitors: whole or not there, bounded, theirs alone, found again, deleted."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from dashboard.keeping import store
from dashboard.keeping.bounds import ALTOGETHER, DAYS, MEGABYTES, kept_seconds, most_bytes
from dashboard.keeping.collections import ARRAYS, read_collection, write_collection
from dashboard.keeping.store import ABOUT, FullError, SavedItems, remove_expired
from dashboard.keeping.visitor import COOKIE, Recognised, filed_under, visitor_of
from hoam_core.recorded.recordings import Recording, collect
from hoam_core.systems.base import Component
from tests.ui.served import ROOT

ANNA, BERT = filed_under("a" * 43), filed_under("b" * 43)
DAY = 86_400


def put(keep: SavedItems, name: str, size: int = 1_000, kind: str = "model", **about) -> None:
    with keep.making(kind, name, name.title(), size, **about) as folder:
        (folder / "bytes").write_bytes(bytes(size))


def cut_off(keep: SavedItems) -> None:
    with keep.making("data", "half", "Half") as folder:
        (folder / "bytes").write_bytes(b"1")
        raise KeyboardInterrupt


def aged(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


@pytest.fixture
def anna(tmp_path) -> SavedItems:
    return SavedItems(ANNA, tmp_path)


def test_a_thing_is_there_whole_for_its_visitor_alone(anna, tmp_path):
    put(anna, "own-x", system="two-stream")
    (thing,) = SavedItems(ANNA, tmp_path).things()
    assert (thing.kind, thing.name, thing.title) == ("model", "own-x", "Own-X")
    assert thing.about == {"system": "two-stream"}
    assert thing.size == sum(p.stat().st_size for p in thing.folder.iterdir())
    assert anna.find("own-x") == thing
    assert SavedItems(BERT, tmp_path).things() == []
    assert SavedItems(BERT, tmp_path).find("own-x") is None
    assert thing.folder.parent.stat().st_mode & 0o077 == 0
    with pytest.raises(KeyboardInterrupt):
        cut_off(anna)
    assert [one.name for one in anna.things()] == ["own-x"]
    assert len(list(thing.folder.parent.iterdir())) == 1


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", "..", "", "x\0y", "a" * 5_000, "\ud800"]
)
def test_no_name_leaves_the_folder_of_its_visitor(anna, tmp_path, name):
    put(anna, name) if "\ud800" not in name else anna.find(name)
    assert [p.name for p in tmp_path.iterdir() if p.name != ANNA] == []
    assert all(set(p.name) <= set("0123456789abcdef") for p in tmp_path.glob("*/*"))
    with pytest.raises(ValueError, match="hexadecimal"):
        SavedItems(name or "..", tmp_path)


def test_nobody_without_a_cookie_keeps_anything_nor_where_no_days_are_given(tmp_path, monkeypatch):
    for keep in (SavedItems("", tmp_path), _of_zero_days(tmp_path, monkeypatch)):
        assert not keep
        assert keep.things() == []
        with pytest.raises(FullError, match="download it"):
            put(keep, "x")
    assert not list(tmp_path.iterdir())


def _of_zero_days(root: Path, monkeypatch) -> SavedItems:
    monkeypatch.setenv(DAYS, "0")
    return SavedItems(ANNA, root)


def test_one_visitor_has_so_many_bytes_and_is_told(anna, monkeypatch):
    monkeypatch.setenv(MEGABYTES, "1")
    put(anna, "first", 600_000)
    with pytest.raises(FullError, match=r"needs 488 kB, and 1 items use 586 kB of your 1 MB"):
        put(anna, "second", 500_000)
    put(anna, "first", 900_000)  # in its own place
    assert [one.name for one in anna.things()] == ["first"]
    # What is said beforehand does not count, but what was written.
    with pytest.raises(FullError), anna.making("model", "liar", "Liar", 10) as folder:
        (folder / "bytes").write_bytes(bytes(500_000))
    assert [one.name for one in anna.things()] == ["first"]
    anna.delete("first")
    put(anna, "second", 500_000)


def test_what_was_used_longest_ago_makes_room_and_what_is_in_use_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv(ALTOGETHER, "1")
    keeps = [SavedItems(filed_under(str(i)), tmp_path) for i in range(4)]
    for keep, days in zip(keeps[:3], (5, 9, 2), strict=True):
        put(keep, "x", 300_000)
        aged(keep.find("x").folder / ABOUT, days)
    put(keeps[3], "x", 300_000)
    assert [len(keep.things()) for keep in keeps] == [1, 0, 1, 1]
    for keep in keeps:
        if thing := keep.find("x"):
            keep.use(thing)
    with pytest.raises(FullError, match="other visitors' data fill"):
        put(keeps[1], "x", 300_000)
    assert [len(keep.things()) for keep in keeps] == [1, 0, 1, 1]


def test_a_sweep_takes_what_nobody_came_back_for_and_what_was_left(tmp_path, anna):
    bert = SavedItems(BERT, tmp_path)
    put(anna, "old"), put(bert, "old")
    stale, fresh = (tmp_path / BERT / f"{store.PART}{end}" for end in ("a", "b"))
    for part in (stale, fresh):
        part.mkdir()
    foreign = tmp_path / "notes"
    foreign.mkdir()
    aged(stale, 1), aged(foreign, 99), aged(tmp_path / ANNA, 31), aged(tmp_path / BERT, 29)
    assert kept_seconds() == 30 * DAY
    remove_expired(tmp_path)
    assert not (tmp_path / ANNA).exists()
    assert [one.name for one in bert.things()] == ["old"]
    assert (stale.exists(), fresh.exists(), foreign.exists()) == (False, True, True)
    aged(tmp_path / BERT, 29)
    bert.seen()
    assert bert.until == pytest.approx(time.time() + 30 * DAY, abs=60)
    remove_expired(tmp_path / "nowhere")


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(anna, monkeypatch):
    put(anna, "x")
    write = Path.write_text
    monkeypatch.setattr(
        Path, "write_text", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(FullError, match="could not be kept") as told:
        put(anna, "x", 2_000)
    monkeypatch.setattr(Path, "write_text", write)
    assert "(No space left); download it" in str(told.value)
    assert str(anna.find("x").folder.parent) not in str(told.value)
    assert anna.find("x").size < 1_500


def test_deleted_is_deleted_one_by_one_and_all_at_once(anna, tmp_path):
    put(anna, "x"), put(anna, "y"), put(SavedItems(BERT, tmp_path), "x")
    anna.delete("x")
    anna.delete("x")
    assert [one.name for one in anna.things()] == ["y"]
    anna.clear()
    assert [p.name for p in tmp_path.iterdir()] == [BERT]


PROCESS = """
import sys
from pathlib import Path
from dashboard.keeping.store import SavedItems
keep = SavedItems(sys.argv[3], Path(sys.argv[1]))
for i in range(20):
    with keep.making("model", f"{sys.argv[2]}-{i % 4}", "Title", 10_000) as folder:
        (folder / "bytes").write_bytes(bytes(10_000))
    keep.delete(f"{sys.argv[2]}-{(i + 2) % 4}")
"""


def test_two_processes_share_one_folder(tmp_path):
    command = [sys.executable, "-c", PROCESS, str(tmp_path), "a", ANNA]
    keep, number = SavedItems(ANNA, tmp_path), 0
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}) as other:
        while other.poll() is None or number < 40:
            put(keep, f"b-{number % 4}", 10_000)
            keep.delete(f"b-{(number + 2) % 4}")
            remove_expired(tmp_path)
            # Whatever is there is whole.
            found = [one for one in keep.things() if one.folder.exists()]
            assert all((one.folder / "bytes").exists() or not one.folder.exists() for one in found)
            number += 1
    assert other.returncode == 0
    assert len(keep.things()) == 4
    assert all(one.size > 10_000 for one in keep.things())


def test_a_collection_comes_back_as_it_was(tmp_path):
    rng, unit = np.random.default_rng(0), Component("x", "x", "m", (-1.0, 1.0))
    parts = (unit, Component("v", "v", "m/s", (-1.0, 1.0)))
    recordings = [
        Recording(f"{mu}.nc", {"mu": mu}, np.arange(5.0), rng.random((5, 64, 2), np.float32),
                  parts, {"x": 1.0}, 64, notes=("a note",))
        for mu in (1.0, 2.0)
    ]  # fmt: skip
    collection = collect(recordings, title="Über “mine”")
    write_collection(collection, tmp_path, {"fields": {"values": "mu = 1, 2"}})
    found, more = read_collection(tmp_path)
    assert more == {"fields": {"values": "mu = 1, 2"}}
    for name, value in vars(collection).items():
        same = getattr(found, name)
        assert np.array_equal(same, value) if isinstance(value, np.ndarray) else same == value
    assert found.x.dtype == collection.x.dtype
    assert found.system().name == collection.system().name
    data = (tmp_path / ARRAYS).read_bytes()
    (tmp_path / ARRAYS).write_bytes(data[:-1] + b"\1")
    with pytest.raises(ValueError, match="upload the files again"):
        read_collection(tmp_path)


def asked(cookie: str, protocol: str = "http") -> HTTPServerRequest:
    headers = HTTPHeaders({"Host": "localhost"} | ({"Cookie": cookie} if cookie else {}))
    line = RequestStartLine("GET", "/app", "HTTP/1.1")
    request = HTTPServerRequest(headers=headers, start_line=line, connection=Mock())
    request.protocol = protocol
    return request


def whose(request: HTTPServerRequest) -> str:
    """What a page says whose request it was made for."""
    document = Mock()
    document.session_context.request = request
    return visitor_of(document)


def answered(request: HTTPServerRequest, *, page: bool = True) -> list[str]:
    headers, transform = HTTPHeaders(), Recognised(request)
    if page:
        whose(request)
    transform.transform_first_chunk(200, headers, b"", True)
    return headers.get_list("Set-Cookie")


def test_a_visitor_is_known_again_by_a_cookie_that_no_page_tells():
    first = asked("")
    (cookie,) = answered(first)
    token = cookie.split(";")[0].removeprefix(f"{COOKIE}=")
    assert len(token) == 43
    assert {"HttpOnly", "SameSite=Lax", f"Max-Age={30 * DAY}", "Path=/"} < set(cookie.split("; "))
    again = asked(f"other=1; {COOKIE}={token}")
    assert answered(again, page=False) == []
    again = asked(f"other=1; {COOKIE}={token}", "https")
    assert answered(again) == [cookie + "; Secure"]
    assert whose(again) == whose(first) == filed_under(token)
    # Bokeh copies cookies and headers into its pages.
    assert (again.headers["Cookie"], [*again.cookies]) == ("other=1", ["other"])
    alone = asked(f"{COOKIE}={token}")
    answered(alone)
    assert "Cookie" not in alone.headers


@pytest.mark.parametrize("token", ["", "short", "a" * 44, "../" * 14 + "a", '"' + "a" * 43, ANNA])
def test_a_cookie_of_another_form_is_nobody(token):
    request = asked(f"{COOKIE}={token}")
    (cookie,) = answered(request)
    assert whose(request) not in (filed_under(token), ANNA)
    assert f"{COOKIE}={token};" not in cookie


def test_where_nothing_is_kept_there_is_no_cookie(monkeypatch):
    monkeypatch.setenv(DAYS, "0")
    request = asked(f"{COOKIE}={'a' * 43}")
    assert answered(request) == []
    assert whose(request) == ""
    assert visitor_of(None) == ""


@pytest.mark.parametrize("nonsense", ["", "many", "-1", "nan", "inf"])
def test_nonsense_in_a_variable_is_what_is_usual(monkeypatch, nonsense):
    monkeypatch.setenv(MEGABYTES, nonsense)
    assert most_bytes() == 500 * 2**20


def test_a_description_that_is_damaged_is_no_thing(anna):
    put(anna, "x"), put(anna, "y")
    about = anna.find("x").folder / ABOUT
    for text in ("{", "[]", "null", json.dumps({"kind": "model"}), '{"about": 3}'):
        about.write_text(text)
        assert [one.name for one in anna.things()] == ["y"]
