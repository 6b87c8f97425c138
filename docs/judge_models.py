"""Measure again what the shipped models need, and judge them by it.

Run `python docs/judge_models.py [--errors] [NAME ...]` after a method's steps have changed; then
`python docs/make_tables.py`. With `--errors` their needs stay what they are. The seeds stay those
of the errors that a file holds. What the training data tell of the field's energy comes from their
full-model runs, made once more.
"""

import dataclasses
import sys

from hoam_core import Model, evaluate, load_model, save_model
from hoam_core.evaluation import affordable_times, report
from hoam_core.judgement.convergence import with_growth
from hoam_core.judgement.judging import PARTICLES, judge_steps, parameters_to_judge
from hoam_core.methods import compile_roll_out
from hoam_core.models.files import shipped_models
from hoam_core.simulation import training_runs
from hoam_core.systems import Lattice


def with_errors(model: Model, seed: int) -> Model:
    """The model with its errors measured again."""
    errors = []
    for values in parameters_to_judge(model):
        options = {"particles": PARTICLES, "seed": seed, "n_times": affordable_times(model)}
        errors.append(report(evaluate(model, values, **options), model))
        print(f"{model.name}, {values}: {errors[-1]['density']}", flush=True)
    return dataclasses.replace(model, errors=tuple(errors))


def main(arguments: list[str]) -> None:
    """Judge the named models, or all but those of lattices, whose steps are not smooth."""
    compile_roll_out()
    names = [one for one in arguments if one != "--errors"]
    folders = shipped_models()
    for name in names or folders:
        model = load_model(name)
        if isinstance(model.system, Lattice):
            continue
        seed = model.errors[0]["seed"] if model.errors else model.experiment.seed + 1
        if "--errors" in arguments:
            save_model(with_errors(model, seed), folders[name])
            continue
        known = model.entry.knows_equations
        model = with_growth(model, None if known else training_runs(model.experiment))
        for judged in judge_steps(model, folders[name], seed):
            print(f"{name}: {judged.done} of {judged.total}", flush=True)
            model = judged.model
        limits = dataclasses.asdict(model.limits)
        print(f"{name}: {limits['steps']} steps, {limits['particles']} particles")


if __name__ == "__main__":
    main(sys.argv[1:])
