"""Tables and figures: closed forms, rows that are kept, and a real cell of a tiny budget."""

import dataclasses
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from hoam_core import load_model
from hoam_core.checks import DivergedError
from hoam_core.reproduce import TARGETS, figure4, figure8, lattices, oscillator, table1
from hoam_core.reproduce.oscillator import integrand, quadrature_study
from hoam_core.reproduce.pictures import Figure, panels
from hoam_core.reproduce.table1 import PAPER, QUICK, finished, read_rows, summary, write_row
from hoam_core.studies import cells
from hoam_core.studies.cells import Budget, Cell, cell
from hoam_core.studies.cluster import Result, connect
from hoam_core.systems import get_system
from hoam_core.systems.oscillator import Oscillator
from hoam_core.training.experiment import default_experiment

TINY = Budget(
    core_seconds=0.5, train_particles=256, train_times=9, particles=60, times=4,
    truth_particles=256, closed_loop_particles=256, tests=1,
)  # fmt: skip


def test_the_targets_are_those_of_the_command():
    assert list(TARGETS) == [
        "table1", "figure2", "figure3", "figure4", "figure8", "lattices", "barriers",
    ]  # fmt: skip


def test_the_integrand_is_that_of_the_exact_potential(key):
    omega, t = 5.0, 0.3
    mu, system = jnp.array([omega]), Oscillator()

    def law(t):
        m, v = system.moments(mu, t)
        return m, jnp.sqrt(v)

    def s(x, t):
        (m, c), (dm, dc) = jax.jvp(law, (t,), (1.0,))
        return jnp.sum(dm * (x - m) + 0.5 * dc / c * (x - m) ** 2)

    m, c = law(t)
    x = m + c * jax.random.normal(key, (200_000, 2))
    gradient = jax.vmap(jax.grad(s), (0, None))(x, t)
    rate = jax.vmap(jax.grad(s, 1), (0, None))(x, t)
    found = jnp.mean(0.5 * jnp.sum(gradient**2, -1) + rate)
    assert float(integrand(omega, jnp.array([t]))[0]) == pytest.approx(float(found), rel=0.01)


def test_quadrature_converges_and_monte_carlo_hardly():
    study = quadrature_study(14.0, draws=20)
    gauss = [abs(row["mean"] - study["exact"]) for row in study["hoam-gauss"]]
    assert gauss[-1] < 1e-3 * abs(study["exact"])
    assert gauss[-1] < 1e-3 * gauss[0]
    assert study["am"][-1]["spread"] > 100 * gauss[-1]


def row(**changes):
    done = {"system": "trap", "method": "dice", "status": "done"}
    return {**done, "budget": dataclasses.asdict(QUICK), **changes}


def test_rows_are_kept_and_what_nobody_ran_says_so(tmp_path):
    path = tmp_path / "table1.json"
    write_row(path, row(mark=1))
    write_row(path, row(method="galerkin"))
    write_row(path, row(mark=2))
    rows = read_rows(path)
    assert {r["system"] for r in rows} == set(PAPER)
    assert sum(r["status"] == "done" for r in rows) == 2
    assert all(r["status"] in ("done", "not run") for r in rows)
    assert next(r for r in rows if r["status"] == "done" and r["method"] == "dice")["mark"] == 2
    assert finished(rows, "trap", "dice", QUICK)
    assert not finished(rows, "trap", "dice", dataclasses.replace(QUICK, core_seconds=3.0))
    assert not finished(rows, "trap", "dice", Budget(QUICK.core_seconds))
    assert not finished(rows, "trap", "cfm", QUICK)


def test_a_summary_takes_means_and_the_worst_ratio():
    w2 = [{"value": 2.0, "floor": 1.0, "ratio": 2.0}, {"value": 4.0, "floor": 1.0, "ratio": 4.0}]
    line = summary(row(errors=[{"w2": w2}], inference_seconds=0.5, evaluations=10))
    assert (line["w2_value"], line["w2_floor"], line["w2_worst_ratio"]) == (3.0, 1.0, 4.0)
    assert line["energy_l2_error"] is None
    assert line["evaluations"] == 10


def found(system, method, **changes):
    *_, (_, value) = cell(system, method, dataclasses.replace(TINY, **changes))
    assert isinstance(value, Cell)
    return value


