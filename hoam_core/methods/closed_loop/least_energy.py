"""The gradient field of least energy on a linear basis, solved for in every closed-loop step.

On functions phi_1..phi_K the field sum_k c_k grad phi_k that moves their means at given rates b and
takes the least energy E|grad s|^2 has the coefficients A c = b with the stiffness matrix
A_kl = E[grad phi_k . grad phi_l].
"""

from typing import Any, Protocol

import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float


class Basis(Protocol):
    """Functions of y (n, b) on one block; a `view` holds what the other methods need.

    `stiffness` needs a view `with_products`.
    """

    @property
    def size(self) -> int: ...
    def view(self, y: Array, with_products: bool = True) -> Any: ...
    def means(self, view: Any) -> Float[Array, " k"]: ...
    def stiffness(self, view: Any, metric: Array) -> Float[Array, "k k"]: ...
    def laplacians(self, view: Any, metric: Array) -> Float[Array, " k"]: ...
    def field(self, view: Any, coefficients: Array) -> Float[Array, "n b"]: ...


def least_energy_field(
    basis: Basis, view: Any, metric: Float[Array, " b"], rate: Float[Array, " k"], ridge: float
) -> Float[Array, "n b"]:
    """dy/dt of least energy that moves the means of the functions at `rate`.

    `ridge` is added to the diagonal of A relative to it.
    """
    matrix = basis.stiffness(view, metric)
    diagonal = jnp.diag(matrix)
    # Relative to each function, and a little to all: few particles may leave some at rest.
    matrix = matrix + jnp.diag(ridge * (diagonal + 1e-3 * jnp.mean(diagonal)))
    return metric[None] * basis.field(view, cho_solve(cho_factor(matrix), rate))
