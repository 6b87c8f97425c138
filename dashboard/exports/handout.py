"""The offline hand-out: one HTML file with the pictures, curves, words and player of a view.

It loads nothing from any host, which its own security policy enforces. Frames are stacked in a grey
PNG, one byte per cell, which the page colours for light or dark; where they would make the file
larger than it should be, every second one is left out.
"""

import base64
import io
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from dashboard.content.lessons import mathml
from dashboard.exports.film import palette
from dashboard.view.animation import AnimatedChart, Animation, Image, Lines, Side
from dashboard.view.base import Exportable
from hoam_core.files.json_text import json_text

FOLDER = Path(__file__).parent
MOST_BYTES = 2_600_000
# Browsers refuse pictures with more rows than this.
MOST_ROWS = 16_000
TEMPLATE, PLAYER = FOLDER / "handout.html", FOLDER / "handout.js"


def handout(exportable: Exportable) -> Iterator[bytes | None]:
    """The file of a material that has a reel; None after each picture that is packed."""
    if exportable.animation is None:
        raise ValueError("There is nothing to animate; save the numbers instead.")
    animation, stride = exportable.animation(), 1
    while True:
        frames = range(0, len(animation.ts), stride)
        scenes = []
        for scene in animation.scenes:
            scenes.append(_scene(scene, frames))
            yield None
        tall = max(len(frames) * scene["cells"][1] for scene in scenes) > MOST_ROWS
        large = sum(len(scene["data"]) for scene in scenes) > MOST_BYTES
        if len(frames) < 4 or not (tall or large):
            break
        stride *= 2
    ts = animation.ts[::stride]
    data = {
        "ts": _round(ts), "end": animation.end,
        "start": int(np.argmin(np.abs(ts - animation.shown_at))),
        "scenes": scenes, "charts": [_chart(chart) for chart in animation.charts],
    }  # fmt: skip
    yield _page(exportable, animation, data).encode()


def _page(exportable: Exportable, animation: Animation, data: dict) -> str:
    about = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in animation.about)
    if animation.equations:
        about += f"<dt>equations</dt><dd>{mathml(animation.equations, {})}</dd>"
    parts = {
        "title": escape(animation.title), "about": about,
        "words": escape(exportable.description.removeprefix(f"{animation.title}. ")),
        "script": escape(exportable.script), "player": PLAYER.read_text(),
        # A tag inside a string would end the script.
        "data": json_text(data, separators=(",", ":")).replace("<", "\\u003c"),
    }  # fmt: skip
    page = TEMPLATE.read_text()
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    return page


def _scene(scene: Image | Lines, frames: range) -> dict:
    if isinstance(scene, Lines):
        rows = [_rows(scene, i) for i in frames]
        keys = list(zip(("var(--first)", "var(--second)"), scene.names, strict=False))
        shown = {
            "kind": "lines",
            "sides": f"{scene.low:g} to {scene.high:g}, along the line",
        }
    else:
        # The first row of a picture is its lowest.
        rows = [scene.levels(i)[::-1] for i in frames]
        keys = [(scene.light[key.level], key.name) for key in scene.keys]
        x, y = scene.x, scene.y
        shown = {
            "kind": "image", "scale": scene.scale, "plane": None if keys else _plane(x, y),
            "sides": f"{x.label}, {x.low:.4g} to {x.high:.4g}; up: {y.label}, {y.low:.4g} to "
            f"{y.high:.4g}" + (f"; {scene.note}" if scene.note else ""),
            "light": palette(scene.light).tolist(), "dark": palette(scene.dark).tolist(),
        }  # fmt: skip
    ny, nx = rows[0].shape
    return shown | {
        "title": scene.title, "keys": keys, "cells": [nx, ny], "data": _png(np.concatenate(rows)),
    }  # fmt: skip


def _plane(*sides: Side) -> list[list[float]]:
    """The range of each side of a picture, for the numbers along it."""
    return [_round(np.array([side.low, side.high])) for side in sides]


def _rows(lines: Lines, frame: int) -> np.ndarray:
    share = (lines.rows(frame) - lines.low) / (lines.high - lines.low)
    return (255 * np.clip(share, 0, 1) + 0.5).astype(np.uint8)


def _png(levels: np.ndarray) -> str:
    file = io.BytesIO()
    Pillow.fromarray(levels).save(file, "PNG", compress_level=9)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _chart(chart: AnimatedChart) -> dict:
    low, high = chart.limits()
    curves = []
    for curve in chart.curves:
        finite = np.isfinite(np.asarray(curve.y, float))
        curves.append(
            {"kind": curve.kind, "name": curve.name, "t": _round(curve.t[finite]),
             "y": _round(curve.y[finite])}
        )  # fmt: skip
    return {"title": chart.heading, "log": chart.log, "low": low, "high": high, "curves": curves}


def _round(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in np.asarray(values, float)]
