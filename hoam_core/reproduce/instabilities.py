"""The instabilities side by side: histograms (Figure 3) and electric energy (Figure 4).

Both show the models that `reproduce table1` saved in the same folder, and the shipped ones where
there are none; a method without a model is not drawn.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hoam_core.evaluation import affordable_times
from hoam_core.methods import METHODS
from hoam_core.models.files import load_model, shipped_models
from hoam_core.models.model import Model
from hoam_core.reproduce.pictures import COLOURS, panels
from hoam_core.simulation import simulate
from hoam_core.storage.datasets import whole_file
from hoam_core.studies.cells import SEED
from hoam_core.systems import get_system

SYSTEMS = ("two-stream", "bump-on-tail")

Progress = tuple[str, float]


def models_of(system: str, folder: Path) -> dict[str, Model]:
    """The models of a system by method: those of the table first, then the shipped ones."""
    found = {}
    for method in METHODS:
        own, shipped = folder / "models" / f"{system}-{method}", shipped_models()
        if (own / "model.json").is_file():
            found[method] = load_model(own)
        elif f"{system}-{method}" in shipped:
            found[method] = load_model(shipped[f"{system}-{method}"])
    return found


def _predict(model: Model, values: dict[str, float], n_times: int, quick: bool):
    few = affordable_times(model)
    particles = 8_192 if few is None and not quick else 1_024
    n_times = n_times if few is None else min(few, n_times)
    return model.predict(values, particles=particles, seed=SEED, n_times=n_times)


def figure3(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None
) -> Iterator[Progress]:
    """Draw phase-space histograms at the end time, the full model first, in figure3.png."""
    shelves = {name: models_of(name, folder) for name in SYSTEMS}
    columns = 1 + max(len(shelf) for shelf in shelves.values())
    total = sum(len(shelf) + 1 for shelf in shelves.values())
    done = 0
    with panels(folder / "figure3.png", len(SYSTEMS), columns, (2.3, 2.2)) as (_, axes):
        for axis in axes:
            axis.set_axis_off()
        for row, (name, shelf) in enumerate(shelves.items()):
            system = get_system(name)
            values = {p.name: p.test[0] for p in system.parameters}
            limits = [c.view for c in system.components]
            top = 1.0
            for column, method in enumerate(["full model", *shelf]):
                yield f"{name}, {method}", done / total
                done += 1
                run = (
                    simulate(system, values, particles=32_768, seed=SEED, n_times=3)
                    if method == "full model"
                    else _predict(shelf[method], values, 3, quick)
                )
                x, v = run["state"].values[-1].T
                axis = axes[row * columns + column]
                axis.set_axis_on()
                density, *_ = np.histogram2d(x, v, (48, 36), limits, density=True)
                # One colour scale per row: the full model comes first and sets it.
                top = density.max() if method == "full model" else top
                axis.imshow(density.T, origin="lower", vmin=0, vmax=top, aspect="auto")
                axis.set(title=f"{name}\n{method}", xticks=[], yticks=[])
    yield "done", 1.0


def figure4(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None
) -> Iterator[Progress]:
    """Write electric energies over time at the first test parameter to figure4.png and .csv."""
    shelves = {name: models_of(name, folder) for name in SYSTEMS}
    lines = ["system,method,t,electric_energy"]
    with panels(folder / "figure4.png", 1, len(SYSTEMS), (4.6, 3.2)) as (_, axes):
        for i, (name, shelf) in enumerate(shelves.items()):
            system, axis = get_system(name), axes[i]
            values = {p.name: p.test[0] for p in system.parameters}
            for method in ("truth", *shelf):
                yield f"{name}, {method}", i / len(SYSTEMS)
                run = (
                    simulate(system, values, particles=131_072, seed=SEED, n_times=101)
                    if method == "truth"
                    else _predict(shelf[method], values, 101, quick)
                )
                t, energy = run.time.values, run["electric_energy"].values
                style = {"lw": 2.0, "ls": "--"} if method == "truth" else {"lw": 1.1}
                # At t = 0 the field is zero but for rounding.
                axis.semilogy(t[1:], energy[1:], color=COLOURS[method], label=method, **style)
                lines += [
                    f"{name},{method},{a:.6g},{b:.6g}" for a, b in zip(t, energy, strict=True)
                ]
            setting = ", ".join(f"{k} = {v:g}" for k, v in values.items())
            axis.set(title=f"{name}, {setting}", xlabel="t", ylabel="electric energy W")
            axis.legend(fontsize=7)
    with whole_file(folder / "figure4.csv") as part:
        part.write_text("\n".join(lines) + "\n")
    yield "done", 1.0
