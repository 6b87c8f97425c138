"""What the quadrature lab exports: its curves as a dataset, and Python that reproduces them."""

from functools import partial

import numpy as np
import xarray as xr

from dashboard.quadrature import text as say
from dashboard.quadrature.study import NODES, RULES, SYSTEM, Draw, QuadratureStudy, curve
from dashboard.quadrature.training import (
    MOST_SAMPLES,
    NETWORK,
    PARTICLES,
    RATE,
    SAVED,
    SHAPE,
    TIMES,
    Race,
    exact_law,
    steps_for,
)
from dashboard.view.base import Exportable
from hoam_core import __version__
from hoam_core.files.json_text import json_text

SCRIPT = '''"""Quadrature of the action of the oscillator, omega = {omega:g}, {nodes} nodes."""

import jax
import numpy as np

import hoam_core as hoam
from hoam_core.data import Scaling
from hoam_core.numerics.quadrature import gauss_legendre, simpson
from hoam_core.seeds import seed_key
from hoam_core.simulation import training_ensemble
from hoam_core.systems.oscillator_action import (
    integral, integrand, least_action, monte_carlo_error, sampled_integrand,
)
from hoam_core.training import adam, build_method

jax.config.update("jax_enable_x64", True)
omega, nodes, samples, seed = {omega:g}, {nodes}, {samples}, {seed}
exact = integral(omega)
print("exact integral", exact)
for q in {all_nodes}:
    errors = {{"monte-carlo": monte_carlo_error(omega, q)}}
    for name, rule in (("simpson", simpson), ("gauss", gauss_legendre)):
        found = rule(q)(jax.random.key(0))
        errors[name] = abs(float(found.weights @ integrand(omega, found.nodes)) - exact)
    print(q, errors)

# The first draw that the page shows.
rng = np.random.default_rng([seed, nodes, 0])
{places}
print("estimate", weights @ integrand(omega, t))
print("with particles", weights @ sampled_integrand(rng, omega, t, samples))

# The trainings, in single precision as on the page.
jax.config.update("jax_enable_x64", False)
for name in {methods}:
    experiment = hoam.default_experiment(
        hoam.get_system("oscillator"), name, network={network!r}, network_options={shape},
        axes=((omega,),), particles={particles}, n_times={saved}, steps={steps}, rate={rate:g},
        seed=seed, options={{"nodes": nodes, "samples": {batch}, "frequencies": 0}},
    )
    data = training_ensemble(experiment)
    scaling = Scaling.of(data)
    method = build_method(experiment, scaling)
    training = hoam.fit(
        method, data, adam(experiment.steps, experiment.rate), seed_key(seed, "fit"),
        steps=experiment.steps,
    )
    losses = np.concatenate([state.losses for state in training])
    print(name, losses[-100:].mean(), "exact minimum", least_action(omega, scaling.scale))
'''
RANDOM = "t, weights = np.sort(rng.random(nodes)), np.full(nodes, 1 / nodes)"
FIXED = (
    "rule = {name}(nodes)(jax.random.key(0))\n"
    "t, weights = np.asarray(rule.nodes), np.asarray(rule.weights)"
)


def exportable(
    study: QuadratureStudy, draw: Draw, race: Race | None, rules: tuple[str, ...]
) -> Exportable:
    """What can be exported; `rules` are those that are trained, or would be."""
    case = study.case
    own = race if race is not None and race.case == case else None
    function = {"simpson": "simpson", "gauss": "gauss_legendre"}.get(case.rule)
    text = SCRIPT.format(
        omega=case.omega, nodes=case.nodes, samples=case.samples, seed=case.seed,
        all_nodes=NODES, places=FIXED.format(name=function) if function else RANDOM,
        methods=tuple(RULES[rule].method for rule in rules), network=NETWORK, shape=SHAPE,
        particles=PARTICLES, saved=SAVED, steps=steps_for(case.nodes), rate=RATE,
        batch=min(case.samples, MOST_SAMPLES),
    )  # fmt: skip
    name = f"quadrature-{case.rule}-{case.nodes}-omega-{case.omega:g}"
    words = f"{say.headline(study)} {say.particles(study)}"
    return Exportable(name, words, text, partial(dataset, study, draw, own))


def dataset(study: QuadratureStudy, draw: Draw, race: Race | None) -> xr.Dataset:
    """The curves: q over `time`, errors over `nodes`, one draw over `node`, `draw`s, losses."""
    case = study.case
    t, q = curve(case.omega)
    made = xr.Dataset(
        {"integrand": ("time", q, _about("integrand q of the action"))},
        {"time": ("time", t, SYSTEM.time_attributes), "nodes": ("nodes", np.asarray(NODES))},
        {
            "system": "oscillator", "parameters": json_text({"omega": case.omega}),
            "model": "none", "method": "quadrature", "rule": case.rule, "nodes": case.nodes,
            "samples": case.samples, "seed": case.seed, "exact_integral": study.exact,
            "version": __version__,
        },
    )  # fmt: skip
    for rule in RULES:
        key, title = rule.replace("-", "_"), RULES[rule].title
        made[f"error_{key}"] = "nodes", study.errors[rule], _about(f"{title}, error")
        made[f"error_sampled_{key}"] = (
            "nodes", study.sampled[rule], _about(f"{title}, root mean square error with particles"),
        )  # fmt: skip
        made[f"draws_{key}"] = "draw", study.draws[rule], _about(f"{title}, estimates")
    for name, values, label in (
        ("node_time", draw.nodes, "node"), ("node_weight", draw.weights, "weight"),
        ("node_integrand", draw.exact, "integrand at the node"),
        ("node_sampled", draw.sampled, "integrand at the node, by particles"),
    ):  # fmt: skip
        made[name] = "node", values, _about(label)
    return made if race is None else _with_training(made, race)


def _with_training(made: xr.Dataset, race: Race) -> xr.Dataset:
    mean, spread = exact_law(race.case.omega)
    made = made.assign_coords(saved_time=("saved_time", TIMES, SYSTEM.time_attributes))
    made["mean_exact"] = "saved_time", mean, _about("mean of x, exact")
    made["spread_exact"] = "saved_time", spread, _about("standard deviation of x, exact")
    for runner in race.runners:
        key, title = runner.rule.replace("-", "_"), RULES[runner.rule].title
        losses = np.full(race.steps, np.nan)
        losses[: runner.losses.size] = runner.losses[: race.steps]
        made[f"loss_{key}"] = "step", losses, _about(f"{title}, loss")
        if runner.judged is not None:
            for name in ("mean", "spread"):
                values = getattr(runner.judged, name)
                made[f"{name}_{key}"] = "saved_time", values, _about(f"{title}, {name} of x")
    made.attrs |= {"least_action": race.least or np.nan, "noise_floor_w2": race.floor or np.nan}
    return made


def _about(label: str) -> dict[str, str]:
    return {"units": "1", "long_name": label}
