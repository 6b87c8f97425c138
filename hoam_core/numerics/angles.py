r"""Cosine and sine of many angles at once.

In single precision XLA's own functions cost 3 ns each on a CPU, in a closed loop as much as all
matrix products together. Both follow from short polynomials instead: the angle is reduced to
[-pi, pi] and divided by four, Taylor series are summed there, and doubling the angle twice,

    sin 2a = 2 sin a cos a,    cos 2a = 1 - 2 sin^2 a,

gives the result. The error stays below 1e-6 for angles up to a thousand turns.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

# Two pi in two parts; the first has so few digits that its multiples are exact.
COARSE, FINE = 6.28125, 0.0019353071795864769


def cos_sin(angle: Float[Array, "*n"]) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """cos and sin of angles in radians; in double precision by XLA's own functions."""
    if angle.dtype != jnp.float32:
        return jnp.cos(angle), jnp.sin(angle)
    turns = jnp.round(angle * (1 / (COARSE + FINE)))
    a = 0.25 * ((angle - turns * COARSE) - turns * FINE)
    z = a * a
    sin = a * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5_040 + z / 362_880))))
    cos = 1 + z * (-1 / 2 + z * (1 / 24 + z * (-1 / 720 + z / 40_320)))
    for _ in range(2):
        sin, cos = 2 * sin * cos, 1 - 2 * sin * sin
    return cos, sin
