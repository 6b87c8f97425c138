"""Networks for potentials and vector fields, by the names used in commands and model files."""

from collections.abc import Callable

import flax.linen as nn

from hoam_core.networks.colora import CoLoRA
from hoam_core.networks.film import FiLM
from hoam_core.networks.mlp import MLP
from hoam_core.networks.wave import Wave

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "colora": CoLoRA,
    "film": FiLM,
    "mlp": MLP,
    "wave": Wave,
}

# It learns the same in a quarter of the time, or less.
DEFAULT_NETWORK = "wave"

__all__ = ["DEFAULT_NETWORK", "MLP", "NETWORKS", "CoLoRA", "FiLM", "Wave"]
