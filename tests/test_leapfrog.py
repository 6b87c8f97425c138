"""The leapfrog loop: its order, its reversibility, its counting of steps."""

import jax.numpy as jnp
import numpy as np
import pytest

from hoam_core.solvers.leapfrog import leapfrog
from hoam_core.solvers.stepping import count_substeps


def oscillate(ts, substeps, start=(1.0, 0.0), **options):
    """A harmonic oscillator of unit frequency, far from the edge of its box at 20."""
    x, v = (jnp.array([value]) for value in start)
    return leapfrog(
        lambda x: 10 - x, lambda x, v: jnp.stack([x - 10, v]), x + 10, v, jnp.asarray(ts),
        length=20.0, substeps=substeps, **options,
    )[..., 0]  # fmt: skip


def test_the_error_is_of_second_order():
    errors = [float(oscillate([0.0, 5.0], n)[-1, 0]) - np.cos(5.0) for n in (50, 100)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)


def test_the_way_back_ends_at_the_start():
    x, v = np.asarray(oscillate([0.0, 1.0, 3.0], 20)[-1])
    back = oscillate([0.0, 2.0, 3.0], 20, start=(x, -v))
    np.testing.assert_allclose(back[-1], [1.0, 0.0], atol=1e-13)


def test_velocities_are_changed_after_every_step_with_its_number_and_length():
    seen = leapfrog(
        jnp.zeros_like, lambda x, v: v, jnp.zeros(2), jnp.zeros(2), jnp.array([0.0, 1.0, 3.0]),
        length=1.0, substeps=4, after=lambda i, v, h: v + jnp.stack([i.astype(float), h]),
    )  # fmt: skip
    np.testing.assert_allclose(seen, [[0, 0], [0 + 1 + 2 + 3, 1], [28, 3]])


@pytest.mark.parametrize(("ts", "steps"), [([0, 1, 2], 10), ([0, 1, 1.5], 10), ([0, 0.01], 1)])
def test_the_longest_interval_sets_the_number_of_steps(ts, steps):
    assert count_substeps(np.array(ts), 0.1) == steps


@pytest.mark.parametrize("ts", [[2.0], [3.0, 3.0]])
def test_nothing_to_do_takes_one_step(ts):
    assert count_substeps(np.array(ts), 0.1) == 1
