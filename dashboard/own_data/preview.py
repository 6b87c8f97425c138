"""What was found in files: a table with small pictures of each population, as plain HTML.

The pictures are made once and do not move, so they are PNG in the page rather than figures: twenty
files with three pictures each would be sixty of those.
"""

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from dashboard.parts.colours import DENSITY
from dashboard.parts.html import SOFT
from dashboard.runs.pictures import Plane, density, sigma_for, to_levels
from dashboard.runs.units import with_unit
from hoam_core.recorded.collection import Collection

CELLS = (96, 64)
STYLE = f"""
.own-table {{ overflow-x: auto; }}
.own-table img {{ display: block; width: 150px; height: 100px; border-radius: 4px; }}
.own-table thead th.picture {{ text-align: left; }}
.own-table td.file {{ text-align: left; }}
.own-table td, .own-table th {{ vertical-align: middle; }}
.own-table td.picture {{ padding: 4px 0 4px 8px; }}
.own-table figure {{ margin: 0; }}
@media (max-width: 599px) {{ .own-table img {{ width: 78px; height: 52px; }} }}
.own-table caption {{ text-align: left; {SOFT} padding: 0 0 6px; }}
"""


class Row(NamedTuple):
    """A file: its parameters, particles found, and a PNG of its first, middle and last time."""

    file: str
    parameters: Mapping[str, float]
    found: int
    pictures: tuple[bytes, ...]


def plane_of(collection: Collection) -> tuple[int, int]:
    """The first position and the first momentum, or simply the first two components."""
    d = len(collection.components)
    circles = [i for i, length in enumerate(collection.lengths) if length is not None]
    free = [i for i in range(d) if i not in circles]
    if circles and free:
        return circles[0], free[0]
    return 0, (d // 2 if d % 2 == 0 else min(1, d - 1))


def frames_of(collection: Collection) -> tuple[int, int, int]:
    """Indices of the first, middle and last time."""
    last = len(collection.ts) - 1
    return 0, last // 2, last


def rows_of(collection: Collection, found: Mapping[str, int]) -> list[Row]:
    """A row for each file; all pictures share one colour scale."""
    axes = plane_of(collection)
    h, v = (collection.components[i].view for i in axes)
    closes = tuple(length is not None for length in collection.lengths)
    plane = Plane(axes, (h[0], v[0]), (h[1], v[1]), (closes[axes[0]], closes[axes[1]]))
    fields = [
        [_field(population[frame], plane) for frame in frames_of(collection)]
        for population in collection.x
    ]
    limit = float(np.percentile(np.array(fields), 99.7)) or 1.0
    files = zip(collection.files, collection.sets(), fields, strict=True)
    return [
        Row(file, values, found[file], tuple(_png(field, limit) for field in three))
        for file, values, three in files
    ]


def _field(x: np.ndarray, plane: Plane) -> np.ndarray:
    edges = [np.linspace(plane.low[i], plane.high[i], CELLS[i] + 1) for i in (0, 1)]
    counts, *_ = np.histogram2d(x[:, plane.axes[1]], x[:, plane.axes[0]], edges[::-1])
    return density(counts, len(x), plane, 0.7 * sigma_for(len(x)))


def _png(field: np.ndarray, limit: float) -> bytes:
    picture = Image.fromarray(to_levels(field, limit)[::-1], "P")
    picture.putpalette(b"".join(bytes.fromhex(colour[1:]) for colour in DENSITY))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def table(collection: Collection, rows: list[Row]) -> str:
    """The table of the files."""
    ts, axes = collection.ts, plane_of(collection)
    names = [collection.components[i].name for i in axes]
    times = [f"t = {ts[i]:.3g}" for i in frames_of(collection)]
    heads = [*collection.names, "particles"]
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in heads)
    head += "".join(f"<th scope='col' class='picture'>{one}</th>" for one in [*times, "file"])
    used = collection.x.shape[2]
    lines = "".join(_line(row, names, times, used) for row in rows)
    caption = (
        f"{len(rows)} populations, {len(ts)} times from 0 to {ts[-1]:.4g}; the pictures show "
        f"{escape(names[1])} over {escape(names[0])}."
    )
    return (
        f"<style>{STYLE}</style><div class='own-table' tabindex='0' role='region' "
        f"aria-label='Files and previews'><table><caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _line(row: Row, names: list[str], times: list[str], used: int) -> str:
    values = "".join(f"<th scope='row'><b>{value:g}</b></th>" for value in row.parameters.values())
    told = ", ".join(f"{name} = {value:g}" for name, value in row.parameters.items())
    pictures = "".join(
        f"<td class='picture'><img src='data:image/png;base64,{base64.b64encode(png).decode()}' "
        f"alt='Density of {escape(names[1])} over {escape(names[0])}, {escape(told)}, {time}'></td>"
        for png, time in zip(row.pictures, times, strict=True)
    )
    count = f"{row.found:,}" if row.found == used else f"{used:,} of {row.found:,}"
    return f"<tr>{values}<td>{count}</td>{pictures}<td class='file'>{escape(row.file)}</td></tr>"


def details(collection: Collection) -> str:
    """Components, what is periodic, and what was done to the data."""
    pieces = []
    for component, length in zip(collection.components, collection.lengths, strict=True):
        name = with_unit(component.name, component.unit)
        closes = f"periodic with length {length:g}" if length is not None else "free"
        pieces.append(f"<li><b>{escape(name)}</b>, {closes}</li>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in collection.notes)
    style = "margin: 2px 0; padding-left: 18px"
    return f"<h3>Components</h3><ul style='{style}'>{''.join(pieces)}{notes}</ul>"


def verdict(errors: Mapping[str, Any], title: str) -> str:
    """The model's error at the held-out value, beside the noise floor."""
    told = ", ".join(f"{name} = {value:g}" for name, value in errors["parameters"].items())
    lines = "".join(
        f"<tr><th scope='row'>t = {row['t']:.3g}</th><td><b>{row['value']:.2g}</b></td>"
        f"<td>{row['floor']:.2g}</td><td>{row['ratio']:.2f}</td></tr>"
        for row in errors["w2"]
    )
    return (
        f"<h3>{escape(title)} at {escape(told)}, which was not used for training</h3><table><thead>"
        "<tr><th scope='col'>W₂² to the recording</th><th scope='col'>model</th>"
        "<th scope='col'>noise floor</th><th scope='col'>ratio</th></tr></thead>"
        f"<tbody>{lines}</tbody></table><p class='soft'>The floor is the distance between two "
        "halves of the recording; a ratio near one cannot be told from noise.</p>"
    )
