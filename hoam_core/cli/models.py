"""The commands for learned models: training, prediction, and judging against the full model."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import typer
import xarray as xr
from rich.progress import Progress
from rich.table import Table

from hoam_core.checks import check_count, check_within
from hoam_core.cli.console import (
    Axes,
    End,
    Json,
    MaybeParticles,
    Out,
    Particles,
    Quiet,
    Seed,
    Settings,
    Steps,
    Times,
    listing,
    messages,
    parse_axes,
    parse_options,
    parse_settings,
    print_json,
    progress,
    show,
    warn,
    written,
)
from hoam_core.evaluation import evaluate_steps, other_seeds, report, uncertainty
from hoam_core.learning import check_buildable, learn
from hoam_core.macro.increments import plan_of
from hoam_core.models.files import load_model
from hoam_core.models.model import Model
from hoam_core.networks import NETWORKS
from hoam_core.recorded.sandbox import read_start_sandboxed
from hoam_core.storage.datasets import check_file, write_dataset
from hoam_core.studies.spacing import refine
from hoam_core.systems import System, get_system
from hoam_core.training.experiment import Experiment, default_experiment, parameter_grid
from hoam_core.training.optimizers import OPTIMIZERS


def train(
    system: str,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")],
    method: Annotated[
        str | None, typer.Option("--method", help="Default: galerkin; partial for a lattice.")
    ] = None,
    network: Annotated[str | None, typer.Option("--network", help=" or ".join(NETWORKS))] = None,
    optimizer: Annotated[str, typer.Option("--optimizer", help=" or ".join(OPTIMIZERS))] = "adam",
    loss_steps: Annotated[int | None, typer.Option("--loss-steps", help="Training steps.")] = None,
    settings: Axes = None,
    particles: MaybeParticles = None,
    t_end: End = None,
    n_times: Times = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="Method option; repeatable."),
    ] = None,
    patch: Annotated[int | None, typer.Option("--patch", help="Side of a lattice's patch.")] = None,
    dense: Annotated[
        int | None,
        typer.Option("--dense", help="Add training values, up to this many combinations."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the checkpoint.")] = False,
    devices: Annotated[
        int, typer.Option("--devices", help="Devices that share the training of a network.")
    ] = 1,
    judge: Annotated[bool, typer.Option(help="Measure the errors at the test parameters.")] = True,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model: full-model runs, fit, errors at the test parameters."""
    target = get_system(system)
    usual = default_experiment(target, method, network=network).axes
    axes_by_name = {p.name: axis for p, axis in zip(target.parameters, usual, strict=True)}
    axes = parse_axes(settings, target, lambda parameter: axes_by_name[parameter.name])
    asked = {"steps": loss_steps, "particles": particles, "t_end": t_end, "n_times": n_times}
    changes = {name: value for name, value in asked.items() if value is not None}
    experiment = default_experiment(
        target, method, network=network, optimizer=optimizer, seed=seed,
        axes=tuple(map(tuple, axes.values())), **changes,
    )  # fmt: skip
    given = parse_options(options) | ({} if patch is None else {"patch": patch})
    experiment = dataclasses.replace(experiment, options={**experiment.options, **given})
    if patch is not None:
        plan_of(experiment)
    check_buildable(experiment)
    trained: Model | None = None
    with progress(quiet) as bar:
        tasks: dict[str, Any] = {}
        if dense is not None:
            experiment = _denser(experiment, dense, bar)
        for state in learn(experiment, out, resume=resume, judge=judge, devices=devices):
            if state.stage not in tasks:
                tasks[state.stage] = bar.add_task(state.stage, total=state.total, note="")
            note = f"loss {state.losses.mean():.4f}" if state.losses.size else ""
            bar.update(tasks[state.stage], completed=state.done, note=note)
            trained = state.model
    if trained is not None:
        _tell_of(trained, out, as_json, quiet)


def _denser(experiment: Experiment, most: int, bar: Progress) -> Experiment:
    """The experiment with as many training values as interpolation needs."""
    task = bar.add_task("training values", total=most, note="")
    for now in refine(experiment, most=most):
        experiment = now.experiment
        note = f"error {now.error:.4f}, floor {now.floor:.4f}"
        bar.update(task, completed=len(parameter_grid(experiment.axes)), note=note)
    return experiment


def _tell_of(trained: Model, out: Path, as_json: bool, quiet: bool) -> None:
    """Print where a trained model is saved, and its errors beside their noise floors."""
    if not quiet:
        messages.print(f"Saved in {out}.", soft_wrap=True, markup=False)
    if as_json:
        print_json(trained.card())
    elif not quiet:
        for summary in trained.errors:
            show(_error_table(trained, dict(summary)))


