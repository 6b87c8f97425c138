"""Input and output of the command line: shared options, progress, and errors as one sentence.

Results go to standard output, progress and messages to standard error. Exit codes: 0 done; 1 the
run failed (disk full, diverged); 2 bad input or an unreadable file; 130 interrupted.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, NoReturn, final

import numpy as np
import typer
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperGroup

from hoam_core.checks import ClusterError, DivergedError, check_names
from hoam_core.files.json_text import json_text
from hoam_core.systems import Parameter, System, get_system

results = Console()
messages = Console(stderr=True, highlight=False)

# More characters than any table is wide, and the gap between two columns of a table.
WIDEST, BETWEEN = 1_000, 2

Json = Annotated[bool, typer.Option("--json", help="Print plain JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no messages.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the random numbers.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; repeatable.")
]
Axes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUES", help="lo:hi:count, or a,b,c; repeatable."),
]
POPULATION = "Size of the population; powers of two are quietest."
Particles = Annotated[int, typer.Option("--particles", help=POPULATION)]
MaybeParticles = Annotated[int | None, typer.Option("--particles", help=POPULATION)]
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


@final
class Commands(TyperGroup):
    """Turns exceptions into one sentence and the exit code that belongs to it."""

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
    """Print an error of one sentence and exit with `code`."""
    messages.print("[bold red]Error:[/]", end=" ")
    messages.print(sentence, soft_wrap=True, markup=False)
    raise typer.Exit(code)


def warn(sentence: str) -> None:
    """Print a warning of one sentence; the command goes on."""
    messages.print("[yellow]Warning:[/]", end=" ")
    messages.print(sentence, soft_wrap=True, markup=False)


def parse_settings(settings: list[str] | None, system: System) -> dict[str, float]:
    """`name=value` strings as checked numbers; parameters not set take their defaults."""
    values = {p.name: p.default for p in system.parameters}
    for setting, name, text in once("--set", settings):
        try:
            values[name] = float(text)
        except ValueError:
            raise ValueError(
                f"Option `--set` takes NAME=NUMBER, such as {system.parameters[0].name}="
                f"{system.parameters[0].default:g}, but is {setting!r}."
            ) from None
    system.vector(values)
    return values


def parse_axes(
    settings: list[str] | None, system: System, usual: Callable[[Parameter], Sequence[float]]
) -> dict[str, list[float]]:
    """`name=lo:hi:count` or `name=a,b,c` as values; parameters not set take their `usual` ones."""
    axes = {p.name: list(usual(p)) for p in system.parameters}
    for setting, name, text in once("--set", settings):
        try:
            axes[name] = _several(text)
        except ValueError:
            raise ValueError(
                "Option `--set` takes NAME=LOW:HIGH:COUNT or NAME=A,B,C, such as "
                f"{system.parameters[0].name}={system.parameters[0].default:g}, but is {setting!r}."
            ) from None
    check_names("parameter", axes, [p.name for p in system.parameters])
    return axes


def _several(text: str) -> list[float]:
    if ":" not in text:
        return [float(part) for part in text.split(",")]
    low, high, count = text.split(":")
    if int(count) < 1:
        raise ValueError(text)
    # Rounded, so that values are as a user would type them.
    return [float(f"{value:.12g}") for value in np.linspace(float(low), float(high), int(count))]


def parse_options(settings: list[str] | None) -> dict[str, Any]:
    """`name=value` strings of a method's options; a value is a number, true or false."""
    options = {}
    for setting, name, text in once("--option", settings):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(
                "Option `--option` takes NAME=VALUE with a number, true or false, such as "
                f"modes_x=8, but is {setting!r}."
            )
        options[name] = value
    return options


def once(option: str, settings: list[str] | None) -> Iterator[tuple[str, str, str]]:
    """Each `name=value` string with its two sides. ValueError where a name is given twice."""
    seen: dict[str, str] = {}
    for setting in settings or ():
        name, _, text = setting.partition("=")
        if name in seen:
            raise ValueError(
                f"Option `{option}` gives {name!r} twice, as {seen[name]!r} and as {setting!r}; "
                "leave one of them out."
            )
        seen[name] = setting
        yield setting, name, text


def progress(quiet: bool) -> Progress:
    """A progress display on standard error; tasks carry a `note`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    times = (TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    return Progress(*columns, *times, console=messages, disable=quiet)


def listing(*heads: str, title: str | None = None) -> Table:
    """A compact table: its only line is below the heads."""
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "show_edge": False, "pad_edge": False}
    return Table(*heads, title=title, title_justify="left", collapse_padding=True, **look)


def show(table: Table) -> None:
    """Print a table on standard output; no word is cut, however narrow the window."""
    room = Console(file=results.file, width=WIDEST)
    least = 0
    for column in table.columns:
        texts = (column.header, *column.cells)
        column.min_width = max(Measurement.get(room, room.options, one).minimum for one in texts)
        least += column.min_width + BETWEEN
    Console(file=results.file, width=max(results.width, least)).print(table)


def written(run: xr.Dataset, out: Path, quiet: bool) -> None:
    """Report which file a run was written to, and its size."""
    if quiet:
        return
    sizes = [f"{run.sizes['time']:,} times to t = {float(run['time'][-1]):g}"]
    if "particle" in run.sizes:
        sizes.append(f"{run.sizes['particle']:,} {get_system(run.attrs['system']).population}")
    messages.print(f"Written to {out}: {', '.join(sizes)}.", soft_wrap=True, markup=False)


def print_json(value: Any) -> None:
    """Print plain JSON on standard output."""
    sys.stdout.write(json_text(value, indent=1) + "\n")


def bounds(parameters: dict[str, list[float]]) -> str:
    """`mu 1.2..1.9` for each parameter, each on a line."""
    return "\n".join(f"{name}\u00a0{low:g}..{high:g}" for name, (low, high) in parameters.items())
