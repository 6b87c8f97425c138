"""The tutorial is true: its blocks run in their order, and its files are those of the examples."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from hoam_core import get_system
from tests.ui.served import free_port

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "tutorial"
EXAMPLE = ROOT / "docs" / "example_system"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
# As printed but for sizes: what is printed is for people with a minute, not a second.
SMALL = {"4_096": "512", "--particles 4096": "--particles 512", "2_048": "512"}


class Block(NamedTuple):
    """A fenced block of a page: its language, the file that it is, and its text."""

    language: str
    file: str
    text: str


def blocks(page: str, small: dict[str, str] | None = None) -> list[Block]:
    found = [Block(*match.groups("")) for match in BLOCK.finditer((PAGES / page).read_text())]
    for large, little in (small or {}).items():
        found = [block._replace(text=block.text.replace(large, little)) for block in found]
    return found


def run_python(found: list[Block]) -> dict:
    names: dict = {"__name__": "__main__"}
    for block in found:
        if block.language == "python" and not block.file:
            exec(compile(block.text, "tutorial", "exec"), names)
    return names


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in, with the commands `hoam` and `pip` as they are meant."""
    commands = tmp_path / "commands"
    commands.mkdir()
    site = tmp_path / "site"
    for name, line in {
        "hoam": f'exec {sys.executable} -m hoam_core.cli "$@"',
        "pip": f'exec {sys.executable} -m pip --no-input "$@" --no-index --quiet --target {site}',
    }.items():
        (commands / name).write_text(f"#!/bin/sh\n{line}\n")
        (commands / name).chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(ROOT)]))
    return work


def run_shell(found: list[Block], place: Path) -> str:
    told = ""
    for block in found:
        if block.language == "bash":
            done = subprocess.run(
                ["bash", "-euc", block.text], cwd=place, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, block.text + done.stderr
            told += done.stdout
    return told


def test_the_pages_are_those_of_the_first_one():
    links = re.findall(r"^\d\. \[.*?\]\((\w+\.md)\)", (PAGES / "index.md").read_text(), re.M)
    assert {*links, "index.md"} == {path.name for path in PAGES.glob("*.md")}
    for here, following in pairwise(links):
        assert f"]({following})" in (PAGES / here).read_text()


def test_no_block_is_left_out():
    for page in PAGES.glob("*.md"):
        assert page.read_text().count("```") == 2 * len(blocks(page.name))
        for block in blocks(page.name):
            assert block.file or block.language in {"bash", "python"}, block


def test_what_the_first_page_installs_exists():
    text, make = (PAGES / "first_look.md").read_text(), (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make ([\w-]+)$", text, re.M):
        assert f"\n{target}:" in make
    (extras,) = re.findall(r"pip install '\.\[([\w,]+)\]'", text)
    project = (ROOT / "pyproject.toml").read_text()
    assert all(f"\n{extra} = [" in project for extra in extras.split(","))


@pytest.mark.slow
def test_the_first_look(place):
    commands = [block for block in blocks("first_look.md") if "curl" not in block.text]
    assert "two-stream-galerkin" in run_shell(commands, place)
    (asked,) = re.findall(r"'http://localhost:5006(\S+)'", (PAGES / "first_look.md").read_text())
    port = free_port()
    serving = subprocess.Popen(
        [sys.executable, "-m", "hoam_core.cli", "serve", "--port", str(port), "--quiet"], cwd=place,
        env={**os.environ, "HOAM_WARM": "first"}, start_new_session=True,
    )  # fmt: skip
    try:
        answer = _asked(f"http://127.0.0.1:{port}{asked}")
    finally:
        serving.terminate()
        serving.wait(60)
    assert b'"electric_energy"' in answer


def _asked(address: str) -> bytes:
    end = time.monotonic() + 200
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


def test_simulate_predict_evaluate(place, monkeypatch):
    monkeypatch.setattr(type(get_system("two-stream")), "truth_particles", 8_192)
    names = run_python(blocks("python.md", SMALL))
    assert (place / "energy.png").stat().st_size > 0
    assert names["truth"].sizes == names["run"].sizes
    assert names["model"].outside({"mu": 0.9})
    assert 0 < names["floor"] < names["error"] < 1


@pytest.mark.slow
def test_simulate_predict_evaluate_on_the_command_line(place):
    assert "noise floor" in run_shell(blocks("python.md", SMALL), place)
    assert (place / "truth.nc").is_file()
    assert (place / "run.nc").is_file()


def test_the_files_of_a_system_are_those_of_the_example():
    files = {Path(block.file).name: block.text for block in blocks("own_system.md") if block.file}
    assert files == {path.name: path.read_text() for path in EXAMPLE.iterdir() if path.is_file()}


@pytest.mark.slow
def test_a_system_of_your_own(place):
    # Judging takes minutes, and tests of its own hold it.
    found = blocks("own_system.md", SMALL | {"hoam train": "hoam train --no-judge"})
    for block in found:
        if block.file:
            (place / block.file).parent.mkdir(exist_ok=True)
            (place / block.file).write_text(block.text)
    told = run_shell(found, place)
    assert "van-der-pol" in told
    assert (place / "models" / "van-der-pol-galerkin" / "model.json").is_file()
    assert (place / "run.nc").is_file()


def test_your_own_data(place):
    names = run_python(blocks("own_data.md", SMALL))
    assert abs(float(names["run"]["mean_x"][-1]) - float(names["np"].cos(3.0))) < 0.1
    for row in names["model"].errors[0]["w2"]:
        assert row["value"] < 3 * row["floor"]


@pytest.mark.slow
def test_your_own_data_at_full_size(place):
    run_python(blocks("own_data.md"))
    run_shell(blocks("own_data.md"), place)
    assert (place / "run.nc").is_file()
