"""The command `hoam`: systems and models, runs of both, training, judging, and the dashboard.

How it talks, and its exit codes, are in console.py.
"""

import dataclasses
import platform
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import typer
import xarray as xr
from rich.table import Table

from hoam_core import cli_study
from hoam_core import serve as dashboard_server
from hoam_core.checks import lookup
from hoam_core.config import default_experiment
from hoam_core.console import (
    Commands,
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
    bounds,
    messages,
    parse_settings,
    print_json,
    progress,
    results,
    warn,
)  # fmt: skip
from hoam_core.evaluate import evaluate_steps, report
from hoam_core.imports.apart import start_apart
from hoam_core.learn import learn
from hoam_core.loading import LOADINGS
from hoam_core.macro.increments import plan_of
from hoam_core.models import Model, load_model, shipped_models
from hoam_core.networks import NETWORKS
from hoam_core.simulate import lattice_pieces, simulate_pieces, start_truth
from hoam_core.store import (
    check_file,
    lattice_dataset,
    to_dataset,
    write_dataset,
)  # fmt: skip
from hoam_core.systems import SYSTEMS, Lattice, System, get_system
from hoam_core.version import __version__

app = typer.Typer(
    cls=Commands,
    help="Learned gradient fields for parametric population dynamics.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command()
def systems(as_json: Json = False, quiet: Quiet = False) -> None:
    """List the systems with their parameters."""
    rows = [system.card() for system in SYSTEMS.values()]
    if as_json:
        print_json(rows)
        return
    table = Table("name", "title", "parameters", "components", "observables")
    for row in rows:
        lists = (", ".join(row["components"]), ", ".join(row["observables"]))
        table.add_row(row["name"], row["title"], bounds(row["parameters"]), *lists)
    results.print(table)


@app.command()
def models(as_json: Json = False, quiet: Quiet = False) -> None:
    """List the models that ship with their trained range."""
    cards = [model.card() for model in _readable_models(quiet)]
    if as_json:
        print_json(cards)
        return
    table = Table("name", "method", "network", "trained range", "electric energy L2")
    for card in cards:
        energies = [e["electric_energy"] for e in card["errors"] if "electric_energy" in e]
        errors = [f"{e['l2_error']:.3f}" for e in energies]
        network, trained = card["network"] or "none", bounds(card["parameters"])
        table.add_row(card["name"], card["method"], network, trained, " ".join(errors))
    results.print(table)


def _readable_models(quiet: bool) -> list[Model]:
    """What ships and what is in HOAM_MODELS; a damaged one costs a warning, not the list."""
    found = []
    for name, folder in shipped_models().items():
        try:
            found.append(dataclasses.replace(load_model(folder), name=name))
        except ValueError as error:
            if not quiet:
                warn(str(error))
    return found


@app.command()
def info(as_json: Json = False, quiet: Quiet = False) -> None:
    """Versions, devices and what ships: for a bug report."""
    packages = ("jax", "flax", "optax", "diffrax", "equinox", "pot", "ott-jax", "xarray")
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "devices": [f"{d.platform}: {d.device_kind}" for d in jax.devices()],
        "packages": {name: installed_version(name) for name in packages},
        "systems": list(SYSTEMS),
        "models": [model.name for model in _readable_models(quiet)],
    }
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        results.print(f"[bold]{name}[/]: {value}")


@app.command()
def simulate(
    system: str,
    out: Out,
    settings: Settings = None,
    particles: MaybeParticles = None,
    t_end: End = None,
    n_times: Times = None,
    seed: Seed = 0,
    loading: Annotated[str, typer.Option("--loading", help="quiet or random")] = "quiet",
    quiet: Quiet = False,
) -> None:
    """Run a full model and write its states and observables.

    The particles of a lattice are independent runs: the file holds the cells of the first, and the
    mean and spread of the observables over all.
    """
    target = get_system(system)
    mu = target.vector(parse_settings(settings, target))
    ts = target.times(t_end, n_times)
    law = lookup(loading, LOADINGS, "loading")
    check_file(out)
    with progress(quiet) as bar:
        task = bar.add_task(f"{target.title}", total=1.0, note="")
        if isinstance(target, Lattice):
            pictures, z = [], []
            runs = 1 if particles is None else particles
            for cells, now in lattice_pieces(target, mu, ts, runs=runs, seed=seed):
                pictures.append(cells)
                z.append(now)
                bar.update(task, completed=len(z) / len(ts))
            run = lattice_dataset(target, mu, ts, np.stack(pictures), jnp.stack(z), seed=seed)
        else:
            count = 16_384 if particles is None else particles
            x0, key = start_truth(target, mu, count, seed, law)
            pieces = []
            for piece in simulate_pieces(target, key, mu, x0, ts):
                pieces.append(piece.x)
                bar.update(task, completed=piece.done)
            x = jnp.concatenate(pieces)
            run = to_dataset(target, mu, ts, x, seed=seed, method="full-model")
    write_dataset(run, out)


