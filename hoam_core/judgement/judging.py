"""The judgement that a model's file holds: what it needs, then its errors at the system's tests.

Its errors belong to the steps that it takes everywhere, so these are measured first, beside the
same runs of the full model.
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
    reference,
    report,
    snapshots,
)
from hoam_core.judgement.convergence import measured
from hoam_core.models.files import save_model
from hoam_core.models.model import Model

PARTICLES = 16_384


class Judgement(NamedTuple):
    """The model with what is known of it so far, and the share of the judging that is done."""

    model: Model
    done: int
    total: int


def parameters_to_judge(model: Model) -> list[dict[str, float]]:
    """The system's own test values, those of several parameters taken together in turn."""
    chosen = [p for p in model.system.parameters if not p.optional]
    names, tests = [p.name for p in chosen], [p.test for p in chosen]
    return [dict(zip(names, values, strict=True)) for values in zip(*tests, strict=False)]


def truth_at(model: Model, values: Mapping[str, float], seed: int) -> FullModelRun:
    """The run of the full model that a model is judged by."""
    ts = model.times(n_times=affordable_times(model))
    return reference(model.system, model.system.vector(values), ts, seed, snapshots(ts))


def judge_steps(
    model: Model, folder: Path, seed: int,
    truth: Callable[[Model, Mapping[str, float], int], FullModelRun] = truth_at,
) -> Iterator[Judgement]:  # fmt: skip
    """Judge a model anew, saved with ever more of its errors; `seed` and the next are the truths'.

    A generator, for progress and cancel.
    """
    tests = parameters_to_judge(model)
    model = dataclasses.replace(model, errors=())
    # What a model needs is measured at all tests together.
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
