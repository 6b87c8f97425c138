"""The units of a plasma's numbers, in the page, tables and files alike.

A plasma of this package has mean density 1 and obeys c phi'' = n - 1 (vlasov.py), so that its
plasma frequency is 1/sqrt(c). With the unit s of its velocities, that makes

    unit of length  = lambda / sqrt(c),    lambda = s / omega_p,
    unit of time    = 1 / (sqrt(c) omega_p),

and rates are given in sqrt(c) omega_p. Where s is the thermal speed v_th, lambda is the Debye
length. Energies are sums over the electrons in a unit of length and area one, scaled with the box:

    kinetic = 1/2 int int v^2 f dv dx    in m s^2,
    W       = 1/2 int E^2 dx             in c m s^2,

since the field's energy is c/2 int (d_x phi)^2 dx and E = d_x phi is an acceleration: the total is
kinetic + c W, in m s^2. In three dimensions all of them are given per area of the box.
"""

from dataclasses import dataclass
from typing import final

from hoam_core.systems.base import Component, Observable


@final
@dataclass(frozen=True)
class PlasmaUnits:
    """Names of the units, in ASCII as files hold them; `coupling` is c where it is not 1."""

    speed: str = "v_th"
    length: str = "lambda_D"
    time: str = "1/omega_p"
    coupling: str = ""

    def observables(self) -> tuple[Observable, ...]:
        """The observables of a plasma: energies and momentum, with their units."""
        energy = f"m {self.speed}^2"
        return (
            Observable("electric_energy", "electric energy W", f"{self.coupling} {energy}".strip()),
            Observable("kinetic_energy", "kinetic energy", energy),
            Observable("total_energy", "total energy", energy),
            Observable("momentum", "momentum", f"m {self.speed}"),
        )

    def phase_space(self, length: float, reach: float) -> tuple[Component, Component]:
        """Position and velocity with the ranges in which they are drawn."""
        return (
            Component("x", "position x", self.length, (0.0, length)),
            Component("v", "velocity v", self.speed, (-reach, reach)),
        )


DEBYE = PlasmaUnits()
"""c = 1 and a Maxwellian of width 1."""

SCALED = PlasmaUnits(length="lambda_D/mu", time="1/(mu omega_p)", coupling="mu^2")
"""c = mu^2 and a Maxwellian of width 1: mu units of length are a Debye length."""

FREE_SPEED = PlasmaUnits(speed="v_0", length="v_0/omega_p")
"""c = 1 and beams of any width: v_0 is an arbitrary speed, not the thermal one."""
