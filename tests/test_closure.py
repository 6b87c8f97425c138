"""The closure on patches whose one hidden number is known, and around a lattice."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors.numpy import load, save

from hoam_core.macro.closure import (
    Closed,
    ObservedPatches,
    decode,
    encode,
    patches_seen,
    train_closure,
    with_start,
)
from hoam_core.macro.increments import IncrementPlan, joined, partial_increments
from hoam_core.methods.macroscopic import start_value
from hoam_core.systems.lattices.predator_prey import PredatorPrey

LINE = PredatorPrey()
NOISE = 0.1
WAVE = np.cos(2 * np.pi * np.arange(8) / 8)[None, None]


@pytest.fixture(scope="module")
def planted():
    """Patches 0.5 + z + hidden * wave + noise, where z and the hidden number tell the start."""
    rng = np.random.default_rng(0)
    states, count, points = 2_000, 5, WAVE.shape[-1]
    start = rng.uniform(-1, 1, (states, 2))
    hidden, z = 0.3 + start[:, 0], start[:, 1:]
    common = 0.5 + z + hidden[:, None] * WAVE[0]
    patches = common[:, None] + NOISE * rng.normal(size=(states, count, points))
    mu = np.concatenate([np.ones((states, 1)), start, np.full((states, 1), 40.0)], 1)
    return ObservedPatches(*(jnp.asarray(a) for a in (mu, patches, z))), hidden, common


@pytest.fixture(scope="module")
def learned(planted):
    *_, state = train_closure(planted[0], jax.random.key(0), closures=1, steps=800, every=400)
    return state


def codes(closure, patches):
    return jnp.mean(jax.vmap(jax.vmap(lambda x: encode(closure, x)))(patches), axis=1)


def test_one_hidden_number_is_recovered_and_gives_the_patches_back(planted, learned):
    seen, hidden, common = planted
    zhat = codes(learned.params, seen.patches)
    found = jax.vmap(lambda z, q: decode(learned.params, z, q))(seen.z, zhat)
    # Without a code the error were that of hidden * wave; the mean of five patches has 0.045.
    assert np.std(hidden) / np.sqrt(2) > 0.4
    assert np.sqrt(np.mean((found - common) ** 2)) < 0.05
    # For one z the code grows or falls with the hidden number throughout.
    path = codes(learned.params, 0.5 + jnp.linspace(-0.6, 1.2, 20)[:, None, None] * WAVE)
    assert np.abs(np.sum(np.sign(np.diff(path[:, 0])))) == 19


def test_learned_observables_have_mean_zero_and_variance_one(planted, learned):
    zhat = codes(learned.params, planted[0].patches)
    np.testing.assert_allclose(zhat.mean(0), 0.0, atol=1e-9)
    np.testing.assert_allclose(zhat.std(0), 1.0, rtol=1e-9)


def test_normalising_on_the_way_changes_nothing_of_the_training(planted):
    ends = []
    for every in (30, 60):
        *_, state = train_closure(planted[0], jax.random.key(0), closures=1, steps=60, every=every)
        ends.append(jax.tree.leaves(state.params))
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_the_order_of_patches_does_not_matter(planted, learned):
    seen = planted[0]
    turned = codes(learned.params, seen.patches[:, ::-1])
    np.testing.assert_allclose(turned, codes(learned.params, seen.patches), atol=1e-12)


def test_the_start_is_known_from_its_parameters(planted, learned):
    closure = with_start(learned.params, planted[0], rates=1)
    zhat = codes(closure, planted[0].patches)
    found = jax.vmap(lambda one: start_value(closure["start"], one))(planted[0].mu[:, 1:-1])
    assert np.sqrt(np.mean((found - zhat) ** 2)) < 0.2


def test_what_was_learned_is_numbers_in_a_nested_dict(planted, learned):
    closure = with_start(learned.params, planted[0], rates=1)
    flat = {name: np.array(a, order="C") for name, a in flatten_dict(closure, sep="/").items()}
    again = unflatten_dict(load(save(flat)), sep="/")
    x = planted[0].patches[0, 0]
    np.testing.assert_array_equal(encode(again, x), encode(closure, x))


@pytest.fixture(scope="module")
def closed():
    """Two learned observables of a short line, hardly trained."""
    plan = IncrementPlan(80, 20, 40, t_end=2.0, runs=64, snapshots=2, repeats=1)
    axes = tuple(p.train for p in LINE.parameters)
    parts = list(patches_seen(LINE, plan, axes, jax.random.key(1)))
    seen = ObservedPatches(*(jnp.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    *_, state = train_closure(seen, jax.random.key(2), steps=50)
    closure = with_start(state.params, parts[0], LINE.rates)
    return Closed(LINE, closure, plan.patch), plan, axes, parts


@pytest.mark.slow
def test_a_closed_lattice_adds_its_observables_to_those_of_the_lattice(closed):
    lattice, plan, axes, parts = closed
    mu = parts[0].mu
    state = lattice.start(jax.random.key(0), mu, plan.size)
    z = lattice.observe(state)
    np.testing.assert_array_equal(z[:, :2], LINE.observe(state))
    np.testing.assert_allclose(z[:, 2:], codes(lattice.closure, parts[0].patches), atol=1e-12)
    np.testing.assert_allclose(lattice.load(jnp.zeros((3, 1)), mu[0])[0], z[0], atol=0.05)
    assert [c.name for c in lattice.components[2:]] == ["closure1", "closure2"]
    data = joined(list(partial_increments(lattice, plan, axes, jax.random.key(3))))
    assert data.dz.shape == (plan.parts * 64 * 4, 4)
    assert data.share == 4.0


def test_learned_observables_move_in_parts_as_the_given_ones_do(closed):
    lattice, plan, _, parts = closed
    mu, key, h = parts[0].mu, jax.random.key(4), 0.01
    state = lattice.evolve(key, mu, lattice.start(key, mu, plan.size), 1.0)
    whole = lattice.observe(lattice.evolve(key, mu, state, h)) - lattice.observe(state)
    dz = lattice.patch_increments(key, mu, state, plan.patch, h)
    # In one step, and with the same kicks, nothing has reached a neighbour yet.
    np.testing.assert_allclose(dz.mean(0), whole, atol=1e-12)
    np.testing.assert_array_equal(dz[..., :2], LINE.patch_increments(key, mu, state, plan.patch, h))
    assert float(jnp.abs(dz[..., 2:]).max()) > 1e-3


class Predators(PredatorPrey):
    """The same line, of which the predators alone are seen: one number a point."""

    components = PredatorPrey.components[1:]

    def observe(self, state):
        return super().observe(state)[:, 1:]

    def patches(self, state, patch):
        return super().patches(state, patch)[:, patch:]

    def patch_means(self, patches):
        return jnp.mean(patches, axis=1)[..., None]


def test_patches_may_have_any_number_of_features_a_point(key):
    line, plan = (
        Predators(),
        IncrementPlan(40, 10, 20, t_end=1.0, runs=8, snapshots=1, repeats=1, starts=1),
    )
    seen = next(patches_seen(line, plan, tuple(p.train for p in line.parameters), key))
    assert seen.patches.shape == (8, 4, 10)
    *_, state = train_closure(seen, key, closures=1, steps=2)
    lattice = Closed(line, with_start(state.params, seen, line.rates), plan.patch)
    start = lattice.start(key, seen.mu, plan.size)
    dz = lattice.patch_increments(key, seen.mu, start, plan.patch, 0.01)
    assert dz.shape == (4, 8, 2)
    assert lattice.observe(start).shape == (8, 2)


def test_what_does_not_fit_is_told_with_its_cure(closed, planted):
    lattice, plan, _, parts = closed
    state = lattice.start(jax.random.key(0), parts[0].mu, plan.size)
    with pytest.raises(ValueError, match=r"`patch` must be 20, .* but is 40; train another"):
        lattice.patch_increments(jax.random.key(0), parts[0].mu, state, 40, 0.1)
    with pytest.raises(ValueError, match="`closures` must be a whole number of at least 1"):
        next(train_closure(planted[0], jax.random.key(0), closures=0))
    fewer = planted[0]._replace(z=planted[0].z[:7])
    with pytest.raises(ValueError, match=r"`patches` must have shape \(7, any, any\)"):
        next(train_closure(fewer, jax.random.key(0)))
