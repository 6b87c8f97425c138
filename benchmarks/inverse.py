"""How well the parameter of an unseen run is found again: `python -m benchmarks.inverse`.

Full-model runs of the two-stream instability with random mu in the trained range and seeds that
nothing else uses are the measurements; their mu is inferred through the shipped model. Counted are
the errors and how often the 95 % interval holds the truth. The calibration has runs of its own.
"""

import json
import time
from pathlib import Path

import numpy as np

from hoam_core import calibrate, infer, load_model, simulate, sweep
from hoam_core.inference import Measurement

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "inverse.json"
MODEL, NAME, OBSERVABLE = "two-stream-galerkin", "mu", "electric_energy_learned"
TRIALS, FIRST_SEED = 50, 70_000
NUMBERS = (16_384, 131_072)


def trials(particles: int, table, discrepancy) -> dict:
    """Recovery and coverage of as many measurements, drawn with a generator of their own."""
    rng = np.random.default_rng(particles)
    low, high = (float(table[NAME][i]) for i in (0, -1))
    rows = []
    for k, mu in enumerate(rng.uniform(low, high, TRIALS)):
        seed = FIRST_SEED + particles + k
        run = simulate("two-stream", {NAME: mu}, particles=particles, seed=seed, n_times=201)
        measured = Measurement(run.time.values, run.electric_energy.values)
        found = infer(table, OBSERVABLE, measured, discrepancy).attrs
        rows.append([mu, *(found[key] for key in ("mean", "low", "high"))])
        print(
            f"{k:3d}  mu = {mu:.4f}  found {rows[-1][1]:.4f} [{rows[-1][2]:.4f}, {rows[-1][3]:.4f}]"
        )
    mu, mean, low, high = np.array(rows).T
    error = np.abs(mean / mu - 1)
    return {
        "particles": particles,
        "trials": TRIALS,
        "largest_error": float(error.max()),
        "rms_error": float(np.sqrt(np.mean(error**2))),
        "within_1_percent": int((error < 0.01).sum()),
        "covered_by_95_percent": int(((low <= mu) & (mu <= high)).sum()),
        "mean_width": float((high - low).mean()),
        "rows": np.round(rows, 5).tolist(),
    }


def main() -> None:
    model = load_model(MODEL)
    start = time.perf_counter()
    low, high = model.trained_range()[NAME]
    table = sweep(model, NAME, np.linspace(low, high, 141), observables=[OBSERVABLE])
    swept = time.perf_counter()
    discrepancy = calibrate(model, table, OBSERVABLE)
    done = time.perf_counter()
    result = {
        "model": MODEL,
        "seconds": {"sweep": swept - start, "calibration": done - swept},
        "calibration": {"runs": len(discrepancy.values), "particles": 16_384},
        "results": [trials(number, table, discrepancy) for number in NUMBERS],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    for one in result["results"]:
        print({key: value for key, value in one.items() if key != "rows"})


if __name__ == "__main__":
    main()
