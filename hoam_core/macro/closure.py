r"""Closure: observables that are learned in addition to the given ones (arXiv 2511.12842).

The means z* of a lattice need not determine their own evolution: two states with the same z* may
evolve differently. The missing observables are learned from the patches x_I of a state, f numbers
each. One encoder e, shared by all patches, adds q observables that are means over patches as z* are
means over sites,

    z = (z*, zhat),        zhat = (1/K) sum_I e(x_I),

and a decoder d reconstructs every patch from z: what all patches have in common, a pattern and its
amplitude, must pass through zhat; their independent noise cannot. Both are trained by minimising

    L = E[ |x_I - d(z)|^2 ],        in units of the spread of every feature.

As a mean over patches, zhat is evolved patch by patch as z* is: a patch that moves from x to x',
the rest frozen, gives dzhat_I = K [zhat(patch moved) - zhat] = e(x') - e(x), and the macroscopic
equation of z is learned as that of z*. zhat has mean zero and variance one over the states it was
trained on. A new run has mu, but no patches: a quadratic polynomial in the parameters of the
start gives its zhat.

A learned closure is a nested dict of arrays: `units`, `encoder`, `decoder` and `start`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from hoam_core.checks import check_count, check_shape
from hoam_core.macro.increments import IncrementPlan, snapshots
from hoam_core.methods.base import Learner
from hoam_core.methods.macroscopic import monomials, start_value
from hoam_core.networks.layers import Stack
from hoam_core.numerics.domain import along_last
from hoam_core.systems.base import Component
from hoam_core.systems.lattices.base import Lattice, PatchedLattice, Time
from hoam_core.training.fit import TrainState, fit
from hoam_core.training.optimizers import adam

WIDTH = 32
CLOSURE_STEPS = 3_000
Closure = dict[str, Any]


class ObservedPatches(NamedTuple):
    """The c patches of s states, their given observables z* and parameters mu."""

    mu: Float[Array, "s p"]
    patches: Float[Array, "s c f"]
    z: Float[Array, "s k"]


def patches_seen(
    lattice: PatchedLattice,
    plan: IncrementPlan,
    axes: tuple[tuple[float, ...], ...],
    key: PRNGKeyArray,
) -> Iterator[ObservedPatches]:
    """The snapshots of a plan, divided into patches; the starts come first."""
    for mu, state in snapshots(lattice, plan, axes, key):
        patches = jnp.moveaxis(lattice.patches(state, plan.patch), -1, 0)
        yield ObservedPatches(mu, patches, lattice.observe(state))


def train_closure(
    seen: ObservedPatches, key: PRNGKeyArray, *, closures: int = 2, steps: int = CLOSURE_STEPS,
    every: int = 500, batch: int = 256, rate: float = 2e-3,
) -> Iterator[TrainState]:  # fmt: skip
    """Train a closure by reconstruction; the parameters of every yielded state are normalised.

    Raises ValueError unless there are patches for every state and at least one closure.
    """
    closures = check_count("closures", closures)
    batch = check_count("batch", batch)
    check_shape("patches", seen.patches.shape, (len(seen.z), None, None))
    learner = _reconstruction(closures, batch)
    for state in fit(learner, cast(Any, seen), adam(steps, rate), key, steps=steps, every=every):
        # The shift and scale of the codes are no part of the loss, so that they may change.
        yield state._replace(params=_normalised(state.params, seen.patches))


def with_start(closure: Closure, starts: ObservedPatches, rates: int) -> Closure:
    """The closure with the polynomial that gives zhat at the start, fitted to states at t = 0.

    The parameters of the start are all but the first `rates` and the last, which is the side.
    """
    mu = starts.mu[:, rates:-1]
    mean, scale = jnp.mean(mu, axis=0), _spread(mu)
    rows = jax.vmap(lambda one: monomials((one - mean) / scale))(mu)
    zhat = jnp.mean(_codes(closure, starts.patches), axis=1)
    coefficients = jnp.linalg.lstsq(rows, zhat)[0]
    return closure | {"start": {"mean": mean, "scale": scale, "coefficients": coefficients}}


def encode(closure: Closure, patch: Float[Array, " f"]) -> Float[Array, " q"]:
    """The code e(x_I) of a patch; zhat of a state is its mean over patches."""
    units = closure["units"]
    return (_raw_code(closure, patch) - units["code_mean"]) / units["code_scale"]


def decode(closure: Closure, z: Float[Array, " k"], zhat: Float[Array, " q"]) -> Float[Array, " f"]:
    """The patch d(z) that the patches of a state have in common, in their own units."""
    units = closure["units"]
    code = units["code_mean"] + units["code_scale"] * zhat
    return units["x_mean"] + units["x_scale"] * _raw_patch(closure, z, code)


@final
class Closed(Lattice):
    """A lattice whose given observables are followed by learned ones, for making increments."""

    def __init__(self, lattice: PatchedLattice, closure: Closure, patch: int) -> None:
        self.lattice, self.closure, self.side = lattice, closure, patch

    @property
    def rates(self) -> int:
        return self.lattice.rates

    @property
    def dimension(self) -> int:
        return self.lattice.dimension

    @property
    def patch(self) -> int:
        """The side of the patches that the closure was trained on."""
        return self.side

    @property
    def components(self) -> tuple[Component, ...]:
        learned = range(1, len(self.closure["units"]["code_mean"]) + 1)
        return self.lattice.components + tuple(
            Component(f"closure{i}", f"learned observable {i}", "", (-3.0, 3.0)) for i in learned
        )

    def load(self, u: Float[Array, "n 1"], mu: Float[Array, " p"]) -> Float[Array, "n d"]:
        zhat = start_value(self.closure["start"], mu[self.rates : -1])
        return jnp.concatenate([self.lattice.load(u, mu), jnp.tile(zhat[None], (len(u), 1))], 1)

    def start(self, key: PRNGKeyArray, mu: Float[Array, "r p"], size: int) -> Any:
        return self.lattice.start(key, mu, size)

    def evolve(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, duration: Time) -> Any:
        return self.lattice.evolve(key, mu, state, duration)

    def enlarge(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int) -> Any:
        return self.lattice.enlarge(key, mu, state, patch)

    def relax(self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int) -> Any:
        return self.lattice.relax(key, mu, state, patch)

    def picture(self, state: Any) -> np.ndarray:
        return self.lattice.picture(state)

    def observe(self, state: Any) -> Float[Array, "r d"]:
        patches = self.lattice.patches(state, self.patch)
        zhat = jnp.mean(_codes(self.closure, jnp.moveaxis(patches, -1, 1)), axis=0)
        return jnp.concatenate([self.lattice.observe(state), zhat], axis=1)

    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r p"], state: Any, patch: int, duration: Time
    ) -> Float[Array, "c r d"]:
        if patch != self.patch:
            raise ValueError(
                f"Argument `patch` must be {self.patch}, the side of the patches that the closure "
                f"was trained on, but is {patch}; train another closure for it."
            )
        before, after = (
            jnp.concatenate([
                self.lattice.patch_means(patches),
                _codes(self.closure, jnp.moveaxis(patches, -1, 1)),
            ], axis=-1)
            for patches in self.lattice.patch_moves(key, mu, state, patch, duration)
        )  # fmt: skip
        return after - before


def _reconstruction(closures: int, batch: int) -> Learner:
    """The learner of a closure: its parameters, batches, and the decoder's mean squared error."""

    def init(key: PRNGKeyArray, seen: ObservedPatches) -> Closure:
        features, encoder_key, decoder_key = seen.patches.shape[-1], *jax.random.split(key)
        flat = seen.patches.reshape(-1, features)
        nothing, one = jnp.zeros(closures), jnp.ones(closures)
        units = {
            "x_mean": jnp.mean(flat, axis=0), "x_scale": _spread(flat),
            "z_mean": jnp.mean(seen.z, axis=0), "z_scale": _spread(seen.z),
            "code_mean": nothing, "code_scale": one,
        }  # fmt: skip
        inputs = jnp.zeros(seen.z.shape[1] + closures)
        return {
            "units": units,
            "encoder": _net(closures).init(encoder_key, flat[0]),
            "decoder": _net(features).init(decoder_key, inputs),
        }

    def draw(key: PRNGKeyArray, seen: ObservedPatches) -> ObservedPatches:
        which = jax.random.randint(key, (batch,), 0, len(seen.z))
        return jax.tree.map(lambda array: array[which], seen)

    def loss(closure: Closure, seen: ObservedPatches) -> Float[Array, ""]:
        def one(patches: Float[Array, "c f"], z: Float[Array, " k"]) -> Float[Array, ""]:
            code = jnp.mean(jax.vmap(lambda x: _raw_code(closure, x))(patches), axis=0)
            common = _raw_patch(closure, z, code)
            return jnp.mean((_standard(closure, patches) - common[None]) ** 2)

        return jnp.mean(jax.vmap(one)(seen.patches, seen.z))

    return Learner(init, draw, loss)


