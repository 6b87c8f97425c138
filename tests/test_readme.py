"""The README tells the truth: its tables are those of the code, and its example runs."""

import re
import runpy
from pathlib import Path

import pytest

import hoam_core
from hoam_core.judgement import convergence, judging

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def tables():
    return runpy.run_path(str(ROOT / "docs" / "make_tables.py"))


def example() -> str:
    return re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]


def test_the_tables_are_those_of_the_registries_and_shipped_models(tables):
    for page in tables["PAGES"]:
        text = page.read_text()
        assert tables["filled"](text) == text, f"{page.name}: run python docs/make_tables.py"
    assert tables["cards"]() == (ROOT / "docs" / "models.md").read_text()


def test_every_table_has_its_page(tables):
    text = "".join(page.read_text() for page in tables["PAGES"])
    for name in tables["TABLES"]:
        marked = re.findall(rf"<!-- {name} -->\n.+?<!-- /{name} -->", text, re.DOTALL)
        assert len(marked) == 1, name


def test_a_table_that_is_out_of_date_is_noticed(tables):
    for page in tables["PAGES"]:
        text = page.read_text()
        for name in re.findall(r"<!-- /(\w+) -->", text):
            if name in tables["TABLES"]:
                old = text.replace(f"<!-- /{name} -->", f"| a | b |\n<!-- /{name} -->")
                assert tables["filled"](old) == text != old


def test_it_is_short_and_has_one_table_of_systems():
    assert len(TEXT.splitlines()) <= 100
    assert TEXT.count("<!-- systems -->") == 1
    assert "docs/images/dashboard.png" in TEXT


def test_the_two_commands_and_every_linked_file_exist():
    assert "make serve" in TEXT
    assert "make test" in TEXT
    for target in re.findall(r"\]\((?!http)([^)#]+)", TEXT):
        assert (ROOT / target).is_file(), target


def test_the_example_is_short_and_uses_public_names_alone():
    assert TEXT.count("```python") == 1
    assert len([line for line in example().splitlines() if line.strip()]) <= 15
    assert set(re.findall(r"\bhoam\.(\w+)", example())) <= set(hoam_core.__all__)


@pytest.mark.slow
def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Fewer training steps, and it is judged with fewer particles; everything else as printed.
    monkeypatch.setattr(convergence, "MOST", 256)
    monkeypatch.setattr(convergence, "USUAL", 256)
    monkeypatch.setattr(judging, "PARTICLES", 1_024)
    exec(compile(example().replace("2_000", "100"), "README", "exec"), {})


def test_what_serves_the_page_runs_every_command_of_the_readme():
    pinned = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("serve.txt", "dev.txt", "docs.txt")
    ]
    serve, dev, docs = pinned
    assert {"zarr", "distributed", "numba", "panel"} <= set(serve)
    assert {name: dev[name] for name in serve} == serve
    # The site is built in the same environment.
    assert {name: dev.get(name, docs[name]) for name in docs} == docs
