"""Runs of the full models: in one call, in pieces with progress, and for training."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_times
from hoam_core.data import Ensemble
from hoam_core.numerics.loading import LOADINGS, Loading, quiet
from hoam_core.seeds import run_keys, seed_key
from hoam_core.storage.datasets import to_dataset
from hoam_core.systems import Lattice, System, get_system
from hoam_core.training.experiment import Experiment, parameter_grid


class Piece(NamedTuple):
    """States x (t, n, d) at times ts (t,), and the share of the run that is done."""

    ts: np.ndarray
    x: Float[Array, "t n d"]
    done: float


def simulate_pieces(
    system: System,
    key: PRNGKeyArray,
    mu: Float[Array, " p"],
    x0: Float[Array, "n d"],
    ts: np.ndarray,
    *,
    saves: int = 10,
) -> Iterator[Piece]:
    """Run the full model in pieces of `saves` saved times; stop by not asking for the next."""
    check_times(ts)
    lift_key, key = jax.random.split(key)
    state = system.lift(lift_key, mu, x0)
    yield Piece(ts[:1], x0[None], 0.0)
    for i, start in enumerate(range(0, len(ts) - 1, saves)):
        times = ts[start : start + saves + 1]
        # All pieces have one shape, so that they share one compilation; a step of zero is free.
        padded = np.concatenate([times, np.full(saves + 1 - len(times), times[-1])])
        state, x = system.advance(jax.random.fold_in(key, i), mu, state, padded)
        yield Piece(times[1:], x[1 : len(times)], (start + len(times) - 1) / (len(ts) - 1))


def start_truth(
    system: System, mu: Float[Array, " p"], particles: int, seed: int, loading: Loading = quiet
) -> tuple[Float[Array, "n d"], PRNGKeyArray]:
    """Initial samples of a truth run, and the key for the rest of the run."""
    first, rest = run_keys(seed, "truth")
    return system.initial(first, mu, particles, loading), rest


def simulate(
    system: System | str,
    parameters: Mapping[str, float],
    *,
    particles: int = 16_384,
    seed: int = 0,
    t_end: float | None = None,
    n_times: int | None = None,
    loading: Loading = quiet,
) -> xr.Dataset:
    """A run of the full model, in physical units, saved at `n_times` times from 0 to `t_end`.

    Raises ValueError for an unknown system, a parameter outside its bounds or an empty population.
    """
    if isinstance(system, str):
        system = get_system(system)
    steps = simulate_steps(
        system, parameters, particles=particles, seed=seed, t_end=t_end, n_times=n_times,
        loading=loading,
    )  # fmt: skip
    *_, (_, run) = steps
    return run


def simulate_steps(
    system: System, parameters: Mapping[str, float], *, particles: int, seed: int,
    t_end: float | None = None, n_times: int | None = None, loading: Loading = quiet,
) -> Iterator[tuple[float, xr.Dataset]]:  # fmt: skip
    """`simulate` as a generator of (share done, run so far), for progress and cancel.

    The run is empty until it is done.
    """
    mu = system.vector(parameters)
    ts = system.times(t_end, n_times)
    x0, key = start_truth(system, mu, particles, seed, loading)
    pieces = []
    for piece in simulate_pieces(system, key, mu, x0, ts):
        pieces.append(piece.x)
        yield min(piece.done, 0.99), xr.Dataset()
    x = jnp.concatenate(pieces)
    yield 1.0, to_dataset(system, mu, ts, x, seed=seed, method="full-model")


def lattice_pieces(
    lattice: Lattice, mu: Float[Array, " p"], ts: np.ndarray, *, runs: int = 1, seed: int = 0
) -> Iterator[tuple[np.ndarray, Float[Array, "r k"]]]:
    """Run a lattice; at every time yield the cells of the first run and all runs' observables."""
    check_times(ts)
    z0, key = start_truth(lattice, mu, runs, seed)
    lift_key, key = jax.random.split(key)
    state = lattice.lift(lift_key, mu, z0)
    yield lattice.picture(state), lattice.observe(state)
    for i in range(len(ts) - 1):
        state, z = lattice.advance(jax.random.fold_in(key, i), mu, state, ts[i : i + 2])
        yield lattice.picture(state), z[1]


def training_runs(experiment: Experiment) -> Iterator[Float[Array, "t n d"]]:
    """The full-model run of every training parameter set, in the order of the grid."""
    system = get_system(experiment.system)
    key = seed_key(experiment.seed, "train")
    for i, mu in enumerate(parameter_grid(experiment.axes)):
        start_key, run_key = jax.random.split(jax.random.fold_in(key, i))
        loading = LOADINGS[experiment.loading]
        x0 = system.initial(start_key, mu, experiment.particles, loading)
        yield system.simulate(run_key, mu, x0, experiment.times)


def as_ensemble(experiment: Experiment, runs: list[Float[Array, "t n d"]]) -> Ensemble:
    """The runs of `training_runs` as one ensemble."""
    ts = jnp.asarray(experiment.times, runs[0].dtype)
    return Ensemble(parameter_grid(experiment.axes), ts, jnp.stack(runs))


def training_ensemble(experiment: Experiment) -> Ensemble:
    """All training data of an experiment, at once."""
    return as_ensemble(experiment, list(training_runs(experiment)))
