"""Make docs/notebook_example.ipynb: `python docs/make_notebook.py` runs its cells and saves it.

What a running kernel alone can use, the scripts of the live viewer, is taken out of the saved file;
in its place stands a still of the same view.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parent
TARGET = FOLDER / "notebook_example.ipynb"
CELLS = [
    ("markdown", """# hoam_core in a notebook

A learned model answers for a whole population of particles; the full model tells how far to trust
it. This notebook simulates, predicts, compares, draws, and opens the viewer of the dashboard."""),
    ("code", """import matplotlib.pyplot as plt

import hoam_core as hoam

truth = hoam.simulate("two-stream", {"mu": 1.25}, particles=16_384, seed=1, n_times=41)
truth"""),
    ("markdown", """A model that ships, asked for a Debye length that it was not trained on. Its run
has the layout of the full model's: `state(time, particle, component)` and the observables."""),
    ("code", """model = hoam.load_model("two-stream-galerkin")
run = model.predict({"mu": 1.25}, particles=16_384, seed=2, n_times=41)
print("trained on", model.trained_range(), "|", *model.outside({"mu": 1.25}))
print("energy at the end:", float(run.electric_energy[-1]), "full model:",
      float(truth.electric_energy[-1]))"""),
    ("code", """fig, axes = plt.subplots(1, 3, figsize=(12, 3.2), layout="constrained")
for ax, one, title in zip(axes, (run, truth), ("learned model", "full model"), strict=False):
    x, v = one.state.sel(time=20, method="nearest").values.T
    ax.hist2d(x, v, bins=(140, 90), range=((0, 50), (-8, 8)), cmap="inferno")
    ax.set(title=f"{title}, t = 20", xlabel="position x", ylabel="velocity v")
axes[2].semilogy(run.time[1:], run.electric_energy[1:], label="learned model")
axes[2].semilogy(truth.time[1:], truth.electric_energy[1:], "--", label="full model")
axes[2].set(title="electric energy", xlabel="time t")
axes[2].legend();"""),
    ("markdown", """Errors at that parameter, each beside its noise floor: the same error between
two runs of the full model that differ in their seed only."""),
    ("code", """errors = hoam.evaluate(model, {"mu": 1.25}, particles=4_096)
errors"""),
    ("markdown", """The same viewer as on the page. It lives while the kernel runs: run the cell,
then move the slider or press play. Other parameters, `model`, `t`, `seed` and `particles` are
arguments; `viewer.material()` gives what is shown as a dataset and as a script."""),
    ("code", """from dashboard.notebook import explorer

viewer = explorer("two-stream", mu=1.25)
viewer"""),
]  # fmt: skip


def notebook() -> nbformat.NotebookNode:
    """The notebook before it is run."""
    made = nbformat.v4.new_notebook()
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    made.cells = [make[kind](text, id=f"cell-{i}") for i, (kind, text) in enumerate(CELLS)]
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def executed() -> nbformat.NotebookNode:
    """The notebook with the outputs of a fresh kernel; a cell that fails raises."""
    made = notebook()
    place = {"metadata": {"path": str(FOLDER.parent)}}
    return NotebookClient(made, timeout=900, kernel_name="python3", resources=place).execute()


def still() -> bytes:
    """The viewer's pictures at t = 20 as a PNG."""
    from dashboard.explore.animation import animation
    from dashboard.explore.snapshot import ViewSnapshot
    from dashboard.exports.film import frames
    from dashboard.runs.catalogue import catalogue
    from dashboard.runs.jobs import answer, truth
    from dashboard.runs.run import Case, truth_case

    shelf = catalogue()
    case = Case("two-stream", "two-stream-galerkin", (1.25,), 0, 4_096)
    system, ts = shelf.systems[case.system], shelf.times(case.system, case.model)
    (learned,) = answer(case, shelf, (0, 1))
    *_, full = truth(truth_case(system, case.mu, 0), system, ts, (0, 1))
    shown = ViewSnapshot(system, shelf, case, (0, 1), ts, 20.0, True, learned, full)
    *_, frame = (one for _, one in zip(range(51), frames(animation(shown)), strict=False))
    file = io.BytesIO()
    Image.fromarray(frame).quantize(128).save(file, "PNG", optimize=True)
    return file.getvalue()


def lighten(made: nbformat.NotebookNode, picture: bytes) -> None:
    """Replace the output of the live viewer, megabytes of scripts, by a picture."""
    made.cells[-1].outputs = [
        nbformat.v4.new_output(
            "display_data",
            {"image/png": base64.b64encode(picture).decode(),
             "text/plain": "A still of the viewer at t = 20. Run this cell to move it."},
        )
    ]  # fmt: skip


def main() -> None:
    """Run, lighten and save."""
    made = executed()
    lighten(made, still())
    nbformat.validate(made)
    nbformat.write(made, TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))
    main()