def test_a_training_at_one_frequency_sees_no_other(monkeypatch):
    seen = []

    def train_for(experiment, ensemble, scaling, budget):
        seen.append((experiment, ensemble, scaling))
        raise DivergedError("seen")
        yield

    monkeypatch.setattr(cells, "train_for", train_for)
    with pytest.raises(DivergedError, match="seen"):
        list(cell("oscillator", "hoam-gauss", TINY, axes=((8.0,),)))
    experiment, ensemble, scaling = seen[0]
    assert experiment.axes == ((8.0,),)
    assert ensemble.mu.tolist() == [[8.0]]
    assert scaling.mu_low == scaling.mu_high == 8.0


def test_all_networks_learn_at_the_training_values_of_the_system():
    train = (get_system("two-stream").parameter("mu").train,)
    for method in ("ftm", "dice", "hoam-gauss"):
        assert cells.experiment_for("two-stream", method, QUICK).axes == train
    assert len(default_experiment(get_system("two-stream"), "ftm").axes[0]) == 30


def test_only_what_diverged_is_a_result_and_other_errors_are_told(galerkin_model, monkeypatch):
    def fail(error):
        def evaluate(*_, **__):
            raise error

        monkeypatch.setattr(cells, "evaluate", evaluate)
        monkeypatch.setattr(cells, "truths", lambda *_: None)
        return cells.judged(galerkin_model, TINY)

    assert fail(DivergedError("too far")) == {"status": "diverged", "reason": "too far"}
    with pytest.raises(RuntimeError, match="RESOURCE_EXHAUSTED"):
        fail(RuntimeError("RESOURCE_EXHAUSTED: out of memory"))


def test_a_cell_of_the_closed_loop_has_all_its_figures():
    one = found("oscillator", "galerkin").row
    assert json.loads(json.dumps(one)) == one
    assert one["status"] == "done"
    assert one["evaluations"] >= 200  # one field a step
    assert one["inference_seconds"] > 0
    (error,) = one["errors"]
    assert [w["t"] for w in error["w2"]] == pytest.approx([2 / 3, 1.0])
    assert all(np.isfinite([w["ratio"] for w in error[name]]).all() for name in ("w2", "sinkhorn"))


@pytest.mark.slow
def test_a_trained_cell_counts_its_steps_within_the_budget():
    one = found("oscillator", "dice")
    assert one.row["training"]["steps"] == len(one.losses) >= 20
    assert one.model is not None


@pytest.mark.slow
def test_a_small_table_goes_on_where_it_was_cut_off(tmp_path):
    options = {"quick": True, "systems": ["oscillator"], "methods": ["galerkin", "am"]}
    steps = table1(tmp_path, **options)
    for note, _ in steps:
        if "am: training" in note:
            break
    assert [r["method"] for r in read_rows(tmp_path / "table1.json") if r["status"] == "done"] == [
        "full-model", "galerkin",
    ]  # fmt: skip
    notes = [note for note, _ in table1(tmp_path, **options)]
    assert not any("galerkin" in note for note in notes)
    assert (tmp_path / "table1.csv").read_text().count("done") == 3


@pytest.mark.slow
def test_figure8_leaves_its_records_and_a_picture(tmp_path):
    for _ in figure8(tmp_path, quick=True, core_seconds=0.5):
        pass
    records = json.loads((tmp_path / "figure8.json").read_text())["runs"]
    assert {r["network"] for r in records} == {"colora", "film", "mlp"}
    assert (tmp_path / "figure8.png").stat().st_size > 5_000


def test_cells_are_kept_one_by_one_and_those_that_are_missing_are_run(tmp_path, monkeypatch):
    asked = []

    def one(system, method, budget):
        asked.append((system, method))
        yield "training", 0.5
        if len(asked) == 2:
            raise DivergedError("cut off")
        values = row(system=system, method=method, budget=dataclasses.asdict(budget))
        yield "done", Cell(values, np.zeros(0), None)

    # The package has a function of the module's name.
    module = sys.modules[table1.__module__]
    monkeypatch.setattr(module, "cell", one)
    monkeypatch.setattr(module, "full_model_seconds", lambda *_: 1.0)
    options = {"quick": True, "systems": ["trap"], "methods": ["dice", "cfm"]}
    with pytest.raises(DivergedError, match="cut off"):
        list(table1(tmp_path, **options))
    notes, shares = zip(*table1(tmp_path, **options), strict=True)
    assert asked == [("trap", "dice"), ("trap", "cfm"), ("trap", "cfm")]
    assert notes == ("trap, cfm: training", "trap, cfm: done", "done")
    assert shares == pytest.approx(((2 + 0.45) / 3, 1.0, 1.0))
    assert sum(r["status"] == "done" for r in read_rows(tmp_path / "table1.json")) == 3


