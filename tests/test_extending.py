"""What docs/extending.md shows: its examples are whole, and work.

A system of another package is found by its entry point, trained, and offered on the page; a method,
a network, a metric and a view are files of docs/examples.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import panel as pn
import pytest

import hoam_core
import hoam_core.systems as systems
from dashboard.compute.session import Session
from dashboard.page.views import Entry as ViewEntry
from dashboard.runs.catalogue import catalogue
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from dashboard.view.base import Visit
from hoam_core import METHODS, NETWORKS, Domain
from tests.dashboard.recorder import recorders

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLE = DOCS / "example_system"


def example(name: str) -> ModuleType:
    """A file of docs/examples, run as a module."""
    spec = importlib.util.spec_from_file_location(
        f"example_{name}", DOCS / "examples" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def registries():
    """What an example enters is taken out again."""
    before = {**METHODS}, {**NETWORKS}
    yield
    for registry, kept in zip((METHODS, NETWORKS), before, strict=True):
        for name in registry.keys() - kept.keys():
            del registry[name]


def test_the_page_names_every_example():
    named = re.findall(r"\(examples/(\w+)\.py\)", (DOCS / "extending.md").read_text())
    assert {*named} == {path.stem for path in (DOCS / "examples").glob("*.py")}


def test_a_method_is_trained_saved_loaded_and_judged(tmp_path, capsys):
    method = example("method")
    method.main(str(tmp_path / "model"), particles=512)
    ratios = [float(x) for x in re.findall(r"\d+\.\d+", capsys.readouterr().out)]
    assert len(ratios) == 2
    assert max(ratios) < 20
    model = hoam_core.load_model(tmp_path / "model")
    run = model.predict({"omega": 4.25}, particles=256, seed=1)
    again = model.predict({"omega": 4.25}, particles=256, seed=1)
    np.testing.assert_array_equal(run["state"], again["state"])


def test_a_method_for_free_components_refuses_circles(tmp_path):
    example("method")
    system = hoam_core.get_system("two-stream")
    experiment = hoam_core.default_experiment(
        system, "stretch", particles=64, n_times=4, t_end=0.2, axes=((1.2, 1.3),)
    )
    with pytest.raises(ValueError, match="free components"):
        list(hoam_core.learn(experiment, tmp_path, judge=False))


@pytest.mark.slow
def test_a_network_is_trained_saved_and_loaded(tmp_path, capsys):
    example("network").main(str(tmp_path / "model"), steps=200, particles=512)
    assert np.isfinite(float(capsys.readouterr().out.split()[-1]))


def test_a_network_has_as_many_outputs_as_asked():
    network = example("network").Sines(width=8, outputs=3)
    x, c = np.zeros(2), np.ones(4)
    params = network.init(jax.random.key(0), x, c)
    assert network.apply(params, x, c).shape == (3,)
    assert NETWORKS["sines"] is type(network)


def test_a_metric_is_zero_for_the_same_and_grows_with_the_distance():
    distance = example("metric").energy_distance
    a, b = (jax.random.normal(jax.random.key(i), (256, 2)) for i in range(2))
    domain, scale = Domain.free(2), jax.numpy.ones(2)
    assert distance(a, a, domain, scale) == pytest.approx(0.0, abs=1e-12)
    near, far = (distance(a, b + shift, domain, scale) for shift in (0.5, 2.0))
    assert 0 < near < far
    assert near == pytest.approx(distance(b + 0.5, a, domain, scale))


@pytest.mark.slow
def test_a_metric_judges_a_model(capsys):
    example("metric").main(particles=512)
    assert capsys.readouterr().out.count("floor") == 2


def test_a_view_shows_numbers_is_restored_and_gives_them_away():
    view = example("view")
    entry = ViewEntry("Numbers", "Observables now", view.Numbers, view.Digits)
    shelf, threads = catalogue(), recorders()
    state = Exploration(shelf, system="oscillator", model="oscillator-galerkin", particles=1_024)
    session = Session(state, shelf, threads, lambda act: act())
    session.sleep(False)
    choice = entry.choice()
    choice.read(read_query({"digits": "6"}, shelf), state)
    assert choice.write(state) == {"digits": "6"}
    visit = Visit(
        state, session, shelf, threads, lambda act: act(), go=lambda link: None,
        tell=lambda sentence: None, choices={"numbers": choice},
    )  # fmt: skip
    shown = entry.view(visit)
    assert isinstance(shown.__panel__(), pn.viewable.Viewable)
    assert shown.exportable() is None
    shown.open()
    threads.models.work()
    table = shown._table.object
    assert all(o.label in table for o in state.about.observable_info)
    assert re.search(r"\| -?\d\.\d{3,}", table)
    assert "mean_x" in shown.exportable().dataset()
    compile(shown.exportable().script, "script", "exec")
    reader = read_query({"digits": "99"}, shelf)
    entry.choice().read(reader, state)
    assert "digits" in reader.problems[0]
    session.close()


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
