r"""The equation of one particle of a McKean-Vlasov system.

In such a system only a few numbers m couple the particles, the means of functions of one of them:

    dX = b(X, t, m(t); mu) dt + s dW,    m(t; mu) = E[h(X_t)]

(McKean, Proc. Natl. Acad. Sci. 56 (1966) 1907; Sznitman, Topics in propagation of chaos, 1991): the
waves of a plasma's density, from which its field follows, or the mean position in a trap. Whoever
knows m over time can move every particle by itself.
"""

import abc
from typing import ClassVar

import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from hoam_core.numerics.compiled import Backend


class MeanField(abc.ABC):
    """h and the motion of independent particles in given means; concrete ones have no state.

    `noisy` says whether single particles are random (s > 0), `has_waves` whether the means hold the
    waves of a density, whose field has an energy.
    """

    noisy: ClassVar[bool] = False
    has_waves: ClassVar[bool] = False

    @abc.abstractmethod
    def means(self, x: Float[Array, "n d"], mu: Float[Array, " p"]) -> Float[Array, " k"]:
        """m of a population, as real numbers."""

    @abc.abstractmethod
    def follow(
        self, key: PRNGKeyArray, mu: Float[Array, " p"], x0: Float[Array, "n d"],
        times: Float[np.ndarray, " s"], means: Float[Array, "s k"], every: int,
    ) -> Float[Array, "t n d"]:  # fmt: skip
        """Particles that start from x0, at every `every`-th of the times, the first among them.

        The means are given at all of the times, between which a step each is taken; times may
        repeat.
        """

    def modes(self, means: Float[Array, "s k"]) -> Complex[Array, "s ..."]:
        """Density modes over time in the layout of the system's `energy_of_modes`.

        Raises ValueError where the means hold no waves.
        """
        raise ValueError("Argument `means` must hold the waves of a density, but holds none.")

    def backend(self) -> Backend:
        """Who compiles `follow`."""
        return "xla"
