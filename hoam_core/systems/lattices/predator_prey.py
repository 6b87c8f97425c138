r"""Predators and prey on a line: two noisy fields, of which the predators diffuse.

    du = u (1 - u - v) dt + sigma dW_u,
    dv = (a v (u - b) + Lap v) dt + sigma dW_v,        Lap v_i = v_{i+1} - 2 v_i + v_{i-1},

at points i = 1..L with independent noise at every point and in each field, sigma = 0.02 (arXiv
2511.12842). The Laplacian is that of the lattice, without 1/h^2; there is no flux through the ends,
where a point is its own neighbour; the prey does not diffuse. Steps of 0.01 follow the
Euler-Maruyama rule with random signs as noise: these have the first three moments of a Gaussian,
which its weak order requires (Kloeden and Platen, section 14.1), at less than a tenth of the cost.
The observables are the means <u>, <v> over the points. They obey

    d<u>/dt = <u> - <u^2> - <uv>,        d<v>/dt = a <uv> - a b <v>

exactly (Lap has zero mean), with noise of covariance sigma^2 / L. This is not closed: <u^2> and
<uv> depend on the pattern of the start, u = m + k cos(10 pi x), v = 1 - u, and grow with the noise.

Points are the centres of L cells, x_i = (i - 1/2) / L. Then the pattern has period L / 5 and mean
zero for every L, its slope vanishes at both ends, as does the flux, and linear interpolation from L
to 2 L cells preserves the mean exactly: both halves of a cell lie a quarter from its centre. A
patch of 40 of 200 points is one period, so that all patches of a tiling start alike. On 100 points
the same pattern is twice as steep and diffuses four times as fast (rate 0.098, not 0.025, compared
with 0.2 by which both fields decay in place): snapshots grown from there have slightly less of it.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from hoam_core.numerics.domain import along_last
from hoam_core.systems.base import Component, Parameter
from hoam_core.systems.lattices.base import PatchedLattice, Time, check_patch, means_and_spreads

# Prey u and predators v at L points; the last axis are independent runs.
Fields = Float[Array, "2 l r"]

NOISE = 0.02
STEP = 0.01
PERIODS = 5
# How long patches move before the next tiling. Interpolation removes a third of the variance of u,
# and the pattern of the steeper line must decay: after eight relaxations, four units of time, <u^2>
# and <uv> of enlarged lines differ by 2-4 percent of their spread from those of lines run directly.
TURN = 0.25
RELAXATIONS = 8


@dataclass(frozen=True)
class PredatorPrey(PatchedLattice):
    """Prey u and predators v; growth a of the predators and prey b on which they just survive."""

    name = "predator-prey"
    title = "Stochastic predators and prey"
    reference = "Chen, Huang, Novoselov, Li, arXiv 2511.12842"
    equations = (
        r"\dot u = u(1 - u - v) + \sigma\xi_u,\quad"
        r" \dot v = a\,v(u - b) + \Delta_h v + \sigma\xi_v"
    )
    parameters = (
        Parameter("a", "growth of predators a", 1.5, 5.0, train=(2.5, 3.5), test=(3.0,)),
        # With less prey, or starts farther out, noise reaches u < 0, where the equation diverges.
        Parameter("b", "prey to survive on b", 0.33, 0.7, train=(0.35, 0.45), test=(0.4,)),
        Parameter(
            "m", "mean prey at the start", 0.4, 0.6, train=(0.45, 0.55), test=(0.5,), optional=True
        ),
        Parameter(
            "k", "pattern at the start", 0.0, 0.2, train=(0.05, 0.15), test=(0.1,), optional=True
        ),
        # Multiples of half a patch, with whole numbers of points per period.
        Parameter("L", "points L of the line", 40, 400, train=(200,), optional=True, whole=20),
    )
    components = (
        Component("prey", "mean prey ⟨u⟩", "", (0.2, 0.6)),
        Component("predators", "mean predators ⟨v⟩", "", (0.4, 0.8)),
    )
    observable_info = means_and_spreads(components, ((0.0, np.inf), (0.0, np.inf)))
    t_end = 30.0
    n_times = 151
    truth_particles = 512
    limit_label = "mean field"
    field_names = "prey u", "predators v"
    rates = 2
    dimension = 1
    patch = 40
    small = 100

    def limit(self, mu: Float[Array, " 5"]) -> float:
        """The prey at the fixed point without noise, on which predators just survive."""
        return float(mu[1])

    def limit_drift(self, z: Float[Array, "n 2"], mu: Float[Array, " 5"]) -> Float[Array, "n 2"]:
        """dz/dt of uniform fields without noise."""
        u, v = z.T
        return jnp.stack([u * (1 - u - v), mu[0] * v * (u - mu[1])], axis=-1)

    def load(self, u: Float[Array, "n 1"], mu: Float[Array, " 5"]) -> Float[Array, "n 2"]:
        return jnp.tile(jnp.stack([mu[2], 1 - mu[2]])[None].astype(u.dtype), (len(u), 1))

    def start(self, key: PRNGKeyArray, mu: Float[Array, "r 5"], size: int) -> Fields:
        """The initial pattern, the same for all runs of one mu, as only the noise is random."""
        wave = jnp.cos(2 * jnp.pi * PERIODS * (jnp.arange(size) + 0.5) / size)
        prey = mu[None, :, 2] + mu[None, :, 3] * wave[:, None]
        return jnp.stack([prey, 1 - prey])

    def evolve(
        self, key: PRNGKeyArray, mu: Float[Array, "r 5"], state: Fields, duration: Time
    ) -> Fields:
        return moved(key, mu, state, duration, np.zeros(state.shape[1], bool))

    def observe(self, state: Fields) -> Float[Array, "r 2"]:
        return jnp.mean(state, axis=1).T

    def picture(self, state: Fields) -> Float[np.ndarray, "2 l"]:
        """Prey and predators of the first run: one row per field, points from left to right."""
        return np.asarray(state[..., 0])

    def patches(self, state: Fields, patch: int) -> Float[Array, "c f r"]:
        """The patches of a tiling, from left to right, each with f = 2 * patch features: u, v."""
        check_patch(patch, state.shape[1])
        fields = state.reshape(2, -1, patch, state.shape[-1])
        return jnp.moveaxis(fields, 0, 1).reshape(fields.shape[1], 2 * patch, -1)

    def patch_means(self, patches: Float[Array, "c f r"]) -> Float[Array, "c r 2"]:
        """The value of `observe` for each patch, as if it were the whole line."""
        c, features, runs = patches.shape
        means = jnp.mean(patches.reshape(c, 2, features // 2, runs), axis=2)
        return jnp.moveaxis(means, 1, 2)

    def patch_moves(
        self, key: PRNGKeyArray, mu: Float[Array, "r 5"], state: Fields, patch: int,
        duration: Time,
    ) -> tuple[Float[Array, "c f r"], Float[Array, "c f r"]]:  # fmt: skip
        """Every patch of a tiling before and after it has moved, with all others frozen."""
        before = self.patches(state, patch)
        walls = _walls(state.shape[1], patch)
        return before, self.patches(moved(key, mu, state, duration, walls), patch)

    def patch_increments(
        self, key: PRNGKeyArray, mu: Float[Array, "r 5"], state: Fields, patch: int,
        duration: Time,
    ) -> Float[Array, "c r 2"]:  # fmt: skip
        before, after = self.patch_moves(key, mu, state, patch, duration)
        # K times the change of a mean over L points is the change of the mean over the patch.
        return self.patch_means(after) - self.patch_means(before)

    def enlarge(
        self, key: PRNGKeyArray, mu: Float[Array, "r 5"], state: Fields, patch: int
    ) -> Fields:
        """Lines of twice the points, interpolated and relaxed until the noise has regrown."""
        state = interpolated(state)
        for i in range(RELAXATIONS):
            state = self.relax(jax.random.fold_in(key, i), mu, state, patch)
        return state

    def relax(
        self, key: PRNGKeyArray, mu: Float[Array, "r 5"], state: Fields, patch: int
    ) -> Fields:
        """Relax in all patches of a tiling, then of one shifted by half a patch: 0.5 time units."""
        size = state.shape[1]
        check_patch(patch, size)
        if patch == size:
            return self.evolve(key, mu, state, 2 * TURN)
        for own, offset in zip(jax.random.split(key), (0, patch // 2), strict=True):
            state = moved(own, mu, state, TURN, _walls(size, patch, offset))
        return state


def _walls(size: int, patch: int, offset: int = 0) -> Bool[np.ndarray, " l"]:
    """Whether a patch begins at a point; the left end of the line is no wall."""
    points = np.arange(size)
    return ((points - offset) % patch == 0) & (points > 0)


@jax.jit
def moved(
    key: PRNGKeyArray, mu: Float[Array, "r p"], state: Fields, duration: Time,
    walls: Bool[Array, " l"] | Bool[np.ndarray, " l"], noise: float = NOISE,
) -> Fields:  # fmt: skip
    """Fields after a time, with the initial values across each wall as frozen neighbours.

    So all patches between walls move at once, each with the others frozen.
    """
    # Where a whole number of steps fits, rounding must not add one more.
    steps = jnp.maximum(jnp.ceil(jnp.asarray(duration) / STEP - 1e-3), 1).astype(int)
    h = (duration / steps).astype(state.dtype)
    right_of_wall = jnp.asarray(walls)[:, None]
    left_of_wall = jnp.roll(right_of_wall, -1, axis=0)
    first_left, first_right = _neighbours(state[1])

    def step(i, fields):
        left, right = _neighbours(fields[1])
        left = jnp.where(right_of_wall, first_left, left)
        right = jnp.where(left_of_wall, first_right, right)
        flux = left + right - 2 * fields[1]
        kick = noise * jnp.sqrt(h) * _signs(jax.random.fold_in(key, i), fields)
        return fields + h * reaction(fields, mu).at[1].add(flux) + kick

    return jax.lax.fori_loop(0, steps, step, state)


def _signs(key: PRNGKeyArray, like: Fields) -> Fields:
    """Independent random signs, 32 from every random word."""
    words = jax.random.bits(key, (*like.shape[:-1], -(-like.shape[-1] // 32)), jnp.uint32)
    bits = (words[..., None] >> along_last(jnp.arange(32, dtype=jnp.uint32), words[..., None])) & 1
    return (2 * bits.astype(like.dtype) - 1).reshape(*like.shape[:-1], -1)[..., : like.shape[-1]]


def _neighbours(v: Float[Array, "l r"]) -> tuple[Float[Array, "l r"], Float[Array, "l r"]]:
    """Values to the left and to the right of every point; at the ends the point's own."""
    return jnp.concatenate([v[:1], v[:-1]]), jnp.concatenate([v[1:], v[-1:]])


