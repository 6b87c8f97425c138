"""Trainings side by side (a "race") that differ only in their rule in time.

A race is a generator; as a `Resumable` it is kept while it pauses.
"""

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Array, Float

from dashboard.quadrature.study import RULES, SYSTEM, QuadratureCase
from hoam_core import Experiment, default_experiment, fit
from hoam_core.checks import DivergedError
from hoam_core.data import Scaling
from hoam_core.methods import Method
from hoam_core.metrics import wasserstein2
from hoam_core.seeds import run_keys, seed_key
from hoam_core.simulation import start_truth, training_ensemble
from hoam_core.systems.oscillator_action import law, least_action
from hoam_core.training import adam, build_method

NETWORK, SHAPE = "mlp", {"width": 32, "depth": 2}
STEPS, FEWEST, RATE = 1_500, 600, 2e-3
# A step costs as much as its nodes: with more nodes than this there are fewer steps.
MOST_WORK = 65 * STEPS
PARTICLES, SAVED = 4_096, 201
MOST_SAMPLES = 64
# Roll-outs that judge: this many particles, times and steps, so often in a training.
JUDGED_PARTICLES, TIMES, SUBSTEPS, JUDGED = 256, np.linspace(0.0, 1.0, 41), 80, 10
AT = (10, 20, 30, 40)
# The loss of random times scatters: this far below the least action, it is no accident.
WINDOW, MARGIN, SIGMAS = 100, 0.15, 5.0


class JudgedSamples(NamedTuple):
    """A roll-out of learned samples: spread of x over TIMES, samples at the end, mean W_2^2."""

    step: int
    mean: Float[np.ndarray, " t"]
    spread: Float[np.ndarray, " t"]
    end: Float[np.ndarray, "n 2"]
    distance: float | None


class Runner(NamedTuple):
    """The state of one training; `fell` is the step at which its loss fell below the minimum."""

    rule: str
    losses: Float[np.ndarray, " s"]
    judged: JudgedSamples | None = None
    fell: int | None = None
    lost: bool = False

    @property
    def recent(self) -> float:
        """Mean of the last losses."""
        return float(np.mean(self.losses[-WINDOW:])) if self.losses.size else float("nan")


class Race(NamedTuple):
    """All trainings of a case; `least` is the exact minimum of their loss, `floor` of W_2^2."""

    case: QuadratureCase
    stage: str
    steps: int
    runners: tuple[Runner, ...]
    least: float | None = None
    floor: float | None = None
    truth: Float[np.ndarray, "n 2"] | None = None

    @property
    def done(self) -> float:
        """Completed share of all steps."""
        lengths = [self.steps if r.lost else r.losses.size for r in self.runners]
        return sum(lengths) / (self.steps * len(lengths))

    @property
    def over(self) -> bool:
        """Whether all trainings have finished."""
        return self.stage == "done"


def steps_for(nodes: int) -> int:
    """The number of steps of trainings with this many nodes."""
    return max(FEWEST, min(STEPS, MOST_WORK // nodes // 100 * 100))


def experiment_for(case: QuadratureCase, rule: str) -> Experiment:
    """The training of a rule as a file would record it."""
    return default_experiment(
        SYSTEM, RULES[rule].method, network=NETWORK, network_options=SHAPE, axes=((case.omega,),),
        particles=PARTICLES, n_times=SAVED, steps=steps_for(case.nodes), rate=RATE, seed=case.seed,
        # No cosines of time: the network cannot exploit variations between nodes that it cannot
        # represent.
        options={
            "nodes": case.nodes, "samples": min(case.samples, MOST_SAMPLES), "frequencies": 0
        },
    )  # fmt: skip


def race(case: QuadratureCase, rules: tuple[str, ...]) -> Iterator[Race]:
    """Train with every rule in turns, a few steps each."""
    steps = steps_for(case.nodes)
    now = Race(case, "data", steps, tuple(Runner(rule, np.zeros(0)) for rule in rules))
    yield now
    ensemble = training_ensemble(experiment_for(case, rules[0]))
    scaling = Scaling.of(ensemble)
    court = Court(case, scaling)
    least = least_action(case.omega, np.asarray(scaling.scale))
    now = now._replace(stage="compiling", floor=court.floor, truth=court.truth[-1], least=least)
    yield now
    every = 20 if case.nodes <= 33 else 10 if case.nodes <= 97 else 5
    methods = {rule: build_method(experiment_for(case, rule), scaling) for rule in rules}
    key = seed_key(case.seed, "fit")
    fits = {
        rule: fit(method.learner, ensemble, adam(steps, RATE), key, steps=steps, every=every)
        for rule, method in methods.items()
    }
    while any(runner.losses.size < steps and not runner.lost for runner in now.runners):
        for i, runner in enumerate(now.runners):
            if runner.lost or runner.losses.size >= steps:
                continue
            state = next(fits[runner.rule])
            runner = _advanced(runner, state.losses, least)
            if not runner.lost and state.step % (steps // JUDGED) < every:
                found = court.judge(methods[runner.rule], state.params, state.step)
                runner = runner._replace(judged=found)
            runners = (*now.runners[:i], runner, *now.runners[i + 1 :])
            started = all(r.losses.size for r in runners)
            now = now._replace(stage="training" if started else "compiling", runners=runners)
            yield now
    yield now._replace(stage="done")


def _advanced(runner: Runner, losses: np.ndarray, least: float) -> Runner:
    losses = np.concatenate([runner.losses, losses])
    if not np.all(np.isfinite(losses)):
        return runner._replace(lost=True, fell=runner.fell or losses.size)
    window = losses[-WINDOW:]
    doubt = SIGMAS * float(np.std(window)) / np.sqrt(window.size)
    # The drop scatters, too: twice the least action is beyond doubt.
    below = float(np.mean(window)) - least < -min(max(MARGIN * -least, doubt), -least)
    fell = losses.size if below and runner.fell is None and window.size == WINDOW else runner.fell
    return runner._replace(losses=losses, fell=fell)


@final
class Court:
    """Judges learned samples against the full model at one frequency."""

    def __init__(self, case: QuadratureCase, scaling: Scaling):
        self._mu = SYSTEM.vector({"omega": case.omega})
        self._scale = scaling.scale
        start, self._key = run_keys(case.seed, "predict")
        self._x0 = SYSTEM.initial(start, self._mu, JUDGED_PARTICLES)
        self.truth, second = (self._run(seed) for seed in (case.seed, case.seed + 1))
        self.floor = self._distance(second)

    def _run(self, seed: int) -> np.ndarray:
        x0, key = start_truth(SYSTEM, self._mu, JUDGED_PARTICLES, seed)
        return np.asarray(SYSTEM.simulate(key, self._mu, x0, TIMES))

    def _distance(self, x: np.ndarray) -> float:
        domain = SYSTEM.domain(self._mu)
        return float(np.mean([wasserstein2(self.truth[i], x[i], domain, self._scale) for i in AT]))

    def judge(self, method: Method, params: Array, step: int) -> JudgedSamples:
        """Roll samples out through the learned field; no distance if they diverge."""
        x = np.asarray(method.sample(params, self._x0, TIMES, self._mu, self._key, steps=SUBSTEPS))
        try:
            distance = self._distance(x)
        except DivergedError:
            distance = None
        with np.errstate(over="ignore", invalid="ignore"):
            return JudgedSamples(step, x[..., 0].mean(1), x[..., 0].std(1), x[-1], distance)


def exact_law(omega: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of either position over TIMES."""
    return -np.cos(omega * TIMES), np.sqrt(law(omega, TIMES).variance)
