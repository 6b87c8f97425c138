"""Density errors of shipped models at held-out parameters, in docs/results/densities.json.

Run `python docs/judge_densities.py [NAME ...]`, then `python docs/make_tables.py`. At the test
values of a system and at five random values of the trained range, each with three seeds of truth
and model; the floor of each is that of a truth of the next seed. Rows of models that are not named
stay as they are.
"""

import json
import sys
from pathlib import Path

import numpy as np

from hoam_core import Model, load_model
from hoam_core.evaluation import FullModelRuns, densities, quarters, reference
from hoam_core.files.json_text import json_text
from hoam_core.judgement.judging import parameters_to_judge
from hoam_core.methods import compile_roll_out
from hoam_core.models.files import shipped_models
from hoam_core.storage.datasets import whole_file
from hoam_core.systems import Lattice

PATH = Path(__file__).parent / "results" / "densities.json"
RANDOM, SEEDS = 5, (101, 202, 303)


def places(model: Model) -> list[dict[str, float]]:
    """The test values inside the trained range, and random ones, the same at each run."""
    rng, ranges = np.random.default_rng(0), model.trained_range()
    tests = [values for values in parameters_to_judge(model) if not model.outside(values)]
    drawn = [
        {name: float(f"{rng.uniform(low, high):.4g}") for name, (low, high) in ranges.items()}
        for _ in range(RANDOM)
    ]
    return [*tests, *drawn]


def judge(model: Model) -> list[dict]:
    """A row for each place and time, with the errors and floors of all seeds."""
    rows, ts = [], model.times(n_times=5)
    for values in places(model):
        mu, found = model.system.vector(values), []
        for seed in SEEDS:
            runs = [reference(model.system, mu, ts, one, quarters(ts)) for one in (seed, seed + 1)]
            found.append(densities(model, values, FullModelRuns(*runs), seed=seed))
        own = [
            {
                "model": model.name, "parameters": values, "t": float(t),
                "values": [float(f"{one['density'].values[i]:.4g}") for one in found],
                "floors": [float(f"{one['density_floor'].values[i]:.4g}") for one in found],
                "plane": str(found[0]["density_plane"].values[i]),
                "samples": found[0].attrs["samples_of_density"],
            }
            for i, t in enumerate(found[0]["quarter"].values)
        ]  # fmt: skip
        rows += own
        print(f"{model.name}, {values}: at most {max(map(ratio, own)):.2f} floors", flush=True)
    return rows


def ratio(row: dict) -> float:
    """The worst error of a row over its own floor, of all seeds."""
    return max(v / f for v, f in zip(row["values"], row["floors"], strict=True))


def main(names: list[str]) -> None:
    """Judge the named models, or all of populations."""
    compile_roll_out()
    known = json.loads(PATH.read_text()) if PATH.is_file() else []
    for name in names or shipped_models():
        model = load_model(name)
        if isinstance(model.system, Lattice):
            continue
        known = [row for row in known if row["model"] != name] + judge(model)
        with whole_file(PATH) as part:
            part.write_text(json_text(known, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
