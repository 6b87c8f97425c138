"""The layout of the code, read from its syntax trees: imports go one way, files stay short."""

import ast
from collections.abc import Callable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeVar

import hoam_core

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "hoam_core").rglob("*.py"))
PAGE = sorted((ROOT / "dashboard").rglob("*.py"))
ALL = [*CORE, *PAGE]
Node = TypeVar("Node", bound=ast.AST)

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


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax tree, the module first."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def of_kind(path: Path, kind: type[Node]) -> list[Node]:
    return [node for node in nodes(path) if isinstance(node, kind)]


@cache
def imports(path: Path) -> list[tuple[str, list[str]]]:
    """(module, imported names) of every import in a file, inside functions too."""
    found = [(alias.name, []) for node in of_kind(path, ast.Import) for alias in node.names]
    for node in of_kind(path, ast.ImportFrom):
        assert node.level == 0, f"{path} has a relative import"
        found.append((node.module, [alias.name for alias in node.names]))
    return found


def tops(path: Path) -> set[str]:
    """The packages that a file imports."""
    return {module.split(".")[0] for module, _ in imports(path)}


def core_imports(path: Path) -> list[tuple[str, list[str]]]:
    return [i for i in imports(path) if i[0].split(".")[0] == "hoam_core"]


@cache
def calls(path: Path) -> set[str]:
    """Names of everything that a file calls, as written."""
    return {ast.unparse(node.func) for node in of_kind(path, ast.Call)}


def named(path: Path) -> str:
    """A file by its path below the repository."""
    return str(path.relative_to(ROOT))


def breaking(rule: Callable[[Path], object], paths: list[Path] = ALL) -> list[str]:
    """The files of which a rule finds something."""
    return [f"{named(path)}: {found}" for path in paths if (found := rule(path))]


def openings(path: Path) -> set[str]:
    """By which engines a file lets xarray read; "any" where it does not say."""
    found = set()
    for node in of_kind(path, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name.startswith(("open_", "load_")) and name.endswith(("dataset", "dataarray")):
            engines = [ast.unparse(k.value) for k in node.keywords if k.arg == "engine"]
            found |= set(engines or ["any"])
    return found


def test_imports_go_down():
    def upward(path: Path) -> list[str]:
        package, own = path.relative_to(ROOT).parts[0], unit(path)
        layer = LAYERS[package]
        targets = {
            target
            for module, names in imports(path) if module.split(".")[0] == package
            for target in ([module.split(".")[1]] if "." in module else names)
        }  # fmt: skip
        return [one for one in targets - {own} if layer[one] >= layer[own]]

    assert {unit(path) for path in CORE} == LAYERS["hoam_core"].keys()
    assert {unit(path) for path in PAGE} == LAYERS["dashboard"].keys()
    assert breaking(upward) == []


def test_no_import_goes_in_a_circle():
    modules = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in ALL}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    needs = {name: set() for name in modules}
    for name, path in modules.items():
        for module, names in imports(path):
            found = {f"{module}.{each}" for each in names} & modules.keys()
            needs[name] |= found or {module} & modules.keys()
    TopologicalSorter(needs).prepare()  # raises CycleError with the circle


def test_only_few_files_stand_in_the_root_of_the_core():
    root = {path.stem for path in (ROOT / "hoam_core").glob("*.py")}
    assert root == {
        "__init__", "checks", "data", "evaluation", "learning", "seeds", "simulation", "version",
    }  # fmt: skip


def test_the_core_knows_nothing_of_the_page():
    page = {"dashboard", "panel", "bokeh", "holoviews", "param", "panel_material_ui"}
    assert breaking(lambda path: tops(path) & page, CORE) == []


def test_the_page_uses_no_private_name_of_the_core():
    def private(path: Path) -> list[str]:
        used = [n for module, names in core_imports(path) for n in (*module.split("."), *names)]
        return [n for n in used if n.startswith("_") and not n.endswith("__")]

    assert breaking(private, PAGE) == []


