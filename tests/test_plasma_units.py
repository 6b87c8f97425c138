"""What the units say is true: numbers add up in them, and lengths are those that they name."""

import json
import re

import jax
import numpy as np
import pytest

import hoam_core as hoam
from hoam_core import SYSTEMS
from hoam_core.solvers import pic, pic3d
from hoam_core.storage.datasets import to_dataset

PLASMAS = [
    *(("two-stream", {"mu": mu}) for mu in (0.4, 1.37, 2.5)),
    *(("bump-on-tail", {"mu": mu}) for mu in (0.4, 1.35, 2.5)),
    ("two-stream-beams", {"drift": 2.9, "width": 0.7}),
    ("landau", {"alpha": 0.5, "k": 0.42}),
    ("strong-landau-6d", {"alpha": 0.525}),
    ("strong-landau-6d-all-axes", {"alpha": 0.525}),
]
plasmas = pytest.mark.parametrize(("name", "parameters"), PLASMAS)


def value_of(unit, **symbols):
    """A printed unit as a number, once the symbols have values; "a b" is a product."""
    text = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", unit).replace("^", "**")
    return eval(text, {"__builtins__": {}}, symbols)


def populations(name, parameters):
    system = SYSTEMS[name]
    mu = system.vector(parameters)
    # In one half of the box, so that there is a field to count.
    x0 = system.initial(jax.random.key(0), mu, 4_096).at[:, 0].multiply(0.5)
    return system, to_dataset(system, mu, np.zeros(1), x0[None], seed=0, method="full-model")


@plasmas
def test_total_is_kinetic_plus_electric_in_the_printed_units(name, parameters):
    _, run = populations(name, parameters)
    symbols = {"m": 1.7, "v_th": 0.6, "v_0": 0.9, "mu": parameters.get("mu", 1.0)}
    energies = {
        kind: float(run[f"{kind}_energy"][0]) * value_of(run[f"{kind}_energy"].units, **symbols)
        for kind in ("kinetic", "electric", "total")
    }
    # The part of the field is far above the tolerance.
    assert energies["electric"] > 1e-4 * energies["total"]
    assert energies["total"] == pytest.approx(energies["kinetic"] + energies["electric"], rel=1e-6)


@plasmas
def test_lengths_and_times_are_those_that_their_units_name(name, parameters):
    system, run = populations(name, parameters)
    x, length = run["state"].values[0], float(system.domain(system.vector(parameters)).length[0])
    # A field goes as 1/c and its energy as 1/c^2, which gives c, and with it omega_p = c^(-1/2).
    if x.shape[1] == 2:
        alone = pic.electric_energy(x[:, 0], length, 1.0)
    else:
        alone = pic3d.electric_energy(x[:, :3].T, length, 1.0)
    omega_p = float(run["electric_energy"][0] / alone) ** 0.25
    symbols = {"mu": parameters.get("mu", 1.0), "omega_p": omega_p, "v_0": 1.0, "v_th": 1.0}
    symbols["lambda_D"] = symbols["v_th"] / omega_p
    for unit in (*(c.unit for c in system.components if c.name in "xyz"), system.time_unit):
        assert value_of(unit, **symbols) == pytest.approx(1.0, rel=1e-5)


def test_files_tables_and_systems_name_one_unit():
    system = SYSTEMS["two-stream"]
    run = hoam.simulate(system, {"mu": 1.37}, particles=64, n_times=3, t_end=0.2)
    assert run["time"].units == system.time_unit == "1/(mu omega_p)"
    assert run["state"].units == "x: lambda_D/mu, v: v_th"
    assert run["electric_energy"].units == "mu^2 m v_th^2"
    assert json.loads(run.attrs["parameters"]) == {"mu": 1.37}
    # Nothing but a plain number is a number without a unit.
    assert SYSTEMS["oscillator"].time_attributes["units"] == "1"