def predict(
    model: str,
    out: Out,
    settings: Settings = None,
    particles: MaybeParticles = None,
    t_end: End = None,
    n_times: Times = None,
    steps: Steps = None,
    initial: Annotated[Path | None, typer.Option("--initial", help="NetCDF to start from.")] = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Predict a population with a trained model and write it."""
    learned = load_model(model)
    values = parse_settings(settings, learned.system)
    check_file(out)
    start = None
    if initial is not None:
        if particles is not None:
            raise ValueError(
                "Option `--particles` cannot be combined with `--initial`, which sets the number; "
                "leave one of them out."
            )
        start = read_initial(initial, learned.system)
    with progress(quiet) as bar:
        task = bar.add_task(f"{learned.name}", total=None, note="")
        run = learned.predict(
            values, particles=4_096 if particles is None else particles, seed=seed, t_end=t_end,
            n_times=n_times, steps=steps, initial=start,
        )  # fmt: skip
        bar.update(task, total=1, completed=1)
    write_dataset(run, out)
    written(run, out, quiet)
    # The file holds the warnings too, whether or not they are printed.
    _warn_of(json.loads(run.attrs["warnings"]), quiet)


def _warn_of(warnings: list[str], quiet: bool) -> None:
    for sentence in () if quiet else warnings:
        warn(sentence)


def read_initial(path: Path, system: System) -> jax.Array:
    """state(time = 0) of a file, checked against the components of the system."""
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}; check the path.")
    start = read_start_sandboxed(path)
    found, wanted = list(start.components), [c.name for c in system.components]
    if found != wanted:
        raise ValueError(
            f"File {str(path)!r} has the components {found}, but {system.name!r} has {wanted}; "
            "give a file of that system."
        )
    if start.time != 0.0:
        raise ValueError(f"File {str(path)!r} starts at t = {start.time:g}, not at 0.")
    return jnp.asarray(start.x)


def evaluate(
    model: str,
    settings: Settings = None,
    particles: Particles = 16_384,
    steps: Steps = None,
    seed: Seed = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Seeds whose scatter is the uncertainty.")
    ] = 3,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge a model against the full model, every error beside its noise floor."""
    learned = load_model(model)
    values = parse_settings(settings, learned.system)
    check_count("seeds", seeds)
    check_within("seed", seed, 0, 2**32 - 2)
    reports, result = [], xr.Dataset()
    with progress(quiet) as bar:
        task = bar.add_task("truth", total=None, note="")
        for i, one in enumerate(other_seeds(seed, seeds)):
            stages = evaluate_steps(learned, values, particles=particles, seed=one, steps=steps)
            for stage, now in stages:
                result = now
                done, total = i * stage.total + stage.done, seeds * stage.total
                bar.update(task, description=stage.name, completed=done, total=total)
            reports.append(report(result, learned))
    summary = reports[0]
    if seeds > 1:
        summary["uncertainty"] = uncertainty(reports)
    if as_json:
        print_json(summary)
        return
    show(_error_table(learned, summary))
    _warn_of(summary["warnings"], quiet)


def _error_table(model: Model, summary: dict[str, Any]) -> Table:
    """Errors beside their floors, with their standard deviations over seeds where there are any."""
    setting = ", ".join(f"{k} = {v:g}" for k, v in summary["parameters"].items())
    title, spread = f"{model.name}, {setting}", summary.get("uncertainty", {})
    table = listing("error", "model", "noise floor", "ratio", title=title)

    def add(label: str, error: float, floor: float, sd: tuple[float, float] | None) -> None:
        told = [f"{value:.5f}" for value in (error, floor)]
        if sd is not None:
            told = [f"{value} ± {one:.5f}" for value, one in zip(told, sd, strict=True)]
        table.add_row(label, *told, f"{error / floor:.2f}")

    if energy := summary.get("electric_energy"):
        kinds = [
            ("mean relative", "mean_error", "floor_mean"),
            ("relative L2", "l2_error", "floor_l2"),
        ]
        if "learned_l2" in energy:
            kinds += [("mean, as learned without a roll-out", "learned_mean", "floor_mean"),
                      ("L2, as learned without a roll-out", "learned_l2", "floor_l2")]  # fmt: skip
        own = spread.get("electric_energy")
        for label, error, floor in kinds:
            sd = (own[error], own[floor]) if own else None
            add(f"electric energy, {label}", energy[error], energy[floor], sd)
    for name, found in summary.get("observables", {}).items():
        own = spread.get("observables", {}).get(name)
        for what in ("mean", "spread"):
            pair = f"{what}_error", f"{what}_floor"
            sd = (own[pair[0]], own[pair[1]]) if own else None
            label = f"{what} of {name}, largest error over time"
            add(label, found[pair[0]], found[pair[1]], sd)
    for name, words in summary["samples"].items():
        for i, row in enumerate(summary[name]):
            own = spread[name][i] if spread else None
            what = f"density of {row['plane']}" if name == "density" else "W_2^2"
            sd = (own["value"], own["floor"]) if own else None
            add(f"{what} at t = {row['t']:g}, {words}", row["value"], row["floor"], sd)
    return table
