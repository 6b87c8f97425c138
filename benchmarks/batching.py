"""One call for several sessions that wait, or one call after another?

The page's worker answers one session after another. Here the same four parameters are answered so,
and by one compiled call over all four. Where the ratio is below one, or not far above it, one call
would make the first of four wait for the last and gain nothing: the roll-out of one session already
fills the cores. Shipped models whose network is small are told apart.

    python -m benchmarks.batching [MODEL ...]
"""

import sys
from functools import partial

import jax
import jax.numpy as jnp

from benchmarks.timing import compete, machine
from dashboard.runs.catalogue import catalogue

MODELS = (
    "two-stream-galerkin", "landau-galerkin", "oscillator-galerkin", "oscillator-dice",
    "two-stream-dice", "two-stream-hoam-gauss", "chaos-9d-galerkin",
)  # fmt: skip
SESSIONS = 4


def compare(name: str) -> float:
    """How many times faster one call is than one after another."""
    shown = catalogue()
    model = shown.models[name]
    system, key = model.system, jax.random.key(1)
    ts, particles = shown.times(system.name, name), shown.usual_particles(system.name)
    shares = jnp.linspace(0.2, 0.8, SESSIONS)
    low, high = (jnp.array([p.train[i] for p in system.parameters]) for i in (0, -1))
    values = low + shares[:, None] * (high - low)
    starts = jnp.stack([system.initial(jax.random.key(0), mu, particles) for mu in values])
    roll_out = partial(model.sample, ts=ts, key=key)
    together = jax.jit(jax.vmap(lambda x0, mu: roll_out(x0, mu=mu)))
    times = compete(
        {
            "one": lambda: [roll_out(x0, mu=mu) for x0, mu in zip(starts, values, strict=True)],
            "all": lambda: together(starts, values),
        },
        repeats=3,
    )
    ratio = times["one"] / times["all"]
    print(
        f"  {name:28} {particles:6,} particles: {SESSIONS} calls {times['one']:7.3f} s, one call "
        f"{times['all']:7.3f} s, ratio {ratio:.2f}",
        flush=True,
    )
    return ratio


def main(names: list[str]) -> None:
    """Print the ratio for each model."""
    print(f"{machine()}\n\n{SESSIONS} sessions that wait, 100 steps each")
    for name in names or MODELS:
        compare(name)


if __name__ == "__main__":
    main(sys.argv[1:])