def test_no_file_is_longer_than_400_lines():
    assert breaking(lambda path: len(path.read_text().splitlines()) > 400) == []


def test_nothing_unpickles_or_executes():
    packages = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    functions = {"eval", "exec", "np.load", "numpy.load", "torch.load", "__import__"}
    assert breaking(lambda path: tops(path) & packages) == []
    assert breaking(lambda path: calls(path) & functions) == []
    assert breaking(lambda path: "allow_pickle" in path.read_text()) == []
    loads = {"yaml.safe_load"}
    assert breaking(lambda p: {n for n in calls(p) if n.startswith("yaml.")} - loads) == []
    assert breaking(lambda path: openings(path) - {"'h5netcdf'", "'scipy'", "'zarr'"}) == []


def test_only_the_command_line_prints():
    assert breaking(lambda path: path.parent.name != "cli" and "print" in calls(path)) == []


# Of what goes between two processes of this program, or into the log, nothing is kept.
OWN_JSON = {"json_text.py", "sandbox.py", "logs.py"}


def test_json_is_written_in_one_place_that_refuses_nan():
    others = [path for path in ALL if path.name not in OWN_JSON]
    assert breaking(lambda path: calls(path) & {"json.dumps", "json.dump"}, others) == []


def test_every_module_says_what_it_is():
    def silent(path: Path) -> bool:
        module = of_kind(path, ast.Module)[0]
        return bool(module.body) and not ast.get_docstring(module)

    assert breaking(silent) == []


def test_no_assert_faces_a_user():
    assert breaking(lambda path: of_kind(path, ast.Assert), CORE) == []


def test_no_exception_is_swallowed_unnamed():
    assert breaking(lambda p: [h for h in of_kind(p, ast.ExceptHandler) if h.type is None]) == []


def test_a_public_class_has_a_name_and_a_meaning_of_its_own():
    places: dict[str, list[str]] = {}
    for path in ALL:
        for node in of_kind(path, ast.ClassDef):
            if not node.name.startswith("_"):
                places.setdefault(node.name, []).append(named(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


# What is made by these is no class to inherit from, or is made for it.
OPEN = {"NamedTuple", "Protocol", "ABC", "TypedDict", "Generic", "Enum"}

INHERITED_IN_TESTS = {"PredatorPrey"}


def test_a_class_is_final_or_somebody_inherits_from_it():
    classes = [(path, node) for path in ALL for node in of_kind(path, ast.ClassDef)]
    parents = {ast.unparse(b).split("[")[0].split(".")[-1] for _, n in classes for b in n.bases}
    unsettled = [
        f"{named(path)}: {node.name}" for path, node in classes
        if node.name not in parents | INHERITED_IN_TESTS
        and "final" not in {ast.unparse(one) for one in node.decorator_list}
        and not {ast.unparse(b).split("[")[0].split(".")[-1] for b in node.bases} & OPEN
    ]  # fmt: skip
    assert unsettled == []


# Short for somebody who was there; to everybody else they say nothing.
NICKNAMES = {
    "apart", "claim", "desk", "facts", "handover", "ink", "judges", "kept", "lower", "material",
    "own", "reel", "shelf", "sight", "told", "words",
}  # fmt: skip


def test_modules_classes_functions_and_arguments_have_names_and_no_nicknames():
    def nicknamed(path: Path) -> set[str]:
        names = {path.stem}
        names |= {node.name for node in of_kind(path, ast.ClassDef)}
        names |= {node.name for node in of_kind(path, ast.FunctionDef)}
        names |= {node.arg for node in of_kind(path, ast.arg)}
        targets = [node.target for node in of_kind(path, ast.AnnAssign)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        return {name for name in names if name.strip("_").lower() in NICKNAMES}

    assert breaking(nicknamed) == []


def callers(suffix: str, argument: str = "") -> set[str]:
    """Files that call something of a name that ends so, with that text as an argument."""
    found = set()
    for path in ALL:
        for node in of_kind(path, ast.Call):
            if ast.unparse(node.func).endswith(suffix):
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
