"""The layout of the code, read from its syntax trees: imports go one way, files stay short."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hoam_core

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "hoam_core").rglob("*.py"))
PAGE = sorted((ROOT / "dashboard").rglob("*.py"))
ALL = [*CORE, *PAGE]

# From the ground up: a unit, which is a folder or a file of the package's root, imports those of
# lower layers and itself, never its neighbours.
CORE_LAYERS = (
    ("version", "checks"),
    ("seeds", "files", "numerics"),
    ("networks", "solvers"),
    ("data", "systems"),
    ("storage", "methods"),
    ("metrics", "training"),
    ("simulation", "models", "macro"),
    ("evaluation", "inference"),
    ("judgement",),
    ("learning",),
    ("recorded", "studies"),
    ("reproduce",),
    ("cli", "__init__"),
)
PAGE_LAYERS = (
    ("concurrency", "content"),
    ("keeping",),
    ("runs",),
    ("state",),
    ("compute", "parts"),
    ("glossary", "operations", "view"),
    ("exports", "lessons", "quadrature", "train"),
    ("compare", "explore", "own_data", "sharing", "sweep"),
    ("page", "notebook"),
    ("app", "__init__"),
)
LAYERS = {
    package: {unit: height for height, units in enumerate(layers) for unit in units}
    for package, layers in (("hoam_core", CORE_LAYERS), ("dashboard", PAGE_LAYERS))
}


def unit(path: Path) -> str:
    """The module or folder directly below its package that a file belongs to."""
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, list[str]]]:
    """(module, imported names) of every import in a file, inside functions too."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found.append((node.module, [alias.name for alias in node.names]))
    return found


def core_imports(path: Path) -> list[tuple[str, list[str]]]:
    return [i for i in imports(path) if i[0].split(".")[0] == "hoam_core"]


def calls(path: Path) -> set[str]:
    """Names of everything that a file calls, as written."""
    tree = ast.parse(path.read_text())
    return {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}


def openings(path: Path) -> set[str]:
    """By which engines a file lets xarray read; "any" where it does not say."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name.startswith(("open_", "load_")) and name.endswith(("dataset", "dataarray")):
                engines = [ast.unparse(k.value) for k in node.keywords if k.arg == "engine"]
                found |= set(engines or ["any"])
    return found


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path):
    package, own = path.relative_to(ROOT).parts[0], unit(path)
    layer = LAYERS[package]
    assert own in layer, f"say above in which layer {own} stands"
    for module, names in imports(path):
        if module.split(".")[0] == package:
            for target in [module.split(".")[1]] if "." in module else names:
                assert target == own or layer[target] < layer[own], f"{own} imports {target}"


def test_no_import_goes_in_a_circle():
    modules = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in ALL}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    needs = {name: set() for name in modules}
    for name, path in modules.items():
        for module, names in imports(path):
            found = {f"{module}.{each}" for each in names} & modules.keys()
            needs[name] |= found or {module} & modules.keys()
    TopologicalSorter(needs).prepare()  # raises CycleError with the circle


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_knows_nothing_of_the_page(path):
    tops = {module.split(".")[0] for module, _ in imports(path)}
    assert not tops & {"dashboard", "panel", "bokeh", "holoviews", "param", "panel_material_ui"}


@pytest.mark.parametrize("path", PAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_page_uses_no_private_name_of_the_core(path):
    for module, names in core_imports(path):
        for name in [*module.split("."), *names]:
            dunder = name.startswith("__") and name.endswith("__")
            assert dunder or not name.startswith("_"), f"{module}: {name}"


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_unpickles_or_executes(path):
    tops = {module.split(".")[0] for module, _ in imports(path)}
    assert not tops & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    assert not calls(path) & {"eval", "exec", "np.load", "numpy.load", "torch.load", "__import__"}
    assert "allow_pickle" not in path.read_text()
    assert not {name for name in calls(path) if name.startswith("yaml.")} - {"yaml.safe_load"}
    assert openings(path) <= {"'h5netcdf'", "'scipy'", "'zarr'"}


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_command_line_prints(path):
    if path.parent.name != "cli":
        assert "print" not in calls(path)


# Of what goes between two processes of this program, or into the log, nothing is kept.
OWN_JSON = {"json_text.py", "sandbox.py", "logs.py"}


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_json_is_written_in_one_place_that_refuses_nan(path):
    if path.name not in OWN_JSON:
        assert not calls(path) & {"json.dumps", "json.dump"}


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_assert_faces_a_user(path):
    assert not [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Assert)]


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_exception_is_swallowed_unnamed(path):
    handlers = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ExceptHandler)
    ]
    assert all(handler.type is not None for handler in handlers)


def named(path: Path) -> str:
    """A file by its path below the repository."""
    return str(path.relative_to(ROOT))


def callers(suffix: str, argument: str = "") -> set[str]:
    """Files that call something of a name that ends so, with that text as an argument."""
    found = set()
    for path in ALL:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(suffix):
                given = {a.value for a in node.args if isinstance(a, ast.Constant)}
                found |= {named(path)} if not argument or argument in given else set()
    return found


def test_only_a_question_asks_the_workers_for_a_page():
    """The rule of the late answer: whoever asks otherwise belongs to no page, or to all of them."""
    asking = {path for path in ALL if "worker.ask(" in path.read_text()}
    everybody = {"dashboard/compute/question.py", "dashboard/train/training.py"}
    assert {named(path) for path in asking} == everybody
    shared = callers(".ask", "warm") | callers(".ask", "sweep")
    assert shared == {"dashboard/compute/threads.py", "dashboard/operations/server.py"}


def test_the_start_of_a_prediction_is_made_in_one_place():
    # A sweep draws the same numbers for all its points at once; the laboratory judges no model.
    others = {"hoam_core/inference/sweeps.py", "dashboard/quadrature/training.py"}
    assert callers("run_keys", "predict") == {"hoam_core/models/model.py"} | others
    assert callers("seed_key", "predict") == set()


def test_how_many_steps_a_roll_out_takes_is_said_in_one_place():
    rule = {named(path) for path in ALL if "limits.steps or" in path.read_text()}
    assert rule == {"hoam_core/models/model.py"}


def test_the_page_asks_a_family_and_hardly_ever_a_class():
    asked = [named(path) for path in PAGE for _ in range(path.read_text().count(", Lattice)"))]
    assert len(asked) <= 3, asked


def test_the_scan_finds_what_it_looks_for(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text(
        "import pickle\nfrom hoam_core.models.files import _read\ndef f():\n  eval('1')\n"
        "  xr.open_dataset('a')\n  xr.load_dataarray('b', engine='scipy')\n"
    )
    assert openings(sample) == {"any", "'scipy'"}
    assert ("pickle", []) in imports(sample)
    assert core_imports(sample) == [("hoam_core.models.files", ["_read"])]
    assert "eval" in calls(sample)


def test_the_public_names_exist_and_are_few():
    assert all(hasattr(hoam_core, name) for name in hoam_core.__all__)
    assert len(set(hoam_core.__all__)) == len(hoam_core.__all__) <= 25
