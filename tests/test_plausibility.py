"""What cannot be is said: bounds, budgets of energy, share outside the view, too few particles."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import SYSTEMS, get_system, list_models, load_model
from hoam_core.judgement.convergence import difference
from hoam_core.metrics import curve_error
from hoam_core.models.plausibility import Limits, allowed_energy, doubts, growth_of, share_outside
from hoam_core.simulation import simulate
from hoam_core.systems import Lattice

TWO_STREAM, ISING = get_system("two-stream"), get_system("ising")
AXES = ((1.0, 2.0),)
LIMITS = Limits(particles=1_024, steps=100, growth=(4.0, 8.0))
MODELS = {model.name: model for model in list_models()}
SMOOTH = [name for name, model in MODELS.items() if model.method.smooth]
PLASMAS = [name for name, model in MODELS.items() if model.limits.growth]


def found(curves, *, system=TWO_STREAM, limits=LIMITS, outside=0.0, particles=4_096, steps=None):
    values = {p.name: p.default for p in system.parameters} | (
        {"mu": 1.25} if system is TWO_STREAM else {}
    )
    curves = {name: np.asarray(values, float) for name, values in curves.items()}
    return doubts(system, limits, AXES, values, curves, outside, particles, steps)


PLAUSIBLE = {"electric_energy": [0.0, 5.0], "total_energy": [250.0, 251.0]}


def test_a_run_that_can_be_is_not_doubted():
    assert found(PLAUSIBLE) == ()


@pytest.mark.parametrize(
    ("changed", "options", "words"),
    [
        ({"electric_energy": [0.0, 10.0]}, {}, "The energy of the field reaches 10, 2 times"),
        ({"total_energy": [250.0, 285.0]}, {}, "The total energy changes by 14 %"),
        ({"total_energy": [250.0, 1e6]}, {}, "The total energy grows 4,000-fold"),
        ({"total_energy": [250.0, 190.0]}, {}, "The total energy changes by 24 %"),
        ({}, {"outside": 0.3}, "Up to 30 % of the particles leave the range"),
        ({}, {"particles": 512}, "512 particles are fewer than the 1,024"),
        ({}, {"steps": 50}, "50 steps are fewer than the 100"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_with_its_number(changed, options, words):
    (sentence,) = found(PLAUSIBLE | changed, **options)
    assert sentence.startswith(words)
    assert sentence.endswith("not to be trusted.")


def test_a_field_below_the_noise_is_no_more_than_noise():
    curves = {"electric_energy": [1e-13, 1e-5], "kinetic_energy": [25.0, 25.0]}
    at_rest = Limits(growth=(0.0, 0.0))
    assert found(curves, limits=at_rest) == ()
    (sentence,) = found(curves | {"electric_energy": [1e-13, 0.05]}, limits=at_rest)
    assert "reaches 0.05, 2,000 times its start" in sentence


def test_beyond_the_training_values_nobody_knows_what_a_field_can_take():
    values = {"mu": 0.8}
    curves = {"electric_energy": np.array([0.0, 50.0])}
    (sentence,) = doubts(TWO_STREAM, LIMITS, AXES, values, curves, 0.0, 4_096)
    assert "times what it can reach at the nearest training values" in sentence


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("magnetisation", [0.5, -7.1], "Magnetisation m is -7.1, but always lies from -1 to 1"),
        ("walls", [0.1, -0.07], "Domain-wall density ρ is -0.07, but always lies from 0 to 1"),
        ("magnetisation", [1.0, 1.005], None),
    ],
)
def test_an_observable_beyond_its_bounds_is_named(name, values, words):
    said = found({name: values}, system=ISING, limits=Limits())
    assert [sentence.split(":")[0] for sentence in said] == ([words] if words else [])


def test_densities_are_never_negative():
    (sentence,) = found({"prey": [0.4, -0.2]}, system=get_system("predator-prey"), limits=Limits())
    assert "is -0.2, but is always at least 0" in sentence


def test_the_energy_of_a_field_has_its_start_and_what_the_training_runs_grew_by():
    assert growth_of(np.array([1.0, 5.0, 2.0])) == 4.0
    assert growth_of(np.array([3.0, 1.0])) == 0.0
    for mu, growth in ((1.0, 4.0), (1.5, 6.0), (2.0, 8.0), (3.0, 8.0), (0.5, 4.0)):
        assert allowed_energy(LIMITS, AXES, np.array([mu]), 0.5) == pytest.approx(0.5 + growth)
    two = Limits(growth=(0.0, 1.0, 2.0, 3.0))
    axes = ((0.0, 1.0), (0.0, 1.0))
    assert allowed_energy(two, axes, np.array([0.5, 0.5]), 0.0) == pytest.approx(1.5)
    alone = Limits(growth=(1.0, 3.0))
    assert allowed_energy(alone, ((2.0,), (0.0, 1.0)), np.array([9.0, 0.5]), 0.0) == 2.0
    assert allowed_energy(Limits(growth=(7.0,)), ((2.0,),), np.array([1.0]), 1.0) == 8.0
    assert allowed_energy(Limits(), AXES, np.array([1.5]), 0.0) == np.inf


def test_the_share_outside_counts_free_components_only():
    x = jnp.array([[[10.0, 0.0], [20.0, 9.0], [30.0, 2.0], [49.0, -8.5]]])
    assert share_outside(TWO_STREAM, jnp.array([1.25]), x).tolist() == [0.5]


def test_limits_survive_their_file_and_foreign_ones_are_refused():
    limits = Limits(particles=512, steps=200, growth=(1.0, 2.5))
    assert Limits.from_json(json.loads(json.dumps(limits.to_json())), AXES) == limits
    assert Limits.from_json({}, AXES) == Limits()
    for wrong in ({"growth": [1.0]}, {"growth": [1.0, np.nan]}, {"steps": 0}, {"particles": 1.5}):
        with pytest.raises(ValueError, match="Argument"):
            Limits.from_json(wrong, AXES)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize(
    ("name", "values", "particles", "words"),
    [
        ("two-stream-galerkin", {"mu": 1.25}, 4_096, []),
        ("two-stream-galerkin", {"mu": 1.25}, 64, ["64 particles are fewer", "total energy"]),
        ("two-stream-galerkin", {"mu": 1.1}, 4_096, ["outside the trained", "total energy"]),
        ("two-stream-galerkin", {"mu": 0.4}, 4_096, ["outside the trained", "total energy"]),
        ("two-stream-galerkin", {"mu": 2.5}, 4_096, ["outside the trained", "total energy"]),
        ("landau-galerkin", {"alpha": 0.5, "k": 0.3}, 1_024, ["1,024 particles are fewer"]),
        (
            "ising-partial",
            {"T": 0.5, "h": 0.0, "m0": 1.0},
            256,
            ["outside the trained", "but always lies"],
        ),
    ],
)
def test_the_runs_that_were_shown_as_results_are_doubted(name, values, particles, words):
    run = load_model(name).predict(values, particles=particles, seed=1, n_times=21)
    said = json.loads(run.attrs["warnings"])
    assert bool(said) == bool(words)
    for part in words:
        assert any(part in sentence for sentence in said), said


@pytest.mark.usefixtures("float32")
def test_an_answer_does_not_depend_on_how_many_times_are_saved():
    model = load_model("two-stream-galerkin")
    known = model.predict({"mu": 1.25}, particles=1_024, seed=3, n_times=101)
    for n_times in (201, 7):
        other = model.predict({"mu": 1.25}, particles=1_024, seed=3, n_times=n_times)
        assert other.attrs["steps"] == known.attrs["steps"] == model.steps == 100
        # Between two steps states are interpolated.
        energy = known["electric_energy"].interp(time=other.time)
        assert curve_error(energy.values, other["electric_energy"].values).l2 < 0.01
        assert other.isel(time=0).state.equals(known.isel(time=0).state)


@pytest.mark.parametrize("name", SMOOTH)
def test_a_shipped_model_was_judged_with_the_steps_that_it_takes(name):
    model = MODELS[name]
    assert {error["steps"] for error in model.errors} == {model.steps}
    assert not any(error.get("warnings") for error in model.errors)


def test_what_was_measured_of_the_closed_loops_is_in_their_files():
    for name, steps, particles in (("two-stream", 100, 256), ("landau", 200, 4_096)):
        limits = MODELS[f"{name}-galerkin"].limits
        assert (limits.steps, limits.particles) == (steps, particles)
    # A damped wave gains nothing; unstable ones less, the closer the box is to their wavelength.
    assert set(MODELS["landau-galerkin"].limits.growth) == {0.0}
    assert np.all(np.diff(MODELS["two-stream-galerkin"].limits.growth) < 0)


@pytest.mark.slow
@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("name", SMOOTH)
def test_four_times_the_steps_change_less_than_the_model_errs(name):
    model = load_model(name)
    for error in model.errors:
        values, names = error["parameters"], [o.name for o in model.system.observable_info]
        own, fine = (
            model.predict(values, particles=4_096, seed=1, steps=steps, n_times=101)
            for steps in (None, 4 * model.steps)
        )
        own, fine = ({n: run[n].values for n in names} for run in (own, fine))
        if "electric_energy" in error:
            assert difference(own, fine) < 1.2 * error["electric_energy"]["l2_error"]
        else:
            assert difference(own, fine) < 0.02


@pytest.mark.slow
@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("name", PLASMAS)
def test_energy_is_within_twice_what_the_full_model_has_or_the_answer_is_not_to_be_trusted(name):
    model, rng = load_model(name), np.random.default_rng(11)
    system = model.system
    for case in range(12):
        # Half of them inside the trained range, where no other sentence says to be careful.
        ranges = (
            model.trained_range()
            if case % 2
            else {p.name: (p.low, p.high) for p in system.parameters}
        )
        values = {key: float(rng.uniform(low, high)) for key, (low, high) in ranges.items()}
        particles = int(rng.choice([64, 200, 1_000, 1_024, 2_048, 4_096, 8_192]))
        run = model.predict(values, particles=particles, seed=case, n_times=101)
        truth = simulate(system, values, particles=16_384, seed=case, n_times=101)
        energy, known = (r["electric_energy"].values for r in (run, truth))
        allowed = 2 * (known[0] + max(known.max() - known[0], 0.0))
        said = json.loads(run.attrs["warnings"])
        assert energy.max() <= allowed or said, (values, particles, energy.max(), allowed)


def test_bounds_hold_for_every_lattice():
    for system in SYSTEMS.values():
        if isinstance(system, Lattice):
            assert all(o.bounds is not None for o in system.observable_info)
