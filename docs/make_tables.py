"""Write the tables of README and documentation from the registries, models and results.

Run `python docs/make_tables.py` after a model has been trained; tests/test_readme.py compares.
"""

import ast
import inspect
import json
import re
from pathlib import Path

import numpy as np

from hoam_core import METHODS, NETWORKS, SYSTEMS, Model, Parameter, System, list_models
from hoam_core.metrics import METRICS
from hoam_core.reproduce.table1 import PAPER_METHODS, summary
from hoam_core.systems import Lattice

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
# Every page with tables between marks.
PAGES = (
    README, DOCS / "systems.md", DOCS / "results.md", DOCS / "reference" / "methods.md",
    DOCS / "reference" / "metrics.md", DOCS / "architecture.md", DOCS.parent / "CONTRIBUTING.md",
)  # fmt: skip
CARDS = DOCS / "models.md"
# The tables of layers that the tests hold.
LAYOUT = DOCS.parent / "tests" / "test_layout.py"


def trained(parameter: Parameter) -> str:
    """`mu, 1.2..1.9` of a parameter that models are trained on."""
    values = parameter.train
    span = f"{values[0]:g}..{values[-1]:g}" if len(set(values)) > 1 else f"{values[0]:g}"
    return f"{parameter.name} {span}"


def systems() -> str:
    """Name, title, and parameters with their trained range, of every system."""
    rows = ["| system | what it is | parameters, trained range |", "|---|---|---|"]
    rows += [
        f"| `{s.name}` | {s.title} | {', '.join(map(trained, s.parameters))} |"
        for s in SYSTEMS.values()
    ]
    return "\n".join(rows)


def equations() -> str:
    """A section for every system: title, equations, parameters with their values, reference."""
    return "\n\n".join(map(section, SYSTEMS.values()))


def section(system: System) -> str:
    """What there is to know of one system; each equation has a line of its own."""
    formulas = "\n\n".join(f"$`{one}`$" for one in system.equations.split(r",\quad "))
    rows = ["| parameter | bounds | trained on |", "|---|---|---|"]
    rows += [
        f"| {p.name} | {p.low:g} to {p.high:g} | {trained_on(p, isinstance(system, Lattice))} |"
        for p in system.parameters
    ]
    head = f"## {system.name}\n\n{system.title}\n\n{formulas}"
    return "\n\n".join([head, "\n".join(rows), f"Source: {system.reference}"])


def trained_on(parameter: Parameter, is_lattice: bool) -> str:
    """The training values of a parameter in words."""
    low, *_, high = (*parameter.train, parameter.train[-1])
    return f"{low:g} to {high:g}, {_how_many(parameter.train, is_lattice)}"


def setting(parameters: dict[str, float]) -> str:
    """`mu = 1.25` of every parameter."""
    return ", ".join(f"{name} = {value:g}" for name, value in parameters.items())


def beside(energy: dict[str, float] | None, error: str, floor: str) -> str:
    """An error of the energy with its floor in brackets."""
    return f"{energy[error]:.3f} ({energy[floor]:.4f})" if energy else ""


def error_rows(model: Model) -> list[str]:
    """A line of errors for each judged parameter set."""
    rows = []
    for e in model.errors:
        energy = e.get("electric_energy")
        ratios = ", ".join(f"{row['ratio']:.2f}" for row in e["w2"])
        times = ", ".join(f"{row['t']:g}" for row in e["w2"])
        density = " ".join(f"{row['ratio']:.2f}," for row in e.get("density", ())).rstrip(",")
        mean, l2 = (beside(energy, f"{n}_error", f"floor_{n}") for n in ("mean", "l2"))
        transport = f"{ratios} (t = {times})"
        rows.append(f"{setting(e['parameters'])} | {density} | {mean} | {l2} | {transport} |")
    return rows


COLUMNS = (
    "density / floor at T/4, T/2, 3T/4, T | energy, mean error (floor) | energy, L2 (floor) | "
    "W_2^2 / floor |"
)


def errors() -> str:
    """Energy and transport errors of every shipped model beside their floors."""
    rows = [f"| model | parameters | {COLUMNS}", "|---|---|---|---|---|---|"]
    for system in (name for name, s in SYSTEMS.items() if not isinstance(s, Lattice)):
        for model in (m for m in list_models() if m.experiment.system == system):
            rows += [f"| `{model.name}` | {row}" for row in error_rows(model)]
    return "\n".join(rows)


