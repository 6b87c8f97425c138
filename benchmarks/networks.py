"""A training step and a roll-out against the same network with its weights merged per particle.

CoLoRA weights depend on time and parameter only. Vectorised over particles at one (t, mu) they are
formed once; written naively, with a (t, mu) for every particle, they are formed for each of them.
`python -m benchmarks.networks` prints both ratios, and what share of the rate of bare matrix
products of the same shapes a training step reaches (target: half), and what the functions that are
no products take alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr, JaxprEqn

from benchmarks.timing import compete, machine, show
from hoam_core.data import Ensemble, Scaling
from hoam_core.methods.base import Frame
from hoam_core.methods.neural import neural_potential
from hoam_core.networks import CoLoRA
from hoam_core.systems import get_system
from hoam_core.training.experiment import build_method, default_experiment

# Of those that networks use.
FUNCTIONS = {"cos", "erf", "exp", "log1p", "logistic", "sin", "tanh"}


def small_ensemble(particles: int = 4_096) -> Ensemble:
    """Two-stream runs at two parameters, enough to time a step."""
    system = get_system("two-stream")
    ts = np.linspace(0.0, system.t_end, 41)
    key, parameters = jax.random.key(0), jnp.array([[1.2], [1.9]])
    runs = [system.simulate(key, mu, system.initial(key, mu, particles), ts) for mu in parameters]
    return Ensemble(parameters, jnp.asarray(ts, jnp.float32), jnp.stack(runs))


def main() -> tuple[float, float]:
    """Print both comparisons; returns the ratios of training step and roll-out."""
    system, ensemble = get_system("two-stream"), small_ensemble()
    options = {"intervals": 4, "samples": 512}
    experiment = default_experiment(system, "dice", options=options)
    scaling = Scaling.of(ensemble)
    method = build_method(experiment, scaling)
    params = method.learner.init(jax.random.key(1), ensemble)
    frame = Frame(system.domain, scaling, experiment.axes, experiment.times)
    potential = neural_potential(CoLoRA(), frame, frequencies=16)
    assert method.learner.draw
    assert method.learner.loss
    batch = method.learner.draw(jax.random.key(2), ensemble)
    step = jax.jit(jax.value_and_grad(method.learner.loss))
    field = jax.vmap(jax.grad(potential, argnums=1), in_axes=(None, 0, 0, 0))

    def naive_loss(params, batch):
        count = batch.move.shape[0] * batch.move.shape[1]
        z = (batch.start + 0.5 * batch.move).reshape(count, -1)
        per = batch.move.shape[1]
        tau, mu = jnp.repeat(batch.tau, per), jnp.repeat(batch.mu, per, axis=0)
        speed = (batch.move / batch.width[:, None, None]).reshape(count, -1)
        found = field(params, z, tau, mu)
        return jnp.mean(jnp.sum(found * (0.5 * found - speed), axis=-1))

    naive_step = jax.jit(jax.value_and_grad(naive_loss))
    print(machine())
    print(f"losses: {step(params, batch)[0]:.6f}, naive {naive_loss(params, batch):.6f}")
    times = compete(
        {
            "training step, weights merged once": lambda: step(params, batch),
            "training step, weights merged per particle": lambda: naive_step(params, batch),
        }
    )
    samples = options["intervals"] * options["samples"]
    training = show(f"DICE training step, {samples:,} samples", times, "samples", samples)
    _beside_products(jax.make_jaxpr(step)(params, batch).jaxpr, min(times.values()))
    return training, _rollouts(method, params, potential, ensemble, scaling)


def equations(jaxpr: Jaxpr, times: int = 1) -> Iterator[tuple[JaxprEqn, int]]:
    """All equations of a program, those inside of others too, and how often each is computed."""
    for one in jaxpr.eqns:
        yield one, times
        for parameter in one.params.values():
            if (inside := getattr(parameter, "jaxpr", None)) is not None:
                yield from equations(inside, times * one.params.get("length", 1))


def products(jaxpr: Jaxpr) -> Counter[tuple[int, ...]]:
    """How often a program multiplies matrices, by shapes (batch, rows, inner, columns)."""
    found: Counter[tuple[int, ...]] = Counter()
    for one, times in equations(jaxpr):
        if one.primitive.name == "dot_general":
            left, right = (v.aval.shape for v in one.invars)
            (inner, inner_right), (shared, shared_right) = one.params["dimension_numbers"]
            own = [n for i, n in enumerate(left) if i not in (*inner, *shared)]
            other = [n for i, n in enumerate(right) if i not in (*inner_right, *shared_right)]
            found[
                prod(left[i] for i in shared), prod(own), prod(left[i] for i in inner), prod(other)
            ] += times
    return found


def functions(jaxpr: Jaxpr) -> Counter[tuple[str, int]]:
    """How often a program evaluates a function that is no polynomial, by name and size."""
    found: Counter[tuple[str, int]] = Counter()
    for one, times in equations(jaxpr):
        if one.primitive.name in FUNCTIONS:
            found[one.primitive.name, prod(one.outvars[0].aval.shape)] += times
    return found


def _beside_products(jaxpr: Jaxpr, seconds: float) -> None:
    shapes = products(jaxpr)
    work = sum(2 * prod(shape) * times for shape, times in shapes.items())
    bare = 0.0
    for (batch, rows, inner, columns), times in shapes.items():
        a, b = jnp.ones((batch, rows, inner)), jnp.ones((batch, inner, columns))
        bare += times * _alone(jnp.matmul, a, b)
    reached, alone = work / seconds / 1e9, work / bare / 1e9
    print(
        f"  {work / 1e6:.1f} M operations in matrix products: {reached:.1f} G/s in the step, "
        f"{alone:.1f} G/s alone: {reached / alone:.0%} (target 50 %)"
    )
    evaluated = functions(jaxpr)
    curved = sum(
        times * _alone(getattr(jax.lax, name), jnp.linspace(-1.0, 1.0, size))
        for (name, size), times in evaluated.items()
    )
    count = sum(size * times for (_, size), times in evaluated.items())
    names = ", ".join(sorted({name for name, _ in evaluated}))
    print(
        f"  {count / 1e6:.2f} M values of {names} alone take {curved / seconds:.0%} of the step, "
        f"the products {bare / seconds:.0%}"
    )


def _alone(function: Callable[..., jax.Array], *arguments: jax.Array) -> float:
    compiled = jax.jit(function)
    return min(compete({"": lambda: compiled(*arguments)}).values())


def _rollouts(method, params, potential, ensemble, scaling, steps: int = 20) -> float:
    mu, x0 = ensemble.mu[0], ensemble.x[0, 0]
    ts = np.linspace(0.0, float(scaling.t_end), 2)
    domain = get_system("two-stream").domain(mu)
    field = jax.vmap(jax.grad(potential, argnums=1), in_axes=(None, 0, 0, 0))

    @jax.jit
    def naive(params, x0):
        n, h = x0.shape[0], float(scaling.t_end) / steps

        def velocity(x, t):
            tau = jnp.full(n, t / scaling.t_end)
            grad = field(params, scaling.unit(x), tau, jnp.broadcast_to(mu, (n, 1)))
            return grad * scaling.scale / scaling.t_end

        def step(i, x):
            half = x + 0.5 * h * velocity(x, i * h)
            return domain.wrap(x + h * velocity(half, (i + 0.5) * h))

        return jax.lax.fori_loop(0, steps, step, x0)

    def merged():
        return method.sample(params, x0, ts, mu, jax.random.key(0), steps=steps)

    gap = jnp.abs(domain.displacement(merged()[-1], naive(params, x0))).max()
    print(f"\nlargest difference of the two roll-outs: {gap:.2e}")
    times = compete(
        {
            "roll-out, weights merged once": merged,
            "roll-out, weights merged per particle": lambda: naive(params, x0),
        },
        repeats=3,
    )
    count = 2 * steps * x0.shape[0]
    return show(f"Roll-out, {x0.shape[0]:,} particles x {steps} steps", times, "fields", count)


if __name__ == "__main__":
    main()
