"""Own data in any units: methods work in units in which they are about one."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dashboard.runs.pictures import Ranges, density
from dashboard.runs.states import digest
from hoam_core.data import Scaling, power_of_two
from hoam_core.methods.base import Frame
from hoam_core.methods.own_units import Units
from hoam_core.models.model import Model
from hoam_core.recorded.collection import Collection
from hoam_core.recorded.learning import learn_recorded
from hoam_core.storage.datasets import observe
from hoam_core.systems import Component, Recorded, register
from hoam_core.training.experiment import build_method, default_experiment

AXIS = (1.0, 1.2, 1.4)
# Of positions, velocities, times and the parameter.
UNITS = {
    "SI of a laser plasma": (1e-6, 3e7, 2e-14, 1e24),
    "tiny": (2e-28, 5e-27, 3e-25, 1e-30),
    "huge": (4e26, 3e27, 7e25, 6e28),
}
FEW = {"modes_x": 2, "modes_v": 6, "degree": 2, "waves": 10, "steps": 32}
PLAIN = (1.0, 1.0, 1.0, 1.0)


def beams(x_unit=1.0, v_unit=1.0, t_unit=1.0, mu_unit=1.0, circle=True, n=1_500) -> Collection:
    """Two beams that drift round a circle, or along a line, in units of one's choice."""
    ts, rows = np.linspace(0.0, 4.0, 9), []
    for i, mu in enumerate(AXIS):
        rng = np.random.default_rng(i)
        v = mu * rng.choice([-1.0, 1.0], n) + 0.3 * rng.normal(size=n)
        x = rng.uniform(0, 10, n) + ts[:, None] * v
        both = np.stack([x % 10 if circle else x, v + 0.05 * ts[:, None] * np.sin(v)], axis=-1)
        rows.append(both * np.array([x_unit, v_unit]))
    x = np.stack(rows).astype(np.float32)
    views = [(float(part.min()), float(part.max())) for part in (x[..., 0], x[..., 1])]
    components = (Component("x", "x", "", views[0]), Component("v", "v", "", views[1]))
    length = 10.0 * x_unit if circle else None
    axis = tuple(mu_unit * mu for mu in AXIS)
    return Collection(
        "Beams", ("a", "b", "c"), ("mu",), (axis,), components, (length, None), t_unit * ts, x, True
    )  # fmt: skip


@pytest.fixture(autouse=True)
def single_precision(float32):
    """What users run."""


def rolled(collection: Collection, method: str = "galerkin", **changes) -> tuple[Model, np.ndarray]:
    """A model that learned nothing but its start, and its samples."""
    system = register(collection.system())
    shape = {"n_times": len(collection.ts), "t_end": float(collection.ts[-1])}
    experiment = default_experiment(
        system, method, particles=collection.x.shape[2], options=FEW, **shape, **changes
    )
    data = collection.training(system)
    scaling = Scaling.of(data)
    made = build_method(experiment, scaling)
    params = made.learner.init(jax.random.key(0), made.learner.prepare(data))
    model = Model.build(experiment, scaling, params, recorded=system)
    mu = system.vector({"mu": collection.axes[0][1]})
    x0 = system.initial(jax.random.key(1), mu, 512)
    x = model.sample(x0, model.times(), mu, jax.random.key(2))
    assert np.array_equal(np.asarray(x[0]), np.asarray(x0))
    return model, np.asarray(x, float)


@pytest.fixture(scope="module", params=[True, False], ids=["circle", "line"])
def plain(request) -> tuple[bool, np.ndarray]:
    """Samples in ordinary units, round a circle or along a line."""
    with jax.enable_x64(False):
        return request.param, rolled(beams(circle=request.param))[1]


def test_units_by_powers_of_two_give_the_same_to_the_last_bit(plain):
    circle, x = plain
    units = (2.0**-80, 2.0**75, 2.0**-45, 2.0**90)
    _, found = rolled(beams(*units, circle=circle))
    assert np.array_equal(found / np.array(units[:2]), x)


