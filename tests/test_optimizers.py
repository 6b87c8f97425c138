"""The optimisers on problems whose minimum is known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from hoam_core.training.optimizers import OPTIMIZERS, scale_by_soap

# A least-squares problem W A = B of condition 1e4, and a vector b.
A = jnp.linalg.qr(jnp.cos(jnp.arange(36.0)).reshape(6, 6))[0] @ jnp.diag(jnp.logspace(0, -2, 6))
WANTED = jnp.sin(jnp.arange(24.0)).reshape(4, 6)


def loss(params):
    return jnp.sum(((params["W"] - WANTED) @ A) ** 2) + jnp.sum((params["b"] - 1) ** 2)


def minimised(optimizer, steps):
    params = {"W": jnp.zeros((4, 6)), "b": jnp.zeros(3)}

    def update(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = jax.jit(lambda c: jax.lax.scan(update, c, length=steps))(
        (params, optimizer.init(params))
    )
    return params


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_finds_the_minimum(name):
    found = minimised(OPTIMIZERS[name](2_000, 2e-2), 2_000)
    start = float(loss({"W": jnp.zeros((4, 6)), "b": jnp.zeros(3)}))
    assert float(loss(found)) < 1e-4 * start


def test_soap_learns_the_faint_directions_sooner_than_adam():
    errors = {
        name: float(jnp.linalg.norm(minimised(OPTIMIZERS[name](400, 2e-2), 400)["W"] - WANTED))
        for name in ("adam", "soap")
    }
    assert errors["soap"] < 0.7 * errors["adam"]


def test_without_matrices_soap_is_adam():
    grads = [{"b": jnp.array([1.0, -2.0]) * k} for k in (1.0, 0.5, 2.0)]
    ours, theirs = scale_by_soap(0.9, 0.99), optax.scale_by_adam(0.9, 0.99)
    mine, other = ours.init(grads[0]), theirs.init(grads[0])
    for g in grads:
        found, mine = ours.update(g, mine)
        expected, other = theirs.update(g, other)
        np.testing.assert_allclose(found["b"], expected["b"], rtol=1e-6)


def test_soap_does_not_depend_on_the_axes_of_a_matrix():
    q = jnp.linalg.qr(jnp.sin(jnp.arange(9.0) ** 2).reshape(3, 3))[0]
    g = jnp.cos(jnp.arange(12.0) ** 2).reshape(3, 4)
    plain, turned = (scale_by_soap() for _ in range(2))
    found, _ = plain.update({"W": g}, plain.init({"W": g}))
    rotated, _ = turned.update({"W": q @ g}, turned.init({"W": g}))
    np.testing.assert_allclose(rotated["W"], q @ found["W"], atol=1e-4)
