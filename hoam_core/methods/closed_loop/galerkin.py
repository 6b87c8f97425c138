"""Galerkin in closed loop: the functions, charts and blocks for each kind of population.

Phase spaces (positions on circles, each with its velocity) get trigonometric functions in every
phase plane. Other populations get monomials and random waves: of all components together in up to
twelve dimensions, of single components above, where functions of all would be too many. Only
moments are learned; see loop.py for the method.
"""

from functools import partial
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from hoam_core.checks import check_count, check_within
from hoam_core.methods.base import Frame, Method, Params
from hoam_core.methods.closed_loop.charts import (
    default_blocks,
    is_phase_space,
    phase_planes,
    standardised,
)
from hoam_core.methods.closed_loop.features import FeatureBasis, random_waves
from hoam_core.methods.closed_loop.loop import Velocity, closed_loop
from hoam_core.methods.closed_loop.sampler_numba import backend_of, fused
from hoam_core.methods.closed_loop.trigonometric import TrigonometricBasis
from hoam_core.numerics.interpolation import CardinalSpline, grid_weights

# The tables of products have several times the square of this number of entries.
MOST_FUNCTIONS = 2_048


def galerkin(
    frame: Frame,
    network: None = None,
    *,
    modes_x: int = 6,
    modes_v: int = 16,
    degree: int = 3,
    waves: int = 75,
    wave_width: float = 0.33,
    ridge: float = 1e-4,
    sigma: float = 0.0,
    steps: int = 200,
    trigonometric: bool | None = None,
    base: Velocity | None = None,
) -> Method:
    """The Galerkin method in closed loop, with functions that suit the frame's components.

    Phase planes take `modes_x` harmonics of position and `modes_v` cosines of velocity; the others
    monomials up to `degree` and `waves` random wave vectors of standard deviation `wave_width` in
    standardised coordinates. `trigonometric=False` asks for the latter in a phase space too.
    """
    periodic = frame.domain(jnp.asarray([axis[0] for axis in frame.axes])).periodic
    planes = is_phase_space(periodic) if trigonometric is None else trigonometric
    loop = partial(closed_loop, ridge=ridge, sigma=sigma, steps=steps, base=base)
    check_functions(modes_x, modes_v, degree, waves)
    if planes:
        basis = TrigonometricBasis(modes_x, modes_v)
        blocks, charts = default_blocks(periodic), phase_planes(frame, periodic)
        method = loop(frame, basis, charts, blocks)
        if base is None and not sigma:
            quick = fused(method.sample, frame, basis, charts, blocks, ridge=ridge, steps=steps)
            method = method._replace(sample=quick, backend=backend_of)
        known = len(blocks.members) == 1
        return method._replace(modes=_density_modes(frame, basis)) if known else method
    blocks = default_blocks(periodic)
    own = tuple(periodic[i] for i in blocks.members[0])
    check_within("number of monomials", comb(len(own) + degree, degree), 0, MOST_FUNCTIONS)
    vectors = random_waves(own, waves, wave_width, modes_x)
    basis = FeatureBasis(own, degree, vectors)
    return loop(frame, basis, standardised(frame, periodic), blocks)


def check_functions(modes_x: int, modes_v: int, degree: int, waves: int) -> None:
    """Raises ValueError for numbers of functions whose tables would fill the memory."""
    given = {"modes_x": modes_x, "modes_v": modes_v, "degree": degree, "waves": waves}
    for name, value in given.items():
        check_count(name, value, 0)
    for name, value in given.items():
        check_within(name, value, 0, MOST_FUNCTIONS)
    check_within("modes_x * modes_v", modes_x * modes_v, 0, MOST_FUNCTIONS // 2)


def _density_modes(frame: Frame, basis: TrigonometricBasis):
    """Density modes of a 1D1V plasma straight from the learned moments, without a roll-out."""
    mu_splines = [CardinalSpline.through(axis) for axis in frame.axes]
    time_spline = CardinalSpline.through(frame.times)
    labels = {label: k for k, label in enumerate(basis.labels)}
    cosines = np.array([labels[False, m, 0] for m in range(1, basis.modes_x + 1)])
    sines = np.array([labels[True, m, 0] for m in range(1, basis.modes_x + 1)])

    @jax.jit
    def modes(params: Params, ts: np.ndarray, mu: Array) -> Complex[Array, "t k"]:
        learned: Float[Array, "t k"] = jnp.tensordot(
            grid_weights(mu_splines, mu), params["moments"][:, :, 0], 1
        )
        over_time = jax.vmap(time_spline)(jnp.asarray(ts, learned.dtype)) @ learned
        return over_time[:, cosines] - 1j * over_time[:, sines]

    return modes
