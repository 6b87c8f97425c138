"""The viewer in a notebook: a real kernel runs it, and docs hold what their script makes."""

import asyncio
import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from dashboard.notebook import NotebookColumn, explorer

ROOT = Path(__file__).parents[2]
SAVED = ROOT / "docs" / "notebook_example.ipynb"

START = """
from dashboard.notebook import explorer
viewer = explorer("two-stream", mu=1.25, t=20, particles=1024)
viewer
"""
USE = """
import asyncio
import threading
from types import SimpleNamespace

import panel as pn
import panel.io.notebook

viewer._open()  # what the notebook's own part says when it is built

async def until(condition):
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("still not true")

await until(lambda: viewer.exportable() is not None)
first = viewer.exportable().description
viewer.state.parameters.mu = 1.4
await until(lambda: viewer.exportable() is not None and viewer.exportable().description != first)
frame = viewer.state.frame
viewer.state.toggle()
await until(lambda: viewer.state.frame > frame + 2)
# What the notebook's own slider and player would send.
layout = viewer._layout
ref = next(iter(layout._models))
root, document, comm = pn.state._views[ref][1:]
slider = next(m for m in root.references() if getattr(m, "class_name", "") == "FloatSlider")

async def send(change):
    patch = SimpleNamespace(apply_to_document=lambda document, setter: change(setter))
    manager = SimpleNamespace(assemble=lambda message: patch)
    message = {"content": {"events": []}}
    thread = threading.Thread(target=layout._on_msg, args=(ref, manager, message))
    thread.start()
    thread.join()
    await asyncio.sleep(0.1)

await send(lambda setter: slider.data.set_from_json("value", 1.33, setter=setter))
assert viewer.state.mu == {"mu": 1.33}
viewer.state.playing, pushed, events = False, [], []
panel.io.notebook.push, push = lambda document, comm: pushed.append(
    threading.current_thread()) or events.extend(
    document.callbacks._held_events), panel.io.notebook.push
frame = viewer.state.frame
await send(lambda setter: viewer._view.player._bar._handle_msg("back"))
panel.io.notebook.push = push
assert viewer.state.frame == frame - 1
# Panel's own parameters and Bokeh's sources both go to the notebook.
assert {"data", "location"} <= {event.attr for event in events}
assert set(pushed) == {threading.main_thread()}
viewer.state.parameters.mu = 1.4
await until(lambda: "1.4" in viewer.exportable().description if viewer.exportable() else False)
viewer.close()
print(first, "|", viewer.exportable().description, "|", viewer.state.playing)
"""


@pytest.fixture
def maker():
    spec = importlib.util.spec_from_file_location("made", ROOT / "docs" / "make_notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_saved_notebook_is_small_executed_and_what_its_script_writes(maker):
    saved = nbformat.read(SAVED, as_version=4)
    nbformat.validate(saved)
    assert SAVED.stat().st_size < 1_000_000
    wanted = [(cell.cell_type, cell.source) for cell in maker.notebook().cells]
    assert [(cell.cell_type, cell.source) for cell in saved.cells] == wanted
    code = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]
    assert "image/png" in code[-1].outputs[0].data


def test_outside_of_a_notebook_it_says_where_to_go():
    with pytest.raises(ValueError, match="hoam serve"):
        explorer("two-stream")


@pytest.mark.parametrize(
    ("system", "choices", "words"),
    [
        ("two-stream", {"mu": 9}, "mu"),
        ("two-stream", {"nu": 1.0}, "Unknown argument 'nu'"),
        ("two-streams", {}, "two-stream"),
        ("two-stream", {"model": "landau-galerkin"}, "belongs to the system"),
    ],
)
def test_what_no_link_could_say_is_refused(system, choices, words):
    async def ask():
        explorer(system, **choices)

    with pytest.raises(ValueError, match=words):
        asyncio.run(ask())


def test_panel_still_handles_messages_where_the_cell_expects_it():
    assert "_on_msg" in vars(NotebookColumn)
    assert callable(super(NotebookColumn, NotebookColumn)._on_msg), (
        "Panel changed: see Cell in dashboard/notebook.py"
    )


@pytest.mark.slow
def test_a_kernel_answers_follows_a_slider_and_plays():
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(START), nbformat.v4.new_code_cell(USE)]
    )
    place = {"metadata": {"path": str(ROOT)}}
    NotebookClient(made, timeout=240, kernel_name="python3", resources=place).execute()
    shown = [o.data for o in made.cells[0].outputs if "text/html" in o.get("data", {})]
    assert any("Debye length" in data["text/html"] for data in shown)
    first, second, playing = made.cells[1].outputs[-1].text.split(" | ")
    assert first.startswith("Two-stream instability, μ = 1.25. The ")
    assert second.startswith("Two-stream instability, μ = 1.4.")
    assert playing.strip() == "False"


@pytest.mark.slow
def test_every_cell_of_the_example_runs(maker):
    ran = maker.executed()
    assert "trained on" in ran.cells[3].outputs[0].text
    assert any("image/png" in o.get("data", {}) for o in ran.cells[4].outputs)
    assert any("text/html" in o.get("data", {}) for o in ran.cells[-1].outputs)