def test_trainings_of_another_budget_are_made_anew_and_both_are_kept(tmp_path, monkeypatch):
    asked = []

    def trained(task):
        asked.append(task)
        yield "training", 0.5
        return Result(task[0])

    def study(budget):
        steps = module.study(tmp_path, "figure8", [{"method": "am", "seed": 0}], budget, None)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    module = sys.modules[oscillator.__name__]
    monkeypatch.setattr(module, "trained", trained)
    path = tmp_path / "figure8.json"
    # What does not tell its budget is no result of this one.
    path.write_text(json.dumps({"core_seconds": 0.5, "runs": [{"method": "am", "seed": 0}]}))
    longer = dataclasses.replace(TINY, core_seconds=1.0)
    for budget in (TINY, longer, TINY, longer):
        records = study(budget)
        assert [r["budget"] for r in records] == [dataclasses.asdict(budget)]
    assert len(asked) == 2
    assert len(json.loads(path.read_text())["runs"]) == 2


def test_a_quick_row_of_the_lattices_stands_for_no_whole_one(tmp_path, monkeypatch):
    asked, drawn = [], []
    module = sys.modules[lattices.__module__]

    def tasks(quick):
        yield "patches", lambda: asked.append(quick) or {"mark": quick}, ()

    monkeypatch.setattr(module, "_tasks", tasks)
    monkeypatch.setattr(module, "draw", lambda rows, path: drawn.append(rows))
    path = tmp_path / "lattices.json"
    path.write_text(json.dumps([{"name": "patches"}]))
    for quick in (True, False, True, False):
        list(lattices(tmp_path, quick=quick))
    assert asked == [True, False]
    whole = {"name": "patches", "quick": False, "mark": False}
    assert drawn == [[whole], [whole]]
    assert json.loads(path.read_text()) == [{"name": "patches", "quick": True, "mark": True}, whole]


def test_published_results_tell_their_budget():
    results = Path(__file__).parents[1] / "docs" / "results"
    rows = read_rows(results / "table1.json")
    done = [row for row in rows if row["status"] != "not run"]
    assert done
    assert all(finished(rows, r["system"], r["method"], Budget(100.0)) for r in done)
    tasks = sys.modules[lattices.__module__]._tasks(quick=False)
    known = {
        row["name"]: row["quick"] for row in json.loads((results / "lattices.json").read_text())
    }
    assert known == {name: False for name, *_ in tasks}


def test_a_picture_that_cannot_be_saved_leaves_the_one_before(tmp_path, monkeypatch):
    def savefig(self, path, **_):
        path.write_bytes(b"half")
        raise OSError("disk full")

    picture = tmp_path / "deep" / "figure.png"
    with panels(picture, 1, 1):
        pass
    before = picture.read_bytes()
    assert before.startswith(b"\x89PNG")
    monkeypatch.setattr(Figure, "savefig", savefig)
    with pytest.raises(OSError, match="disk full"), panels(picture, 1, 1):
        pass
    assert [p.read_bytes() for p in picture.parent.iterdir()] == [before]


def test_the_energies_of_figure_4_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    module = sys.modules[figure4.__module__]
    run = xr.Dataset({"electric_energy": ("time", np.ones(3))}, {"time": np.arange(3.0)})
    monkeypatch.setattr(module, "models_of", lambda *_: {})
    monkeypatch.setattr(module, "simulate", lambda *_, **__: run)
    list(figure4(tmp_path))
    before = (tmp_path / "figure4.csv").read_text()
    assert before.count("\n") == 7

    def write_text(path, text):
        path.write_bytes(text[:9].encode())
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(OSError, match="disk full"):
        list(figure4(tmp_path))
    assert (tmp_path / "figure4.csv").read_text() == before
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.slow
def test_a_small_table_comes_from_workers_too(tmp_path):
    options = {"quick": True, "systems": ["oscillator"], "methods": ["galerkin", "am"]}
    with connect(workers=2) as client:
        for _ in table1(tmp_path, client=client, **options):
            pass
    rows = [r for r in read_rows(tmp_path / "table1.json") if r["status"] == "done"]
    assert {r["method"] for r in rows} == {"full-model", "galerkin", "am"}
    model = load_model(tmp_path / "models" / "oscillator-am")
    assert model.experiment.steps == QUICK.steps
