r"""The oscillator studies of Berman et al. 2024: quadrature (Figure 2) and networks (Figure 8).

The law of the oscillator is Gaussian, so its potential is known: with mean m and spread c in each
of two dimensions, s = m' . (x - m) + (c'/2c) |x - m|^2, and the integrand of the action is

    q(t) = E[1/2 |grad s|^2 + d_t s] = c c'' - m'^2 = V''/2 - V'^2 / (4 V) - m'^2,    V = c^2.

All samples start in one place and meet again every half period, where V nearly vanishes: there q
has poles at distances sqrt(2 V / V'') from the real axis, .066, .016 and .005 for omega = 4, 8, 14.
The error of a Gauss rule of n nodes falls as about exp(-4 n d) for a distance d, so that omega = 14
needs hundreds of nodes.

Figure 2 shows how accurately a rule in time integrates q, and what that means for training.
"""

import contextlib
import json
from collections.abc import Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from hoam_core.checks import DivergedError
from hoam_core.files.json_text import json_text
from hoam_core.metrics import over_subsets, wasserstein2
from hoam_core.models.model import Model
from hoam_core.numerics.quadrature import gauss_legendre, monte_carlo, simpson
from hoam_core.reproduce.pictures import COLOURS, panels
from hoam_core.seeds import run_keys
from hoam_core.storage.datasets import whole_file
from hoam_core.studies.cells import SEED, Budget, Cell, cell
from hoam_core.studies.cluster import Result, Stages, run_tasks
from hoam_core.systems.oscillator_action import integral, integrand

if TYPE_CHECKING:
    from distributed import Client

RULES = {"am": monte_carlo, "hoam-simpson": simpson, "hoam-gauss": gauss_legendre}
TITLES = {"am": "Monte Carlo (AM)", "hoam-simpson": "Simpson", "hoam-gauss": "Gauss-Legendre"}
NETWORK_TITLES = {"colora": "CoLoRA", "film": "FiLM", "mlp": "MLP"}
# At most three minutes on two cores; the frequency of the paper's Figure 8 has five seeds.
BUDGET = Budget(core_seconds=360.0, train_times=201, particles=4_096, times=21, tests=0)
OMEGA, OTHERS = 8.0, (4.0, 14.0)

Progress = tuple[str, float]


def quadrature_study(omega: float, draws: int = 100) -> dict[str, Any]:
    """Integral of q by each rule and number of nodes, and its spread over draws.

    It is computed in double precision, as rounding in single exceeds the errors of a good rule.
    """
    with jax.enable_x64(True):
        return _quadrature_study(omega, draws)


def _quadrature_study(omega: float, draws: int) -> dict[str, Any]:
    exact = integral(omega)
    study: dict[str, Any] = {"omega": omega, "exact": exact, "nodes": [9, 17, 33, 65, 129, 257]}
    for name, rule in RULES.items():
        rows = []
        for q in study["nodes"]:
            keys = jax.random.split(jax.random.key(SEED), draws if name == "am" else 1)
            found = [rule(q)(key) for key in keys]
            values = np.array(
                [float(r.weights @ integrand(omega, np.asarray(r.nodes))) for r in found]
            )
            rows.append({"mean": float(values.mean()), "spread": float(values.std())})
        study[name] = rows
    return study


def distance(model: Model, omega: float, seed: int = SEED) -> dict[str, float]:
    """W_2^2 to fresh samples of the full model, mean over times, and its floor."""
    system, ts = model.system, model.times(n_times=BUDGET.times)
    mu = system.vector({"omega": omega})
    runs = {}
    for purpose in ("truth", "second truth", "predict"):
        start, key = run_keys(seed, purpose)
        x0 = system.initial(start, mu, BUDGET.particles)
        if purpose == "predict":
            runs[purpose] = model.sample(x0, ts, mu, key)
        else:
            runs[purpose] = system.simulate(key, mu, x0, ts)
    values = []
    for other in (runs["predict"], runs["second truth"]):
        found = [
            over_subsets(
                wasserstein2, runs["truth"][i], other[i], system.domain(mu), model.scaling.scale,
                np.random.default_rng(seed), subsets=2, size=1_000,
            )
            for i in range(2, len(ts), 6)
        ]  # fmt: skip
        values.append(float(np.mean(found)))
    return {"value": values[0], "floor": values[1]}


def trained(task: tuple[dict[str, Any], Budget]) -> Stages:
    """Run one training at one frequency; returns its record."""
    run, budget = task
    # The network and the plain coordinates of the paper: the figures are about rules in time.
    usual = {"network": "colora", "options": {}}
    options = usual | {
        name: value for name, value in run.items() if name not in ("method", "omega")
    }
    axes, found = ((run["omega"],),), None
    for stage, value in cell("oscillator", run["method"], budget, axes=axes, **options):
        if isinstance(value, Cell):
            found = value
        else:
            yield stage, value
    if found is None:
        raise RuntimeError("The cell yielded no row.")
    parts = max(1, min(50, len(found.losses)))
    losses = [part.mean() for part in np.array_split(found.losses, parts) if part.size]
    record = {**run, "steps": found.row["training"]["steps"],
              "losses": [float(f"{loss:.5g}") for loss in losses]}  # fmt: skip
    if found.model is not None:
        # Diverged samples have no distance; the figures leave out records without one.
        with contextlib.suppress(DivergedError):
            record |= distance(found.model, run["omega"])
    return Result(record)


