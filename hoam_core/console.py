"""How the command line talks: options that commands share, progress, and errors as one sentence.

Results go to standard output, progress and messages to standard error. Exit codes: 0 done; 1 the
run failed (disk full, diverged); 2 bad input or an unreadable file; 130 interrupted.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from typer.core import TyperGroup

from hoam_core.checks import ClusterError, DivergedError
from hoam_core.systems import System

results = Console()
messages = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print plain JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no messages.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the random numbers.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; repeatable.")
]
Particles = Annotated[int, typer.Option("--particles", help="Size of the population.")]
MaybeParticles = Annotated[int | None, typer.Option("--particles", help="Size of the population.")]
Steps = Annotated[int | None, typer.Option("--steps", help="Integration steps.")]
End = Annotated[float | None, typer.Option("--t-end", help="Last time.")]
Times = Annotated[int | None, typer.Option("--n-times", help="Number of saved times.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="A dask scheduler, tcp:// or tls://.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Worker processes; 1 is this process alone.")
]
Out = Annotated[Path, typer.Option("--out", help="NetCDF file to write.")]


class Commands(TyperGroup):
    """Turns what can go wrong into one sentence and the exit code that belongs to it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            stop(str(error), 2)
        except (ClusterError, DivergedError) as error:
            stop(str(error), 1)
        except OSError as error:
            stop(f"The run failed: {error.strerror or error}. Nothing was left half-written.", 1)
        except KeyboardInterrupt:
            stop("Interrupted.", 130)


def stop(sentence: str, code: int) -> NoReturn:
    """End the command with a sentence."""
    messages.print("[bold red]Error:[/]", end=" ")
    messages.print(sentence, soft_wrap=True, markup=False)
    raise typer.Exit(code)


def warn(sentence: str) -> None:
    """Say what does not end the command."""
    messages.print("[yellow]Warning:[/]", end=" ")
    messages.print(sentence, soft_wrap=True, markup=False)


def parse_settings(settings: list[str] | None, system: System) -> dict[str, float]:
    """`name=value` strings as checked numbers; what is not set takes its default."""
    values = {p.name: p.default for p in system.parameters}
    for setting in settings or ():
        name, _, text = setting.partition("=")
        try:
            values[name] = float(text)
        except ValueError:
            raise ValueError(
                f"Option `--set` takes NAME=NUMBER, such as {system.parameters[0].name}="
                f"{system.parameters[0].default:g}, but is {setting!r}."
            ) from None
    system.vector(values)
    return values


def progress(quiet: bool) -> Progress:
    """A progress display on standard error; tasks carry a `note`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    times = (TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    return Progress(*columns, *times, console=messages, disable=quiet)


def print_json(value: Any) -> None:
    """Plain JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def bounds(parameters: dict[str, list[float]]) -> str:
    """`mu 1.2..1.9` for each parameter."""
    return ", ".join(f"{name} {low:g}..{high:g}" for name, (low, high) in parameters.items())
