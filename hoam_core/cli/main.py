"""The command `hoam`: systems and models, runs of both, training, judging, and the dashboard.

Its output and its exit codes are described in console.py.
"""

import dataclasses
import platform
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import typer

from hoam_core.checks import lookup
from hoam_core.cli import serve as dashboard_server
from hoam_core.cli.console import (
    Commands,
    End,
    Json,
    MaybeParticles,
    Out,
    Quiet,
    Seed,
    Settings,
    Times,
    bounds,
    listing,
    parse_settings,
    print_json,
    progress,
    results,
    show,
    warn,
    written,
)
from hoam_core.cli.models import evaluate, predict, train
from hoam_core.cli.studies import ensemble, reproduce, runs
from hoam_core.models.files import load_model, shipped_models
from hoam_core.models.model import Model
from hoam_core.numerics.compiled import backend
from hoam_core.numerics.loading import LOADINGS
from hoam_core.simulation import lattice_pieces, simulate_pieces, start_truth
from hoam_core.storage.datasets import check_file, lattice_dataset, to_dataset, write_dataset
from hoam_core.systems import SYSTEMS, Lattice, get_system
from hoam_core.version import __version__

# At most so many components are listed one by one.
MANY = 12

app = typer.Typer(
    cls=Commands,
    help="Learned gradient fields for parametric population dynamics.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        results.print(f"hoam_core {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Learned gradient fields for parametric population dynamics."""


@app.command()
def systems(as_json: Json = False, quiet: Quiet = False) -> None:
    """List the systems with their parameters."""
    rows = [system.card() for system in SYSTEMS.values()]
    if as_json:
        print_json(rows)
        return
    table = listing("name", "parameters", "components", "observables")
    for row in rows:
        components, observables = row["components"], "\n".join(row["observables"])
        if len(components) > MANY:
            components = [components[0], "...", components[-1]]
        name = f"[bold]{row['name']}[/]\n{row['title']}"
        table.add_row(name, bounds(row["parameters"]), ", ".join(components), observables)
    show(table)


@app.command()
def models(as_json: Json = False, quiet: Quiet = False) -> None:
    """List the shipped models with their trained range."""
    cards = [model.card() for model in _readable_models(quiet)]
    if as_json:
        print_json(cards)
        return
    table = listing("name", "method", "trained range", "needs", "L2 error of field")
    for card in cards:
        energies = [e["electric_energy"] for e in card["errors"] if "electric_energy" in e]
        errors = [f"{e['l2_error']:.3f}" for e in energies]
        known = "knows the equations" if card["knows_equations"] else None
        method = "\n".join(filter(None, (card["method"], card["network"], known)))
        needs = "\n".join(f"{value} {what}" for what, value in card["limits"].items() if value)
        trained = bounds(card["parameters"])
        table.add_row(card["name"], method, trained, needs, "\n".join(errors))
    show(table)


def _readable_models(quiet: bool) -> list[Model]:
    """The shipped models and those in HOAM_MODELS; a damaged one is left out with a warning."""
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
    """Versions, devices, systems and models, for a bug report."""
    packages = ("jax", "flax", "optax", "diffrax", "equinox", "pot", "xarray")
    readable = _readable_models(quiet)
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "devices": [f"{d.platform}: {d.device_kind}" for d in jax.devices()],
        "backend": backend(),
        "packages": {name: installed_version(name) for name in packages},
        "systems": list(SYSTEMS),
        "models": [model.name for model in readable],
        "limits": {model.name: model.card()["limits"] for model in readable},
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
    written(run, out, quiet)


for command in (train, predict, evaluate, runs, ensemble, reproduce):
    app.command()(command)
# The former name of `runs`; the sweep of a learned model is `hoam_core.sweep`.
app.command("sweep", hidden=True)(runs)


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port")] = 5006,
    share: Annotated[bool, typer.Option("--share", help="Open it to the local network.")] = False,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Name that visitors see, behind a proxy. Repeatable."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Where to listen; this machine by default.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Ask visitors for its password.")
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
