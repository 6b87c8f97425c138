"""Jobs for lattices: a live lattice, the learned drift, and its resting states.

One generator makes all three, the quickest first, and yields whatever it has so far. Complete
results are cached: for a slider that moves back, another plane, and the diagram, which does not
depend on the parameter that it sweeps.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dashboard.runs.cache import LIMITS, Memory
from dashboard.runs.catalogue import Offer
from dashboard.runs.pictures import Ranges
from dashboard.runs.run import Axes, Case, named
from hoam_core import Model
from hoam_core.simulation import lattice_pieces
from hoam_core.systems import Lattice

ARROWS = (13, 9)
POINTS = 81
PATHS = 256
SWEPT = 17
# Frames of the lattice between two values, so that a moved slider stops the run at once.
TOGETHER = 10


class Drift(NamedTuple):
    """Where the learned drift is drawn, its values there, and those of the infinite system."""

    z: Float[np.ndarray, "n k"]
    learned: Float[np.ndarray, "n k"]
    exact: Float[np.ndarray, "n k"] | None


class LatticeSweep(NamedTuple):
    """Observables at the last time against the first parameter, as far as they are known.

    The exact `limit` is that of the first one.
    """

    values: Float[np.ndarray, " s"]
    mean: Float[np.ndarray, "q k"]
    spread: Float[np.ndarray, "q k"]
    limit: Float[np.ndarray, " s"] | None

    @property
    def complete(self) -> bool:
        """Whether all values have been computed."""
        return len(self.mean) == len(self.values)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(array.nbytes for array in self if array is not None)


lived: Memory[np.ndarray] = Memory(LIMITS["lattices"])
swept: Memory[LatticeSweep] = Memory(LIMITS["lattice sweeps"])


class LatticeView(NamedTuple):
    """What a lattice shows besides its paths; the cells (t, *cells) of one run so far."""

    case: Case
    cells: np.ndarray | None = None
    drift: Drift | None = None
    sweep: LatticeSweep | None = None

    @property
    def complete(self) -> bool:
        """Whether everything that a model can add is there."""
        return self.sweep is not None and self.sweep.complete


def lattice_view(case: Case, catalogue: Offer, ts: np.ndarray, axes: Axes) -> Iterator[LatticeView]:
    """A view that fills while it is computed."""
    lattice = catalogue.systems[case.system]
    if not isinstance(lattice, Lattice):
        return
    model = catalogue.model(case.model, case.share) if case.model else None
    mu = lattice.vector(named(lattice, case))
    whole = (case.system, case.mu, case.seed, len(ts), float(ts[-1]))
    diagram = (case.system, case.model, case.share, case.mu[1:], case.seed)
    view = LatticeView(case, cells=lived.get(whole), sweep=swept.get(diagram))
    if model is not None:
        view = view._replace(drift=_drift(model, lattice, mu, axes))
    if any(part is not None for part in view[1:]):
        yield view
    if view.cells is None:
        for cells in _live(lattice, mu, ts, case.seed):
            view = view._replace(cells=cells)
            yield view
        if view.cells is not None:
            lived.put(whole, view.cells)
    if model is not None and view.sweep is None:
        for sweep in _sweep(model, lattice, mu, case.seed):
            view = view._replace(sweep=sweep)
            yield view
        if view.sweep is not None:
            swept.put(diagram, view.sweep)


def _live(lattice: Lattice, mu, ts: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    cells = []
    for picture, _ in lattice_pieces(lattice, mu, ts, seed=seed):
        cells.append(picture)
        if len(cells) % TOGETHER == 0 or len(cells) == len(ts):
            yield np.stack(cells)


@lru_cache(maxsize=64)
def _compiled(coefficients: Callable) -> Callable[[Any, Any, Any], Any]:
    """Drift at many z; one compilation for each model."""
    return jax.jit(lambda params, z, mu: jax.vmap(lambda one: coefficients(params, one, mu)[0])(z))


def _drift(model: Model, lattice: Lattice, mu, axes: Axes) -> Drift | None:
    if model.method.coefficients is None:
        return None
    ranges = Ranges.of(lattice, tuple(np.asarray(mu)))
    h, v = axes
    if h == v:
        z = np.linspace(ranges.low[h], ranges.high[h], POINTS)[:, None]
    else:
        sides = (
            np.linspace(ranges.low[i], ranges.high[i], n + 2)[1:-1]
            for i, n in zip(axes, ARROWS, strict=True)
        )
        x, y = (side.ravel() for side in np.meshgrid(*sides))
        z = np.tile(np.asarray(model.scaling.shift), (len(x), 1))
        z[:, h], z[:, v] = x, y
    points = jnp.asarray(z, jnp.float32)
    learned = _compiled(model.method.coefficients)(model.params, points, mu)
    exact = lattice.limit_drift(points, mu)
    return Drift(z, np.asarray(learned), None if exact is None else np.asarray(exact))


def _sweep(model: Model, lattice: Lattice, mu, seed: int) -> Iterator[LatticeSweep]:
    low, high = next(iter(model.trained_range().values()))
    values = np.linspace(low, high, SWEPT)
    others = [jnp.asarray(mu).at[0].set(value) for value in values]
    known = [lattice.limit(one) for one in others]
    limit = None if None in known else np.array(known, float)
    ts = np.array([0.0, model.experiment.t_end])
    mean, spread = [], []
    for one in others:
        start = model.start(lattice.named(one), PATHS, seed)
        end = np.asarray(model.sample(start.x0, ts, start.mu, start.key)[-1])
        mean.append(end.mean(axis=0))
        spread.append(end.std(axis=0))
        yield LatticeSweep(values, np.array(mean), np.array(spread), limit)
