"""Several devices share a batch: parts of a loss, one training in a process of four devices."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core import METHODS, fit
from hoam_core.data import Increments, Scaling
from hoam_core.methods.base import Frame
from hoam_core.methods.macroscopic import macroscopic
from hoam_core.training import adam
from hoam_core.training.devices import mesh_of, shared_loss
from hoam_core.training.experiment import build_method

ROOT = Path(__file__).parent.parent
# One of each loss.
LOSSES = ["hoam-gauss", "dice", "cfm", "ncsm"]
NEURAL = [name for name, entry in METHODS.items() if entry.needs_network]


def part_of(batch, axes, number, parts):
    """One of equal parts of the particles of a batch."""
    cuts = {
        name: jnp.array_split(getattr(batch, name), parts, axis)[number]
        for name, axis in axes.items()
    }
    return batch._replace(**cuts)


def check_mean_of_parts(method, data, key):
    params, batch = method.learner.init(key, data), method.learner.draw(key, data)
    loss = jax.jit(method.learner.loss)
    parts = [loss(params, part_of(batch, method.learner.batch_axes, i, 2)) for i in range(2)]
    assert float(parts[0]) != pytest.approx(float(parts[1]), rel=1e-3)
    assert float(np.mean(parts)) == pytest.approx(float(loss(params, batch)), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_over_parts_of_its_batch(name, tiny, ensemble_of, key):
    data = ensemble_of("oscillator")
    method = build_method(tiny("oscillator", name), Scaling.of(data))
    check_mean_of_parts(method, data, key)


def test_a_likelihood_of_increments_is_so_too(key):
    z, dz = jax.random.normal(key, (2, 64, 2))
    data = Increments(jnp.linspace(1, 2, 64)[:, None], z, dz, 0.1, 4.0, 256.0)
    scaling = Scaling.of_samples(z, data.mu, jnp.asarray(1.0))
    frame = Frame(lambda mu: None, scaling, ((1.0, 2.0),), np.linspace(0, 1, 5), rates=1)
    check_mean_of_parts(macroscopic(frame, dt=0.1, batch=32), data, key)


def trained_on_four(method):
    """What sharded_training.py saw."""
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.sharded_training", method],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "method",
    [pytest.param(m, marks=pytest.mark.slow) for m in NEURAL],
)
def test_four_devices_share_the_batch_and_learn_what_one_does(method):
    seen = trained_on_four(method)
    whole, shared = seen["particles"]
    assert seen["devices"] == 4
    assert [4 * n for n in shared] == whole
    assert seen["placed"] == [4]
    one, many = seen["losses"]
    assert len(set(one)) == 3
    np.testing.assert_allclose(many, one, rtol=1e-5)
    assert seen["difference"] < 1e-6


def test_more_devices_than_there_are_is_a_sentence():
    with pytest.raises(ValueError, match=r"`devices` must be at most 1, .* but is 64"):
        mesh_of(64)
    with pytest.raises(ValueError, match="whole number of at least 1"):
        mesh_of(0)
    assert mesh_of(1).devices.tolist() == jax.devices()[:1]


class ThreeDevices:
    """All that is asked of a mesh before a loss is shared."""

    size = 3


def test_a_batch_that_cannot_be_shared_is_a_sentence(tiny, ensemble_of, key):
    data = ensemble_of("oscillator")
    method = build_method(tiny("oscillator", "dice"), Scaling.of(data))
    with pytest.raises(ValueError, match="must divide the 16 particles of a batch, but is 3"):
        shared_loss(
            method.learner.loss,
            method.learner.batch_axes,
            jax.eval_shape(method.learner.draw, key, data),
            ThreeDevices(),
        )


def test_a_method_in_closed_form_has_no_batches_to_share(tiny, ensemble_of, key):
    data = ensemble_of("oscillator")
    method = build_method(tiny("oscillator", "galerkin"), Scaling.of(data))
    with pytest.raises(ValueError, match="`devices` must be 1 for this method"):
        next(fit(method.learner, data, adam(1), key, steps=1, mesh=ThreeDevices()))
