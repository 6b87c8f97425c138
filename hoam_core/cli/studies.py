"""The commands for many runs: sweeps of full models, ensembles of trainings, paper results.

Each can be stopped with Ctrl-C and continues where it stopped when it is run again.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from hoam_core.checks import check_positive, lookup
from hoam_core.cli.console import (
    Axes,
    End,
    MaybeParticles,
    Quiet,
    Scheduler,
    Seed,
    Times,
    Workers,
    messages,
    parse_axes,
    progress,
)
from hoam_core.reproduce import SPREAD, TARGETS
from hoam_core.storage.datasets import check_folder
from hoam_core.studies import Study, ensemble_study, full_model_study, run_study
from hoam_core.studies.cluster import connect
from hoam_core.studies.task_store import open_store
from hoam_core.systems import get_system

StoreOut = Annotated[Path, typer.Option("--out", help="Zarr store to write or to continue.")]
Seeds = Annotated[int, typer.Option("--seeds", help="Number of seeds, from --seed on.")]


def runs(
    system: str,
    out: StoreOut,
    settings: Axes = None,
    seeds: Seeds = 1,
    seed: Seed = 0,
    particles: MaybeParticles = None,
    t_end: End = None,
    n_times: Times = None,
    loading: Annotated[str, typer.Option("--loading", help="quiet or random")] = "quiet",
    states: Annotated[bool, typer.Option("--states", help="Keep the particles too.")] = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Run a full model at all combinations of values and seeds, into one Zarr store."""
    target = get_system(system)
    axes = parse_axes(settings, target, lambda parameter: [parameter.default])
    study = full_model_study(
        target, axes, seeds=range(seed, seed + seeds), t_end=t_end,
        n_times=n_times, loading=loading, states=states, particles=particles,
    )  # fmt: skip
    _run(study, out, scheduler, workers, quiet)


def ensemble(
    system: Annotated[list[str], typer.Option("--system", help="Repeatable.")],
    method: Annotated[list[str], typer.Option("--method", help="Repeatable.")],
    out: StoreOut,
    seeds: Seeds = 1,
    seed: Seed = 0,
    is_quick: Annotated[bool, typer.Option("--quick", help="A short trial run.")] = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Train and judge each method on each system with each seed; errors go to one Zarr store.

    The models go to the folder of the same name that ends in `.files`.
    """
    study = ensemble_study(system, method, range(seed, seed + seeds), quick=is_quick)
    _run(study, out, scheduler, workers, quiet)


def reproduce(
    what: Annotated[str, typer.Argument(help=" | ".join(TARGETS))],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("results"),
    is_quick: Annotated[bool, typer.Option("--quick", help="Small: under five minutes.")] = False,
    core_seconds: Annotated[
        float | None, typer.Option("--core-seconds", help="Training time of each cell or run.")
    ] = None,
    system: Annotated[list[str] | None, typer.Option("--system", help="Repeatable.")] = None,
    method: Annotated[list[str] | None, typer.Option("--method", help="Repeatable.")] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Reproduce a table or figure of the paper; continues where it was interrupted."""
    target = lookup(what, TARGETS, "result")
    chosen = {"systems": system, "methods": method}
    options = {name: values for name, values in chosen.items() if values}
    if options and what != "table1":
        raise ValueError("Options `--system` and `--method` choose cells of table1 only.")
    if what not in SPREAD and (scheduler is not None or workers is not None):
        raise ValueError(
            f"Options `--scheduler` and `--workers` must be left out for {what!r}, which has no "
            f"independent parts; those that have: {', '.join(SPREAD)}."
        )
    if core_seconds is not None:
        check_positive("core-seconds", core_seconds)
    folder = check_folder(out)
    # Run times are reported, so runs share a machine only on request.
    workers = 1 if scheduler is None and workers is None else workers
    with connect(scheduler, workers) as client, progress(quiet) as bar:
        shared = {"client": client} if what in SPREAD else {}
        task = bar.add_task(what, total=1.0, note="")
        for note, share in target(
            folder, quick=is_quick, core_seconds=core_seconds, **shared, **options
        ):
            bar.update(task, completed=share, note=note)
    if not quiet:
        messages.print(f"Results are in {out}.")


def _run(study: Study, out: Path, scheduler: str | None, workers: int | None, quiet: bool) -> None:
    """Run a study with a progress bar."""
    # Workers are started for missing tasks only, and not before the store is known to fit.
    missing = int(np.sum(~open_store(out, study.layout).finished()))
    with connect(scheduler, workers, missing) as client, progress(quiet) as bar:
        task = bar.add_task("tasks", total=1.0, note="")
        for now in run_study(study, out, client):
            note = f"{now.done} of {now.total} {now.note}"
            bar.update(task, completed=now.share, note=note)
    if not quiet:
        messages.print(f"Results are in {out}.")