def densities() -> str:
    """The density errors of docs/results/densities.json in short: a line for each model."""
    found = json.loads((DOCS / "results" / "densities.json").read_text())
    rows = [
        "| model | knows the equations | places | density error ± seeds | floor | "
        "error / floor: median | worst | where |",
        "|---" * 8 + "|",
    ]
    for model in list_models():
        own = [row for row in found if row["model"] == model.name]
        if not own:
            continue
        places = {json.dumps(row["parameters"]) for row in own}
        values, floors = (np.array([row[key] for row in own]) for key in ("values", "floors"))
        ratios = values / floors
        worst = own[int(np.argmax(ratios.max(1)))]
        known = "of one particle" if model.entry.knows_equations else "no"
        scatter = values.mean(0).std(ddof=1)
        rows.append(
            f"| `{model.name}` | {known} | {len(places)} | {values.mean():.4f} ± {scatter:.4f} | "
            f"{floors.mean():.4f} | {np.median(ratios):.2f} | {ratios.max():.2f} | "
            f"{setting(worst['parameters'])}, t = {worst['t']:g} |"
        )
    return "\n".join(rows)


def lattice_rows(model: Model) -> list[str]:
    """Largest errors over time of mean and spread of the observables of a lattice."""
    rows = []
    for e in model.errors:
        for name, found in e["observables"].items():
            mean, spread = (
                f"{found[f'{what}_error']:.2g} ({found[f'{what}_floor']:.2g})"
                for what in ("mean", "spread")
            )
            rows.append(f"{setting(e['parameters'])} | {name} | {mean} | {spread} |")
    return rows


LATTICE_COLUMNS = "observable | mean, largest error (floor) | spread, largest error (floor) |"


def lattices() -> str:
    """Errors of the macroscopic models beside their floors."""
    rows = [f"| model | parameters | {LATTICE_COLUMNS}", "|---|---|---|---|---|"]
    for model in list_models():
        if isinstance(model.system, Lattice):
            rows += [f"| `{model.name}` | {row}" for row in lattice_rows(model)]
    return "\n".join(rows)