@pytest.mark.parametrize("sizes", [("SI of a laser plasma", "huge"), ("tiny", "tiny")])
def test_what_is_learned_does_not_depend_on_the_units(sizes, plain):
    circle, x = plain
    units = UNITS[sizes[0 if circle else 1]]
    _, found = rolled(beams(*units, circle=circle))
    found = found / np.array(units[:2])
    assert np.all(np.isfinite(found))
    # Roundings grow along a roll-out, so that laws are compared and not particles.
    for i, spread in enumerate(x.std(axis=(0, 1))):
        if circle and i == 0:
            ours, theirs = (np.exp(2j * np.pi * one[..., 0] / 10).mean(1) for one in (found, x))
            assert np.abs(ours - theirs).max() < 0.02
        else:
            ours, theirs = (np.sort(one[..., i], axis=1) for one in (found, x))
            assert np.abs(ours - theirs).mean() < 0.02 * spread


@pytest.mark.slow
@pytest.mark.parametrize("method", ["dice", "hoam-gauss", "cfm", "ncsm", "hybrid"])
def test_networks_learn_in_units_of_the_data_too(method, tmp_path):
    options = {"samples": 64} if method != "hybrid" else {}
    found = {}
    for name, units in {"plain": PLAIN, **UNITS}.items():
        *_, last = learn_recorded(
            beams(*units), tmp_path / name, method=method, steps=60, options=options,
            network="mlp", network_options={"width": 16, "depth": 2},
            held_out=("mu", units[3] * 1.2),
        )  # fmt: skip
        found[name] = [row["value"] for row in last.model.errors[0]["w2"]]
    for values in found.values():
        assert values == pytest.approx(found["plain"], rel=0.5)


def test_the_units_are_powers_of_two_about_the_data():
    values = np.array([1e-24, 0.3, 1.0, 5.0, 1e24, 0.0])
    found = power_of_two(values)
    assert np.log2(found) == pytest.approx(np.rint(np.log2(found)), abs=0)
    assert np.all((values[:-1] / found[:-1] >= 0.5) & (values[:-1] / found[:-1] < 1))
    assert found[-1] == 1.0
    single = jnp.asarray(values, jnp.float32)
    assert np.asarray(power_of_two(single), float) == pytest.approx(found, rel=0)


def test_division_by_the_units_loses_no_digit():
    model, _ = rolled(beams(*UNITS["SI of a laser plasma"]))
    system, experiment = model.system, model.experiment
    frame = Frame(system.domain, model.scaling, experiment.axes, experiment.times)
    units = Units.of(frame)
    x = jnp.asarray(system.snapshots[0, 3])
    assert np.array_equal(units.samples(units.samples(x), -1), x)
    own = units.frame(frame)
    assert 0.5 <= float(own.scaling.t_end) < 1
    assert np.all((np.asarray(own.scaling.scale) >= 0.5) & (np.asarray(own.scaling.scale) < 1))
    assert own.domain(units.parameters(system.vector({"mu": 1.2e24}))).length[0] == pytest.approx(
        float(system.lengths[0]) / units.x[0]
    )


def test_a_model_of_before_keeps_its_physical_units():
    system = beams().system()
    told = system.description()
    assert told.pop("own_units") is True
    before = Recorded.described(told, system.snapshots)
    assert before.own_units is False
    assert dataclasses.replace(before, own_units=True).description()["own_units"] is True


@pytest.mark.parametrize("units", UNITS.values(), ids=UNITS)
def test_scaling_observables_and_pictures_hold_any_size(units):
    collection = beams(*units)
    system = collection.system()
    scaling = Scaling.of(collection.training(system))
    exact = collection.x.astype(float)
    assert np.asarray(scaling.scale, float) == pytest.approx(exact.std(axis=(0, 1, 2)), rel=1e-4)
    assert np.asarray(scaling.shift, float) == pytest.approx(
        exact.mean(axis=(0, 1, 2)), rel=1e-3, abs=1e-3 * exact[..., 0].std()
    )
    mu = system.vector({"mu": collection.axes[0][0]})
    found = observe(system, jnp.asarray(collection.x[0]), mu)
    spread = exact[0].std(axis=1)
    assert np.asarray(found["spread_v"], float) == pytest.approx(spread[:, 1], rel=1e-4)
    ranges = Ranges.of(system, (collection.axes[0][0],))
    seen = digest(collection.x[0], ranges, 9)
    assert seen.finite
    assert np.asarray(seen.moments.spread, float) == pytest.approx(spread, rel=1e-3)
    plane = ranges.plane((0, 1))
    field = density(seen.states.counts(0, (0, 1)), 1_500, plane, 2.0)
    assert np.all(np.isfinite(field))
    assert float(np.sum(field, dtype=float) * plane.cell_area) == pytest.approx(1.0, abs=0.1)
