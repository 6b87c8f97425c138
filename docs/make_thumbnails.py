"""Thumbnails of the scenarios, from the runs that the page shows: `python -m docs.make_thumbnails`.

Names may be given to make only those: `python -m docs.make_thumbnails trap ising`.
"""

import io
import sys
from urllib.parse import parse_qsl

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image, ImageDraw

from dashboard.explore.scenarios import MOST_BYTES, scenarios
from dashboard.parts.cells import CELLS, FIELDS
from dashboard.parts.colours import DENSITY
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.runs.jobs import truth
from dashboard.runs.lattice_jobs import lattice_view
from dashboard.runs.pictures import density, sigma_for, to_levels
from dashboard.runs.run import Case, truth_case
from dashboard.state.exploration import Exploration
from dashboard.state.url import read_query
from hoam_core.files.assets import asset
from hoam_core.systems import Lattice

SIZE = (164, 132)  # twice what the strip shows


def rgb(palette) -> np.ndarray:
    """A palette as eight-bit colours (c, 3)."""
    return np.array([to_rgb(colour) for colour in palette]) * 255


def of_population(state: Exploration, shelf: Catalogue) -> Image.Image:
    """The full model's density at the time of the state."""
    system = shelf.systems[state.system]
    case = truth_case(system, tuple(state.mu.values()), state.seed)
    run = next(r for r in truth(case, system, state.ts, state.axes) if r.complete)
    counts, particles = run.counts(state.frame, state.axes), run.states.particles
    field = density(counts, particles, run.plane(state.axes), sigma_for(particles))
    # The root shows what is faint, too; a small picture has no colour bar that it could belie.
    levels = to_levels(cropped(np.sqrt(field)), float(np.sqrt(field.max())))
    colours = rgb(DENSITY)[levels.astype(int) * (len(DENSITY) - 1) // 255]
    return Image.fromarray(colours[::-1].astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)


def cropped(field: np.ndarray) -> np.ndarray:
    """The part of a density where there is something, with some air around it."""
    for axis in (0, 1):
        seen = np.flatnonzero((field > 0.12 * field.max()).any(axis=1 - axis))
        air = 4 + (seen[-1] - seen[0]) // 8
        field = np.take(field, range(max(seen[0] - air, 0), seen[-1] + air), axis, mode="clip")
    return field


def of_lattice(state: Exploration, shelf: Catalogue) -> Image.Image:
    """The cells of one run at the time of the state."""
    lattice = shelf.systems[state.system]
    case = Case(state.system, "", tuple(state.mu.values()), state.seed, 0)
    *_, view = lattice_view(case, shelf, state.ts[: state.frame + 1], state.axes)
    cells = view.cells[state.frame]
    if not lattice.cell_names:
        lows, highs = zip(*(c.view for c in lattice.components), strict=True)
        return of_fields(cells, (min(lows), max(highs)))
    flat = cells if cells.ndim == 2 else cells[0]
    levels = np.searchsorted(tuple(lattice.cell_names), flat)
    picture = Image.fromarray(rgb(CELLS)[levels][::-1].astype(np.uint8))
    return picture.resize(SIZE, Image.Resampling.NEAREST)


def of_fields(fields: np.ndarray, view: tuple[float, float]) -> Image.Image:
    """Curves along a line."""
    picture = Image.new("RGB", SIZE, "#101820")
    draw = ImageDraw.Draw(picture)
    for field, colour in zip(fields, FIELDS, strict=False):
        x = np.linspace(0, SIZE[0], len(field))
        y = SIZE[1] * (1 - (field - view[0]) / (view[1] - view[0]))
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=colour, width=3)
    return picture


def encoded(picture: Image.Image) -> bytes:
    """WebP, of the best quality that is small enough."""
    for quality in (82, 70, 55, 40, 25, 10):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=6)
        if len(buffer.getvalue()) <= MOST_BYTES // 2:
            break
    return buffer.getvalue()


def main() -> None:
    """All thumbnails, or those that are named."""
    shelf = catalogue()
    folder = asset("thumbnails")
    for name, scenario in scenarios().items.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        values = read_query(dict(parse_qsl(scenario.link[1:])), shelf).values
        state = Exploration(shelf, **values)
        make = of_lattice if isinstance(shelf.systems[state.system], Lattice) else of_population
        data = encoded(make(state, shelf))
        (folder / f"{name}.webp").write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