@app.command()
def train(
    system: str,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")],
    method: Annotated[
        str | None, typer.Option("--method", help="galerkin, or partial for a lattice, unless told")
    ] = None,
    network: Annotated[str | None, typer.Option("--network", help=" or ".join(NETWORKS))] = None,
    loss_steps: Annotated[int | None, typer.Option("--loss-steps", help="Training steps.")] = None,
    particles: MaybeParticles = None,
    patch: Annotated[int | None, typer.Option("--patch", help="Side of a lattice's patch.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    devices: Annotated[
        int, typer.Option("--devices", help="Devices that share the training of a network.")
    ] = 1,
    judge: Annotated[bool, typer.Option(help="Measure the errors at the test parameters.")] = True,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Train a model: full-model runs, fit, errors at the test parameters."""
    asked = {"steps": loss_steps, "particles": particles}
    changes = {name: value for name, value in asked.items() if value is not None}
    experiment = default_experiment(
        get_system(system), method, network=network, seed=seed, **changes
    )
    if patch is not None:
        experiment = dataclasses.replace(experiment, options={**experiment.options, "patch": patch})
        plan_of(experiment)
    with progress(quiet) as bar:
        tasks: dict[str, Any] = {}
        for state in learn(experiment, out, resume=resume, judge=judge, devices=devices):
            if state.stage not in tasks:
                tasks[state.stage] = bar.add_task(state.stage, total=state.total, note="")
            note = f"loss {state.losses.mean():.4f}" if state.losses.size else ""
            bar.update(tasks[state.stage], completed=state.done, note=note)
    if not quiet:
        messages.print(f"Saved in {out}.")


@app.command()
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
                "Option `--particles` cannot stand beside `--initial`, which has its own number; "
                "leave one of them out."
            )
        start = read_initial(initial, learned.system)
    if not quiet:
        for sentence in learned.outside(values):
            warn(sentence)
    with progress(quiet) as bar:
        bar.add_task(f"{learned.name}", total=None, note="")
        run = learned.predict(
            values, particles=4_096 if particles is None else particles, seed=seed, t_end=t_end,
            n_times=n_times, steps=steps, initial=start,
        )  # fmt: skip
    write_dataset(run, out)


def read_initial(path: Path, system: System) -> jax.Array:
    """state(time = 0) of a file, checked against the components of the system."""
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}; check the path.")
    start = start_apart(path)
    found, wanted = list(start.components), [c.name for c in system.components]
    if found != wanted:
        raise ValueError(
            f"File {str(path)!r} has the components {found}, but {system.name!r} has {wanted}; "
            "give a file of that system."
        )
    if start.time != 0.0:
        raise ValueError(f"File {str(path)!r} starts at t = {start.time:g}, not at 0.")
    return jnp.asarray(start.x)


@app.command()
def evaluate(
    model: str,
    settings: Settings = None,
    particles: Particles = 16_384,
    steps: Steps = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge a model against the full model; every error stands beside its noise floor."""
    learned = load_model(model)
    values = parse_settings(settings, learned.system)
    result = xr.Dataset()
    with progress(quiet) as bar:
        task = bar.add_task("truth", total=4, note="")
        stages = evaluate_steps(learned, values, particles=particles, seed=seed, steps=steps)
        for done, (stage, now) in enumerate(stages):
            bar.update(task, description=stage, completed=done)
            result = now
    summary = report(result, learned)
    if as_json:
        print_json(summary)
        return
    results.print(_error_table(learned, summary))


def _error_table(model: Model, summary: dict[str, Any]) -> Table:
    setting = ", ".join(f"{k} = {v:g}" for k, v in summary["parameters"].items())
    table = Table("error", "model", "noise floor", "ratio", title=f"{model.name}, {setting}")
    energy = summary.get("electric_energy")
    if energy:
        for label, error, floor in (
            ("electric energy, mean relative", energy["mean_error"], energy["floor_mean"]),
            ("electric energy, relative L2", energy["l2_error"], energy["floor_l2"]),
        ):
            table.add_row(label, f"{error:.4f}", f"{floor:.4f}", f"{error / floor:.1f}")
    if energy and "learned_l2" in energy:
        for label, key in (("mean relative", "mean"), ("relative L2", "l2")):
            error, floor = energy[f"learned_{key}"], energy[f"floor_{key}"]
            name = f"the same from learned moments, {label}"
            table.add_row(name, f"{error:.4f}", f"{floor:.4f}", f"{error / floor:.1f}")
    for name, found in summary.get("observables", {}).items():
        for what in ("mean", "spread"):
            error, floor = found[f"{what}_error"], found[f"{what}_floor"]
            label = f"{what} of {name}, largest error over time"
            table.add_row(label, f"{error:.4f}", f"{floor:.4f}", f"{error / floor:.1f}")
    for row in summary["w2"]:
        label = f"W_2^2 at t = {row['t']:g}"
        table.add_row(label, f"{row['value']:.5f}", f"{row['floor']:.5f}", f"{row['ratio']:.2f}")
    return table


for command in (cli_study.sweep, cli_study.ensemble, cli_study.reproduce):
    app.command()(command)


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port")] = 5006,
    share: Annotated[bool, typer.Option("--share", help="Open it to the local network.")] = False,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Name that visitors see, behind a proxy. Repeatable."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Where to listen: this machine unless told.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Ask visitors for what it holds.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Serve the dashboard in a browser."""
    raise typer.Exit(
        dashboard_server.serve(
            port, share, None if quiet else sys.stderr, address=address, hosts=host or (),
            password_file=password_file,
        )
    )  # fmt: skip


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
