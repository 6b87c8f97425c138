"""The documentation: it builds without a warning, asks no other host, and draws the true layers."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import hoam_core
from tests.test_layout import CORE_LAYERS, PAGE_LAYERS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
SUBMODULES = ("systems", "methods", "training", "metrics", "inference", "recorded")
Layers = tuple[tuple[str, ...], ...]


def marked(page: Path, name: str) -> str:
    """What stands in the block of code between two marks of a page."""
    pattern = rf"<!-- {name} -->\n```text\n(.*?)\n```\n<!-- /{name} -->"
    return re.search(pattern, page.read_text(), re.DOTALL)[1]


def read_arrows(text: str) -> Layers:
    return tuple(tuple(re.findall(r"\w+", layer)) for layer in text.split("->"))


def read_diagram(text: str) -> Layers:
    rows = [row for row in text.splitlines() if row.startswith("│")]
    return tuple(tuple(re.findall(r"\w+", row.split("│")[1])) for row in reversed(rows))


@pytest.mark.parametrize(("which", "layers"), [("core", CORE_LAYERS), ("page", PAGE_LAYERS)])
def test_arrows_and_diagrams_are_the_layers_that_the_tests_hold(which, layers):
    assert read_arrows(marked(ROOT / "CONTRIBUTING.md", f"{which}_arrows")) == layers
    assert read_diagram(marked(DOCS / "architecture.md", f"{which}_layers")) == layers


@pytest.mark.parametrize(("which", "layers"), [("core", CORE_LAYERS), ("page", PAGE_LAYERS)])
def test_every_unit_is_told_once(which, layers):
    text = (DOCS / "architecture.md").read_text().partition(f"<!-- /{which}_layers -->")[2]
    table = re.search(r"\| unit \| holds \|\n.*?\n\n", text, re.DOTALL)[0]
    told = [
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row[1:].split("|")[0])
    ]
    assert sorted(told) == sorted(name for units in layers for name in units)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_exists(page):
    for target in re.findall(r"\]\(<?(?!\w+:)([^)#>\s]+)", without_code(page.read_text())):
        found = (page.parent / target).resolve()
        generated = target.endswith("command_line.md")
        assert generated or found.is_file(), f"{page.name}: {target}"


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_code_that_a_page_names_exist(page):
    if page.name == "CHANGELOG.md":  # which tells of what was
        return
    text = page.read_text()
    for path in re.findall(r"`((?:hoam_core|dashboard|tests|docs|deploy|assets)/[\w./-]+)", text):
        assert (ROOT / path.rstrip(".")).exists(), f"{page.name}: {path}"
    for module in re.findall(r"\bpython -m (benchmarks\.\w+|docs\.\w+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), f"{page.name}: {module}"


def test_tests_that_a_page_names_exist():
    text = (DOCS / "reliability.md").read_text()
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"


class Loaded(HTMLParser):
    """Addresses that a browser asks for by itself when it opens a page."""

    TAGS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
    # Relations of a <link> that nothing is loaded for.
    SAID = {"canonical", "next", "prev", "edit", "author", "license"}

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        said = tag == "link" and set((given.get("rel") or "").split()) <= self.SAID
        if tag in self.TAGS and not said and (address := given.get(self.TAGS[tag])):
            self.found.append(address)
        self.found += re.findall(r"url\(([^)]+)\)", given.get("style") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it."""
    if not all(map(find_spec, ("mkdocs", "material", "mkdocstrings_handlers"))):
        pytest.skip("the documentation's packages are not installed; `make docs` does")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


@pytest.mark.slow
def test_no_page_asks_another_host_for_anything(site):
    outside = re.compile(r"['\"\s]*(\w+:)?//", re.ASCII)
    pages = list(site.rglob("*.html"))
    assert len(pages) > 25
    for page in pages:
        parser = Loaded()
        parser.feed(page.read_text())
        assert parser.found
        assert not [one for one in parser.found if outside.match(one)], page.name
        styles = "".join(re.findall(r"<style.*?</style>", page.read_text(), re.DOTALL))
        assert not re.search(r"(url\(|@import)['\"\s]*(https?:)?//", styles)
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)['\"\s]*(https?:)?//", sheet.read_text()), sheet
    for script in site.rglob("*.js"):
        assert "unpkg.com" not in script.read_text(), script


@pytest.mark.slow
def test_formulas_are_drawn_without_a_script(site):
    text = (site / "systems.html").read_text()
    assert text.count("<math") >= len(hoam_core.SYSTEMS)
    for page in site.rglob("*.html"):
        assert "arithmatex" not in page.read_text(), page.name


@pytest.mark.slow
def test_the_reference_holds_every_public_name(site):
    for module in ("hoam_core", *(f"hoam_core.{name}" for name in SUBMODULES)):
        text = (site / "reference" / f"{module.removeprefix('hoam_core.')}.html").read_text()
        names = import_module(module).__all__
        missing = [name for name in names if f'id="{module}.{name}"' not in text]
        # A function that is called as its module is told by its full name, a registry by a table.
        missing = [name for name in missing if f'.{name}.{name}"' not in text]
        assert not [name for name in missing if f"<code>{name}</code>" not in text], module


@pytest.mark.slow
def test_the_reference_holds_every_command(site):
    text = (site / "reference" / "command_line.html").read_text()
    for name in ("systems", "simulate", "train", "predict", "evaluate", "ensemble", "serve"):
        assert f">hoam {name}" in text
    assert "--password-file" in text
