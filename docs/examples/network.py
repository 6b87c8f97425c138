"""A network of one's own: sines in every layer (Sitzmann et al. 2020).

Run it: `python docs/examples/network.py OUT`.
"""

import sys

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

import hoam_core as hoam


class Sines(nn.Module):
    """`outputs` values of sample features x (f,) under conditions c (q,) of time and parameter."""

    width: int = 64
    depth: int = 3
    outputs: int = 1

    @nn.compact
    def __call__(self, x: Float[Array, " f"], c: Float[Array, " q"]) -> Float[Array, " outputs"]:
        h = jnp.concatenate([x, c])
        for _ in range(self.depth):
            h = jnp.sin(nn.Dense(self.width)(h))
        return nn.Dense(self.outputs)(h)


hoam.NETWORKS["sines"] = Sines


def main(out: str, steps: int = 2_000, particles: int = 4_096) -> None:
    """Train it by the gauge-free loss on the oscillator, save it and load it."""
    system = hoam.get_system("oscillator")
    experiment = hoam.default_experiment(
        system, "dice", network="sines", steps=steps, particles=particles, n_times=101
    )
    for state in hoam.learn(experiment, out, judge=False):
        if state.losses.size:
            print(state.done, float(state.losses.mean()))
    run = hoam.load_model(out).predict({"omega": 4.25}, particles=particles)
    print("Spread of x at the end:", float(run["spread_x"][-1]))


if __name__ == "__main__":
    main(sys.argv[1])
