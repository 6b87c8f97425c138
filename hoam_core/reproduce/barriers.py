"""Fit the alloy's barrier coefficients to the given barriers, with their errors.

Errors are for environments that the fit has not seen: five folds of the unique environments, each
predicted by a fit to the other four. The coefficients written are those of a fit to all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hoam_core.files.json_text import json_text
from hoam_core.storage.datasets import whole_file
from hoam_core.studies.cells import SEED
from hoam_core.systems.lattices import barriers as model

# The energy E_0 of the unit of time, in eV. It lies above the mean barrier, 1.73 eV, because pairs
# of jumps there and back are fast and change nothing; with it the order relaxes similarly at all T.
REFERENCE = 1.91
SOURCE = {
    "data": "assets/data/nbmota_barriers.npz",
    "network": "Xing, Rupert, Pan, Cao, Nat. Commun. 15, 3879 (2024), UCICaoLab/NKK",
    "licence": "MIT, see NOTICE.md",
}

Progress = tuple[str, float]


def barriers(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None
) -> Iterator[Progress]:
    """Write `folder`/nbmota_barriers.json; it takes seconds, so `core_seconds` is ignored."""
    yield "reading barriers", 0.0
    data = model.read_measured()
    folds = 2 if quick else 5
    yield f"errors of {folds} folds of environments", 0.1
    found = model.held_out(data, folds, SEED)
    yield "fit to all", 0.8
    fitted = model.fit(data, REFERENCE)
    about = {
        "source": SOURCE,
        "fit": {
            "folds": folds,
            "held_out": errors(data, found),
            "all": errors(data, model.evaluate(fitted, data)),
        },
        **model.to_dict(fitted),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / "nbmota_barriers.json") as part:
        part.write_text(_text(about))
    yield "done", 1.0


def errors(data: model.Measured, found: np.ndarray) -> dict[str, Any]:
    """Root-mean-square error in eV, of all and of each jumping species, and the share explained."""
    error = found - data.barrier
    jumping = model.jumping(data)
    return {
        "rmse_eV": _rmse(error),
        "r_squared": round(1 - float(np.mean(error**2) / np.var(data.barrier)), 5),
        "rmse_eV_by_species": {
            name: _rmse(error[jumping == model.species(name)]) for name in model.SPECIES
        },
    }


def _rmse(error: np.ndarray) -> float:
    return round(float(np.sqrt(np.mean(error**2))), 5)


def _text(about: dict[str, Any]) -> str:
    """JSON with one orbit per line, for reading; nine digits are more than float32 has."""
    tables = about["coefficients_eV"]
    rows = {
        name: [json_text([round(c, 9) for c in row]) for row in table]
        for name, table in tables.items()
    }
    text = json_text({**about, "orbits": "@orbits", "coefficients_eV": rows}, indent=1)
    text = text.replace('"@orbits"', json_text(about["orbits"]))
    return text.replace('"[', "[").replace(']"', "]") + "\n"
