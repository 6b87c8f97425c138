"""A training step on several devices: each takes its share of the particles of every batch.

A loss is a mean over the particles of its batch, so that it is the mean of the losses of equal
shares, and its gradient is the mean of theirs. Parameters and training data are on every device; a
step exchanges one gradient. The batch is drawn by the same key whatever the number of devices, so
that parameters are those of one device to rounding.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from hoam_core.checks import check_count
from hoam_core.methods.base import Batch, Method, Params

Loss = Callable[[Params, Batch], jax.Array]
AXIS = "particles"


def first_devices(count: int) -> list[jax.Device]:
    """So many of the devices that JAX sees here; ValueError where there are fewer."""
    check_count("devices", count)
    found = jax.devices()
    if count > len(found):
        raise ValueError(
            f"Argument `devices` must be at most {len(found)}, which is what JAX sees here, but is "
            f"{count}; a CPU is divided by XLA_FLAGS=--xla_force_host_platform_device_count={count}"
            "."
        )
    return found[:count]


def mesh_of(devices: Sequence[jax.Device]) -> Mesh:
    """The devices in a row."""
    return Mesh(np.array(devices), (AXIS,))


def replicated(tree: Any, mesh: Mesh) -> Any:
    """The arrays of a tree, whole on every device."""
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def check_sharable(method: Method, devices: int) -> None:
    """Raises ValueError where several devices are to share what has no batches."""
    if devices > 1 and method.batch_axes is None:
        raise ValueError(
            "Argument `devices` must be 1 for this method, which learns without batches to share, "
            f"but is {devices}."
        )


def shared_loss(loss: Loss, batch_axes: Batch, batch: Batch, mesh: Mesh) -> Loss:
    """The loss of a method, each batch of which is shared out among the devices of a mesh.

    `batch_axes` are those of the method; of `batch` only the shapes matter. Raises ValueError where
    its particles cannot be shared equally.
    """
    axes, structure = jax.tree.flatten(batch_axes, is_leaf=lambda axis: axis is None)
    for axis, part in zip(axes, structure.flatten_up_to(batch), strict=True):
        if axis is not None and part.shape[axis] % mesh.size:
            raise ValueError(
                f"Argument `devices` must divide the {part.shape[axis]} particles of a batch, but "
                f"is {mesh.size}; choose another number, or other `samples`."
            )
    specs = [PartitionSpec() if a is None else PartitionSpec(*[None] * a, AXIS) for a in axes]

    def share(params, batch):
        return jax.lax.pmean(loss(params, batch), AXIS)

    return jax.shard_map(
        share, mesh=mesh, in_specs=(PartitionSpec(), structure.unflatten(specs)),
        out_specs=PartitionSpec(),
    )  # fmt: skip
