"""Damaged and hostile input, drawn by hypothesis, and the sentence that has to follow."""

import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

STRANGE = [
    math.nan, math.inf, -math.inf, 1e308, -1, 0, 10**40, 2**31, 0.5, True, None, "", "x" * 5_000,
    "\0", "../../etc", "<b>", [], {}, [[]], [None] * 3, {"a": 1}, "nan", "NaN", "1e999",
]  # fmt: skip
DEEP = "[" * 50_000
FOREIGN = [
    b"", b"\0" * 4_096, b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + b"\xff" * 4_096, b"CDF\x01",
    b"PK\x03\x04", b"\x80\x04cos\nsystem\n", b"\xff\xfe", b"{}", b"[]", b"null", b"1e999",
    DEEP.encode(), b'{"a":' * 20_000, b"9" * 10_000, (2**62).to_bytes(8, "little") + b"{}",
    (2).to_bytes(8, "little") + b"{}", json.dumps({"format": 1}).encode(),
]  # fmt: skip


def sentence_of(load, *names: str) -> str | None:
    """None where something loads, else the sentence, which has to name the file."""
    try:
        load()
    except (ValueError, OSError) as error:
        told = str(error)
        assert all(name in told for name in names), told
        assert told.endswith(".")
        assert len(told) < 1_000
        return told
    return None


@st.composite
def damaged(draw: Callable, whole: bytes, foreign: bool = True) -> bytes:
    """A file that was cut off, whose bytes have changed, or that is another."""
    kinds = ["cut", "flipped", "zeroed", *(["foreign"] if foreign else [])]
    kind = draw(st.sampled_from(kinds))
    place = st.integers(0, len(whole) - 1)
    if kind == "foreign":
        return draw(st.one_of(st.sampled_from(FOREIGN), st.binary(max_size=200)))
    if kind == "cut":
        return whole[: draw(place)]
    made = bytearray(whole)
    if kind == "zeroed":
        start = draw(place)
        return bytes(made[:start] + bytes(min(512, len(made) - start)) + made[start + 512 :])
    # What describes a file stands mostly at its beginning.
    near = st.one_of(place, st.integers(0, min(len(whole), 4_096) - 1))
    for at in draw(st.lists(near, min_size=1, max_size=12)):
        made[at] = draw(st.integers(0, 255))
    return bytes(made)


def leaves(value: Any, path: tuple = ()) -> list[tuple]:
    """Where each value of nested lists and dictionaries stands, the inner ones too."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    if isinstance(value, (dict, list)):
        for name, one in list(inside)[:40]:
            found += leaves(one, (*path, name)) if isinstance(one, (dict, list)) else []
            found.append((*path, name))
    return found


@st.composite
def altered(draw: Callable, value: Any) -> Any:
    """A copy of plain values with some of them strange or gone."""
    made = json.loads(json.dumps(value))
    for path in draw(st.lists(st.sampled_from(leaves(made)), min_size=1, max_size=2)):
        inner = made
        try:
            for name in path[:-1]:
                inner = inner[name]
            if draw(st.booleans()) and isinstance(inner, dict):
                del inner[path[-1]]
            else:
                inner[path[-1]] = draw(st.sampled_from(STRANGE))
        except (KeyError, IndexError, TypeError):
            continue  # the first change took the place of the second
    return made


texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from([str(one) for one in STRANGE]),
    st.floats().map(str),
    st.integers().map(str),
)
