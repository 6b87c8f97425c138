"""Pictures of results: one style, colour-blind-safe colours, files under 200 kB."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hoam_core.storage.datasets import whole_file

COLOURS = {
    "truth": "#222222", "galerkin": "#0072B2", "hybrid": "#56B4E9", "hoam-gauss": "#009E73",
    "hoam-simpson": "#66C2A5", "am": "#D55E00", "dice": "#CC79A7", "cfm": "#E69F00",
    "ncsm": "#999933", "colora": "#0072B2", "film": "#E69F00", "mlp": "#D55E00",
    "ftm": "#AA3377", "wave": "#228833",
}  # fmt: skip
STYLE: Any = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
    "legend.frameon": False, "figure.constrained_layout.use": True, "savefig.dpi": 110,
}  # fmt: skip


@contextmanager
def panels(
    path: Path, rows: int, columns: int, size: tuple[float, float] = (3.4, 2.7)
) -> Generator[tuple[Figure, list[Axes]]]:
    """A figure of rows x columns axes, saved as PNG when the block ends without an error."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False
        )
        try:
            yield figure, list(axes.ravel())
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part:
                figure.savefig(part, format="png")
        finally:
            plt.close(figure)