def table1() -> str:
    """The table of the paper in short: the worst W_2^2 over its floor, and energy, of each cell."""
    path = DOCS / "results" / "table1.json"
    cells = {(r["system"], r["method"]): r for r in json.loads(path.read_text())}
    names = list(dict.fromkeys(system for system, _ in cells))
    rows = ["| method | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for method in PAPER_METHODS:
        line = [_cell(cells.get((system, method))) for system in names]
        rows.append(f"| `{method}` | " + " | ".join(line) + " |")
    return "\n".join(rows)


def _cell(row: dict | None) -> str:
    if row is None or row["status"] != "done":
        return row["status"] if row else "not run"
    found = summary(row)
    energy = found["energy_l2_error"]
    ratio = f"{found['w2_worst_ratio']:.3g}"
    return f"{ratio}; {energy:.2g}" if energy is not None else ratio


def card(model: Model) -> str:
    """What a person should know before using a model: data, budget, errors, limits."""
    e, about = model.experiment, model.training
    is_lattice = isinstance(model.system, Lattice)
    axes = ", ".join(
        f"{p.name} from {axis[0]:g} to {axis[-1]:g} ({_how_many(axis, is_lattice)})"
        for p, axis in zip(model.system.parameters, e.axes, strict=True)
    )
    data = f"{e.n_times} times" if not is_lattice else "increments of patches"
    network = f", network {e.network}" if e.network else ""
    options = json.dumps(dict(e.options)) if e.options else "the method's own"
    steps = f"{e.steps:,} steps, " if METHODS[e.method].needs_network or is_lattice else ""
    columns, rows = (
        (LATTICE_COLUMNS, lattice_rows(model)) if is_lattice else (COLUMNS, error_rows(model))
    )
    return "\n".join([
        f"## {model.name}", "",
        f"{model.system.title}; {model.entry.title}{network}.", "",
        f"- Data: {e.particles:,} {model.system.population} ({e.loading} loading), {data} to "
        f"t = {e.t_end:g}, {axes}; seed {e.seed}.",
        f"- Budget: {steps}{about['seconds']:,.0f} s on {about['device']}, data included; "
        f"options {options}.",
        f"- Needs: {needs(model)}.",
        "- Limits: outside these parameter ranges it extrapolates, and later times it refuses.",
        "", f"| parameters | {columns}", "|---" * (columns.count("|") + 1) + "|",
        *(f"| {row}" for row in rows), "",
    ])  # fmt: skip


def needs(model: Model) -> str:
    """Steps and particles, as they were measured."""
    least, what = model.limits.particles, model.system.population
    enough = f"{least:,} {what} at least" if least else f"any number of {what}"
    if model.method.coupled and not least:
        enough = f"the least number of {what} is not measured yet"
    exactly = "" if model.method.smooth else ", or a few more, so that saved times are met"
    return f"{model.steps:,} steps over the trained time{exactly}; {enough}"


def _how_many(axis: tuple[float, ...], is_lattice: bool) -> str:
    several = len(set(axis)) > 1
    if is_lattice and several:
        return "drawn between"
    return f"{len(axis)} values" if several else "1 value"


def cards() -> str:
    """All cards."""
    head = (
        "# Models that ship\n\nMade from the models' files by `python docs/make_tables.py`. "
        "Errors are at parameters that were not trained on, with fresh seeds; the floor is the "
        "same error between two runs of the full model.\n"
    )
    return "\n".join([head, *(card(model) for model in list_models())])


def methods() -> str:
    """Name, title, family and budget of every method."""
    rows = [
        "| name | title | learns from | network | knows the equations | usual budget |",
        "|---|---|---|---|---|---|",
    ]
    for name, entry in METHODS.items():
        numbers = {what: v for what, v in entry.defaults.items() if what != "options"}
        budget = ", ".join(f"{what} = {value:,g}" for what, value in numbers.items())
        network = "needed" if entry.needs_network else "none"
        source = "trajectories" if entry.needs_trajectories else "populations"
        if entry.family == "lattice":
            source = "patches of a lattice"
        known = "of one particle" if entry.knows_equations else "no"
        rows.append(f"| `{name}` | {entry.title} | {source} | {network} | {known} | {budget} |")
    return "\n".join(rows)


def documented(objects: dict[str, object]) -> str:
    """Names, and the first paragraph of the docstring of each."""
    rows = ["| name | what it is |", "|---|---|"]
    for name, told in objects.items():
        summary = (inspect.getdoc(told) or "").partition("\n\n")[0].replace("\n", " ")
        rows.append(f"| `{name}` | {summary} |")
    return "\n".join(rows)


def networks() -> str:
    """Name of every network, and what its module says of it."""
    return documented({name: inspect.getmodule(entry) for name, entry in NETWORKS.items()})


def layers(name: str) -> tuple[tuple[str, ...], ...]:
    """A table of layers in tests/test_layout.py, from the ground up."""
    for node in ast.parse(LAYOUT.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise LookupError(f"{LAYOUT.name} has no table {name}.")


def arrows(name: str) -> str:
    """The layers from the ground up in lines of a paragraph of code."""
    lines = [""]
    for height, units in enumerate(layers(name)):
        part = f"{' -> ' if height else ''}{', '.join(units)}"
        if len(lines[-1] + part) > 92:
            lines.append(part.lstrip())
        else:
            lines[-1] += part
    return "\n".join(["```text", *lines, "```"])


def drawn(name: str) -> str:
    """The layers as a diagram, the highest first."""
    rows = [", ".join(units) for units in reversed(layers(name))]
    width = max(map(len, rows))
    bar, notes = "─" * (width + 2), ["  imports go down only ↓", *[""] * len(rows)]
    boxes = [f"│ {row:<{width}} │{note}" for row, note in zip(rows, notes, strict=False)]
    inside = f"\n├{bar}┤\n".join(boxes)
    return f"```text\n┌{bar}┐\n{inside}\n└{bar}┘\n```"


TABLES = {
    "core_layers": lambda: drawn("CORE_LAYERS"), "page_layers": lambda: drawn("PAGE_LAYERS"),
    "core_arrows": lambda: arrows("CORE_LAYERS"), "page_arrows": lambda: arrows("PAGE_LAYERS"),
    "systems": systems, "equations": equations, "errors": errors,
    "densities": densities, "lattices": lattices,
    "table1": table1, "methods": methods, "networks": networks,
    "metrics": lambda: documented({**METRICS}),
}  # fmt: skip


def filled(text: str) -> str:
    """A page with its tables made anew."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda m, table=table: f"{m[1]}{table()}\n{m[2]}", text)
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text()))
    CARDS.write_text(cards())