def study(
    folder: Path, name: str, runs: list[dict[str, Any]], budget: Budget, client: "Client | None"
) -> Generator[Progress, None, list[dict[str, Any]]]:
    """Run all trainings of a figure, saved one by one in <name>.json; returns their records.

    A record holds its budget: records of another budget stay in the file, but are not used.
    """
    path, told = folder / f"{name}.json", asdict(budget)
    found = json.loads(path.read_text())["runs"] if path.is_file() else []
    kept = [one for one in found if "budget" in one]
    same = [one for one in kept if one["budget"] == told]
    missing = [run for run in runs if not any(run.items() <= one.items() for one in same)]
    done = len(runs) - len(missing)
    for report in run_tasks(trained, [(run, budget) for run in missing], client):
        words = " ".join(map(str, missing[report.task].values()))
        if report.result is None:
            yield f"{words}: {report.note}", (done + report.share) / len(runs)
            continue
        done += 1
        same.append({**report.result.values, "budget": told})
        kept.append(same[-1])
        with whole_file(path) as part:
            part.write_text(json_text({"runs": kept}) + "\n")
        yield f"{words}: done", done / len(runs)
    return same


def _budget(quick: bool, core_seconds: float | None) -> Budget:
    seconds = core_seconds or (4.0 if quick else BUDGET.core_seconds)
    return Budget(seconds, times=BUDGET.times, tests=0)


def figure2(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None,
    client: "Client | None" = None,
) -> Iterator[Progress]:  # fmt: skip
    """Write integrand, quadrature and training curves to figure2.json and figure2.png."""
    found = quadrature_study(14.0)
    with whole_file(folder / "figure2-quadrature.json") as part:
        part.write_text(json_text(found, indent=1) + "\n")
    seeds = 1 if quick else 5
    runs = [
        {"method": m, "omega": omega, "seed": seed}
        for omega in ((OMEGA,) if quick else (OMEGA, *OTHERS))
        for seed in range(seeds if omega == OMEGA else 1)
        for m in RULES
    ]
    records = yield from study(folder, "figure2", runs, _budget(quick, core_seconds), client)
    _draw_figure2(folder / "figure2.png", found, records)
    yield "done", 1.0


def _draw_figure2(path: Path, found: dict[str, Any], records: list[dict[str, Any]]) -> None:
    with panels(path, 1, 4) as (_, (left, centre, right, last)):
        t = np.linspace(0, 1, 800)
        left.plot(t, integrand(found["omega"], t), color=COLOURS["truth"])
        left.set(title=f"integrand q(t), ω = {found['omega']:g}", xlabel="t")
        for name, title in TITLES.items():
            error = [abs(row["mean"] - found["exact"]) for row in found[name]]
            spread = [row["spread"] for row in found[name]]
            shown = spread if name == "am" else error
            label = f"{title}: spread of 100 draws" if name == "am" else f"{title}: error"
            centre.loglog(found["nodes"], np.maximum(shown, 1e-6), "o-", color=COLOURS[name],
                          label=label)  # fmt: skip
        centre.set(title="integral of q", xlabel="nodes")
        centre.legend(fontsize=7)
        for record in (r for r in records if r["omega"] == OMEGA):
            share = np.linspace(0, 1, len(record["losses"]))
            right.plot(share, record["losses"], color=COLOURS[record["method"]], alpha=0.7, lw=0.9)
        losses = np.concatenate([r["losses"] for r in records if r["omega"] == OMEGA])
        # A few steps have far larger losses, which would compress the axis of all others.
        right.set_ylim(losses.min(), np.quantile(losses, 0.97))
        right.set(title=f"loss over training, ω = {OMEGA:g}", xlabel="share of training")
        for name, title in TITLES.items():
            mine = [r for r in records if r["method"] == name and "value" in r]
            last.semilogy([r["omega"] for r in mine], [r["value"] for r in mine], "o",
                          color=COLOURS[name], label=title, alpha=0.7)  # fmt: skip
        floors = [(r["omega"], r["floor"]) for r in records if "floor" in r]
        last.semilogy(*zip(*floors, strict=True), "_", color=COLOURS["truth"], ms=14, label="floor")
        last.set(title="$W_2^2$ after training", xlabel="ω")
        last.legend(fontsize=7)


def figure8(
    folder: Path, *, quick: bool = False, core_seconds: float | None = None,
    client: "Client | None" = None,
) -> Iterator[Progress]:  # fmt: skip
    """Compare CoLoRA, FiLM and MLP on the oscillator over seeds; figure8.json and figure8.png."""
    runs = [
        {"method": "hoam-gauss", "omega": OMEGA, "seed": seed, "network": network}
        for seed in range(1 if quick else 5)
        for network in NETWORK_TITLES
    ]
    records = yield from study(folder, "figure8", runs, _budget(quick, core_seconds), client)
    with panels(folder / "figure8.png", 1, 1) as (_, (axes,)):
        for i, (name, title) in enumerate(NETWORK_TITLES.items()):
            values = [r["value"] for r in records if r["network"] == name and "value" in r]
            axes.semilogy([i] * len(values), values, "o", color=COLOURS[name], alpha=0.8)
            if values:
                axes.hlines(np.mean(values), i - 0.2, i + 0.2, color=COLOURS[name])
                axes.annotate(title, (i, max(values)), ha="center", xytext=(0, 6),
                              textcoords="offset points")  # fmt: skip
        floor = float(np.mean([r["floor"] for r in records if "floor" in r]))
        axes.axhline(floor, color=COLOURS["truth"], ls=":", label="noise floor")
        axes.set(title=f"$W_2^2$, HOAM-Gauss, ω = {OMEGA:g}", xticks=[], xlim=(-0.6, 2.6))
        axes.legend(fontsize=7)
    yield "done", 1.0
