"""Contract over NETWORKS: smooth, conditioned, learnable, with as many outputs as asked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import NETWORKS
from hoam_core.networks.colora import CoLoRALayer
from hoam_core.networks.layers import Stack, time_features
from hoam_core.networks.wave import Wave, check_gaps, suitable_turns

X, C = jnp.array([0.3, -0.7, 1.1]), jnp.array([0.2, -0.5])
networks = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


@networks
def test_a_network_is_a_smooth_function_of_sample_and_condition(make, key):
    net = make(width=8, depth=2)
    params = jax.jit(net.init)(key, X, C)

    def scalar(params, x, c):
        return net.apply(params, x, c)[0]

    assert net.apply(params, X, C).shape == (1,)
    by_sample, by_condition = jax.jit(jax.grad(scalar, argnums=(1, 2)))(params, X, C)
    assert by_sample.shape == X.shape
    assert float(jnp.abs(by_sample).min()) > 0
    assert float(jnp.abs(by_condition).min()) > 0
    hessian = jax.jit(jax.hessian(scalar, argnums=1))(params, X, C)
    assert float(jnp.abs(hessian).max()) > 1e-6


@networks
@pytest.mark.parametrize("outputs", [1, 3])
def test_every_array_of_a_network_is_learned(make, outputs, key):
    net = make(width=8, depth=2).clone(outputs=outputs)
    params = jax.jit(net.init)(key, X, C)

    @jax.jit
    @jax.grad
    def slopes(params):
        one, other = net.apply(params, X, C), net.apply(params, -2 * X, 3 * C)
        return jnp.sum(one**2 + other**2)

    for path, grad in jax.tree_util.tree_leaves_with_path(slopes(params)):
        assert float(jnp.abs(grad).max()) > 0, path


@networks
def test_the_outputs_of_a_network_differ_and_only_its_last_layer_grows(make, key):
    net, field = make(width=8, depth=2), make(width=8, depth=2, outputs=3)
    params = jax.jit(field.init)(key, X, C)
    values = field.apply(params, X, C)
    assert values.shape == (3,)
    assert len(np.unique(values)) == 3
    trees = [params, jax.jit(net.init)(key, X, C)]
    assert len({jax.tree.structure(tree) for tree in trees}) == 1
    shapes = zip(*([leaf.shape for leaf in jax.tree.leaves(t)] for t in trees), strict=True)
    changed = [pair for pair in shapes if pair[0] != pair[1]]
    assert changed
    # Of `wave` the hypernetwork's last layer grows too: it makes the weights of the other one.
    assert all(more[:-1] == one[:-1] and more[-1] > one[-1] for more, one in changed)
    assert any(more[-1] == 3 and one[-1] == 1 for more, one in changed)


@networks
def test_a_network_runs_in_single_precision_under_vmap(make, float32):
    net = make(width=8, depth=2)
    x, c = X.astype(np.float32), C.astype(np.float32)
    params = jax.jit(net.init)(jax.random.key(0), x, c)
    rows = jax.jit(jax.vmap(lambda x: net.apply(params, x, c)))(jnp.ones((5, 3)))
    assert rows.shape == (5, 1)
    assert rows.dtype == np.float32


def test_a_colora_layer_is_the_dense_layer_of_its_merged_weights(key):
    layer = CoLoRALayer(4)
    alpha = jnp.array([0.5, -2.0])
    params = layer.init(key, X, alpha)
    p = params["params"]
    merged = p["W"] + p["A"] @ jnp.diag(alpha) @ p["B"]
    np.testing.assert_allclose(layer.apply(params, X, alpha), X @ merged + p["b"], rtol=1e-12)


def test_a_stack_ends_linearly(key):
    net = Stack((5, 2))
    params = net.init(key, X)
    dense = params["params"]
    hidden = jax.nn.silu(X @ dense["Dense_0"]["kernel"] + dense["Dense_0"]["bias"])
    expected = hidden @ dense["Dense_1"]["kernel"] + dense["Dense_1"]["bias"]
    np.testing.assert_allclose(net.apply(params, X), expected, rtol=1e-12)


def test_time_features_are_time_and_its_cosines():
    t = 0.3
    expected = [2 * t - 1, np.cos(np.pi * t), np.cos(2 * np.pi * t)]
    np.testing.assert_allclose(time_features(jnp.array(t), 2), expected, rtol=1e-13)


def test_few_training_values_have_slow_waves_between_them():
    assert suitable_turns(((1.0, 1.5, 2.0, 2.5, 3.0),)) == 3.0
    # Two values are 2 apart in [-1, 1].
    assert suitable_turns(((1.0, 2.0),)) == pytest.approx(0.45)
    assert suitable_turns(((1.0,), (0.0, 0.1, 1.0))) == pytest.approx(0.5)
    assert suitable_turns(((1.0,),)) == suitable_turns(((),)) == suitable_turns(()) == 3.0


def test_values_too_far_apart_for_waves_are_refused_with_the_cure():
    check_gaps(Wave(parameter_turns=0.45), ((1.0, 2.0),), ["mu"])
    with pytest.raises(ValueError, match=r"6 radians.*'mu'.*`parameter_turns` = 0\.45"):
        check_gaps(Wave(), ((1.0, 2.0),), ["mu"])
