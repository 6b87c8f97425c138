"""A method of one's own: each component of a population is shifted and stretched.

What is learned are mean and spread of every component over time, at each training value. A sample
keeps its place within the population, so that a Gaussian with independent components is exact.
Run it: `python docs/examples/method.py OUT`.
"""

import sys

import jax.numpy as jnp
from jax.scipy.interpolate import RegularGridInterpolator

import hoam_core as hoam
from hoam_core.methods import Frame, Learner, Method, MethodEntry


def stretch(frame: Frame, network: None = None, *, least: float = 1e-6) -> Method:
    """Interpolate mean and spread in parameter and time; `least` is the smallest spread."""
    scaling = frame.scaling

    def init(key, ensemble):
        # Arrays of an ensemble are (m, t, n, d): training value, time, particle, component.
        if any(frame.domain(ensemble.mu[0]).periodic):
            raise ValueError("Method 'stretch' takes free components only; choose another method.")
        z = scaling.unit(ensemble.x)
        return {"mean": z.mean(2), "spread": z.std(2).clip(least)}

    def at(values, tau, mu):
        # (m, t, d) at one parameter and one time; the training set is the product of the axes.
        grid = (*map(jnp.asarray, frame.axes), jnp.asarray(frame.times) / scaling.t_end)
        values = values.reshape(*(len(axis) for axis in grid), -1)
        point = jnp.append(mu, tau)[None]
        return RegularGridInterpolator(grid, values, bounds_error=False, fill_value=None)(point)

    def sample(params, x0, ts, mu, key, *, steps=None):
        def moments(t):
            tau = t / scaling.t_end
            return at(params["mean"], tau, mu), at(params["spread"], tau, mu)

        mean, spread = moments(ts[0])
        place = (scaling.unit(x0) - mean) / spread
        now = [mean + spread * place for mean, spread in map(moments, ts)]
        return jnp.stack([x0, *map(scaling.physical, now[1:])])

    def evaluations(ts, steps=None):
        return 0  # it has no field

    return Method(Learner(init), sample, evaluations)


hoam.METHODS["stretch"] = MethodEntry("Shift and stretch", stretch, False, {"particles": 4_096})


def main(out: str, particles: int = 4_096) -> None:
    """Train it on the oscillator, save it, load it and judge it."""
    system = hoam.get_system("oscillator")
    experiment = hoam.default_experiment(system, "stretch", particles=particles)
    for _ in hoam.learn(experiment, out, judge=False):
        pass
    errors = hoam.evaluate(hoam.load_model(out), {"omega": 4.25}, particles=particles)
    print("W2 squared over its floor:", (errors["w2"] / errors["w2_floor"]).values)


if __name__ == "__main__":
    main(sys.argv[1])