def _net(outputs: int) -> Stack:
    return Stack((WIDTH, WIDTH, outputs))


def _standard(closure: Closure, patches: Float[Array, "*c f"]) -> Float[Array, "*c f"]:
    units = jax.lax.stop_gradient(closure["units"])
    return (patches - along_last(units["x_mean"], patches)) / along_last(units["x_scale"], patches)


def _raw_code(closure: Closure, patch: Float[Array, " f"]) -> Float[Array, " q"]:
    net = _net(len(closure["units"]["code_mean"]))
    return cast(Array, net.apply(closure["encoder"], _standard(closure, patch)))


def _raw_patch(
    closure: Closure, z: Float[Array, " k"], code: Float[Array, " q"]
) -> Float[Array, " f"]:
    units = jax.lax.stop_gradient(closure["units"])
    inputs = jnp.concatenate([(z - units["z_mean"]) / units["z_scale"], code])
    return cast(Array, _net(len(units["x_mean"])).apply(closure["decoder"], inputs))


@jax.jit
def _codes(closure: Closure, patches: Float[Array, "a b f"]) -> Float[Array, "a b q"]:
    """The codes of many patches; runs and patches in any order."""
    return jax.vmap(jax.vmap(lambda patch: encode(closure, patch)))(patches)


def _normalised(closure: Closure, patches: Float[Array, "s c f"]) -> Closure:
    """A closure in training, with the mean and spread of its raw codes measured."""
    raw = jnp.mean(_codes(closure, patches), axis=1)
    measured = {"code_mean": jnp.mean(raw, axis=0), "code_scale": _spread(raw)}
    return closure | {"units": closure["units"] | measured}


def _spread(values: Float[Array, "s k"]) -> Float[Array, " k"]:
    """Standard deviations to divide by; one for features that are constant."""
    spread = jnp.std(values, axis=0)
    return jnp.where(spread > 1e-5 * jnp.max(jnp.abs(values), axis=0), spread, 1.0)
