"""The README tells the truth: its tables are those of the code, and its example runs."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()


def example() -> str:
    return re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]


def test_the_tables_are_those_of_the_registries_and_shipped_models():
    tables = runpy.run_path(str(ROOT / "docs" / "make_tables.py"))
    assert tables["filled"](TEXT) == TEXT
    assert tables["cards"]() == (ROOT / "docs" / "models.md").read_text()


def test_the_two_commands_and_every_linked_file_exist():
    assert "make serve" in TEXT
    assert "make test" in TEXT
    for target in re.findall(r"\]\((?!http)([^)]+)\)", TEXT):
        assert (ROOT / target).is_file(), target


def test_the_example_is_short():
    assert len([line for line in example().splitlines() if line.strip()]) <= 15


@pytest.mark.slow
def test_the_example_runs():
    # Fewer training steps; everything else as printed.
    exec(compile(example().replace("2_000", "100"), "README", "exec"), {})


def test_what_serves_the_page_runs_every_command_of_the_readme():
    pinned = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("serve.txt", "dev.txt")
    ]
    serve, dev = pinned
    assert {"zarr", "distributed", "numba", "panel"} <= set(serve)
    assert {name: dev[name] for name in serve} == serve
