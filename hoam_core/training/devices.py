"""A training step on several devices: each takes its share of the particles of every batch.

A loss is a mean over the particles of its batch, so it is the mean of the losses of equal shares,
and its gradient is the mean of their gradients. Parameters and training data are on every device; a
step exchanges one gradient. The batch is drawn with the same key whatever the number of devices, so
that parameters equal those of one device up to rounding.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from hoam_core.checks import check_count
from hoam_core.methods.base import Batch, Learner, Params

Loss = Callable[[Params, Batch], jax.Array]
AXIS = "particles"


def mesh_of(devices: int) -> Mesh:
    """A one-dimensional mesh of the first `devices` devices; ValueError if there are fewer."""
    devices = check_count("devices", devices)
    found = jax.devices()
    if devices > len(found):
        raise ValueError(
            f"Argument `devices` must be at most {len(found)}, which is what JAX sees here, but is "
            f"{devices}; XLA_FLAGS=--xla_force_host_platform_device_count={devices} divides a CPU."
        )
    return Mesh(np.array(found[:devices]), (AXIS,))


def check_sharable(learner: Learner, mesh: Mesh) -> None:
    """Raises ValueError for a method that has no batches."""
    if not learner.batch_axes:
        raise ValueError(
            "Argument `devices` must be 1 for this method, which learns without batches to share, "
            f"but is {mesh.size}."
        )


def replicated(tree: Any, mesh: Mesh) -> Any:
    """The arrays of a tree, replicated on every device."""
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def shared_loss(loss: Loss, batch_axes: Mapping[str, int], batch: Batch, mesh: Mesh) -> Loss:
    """The loss of a method, with each batch divided among the devices of a mesh.

    `batch_axes` are those of the method; of `batch` only the shapes matter. Raises ValueError where
    its particles cannot be shared equally.
    """

    def spec(name: str) -> PartitionSpec:
        if name not in batch_axes:
            return PartitionSpec()
        axis = batch_axes[name]
        particles = getattr(batch, name).shape[axis]
        if particles % mesh.size:
            raise ValueError(
                f"Argument `devices` must divide the {particles} particles of a batch, but is "
                f"{mesh.size}; choose another number, or other `samples`."
            )
        return PartitionSpec(*[None] * axis, AXIS)

    def share(params, batch):
        return jax.lax.pmean(loss(params, batch), AXIS)

    specs = batch._make(spec(name) for name in batch._fields)
    return jax.shard_map(
        share, mesh=mesh, in_specs=(PartitionSpec(), specs), out_specs=PartitionSpec()
    )