def reaction(fields: Float[Array, "2 *n r"], mu: Float[Array, "r p"]) -> Float[Array, "2 *n r"]:
    """du/dt and dv/dt by the reaction of prey and predators at each point."""
    u, v = fields
    a, b = (rate.reshape((1,) * (u.ndim - 1) + (-1,)) for rate in (mu[:, 0], mu[:, 1]))
    return jnp.stack([u * (1 - u - v), a * v * (u - b)])


def interpolated(fields: Fields) -> Fields:
    """Fields at twice as many points, linear between cell centres and constant at the ends."""
    left, right = (jnp.stack(side) for side in zip(*map(_neighbours, fields), strict=True))
    halves = jnp.stack([0.75 * fields + 0.25 * left, 0.75 * fields + 0.25 * right], axis=2)
    return halves.reshape(2, -1, fields.shape[-1])


def moment_rates(fields: Fields, mu: Float[Array, "r p"]) -> Float[Array, "r 2"]:
    """d<u>/dt and d<v>/dt of every run, from the second moments of its fields."""
    u, v = fields
    uu, uv = jnp.mean(u * u, axis=0), jnp.mean(u * v, axis=0)
    a, b = mu[:, 0], mu[:, 1]
    return jnp.stack([jnp.mean(u, 0) - uu - uv, a * uv - a * b * jnp.mean(v, 0)], axis=-1)


def noise_covariance(size: int) -> Float[np.ndarray, "2 2"]:
    """Covariance (2, 2) of the noise of the means over `size` points, per unit of time."""
    return NOISE**2 / size * np.eye(2)


def spiral(a: float, b: float) -> tuple[float, float]:
    """Period and decay time of small uniform deviations from the fixed point u = b, v = 1 - b.

    The Jacobian there, [[-b, -b], [a (1 - b), 0]], has trace -b and determinant a b (1 - b).
    """
    eigenvalue = np.linalg.eigvals(np.array([[-b, -b], [a * (1 - b), 0.0]]))[0]
    period = 2 * np.pi / abs(eigenvalue.imag) if eigenvalue.imag else np.inf
    return float(period), float(-1 / eigenvalue.real)
