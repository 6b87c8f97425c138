"""The checkpoint of a training: the arrays of parameters and optimiser, the step, the experiment.

Like a model's files it holds numbers and text only, and is written completely or not at all.
"""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PRNGKeyArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from hoam_core.data import Ensemble, Increments, Means
from hoam_core.files.json_text import json_text
from hoam_core.methods.base import Learner
from hoam_core.storage.datasets import whole_file
from hoam_core.training.experiment import Experiment
from hoam_core.training.fit import TrainState

CHECKPOINT = "checkpoint.safetensors"


def _leaves(state: TrainState) -> list[np.ndarray]:
    return [np.array(a, order="C") for a in jax.tree.leaves((state.params, state.optimizer_state))]


def write_checkpoint(path: Path, experiment: Experiment, state: TrainState) -> None:
    """Write the state of a training of an experiment."""
    about = {"step": str(state.step), "experiment": json_text(_plain(experiment))}
    arrays = {f"{i:05d}": leaf for i, leaf in enumerate(_leaves(state))}
    with whole_file(path) as part:
        part.write_bytes(save_arrays(arrays, metadata=about))


def read_checkpoint(
    path: Path, experiment: Experiment, learner: Learner,
    optimizer: optax.GradientTransformation, data: Ensemble | Increments | Means, key: PRNGKeyArray,
) -> TrainState | None:  # fmt: skip
    """The state from which to resume a training; None if there is no file.

    Raises ValueError for the checkpoint of another experiment and for a damaged one.
    """
    if not path.is_file():
        return None
    arrays, step, stored = _stored(path)
    if _plain(stored) != _plain(experiment):
        raise ValueError(
            "The checkpoint belongs to another experiment; use the same options as before, or "
            f"remove {str(path)!r} to start anew."
        )
    params = learner.init(key, learner.prepare(data))
    usual, structure = jax.tree.flatten((params, optimizer.init(params)))
    found = [arrays[name] for name in sorted(arrays)]
    if [a.shape for a in found] != [jnp.shape(a) for a in usual] or step < 0:
        raise _damaged(path)
    params, optimizer_state = jax.tree.unflatten(structure, map(jnp.asarray, found))
    return TrainState(step, params, optimizer_state, np.zeros(0))


def _stored(path: Path) -> tuple[dict[str, np.ndarray], int, Experiment]:
    stored = path.read_bytes()
    try:
        arrays = load_arrays(stored)
        length = int.from_bytes(stored[:8], "little")
        about = json.loads(stored[8 : 8 + length])["__metadata__"]
        return arrays, int(about["step"]), Experiment.from_json(json.loads(about["experiment"]))
    except Exception as error:  # damaged bytes make the parsers raise anything
        raise _damaged(path) from error


def _damaged(path: Path) -> ValueError:
    return ValueError(f"The checkpoint is damaged; remove {str(path)!r} to start anew.")


def unfinished(folder: str | Path) -> tuple[Experiment, int] | None:
    """Experiment and step of the checkpoint in a folder; None if there is none.

    Raises ValueError for a damaged one.
    """
    path = Path(folder) / CHECKPOINT
    if not path.is_file():
        return None
    _, step, experiment = _stored(path)
    return experiment, step


def _plain(experiment: Experiment) -> dict[str, Any]:
    return json.loads(json_text(experiment.to_json()))
