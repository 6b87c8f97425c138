"""A metric of one's own: the energy distance (Szekely and Rizzo 2013).

Run it: `python docs/examples/metric.py`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

import hoam_core as hoam
from hoam_core import Domain


def energy_distance(
    a: Float[Array, "n d"], b: Float[Array, "k d"], domain: Domain, scale: Float[Array, " d"]
) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'|, with differences the short way round on circles."""

    def mean_distance(one, other):
        move = domain.displacement(one[:, None], other[None]) / scale[None, None]
        return jnp.mean(jnp.sqrt(jnp.sum(move**2, axis=-1)))

    between = mean_distance(a, b)
    return float(2 * between - mean_distance(a, a) - mean_distance(b, b))


def main(particles: int = 4_096) -> None:
    """Judge a model that ships by it, beside its noise floor."""
    model = hoam.load_model("oscillator-galerkin")
    errors = hoam.evaluate(
        model, {"omega": 4.25}, particles=particles, distances={"energy": energy_distance}
    )
    for t, value, floor in zip(
        errors["snapshot"].values, errors["energy"].values, errors["energy_floor"].values,
        strict=True,
    ):  # fmt: skip
        print(f"t = {t:g}: energy distance {value:.2e}, floor {floor:.2e}")


if __name__ == "__main__":
    main()
