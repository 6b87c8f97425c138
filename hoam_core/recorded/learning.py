"""Learn a model from recorded snapshots, and judge it without a full model.

One parameter value is held out. One half of its recording is the truth; the other half is both the
initial samples of the model and the second truth, which gives the noise floor. The model never sees
the particles that it is compared with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from hoam_core.checks import DivergedError, lookup
from hoam_core.evaluation import snapshots
from hoam_core.learning import Progress, learn
from hoam_core.methods import METHODS
from hoam_core.metrics import over_subsets, transport_distance
from hoam_core.models.files import save_model
from hoam_core.models.model import Model
from hoam_core.recorded.collection import Collection
from hoam_core.seeds import seed_key
from hoam_core.systems import register
from hoam_core.training.experiment import default_experiment


def learn_recorded(
    collection: Collection,
    folder: str | Path,
    *,
    method: str = "galerkin",
    held_out: tuple[str, float] | None = None,
    every: int = 100,
    **changes: Any,
) -> Iterator[Progress]:
    """Fit a method to recordings, judge it at the value that is held out, save into `folder`.

    `changes` are fields of the `Experiment`, such as seed, steps or options. Raises ValueError for
    a value that cannot be held out and for a method that needs paths if the files have none.
    """
    if lookup(method, METHODS, "method").needs_trajectories and not collection.paths:
        raise ValueError(
            f"Method {method!r} follows particles, but particles change places in these files; use "
            "'galerkin', 'cfm' or 'ncsm', or write ids of the particles."
        )
    system = register(collection.system(held_out))
    shape = {"n_times": len(collection.ts), "t_end": float(collection.ts[-1])}
    network = changes.pop("network", None)
    experiment = default_experiment(
        system, method, network=network, particles=collection.x.shape[2], **{**shape, **changes}
    )
    last, ensemble = None, collection.training(system)
    for last in learn(experiment, folder, every=every, judge=False, ensemble=ensemble):
        if last.stage != "saved":
            yield last
    if last is None or last.model is None:
        raise RuntimeError("The training ended without a model.")
    model, errors = last.model, []
    held = [p for p in collection.sets() if held_out and p[held_out[0]] == held_out[1]]
    for i, parameters in enumerate(held):
        found: dict[str, Any] = {}
        for j, found in enumerate(judge(model, collection, parameters)):  # noqa: B007 -- the last
            yield Progress("judging", 4 * i + j, 4 * len(held), model=model)
        errors.append(found)
    model = replace(model, errors=tuple(errors))
    save_model(model, folder)
    yield Progress("saved", 1, 1, last.losses, model)


def judge(
    model: Model, collection: Collection, parameters: Mapping[str, float], *, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """W_2^2 to a recording at half and full time beside its floor, in the layout of `evaluate`.

    A generator of four values, since exact transport is slow; the last is the complete result.
    Raises DivergedError where the model's samples are not finite.
    """
    population = collection.x[collection.sets().index(dict(parameters))]
    n = population.shape[1] // 2
    truth, second = population[:, :n], population[:, n : 2 * n]
    mu, times = model.system.vector(parameters), snapshots(collection.ts)
    frames = [len(collection.ts) // 2, len(collection.ts) - 1]
    x0 = jnp.asarray(second[0], mu.dtype)
    found = np.asarray(model.sample(x0, np.array([0.0, *times]), mu, seed_key(seed, "judge")))
    if not np.all(np.isfinite(found)):
        raise DivergedError(
            f"Model {model.name!r} diverged at {dict(parameters)}, which was held out, and is of "
            "no use there; record more values or times, or take another method."
        )
    distance, domain = transport_distance(population.shape[2]), model.system.domain(mu)
    rows: list[dict[str, float]] = []
    told = {
        "model": model.name, "parameters": dict(parameters), "particles": n, "seed": seed,
        "w2": rows,
    }  # fmt: skip
    for t, frame, mine in zip(times, frames, found[1:], strict=True):
        values = []
        for other in (mine, second[frame]):
            # One generator for both, so that both meet the same subsets of the truth.
            rng = np.random.default_rng(seed)
            scale = model.scaling.scale
            values.append(over_subsets(distance, truth[frame], other, domain, scale, rng))
            if len(values) == 2:
                value, floor = values
                rows.append({"t": t, "value": value, "floor": floor, "ratio": value / floor})
            yield told
