"""Write the README's tables from the registries and the errors that the models carry.

Run `python docs/make_tables.py` after a model has been trained; the test of the README compares.
"""

import re
from pathlib import Path

from hoam_core import METHODS, SYSTEMS, list_models

README = Path(__file__).parents[1] / "README.md"


def systems() -> str:
    """Name, equations, parameters with trained values, reference of every system."""
    rows = ["| system | equations | parameters, trained on | source |", "|---|---|---|---|"]
    for s in SYSTEMS.values():
        parameters = "; ".join(
            f"{p.name} {p.low:g}..{p.high:g}, "
            f"{p.train[0]:g}..{p.train[-1]:g} ({len(p.train)} values)"
            for p in s.parameters
        )
        rows.append(f"| `{s.name}` | $`{s.equations}`$ | {parameters} | {s.reference} |")
    return "\n".join(rows)


def errors() -> str:
    """Energy and transport errors of the two-stream models beside their floors."""
    rows = [
        "| model | mu | energy, mean error (floor) | energy, L2 (floor) "
        "| W_2^2 / floor at t = 20, 40 |",
        "|---|---|---|---|---|",
    ]
    for model in list_models():
        if model.system.name != "two-stream":
            continue
        title = METHODS[model.experiment.method].title
        for e in model.errors:
            w, ratios = e["electric_energy"], [f"{row['ratio']:.2f}" for row in e["w2"]]
            mean = f"{w['mean_error']:.3f} ({w['floor_mean']:.4f})"
            l2 = f"{w['l2_error']:.3f} ({w['floor_l2']:.4f})"
            mu = e["parameters"]["mu"]
            rows.append(f"| {title} | {mu:g} | {mean} | {l2} | {', '.join(ratios)} |")
    rows += ["", "| oscillator model | omega | W_2^2 / floor at t = 0.5, 1 |", "|---|---|---|"]
    for model in list_models():
        if model.system.name != "oscillator":
            continue
        for e in model.errors:
            ratios = ", ".join(f"{row['ratio']:.2f}" for row in e["w2"])
            title = METHODS[model.experiment.method].title
            rows.append(f"| {title} | {e['parameters']['omega']:g} | {ratios} |")
    return "\n".join(rows)


def filled(text: str) -> str:
    """The README with both tables made anew."""
    for name, table in (("systems", systems()), ("errors", errors())):
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda m, table=table: f"{m[1]}{table}\n{m[2]}", text)
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
