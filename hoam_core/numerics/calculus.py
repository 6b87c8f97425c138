"""Derivatives of a scalar potential s(x, t) of one sample x (d,) at a scalar time t.

All take the potential and one example; vectorise over particles outside with `jax.vmap`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Potential = Callable[[Float[Array, " d"], Float[Array, ""]], Float[Array, ""]]


def gradient(s: Potential, x: Float[Array, " d"], t: Float[Array, ""]) -> Float[Array, " d"]:
    """The gradient grad_x s."""
    return jax.grad(s)(x, t)


def derivatives(
    s: Potential, x: Float[Array, " d"], t: Float[Array, ""]
) -> tuple[Float[Array, " d"], Float[Array, ""]]:
    """The gradient and the time derivative, (grad_x s, d_t s).

    The time derivative is taken in forward mode: what depends on time alone, such as the weights of
    a network, is then differentiated once for all particles rather than once per particle.
    """
    rate = jax.jvp(lambda tau: s(x, tau), (t,), (jnp.ones_like(t),))[1]
    return jax.grad(s)(x, t), rate


def laplacian(s: Potential, x: Float[Array, " d"], t: Float[Array, ""]) -> Float[Array, ""]:
    """The Laplacian Lap_x s, by one forward-over-reverse pass per component."""
    grad = jax.grad(s)
    basis = jnp.eye(x.shape[0], dtype=x.dtype)

    def second(direction: Float[Array, " d"]) -> Float[Array, ""]:
        return jax.jvp(lambda y: grad(y, t), (x,), (direction,))[1] @ direction

    return jnp.sum(jax.vmap(second)(basis))
