"""The registry of methods, by the names used in the command line, model files and the page."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn

from hoam_core.methods.action import action_loss, hoam
from hoam_core.methods.base import Frame, Learner, Method
from hoam_core.methods.closed_loop.galerkin import galerkin
from hoam_core.methods.closed_loop.hybrid import hybrid
from hoam_core.methods.closed_loop.phase_plane_numba import compile_roll_out
from hoam_core.methods.dice import dice, interval_loss
from hoam_core.methods.flow import cfm
from hoam_core.methods.ftm import ftm
from hoam_core.methods.macroscopic import macroscopic, with_share
from hoam_core.methods.mean_field import mean_field
from hoam_core.methods.score import ncsm
from hoam_core.numerics.quadrature import gauss_legendre, monte_carlo, simpson
from hoam_core.systems import System


class MethodEntry(NamedTuple):
    """A method's title, constructor, default budget, and whether it trains a network.

    `build(frame, network, **options)` makes the method; `family` names the kind of systems it
    applies to. `knows_equations`: it is given the equation of one particle. `needs_trajectories`:
    it learns from the paths of particles, not only from populations at different times; so do the
    losses of action matching as they are computed here, along paths, with far less variance.
    `is_gradient`: its field is the gradient of a potential, as that of HOAM is. `comoving`: in free
    space it learns in comoving coordinates, unless an option says otherwise.
    """

    title: str
    build: Callable[..., Method]
    needs_network: bool
    defaults: Mapping[str, Any]
    family: str = "population"
    knows_equations: bool = False
    needs_trajectories: bool = False
    is_gradient: bool = False
    comoving: bool = False

    def fits(self, system: System) -> bool:
        """Whether a system is of its family, and has the equation that it knows."""
        known = not self.knows_equations or system.mean_field is not None
        return self.family == system.family.name and known


def _hoam_gauss(frame: Frame, network: nn.Module, *, nodes: int = 128, **options: Any) -> Method:
    return hoam(frame, network, gauss_legendre(nodes), **options)


def _hoam_simpson(frame: Frame, network: nn.Module, *, nodes: int = 129, **options: Any) -> Method:
    return hoam(frame, network, simpson(nodes), **options)


def _action_matching(
    frame: Frame, network: nn.Module, *, nodes: int = 128, **options: Any
) -> Method:
    return hoam(frame, network, monte_carlo(nodes), **options)


_FIELD = {"particles": 131_072}
_NEURAL = {"n_times": 401, "particles": 16_384}
_ACTION = {**_NEURAL, "steps": 12_000, "rate": 3e-3}
# Otherwise a network as free in time as `wave` lowers the loss by functions of time alone, where
# the rule in time errs.
_HOAM = {**_ACTION, "options": {"gauge_free": True}}
_DICE = {**_NEURAL, "steps": 45_000, "rate": 2e-3}
_REGRESSION = {**_NEURAL, "steps": 30_000, "rate": 5e-3}
_HYBRID = {**_NEURAL, "steps": 10_000, "rate": 2e-3}
_PATCHES = {"particles": 2_048, "steps": 3_000, "rate": 2e-3}
_CONDITIONAL = {**_NEURAL, "steps": 20_000, "rate": 2e-3}


def _action(title: str, build: Callable[..., Method], budget: Mapping[str, Any]) -> MethodEntry:
    return MethodEntry(
        title, build, True, budget, needs_trajectories=True, is_gradient=True, comoving=True
    )


METHODS: dict[str, MethodEntry] = {
    "galerkin": MethodEntry(
        "Galerkin, closed loop", galerkin, False, {"particles": 32_768}, is_gradient=True
    ),
    "mean-field": MethodEntry(
        "Particles in the learned mean field", mean_field, False, _FIELD, knows_equations=True
    ),
    "hybrid": _action("Network under the closed loop", hybrid, _HYBRID)._replace(comoving=False),
    "hoam-gauss": _action("HOAM, Gauss-Legendre", _hoam_gauss, _HOAM),
    "hoam-simpson": _action("HOAM, Simpson", _hoam_simpson, _HOAM),
    "am": _action("Action matching, Monte Carlo", _action_matching, _ACTION),
    "dice": _action("Gauge-free loss (DICE)", dice, _DICE),
    # Single velocities are simplest in the coordinates in which their law is written.
    "ftm": MethodEntry(
        "First-order trajectory matching", ftm, True, _REGRESSION, needs_trajectories=True
    ),
    "cfm": MethodEntry("Conditional flow matching", cfm, True, _CONDITIONAL),
    "ncsm": MethodEntry("Noise-conditional score", ncsm, True, _CONDITIONAL),
    "partial": MethodEntry(
        "Patches among frozen neighbours", macroscopic, False, _PATCHES, "lattice"
    ),
    "naive": MethodEntry(
        "A small lattice alone (baseline)", macroscopic, False, _PATCHES, "lattice"
    ),
}

__all__ = [
    "METHODS", "Frame", "Learner", "Method", "MethodEntry", "action_loss", "cfm",
    "compile_roll_out", "dice", "ftm", "galerkin", "hoam", "hybrid", "interval_loss", "macroscopic",
    "mean_field", "ncsm", "with_share",
]  # fmt: skip
