"""A system of another package: found by its entry point, trained, and offered on the page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hoam_core.systems as systems

EXAMPLE = Path(__file__).parents[1] / "docs" / "example_system"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example installed beside the project, without asking an index; its environment."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    subprocess.run([*pip, *offline, str(EXAMPLE)], check=True)
    return {**os.environ, "PYTHONPATH": str(target), "HOAM_MODELS": str(target / "models")}


def run(installed, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], env=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_has_about_thirty_lines():
    lines = (EXAMPLE / "van_der_pol.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 33


@pytest.mark.slow
def test_a_system_of_another_package_trains_and_appears_on_the_page(installed):
    hoam = ["-m", "hoam_core.cli"]
    names = [s["name"] for s in json.loads(run(installed, *hoam, "systems", "--json"))]
    assert names[-1] == "van-der-pol"
    out = str(Path(installed["HOAM_MODELS"]) / "van-der-pol-galerkin")
    run(installed, *hoam, "train", "van-der-pol", "--method", "galerkin", "--particles", "512",
        "--no-judge", "--quiet", "--out", out)  # fmt: skip
    cards = json.loads(run(installed, *hoam, "models", "--json"))
    assert "van-der-pol-galerkin" in [card["name"] for card in cards]
    page = (
        "from dashboard.runs.catalogue import catalogue; shelf = catalogue();"
        "print(shelf.models_of('van-der-pol'), shelf.systems['van-der-pol'].title)"
    )
    found = run(installed, "-c", page)
    assert "van-der-pol-galerkin" in found
    assert "Van der Pol oscillators" in found


class Entry:
    def __init__(self, loaded):
        self.value, self.loaded = "package:THING", loaded

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.mark.parametrize(
    ("loaded", "sentence"),
    [
        (ImportError("no such module"), "cannot be loaded: no such module"),
        (3, "no instance of hoam_core's System"),
        (systems.get_system("trap"), "'trap' of 'package:THING' has a name that is taken"),
    ],
)
def test_an_entry_point_that_cannot_be_used_is_a_warning(monkeypatch, loaded, sentence):
    monkeypatch.setattr(systems, "entry_points", lambda group: [Entry(loaded)])
    with pytest.warns(UserWarning, match=sentence):
        assert systems.plugins(systems.SYSTEMS) == {}
