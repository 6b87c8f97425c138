"""Compatible recordings as a collection: its training ensemble, and its system."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, floor, log10
from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from hoam_core.data import Ensemble
from hoam_core.systems import Recorded
from hoam_core.systems.base import Component, Parameter
from hoam_core.training.experiment import parameter_grid

# The most particles of each recording that a recorded system keeps, and the most bytes of all.
MOST_KEPT, MOST_BYTES = 8_192, 64 * 2**20
# How far beyond the recorded values a slider goes, in parts of their range.
ROOM = 0.1


@final
@dataclass(frozen=True, eq=False)
class Collection:
    """Recordings (m of them) that fill the grid of `axes`, with equal times and components."""

    title: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    axes: tuple[tuple[float, ...], ...]
    components: tuple[Component, ...]
    lengths: tuple[float | None, ...]
    ts: Float[np.ndarray, " t"]
    x: Float[np.ndarray, "m t n d"]
    paths: bool
    notes: tuple[str, ...] = ()

    def interior(self) -> list[tuple[str, float]]:
        """Parameter values that can be held out: those between two others."""
        pairs = zip(self.names, self.axes, strict=True)
        return [(name, value) for name, axis in pairs for value in axis[1:-1]]

    def system(self, held_out: tuple[str, float] | None = None) -> Recorded:
        """The recorded system; a value that is held out is its test value, not trained on."""
        parameters = []
        for name, axis in zip(self.names, self.axes, strict=True):
            held = held_out[1] if held_out and held_out[0] == name else None
            low, high = bounds(axis)
            train = tuple(value for value in axis if value != held)
            test = () if held is None else (held,)
            parameters.append(Parameter(name, name, low, high, train, test))
        if held_out is not None and held_out not in self.interior():
            known = ", ".join(f"{name} = {value:g}" for name, value in self.interior())
            raise ValueError(
                f"Argument `held_out` must be a recorded value between two others, but is "
                f"{held_out}; choose one of {known or '(none: record a third value)'}."
            )
        m, t, n, d = self.x.shape
        keep = 2 * (min(n, MOST_KEPT, MOST_BYTES // (4 * m * t * d)) // 2)
        stem = "".join(c if c.isalnum() else "-" for c in self.title.lower()).strip("-")[:24]
        files = ", ".join(self.files if len(self.files) < 6 else [*self.files[:4], "…"])
        return Recorded(
            f"own-{stem or 'data'}-{self._digest(held_out)}", self.title, f"Snapshots of {files}",
            tuple(parameters), self.components, self.lengths, self.axes, float(self.ts[-1]),
            np.ascontiguousarray(self.x[:, :, :keep]),
        )  # fmt: skip

    def _digest(self, held_out: tuple[str, float] | None) -> str:
        about = (self.title, self.names, self.axes, self.components, self.lengths, held_out)
        found = hashlib.sha256(repr(about).encode())
        found.update(np.ascontiguousarray(self.ts, "<f8").data)
        found.update(np.ascontiguousarray(self.x).data)
        return found.hexdigest()[:8]

    def sets(self) -> list[dict[str, float]]:
        """The parameter sets, in the order of x."""
        return [dict(zip(self.names, v, strict=True)) for v in product(*self.axes)]

    def training(self, system: Recorded) -> Ensemble:
        """All samples but those of the test values of the system."""
        trained = {p.name: p.train for p in system.parameters}
        rows = [
            i for i, values in enumerate(self.sets())
            if all(value in trained[name] for name, value in values.items())
        ]  # fmt: skip
        mu = parameter_grid(tuple(p.train for p in system.parameters))
        return Ensemble(mu, jnp.asarray(self.ts, mu.dtype), jnp.asarray(self.x[rows], mu.dtype))


def bounds(axis: Sequence[float]) -> tuple[float, float]:
    """Slider bounds: a little beyond the values on both sides, in round numbers."""
    room = ROOM * (axis[-1] - axis[0])
    unit = 10.0 ** floor(log10(room))
    low, high = floor((axis[0] - room) / unit) * unit, ceil((axis[-1] + room) / unit) * unit
    # A parameter that is always positive should not become negative because of its slider.
    low = max(low, 0.0) if axis[0] > 0 else low
    return float(f"{low:.12g}"), float(f"{high:.12g}")
