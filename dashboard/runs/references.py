"""The reference for judging a learned run: two runs of the full model, and linear theory.

Two runs of different seeds give an error and its noise floor.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dashboard.runs.jobs import truth
from dashboard.runs.run import Axes, Case, Run, truths
from hoam_core import System
from hoam_core.metrics.rates import strongest
from hoam_core.systems import Recorded
from hoam_core.systems.plasmas.dispersion import Mode


class Reference(NamedTuple):
    """The truth of a case, a second run of the next seed, and what linear theory says of it."""

    truth: Run
    second: Run | None = None
    theory: tuple[Mode, ...] = ()

    @property
    def done(self) -> float:
        """Computed share of both runs."""
        return 0.5 * (self.truth.done + (self.second.done if self.second else 0.0))

    @property
    def complete(self) -> bool:
        """Whether both runs are finished."""
        return self.second is not None and self.second.complete


def remembered(case: Case, system: System, end: float) -> Reference | None:
    """What is already cached of the runs of a case to the time `end`."""
    first, second = (truths.get((c, end)) for c in (case, case._replace(seed=case.seed + 1)))
    if first is None or second is None:
        return Reference(first) if first is not None else None
    return Reference(first, second, linear_theory(system, case.mu))


def reference(case: Case, system: System, ts: np.ndarray, axes: Axes) -> Iterator[Reference]:
    """First the truth, then the theoretical rate and the run for the noise floor."""
    last = None
    for last in truth(case, system, ts, axes):
        yield Reference(last)
    if last is None:
        return
    theory = linear_theory(system, case.mu)
    if last.modes is not None and theory:
        # Its fit is computed here, where it delays nobody.
        mode = strongest(last.modes, theory)
        last.fit(mode.number, mode.growth_rate > 0)
    for second in truth(case._replace(seed=case.seed + 1), system, ts, axes):
        yield Reference(last, second, theory)


def linear_theory(system: System, mu: tuple[float, ...]) -> tuple[Mode, ...]:
    """Modes of linear theory; none where the system has none or no root is found."""
    # Caching would keep the snapshots of a visitor who has left.
    return () if isinstance(system, Recorded) else _linear_theory(system, mu)


@lru_cache(maxsize=512)
def _linear_theory(system: System, mu: tuple[float, ...]) -> tuple[Mode, ...]:
    try:
        return system.linear_modes(np.asarray(mu))
    except ValueError:
        return ()
