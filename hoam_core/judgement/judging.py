"""The judgement stored with a model: the steps and particles it needs, and its errors at the tests.

Errors depend on the number of steps, so the steps that the model will take everywhere are
determined first, against the same runs of the full model.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hoam_core.evaluation import (
    JUDGED,
    TRUTHS,
    FullModelRun,
    FullModelRuns,
    affordable_times,
    evaluate_steps,
    quarters,
    reference,
    report,
)
from hoam_core.judgement.convergence import measured
from hoam_core.models.files import save_model
from hoam_core.models.model import Model

PARTICLES = 16_384


class Judgement(NamedTuple):
    """The model with its judgement so far, and how many of all stages are done."""

    model: Model
    done: int
    total: int


def parameters_to_judge(model: Model) -> list[dict[str, float]]:
    """The system's test parameter sets: the i-th test values of all parameters together."""
    chosen = [p for p in model.system.parameters if not p.optional]
    names, tests = [p.name for p in chosen], [p.test for p in chosen]
    return [dict(zip(names, values, strict=True)) for values in zip(*tests, strict=False)]


def truth_at(model: Model, values: Mapping[str, float], seed: int) -> FullModelRun:
    """The run of the full model against which a model is judged."""
    ts = model.times(n_times=affordable_times(model))
    return reference(model.system, model.system.vector(values), ts, seed, quarters(ts))


def judge_steps(
    model: Model, folder: Path, seed: int,
    truth: Callable[[Model, Mapping[str, float], int], FullModelRun] = truth_at,
) -> Iterator[Judgement]:  # fmt: skip
    """Judge a model anew and save it after each test; the truths use `seed` and the next.

    A generator, for progress and cancelling.
    """
    tests = parameters_to_judge(model)
    model = dataclasses.replace(model, errors=())
    # The steps and particles that a model needs are measured at all tests together.
    done, total = 0, (len(TRUTHS) + len(JUDGED)) * len(tests) + 1
    known = []
    for values in tests:
        both = []
        for one in (seed, seed + 1):
            yield Judgement(model, done, total)
            both.append(truth(model, values, one))
            done += 1
        known.append(FullModelRuns(*both))
    needs = measured(model, tests, [one.truth.observables for one in known])
    while True:
        yield Judgement(model, done, total)
        try:
            next(needs)
        except StopIteration as ended:
            model = ended.value
            break
    done += 1
    for values, references in zip(tests, known, strict=True):
        stages = evaluate_steps(
            model, values, particles=PARTICLES, seed=seed, references=references,
            n_times=affordable_times(model),
        )  # fmt: skip
        for stage, result in stages:
            if stage.done == stage.total:
                model = dataclasses.replace(model, errors=(*model.errors, report(result, model)))
                save_model(model, folder)
            else:
                yield Judgement(model, done, total)
                done += 1
    yield Judgement(model, total, total)
