"""A tiny training on as many devices as there are, for test_sharding.py: prints what it saw.

A process of its own, since JAX learns the number of devices when it starts.
"""

import json
import sys

import jax
import numpy as np

from hoam_core import fit
from hoam_core.data import Scaling
from hoam_core.training import adam
from hoam_core.training.devices import mesh_of
from hoam_core.training.experiment import build_method
from tests.conftest import tiny_ensemble, tiny_experiment


def main(method_name: str) -> None:
    """Train on one device and on all, and compare."""
    experiment, ensemble = tiny_experiment("oscillator", method_name), tiny_ensemble("oscillator")
    method = build_method(experiment, Scaling.of(ensemble))
    seen = []

    def spy(params, batch):
        seen.append(
            [getattr(batch, name).shape[a] for name, a in method.learner.batch_axes.items()]
        )
        return method.learner.loss(params, batch)

    found = {}
    for count in (1, len(jax.devices())):
        states = fit(
            method.learner._replace(loss=spy), ensemble, adam(3), jax.random.key(4), steps=3,
            mesh=mesh_of(count),
        )  # fmt: skip
        *_, found[count] = states
    one, many = found.values()
    leaves = [jax.tree.leaves(state.params) for state in (one, many)]
    difference = max(float(np.abs(np.subtract(*pair)).max()) for pair in zip(*leaves, strict=True))
    placed = {len(leaf.sharding.device_set) for leaf in leaves[1]}
    told = {
        "devices": len(jax.devices()), "particles": [seen[0], seen[-1]], "placed": sorted(placed),
        "losses": [one.losses.tolist(), many.losses.tolist()], "difference": difference,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
