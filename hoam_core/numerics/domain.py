"""The space of a population: each component is a line or a circle of given length.

Positions on a circle are represented in [0, L). Differences are taken the short way round, so that
a particle that crosses the edge of the box does not appear to cross its middle.
"""

from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


def along_last(vector: Float[Array, " d"], x: Float[Array, "*b d"]) -> Float[Array, "*ones d"]:
    """`vector` with leading axes of length one, to broadcast with x without rank promotion."""
    return jnp.reshape(vector, (1,) * (jnp.ndim(x) - 1) + (-1,))


def wrap_circle(x: Float[Array, "*b"], length: Float[Array, "*b"] | float) -> Float[Array, "*b"]:
    """The same points of a circle in [0, length), exactly so in floating point."""
    inside = x - jnp.floor(x / length) * length
    # Rounding of x / length may leave the result just below zero or at the length itself.
    inside = jnp.where(inside < 0, inside + length, inside)
    return jnp.where(inside >= length, 0.0, inside)


@final
class Domain(eqx.Module):
    """A product of lines and circles.

    `periodic` says which components are circles; `length` (d,) holds their circumference and is
    ignored where a component is free. Lengths may be traced, since a box can depend on a parameter.
    """

    length: Float[Array, " d"]
    periodic: tuple[bool, ...] = eqx.field(static=True)

    @classmethod
    def free(cls, components: int) -> "Domain":
        """The Euclidean space of that many components."""
        return cls(jnp.ones(components), (False,) * components)

    def wrap(self, x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
        """The same points with every periodic component in [0, L)."""
        if not any(self.periodic):
            return x
        length, circle = along_last(self.length, x), along_last(jnp.array(self.periodic), x)
        return jnp.where(circle, wrap_circle(x, length), x)

    def displacement(
        self, start: Float[Array, "*b d"], end: Float[Array, "*b d"]
    ) -> Float[Array, "*b d"]:
        """The shortest vector from `start` to `end`."""
        delta = end - start
        if not any(self.periodic):
            return delta
        length, circle = along_last(self.length, delta), along_last(jnp.array(self.periodic), delta)
        return delta - jnp.where(circle, jnp.round(delta / length), 0.0) * length

    def chord(self, start: Float[Array, "*b d"], end: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
        """`displacement` with the chord (L / pi) sin(pi delta / L) in place of each arc.

        Its length is the distance in the plane between points of the circle, of which Gaussians
        are positive definite kernels. It is shorter than the arc, down to 2 / pi of it.
        """
        delta = self.displacement(start, end)
        if not any(self.periodic):
            return delta
        length, circle = along_last(self.length, delta), along_last(jnp.array(self.periodic), delta)
        return jnp.where(circle, length / jnp.pi * jnp.sin(jnp.pi * delta / length), delta)

    def unwrap(self, path: Float[Array, "t *b d"]) -> Float[Array, "t *b d"]:
        """Continuous positions along the first axis; steps must be shorter than half a box."""
        steps = self.displacement(path[:-1], path[1:])
        return jnp.cumsum(jnp.concatenate([path[:1], steps]), axis=0)

    def features(self, x: Float[Array, " d"], harmonics: int = 3) -> Float[Array, " f"]:
        """Smooth inputs of a network: cosines and sines on circles, free components unchanged."""
        angle = 2 * jnp.pi * x / self.length
        columns = []
        for i, is_circle in enumerate(self.periodic):
            if not is_circle:
                columns.append(x[i])
                continue
            first = c, s = jnp.cos(angle[i]), jnp.sin(angle[i])
            for _ in range(harmonics):
                columns += [c, s]
                # The next harmonic by the addition theorems: far cheaper than another cosine.
                c, s = c * first[0] - s * first[1], s * first[0] + c * first[1]
        return jnp.stack(columns)
