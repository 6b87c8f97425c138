"""Samples of a training's current model beside the data it learns from, as plain arrays.

Both are populations at the last time, at the middle training parameters, drawn in the same way.
"""

import time
from typing import NamedTuple, final

import jax
import numpy as np
from jaxtyping import Float

from dashboard.runs.pictures import Plane, Ranges, density, limits, misplaced, sigma_for
from dashboard.runs.states import digest
from hoam_core import Ensemble, Model

PARTICLES = 4_096
SECONDS_APART = 0.5
# Pictures may take this share of the time of a training, and no more.
SHARE = 0.2


class Preview(NamedTuple):
    """Densities (ny, nx) of model and data in one plane; `difference` is the mass in the wrong
    place, None if samples of the model have diverged.
    """

    step: int
    mu: dict[str, float]
    t: float
    plane: Plane
    limit: float
    model: Float[np.ndarray, "ny nx"]
    data: Float[np.ndarray, "ny nx"]
    difference: float | None


def see(model: Model, data: Ensemble, axes: tuple[int, int], step: int) -> Preview:
    """Roll out the start of one training run with the model, and compare the final states."""
    i, ts = data.mu.shape[0] // 2, model.experiment.times[[0, -1]]
    mu, run = data.mu[i], data.x[i, :, :PARTICLES]
    made = model.sample(run[0], ts, mu, jax.random.key(step))[-1:]
    values = tuple(model.system.named(mu).values())
    ranges = Ranges.of(model.system, values)
    plane, n = ranges.plane(axes), run.shape[1]
    found = [digest(x, ranges, 1) for x in (made, run[-1:])]
    counts = [one.states.counts(0, axes) for one in found]
    fields = [density(c, n, plane, sigma_for(n)) for c in counts]
    difference = misplaced(fields[0], fields[1], plane) if found[0].finite else None
    limit = limits(counts[1][None], n, plane).density
    named = model.system.named(mu)
    return Preview(step, named, float(ts[-1]), plane, limit, fields[0], fields[1], difference)


@final
class Watcher:
    """Decides when to make a preview, so that previews never take much of a training's time."""

    def __init__(self, axes: tuple[int, int]):
        self._axes, self._cost, self._looked = axes, 0.0, 0.0
        self.preview: Preview | None = None

    def look(self, model: Model, data: Ensemble, step: int, last: bool) -> None:
        """Make a preview if it is due, and in any case at the last step."""
        start = time.monotonic()
        pause = max(SECONDS_APART, self._cost * (1 / SHARE - 1))
        if not last and start - self._looked < pause:
            return
        first = self.preview is None
        self.preview = see(model, data, self._axes, step)
        self._looked = time.monotonic()
        # The first preview includes compilation, which does not delay the next ones.
        self._cost = 0.0 if first else self._looked - start
