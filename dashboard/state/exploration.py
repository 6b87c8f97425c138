"""The visitor's choices: system, model, physics parameters, particles, seed, time and playback.

Pure `param` state without Panel: views make their widgets from these parameters, the URL is written
from them, and tests need no browser.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast, final

import param

from dashboard.runs.catalogue import PARTICLES, Offer
from dashboard.state.parameters import attributes_of, parameter_state, put, values_of
from hoam_core import System

# The noise floor uses the next seed, which must exist too.
HIGHEST_SEED = 2**32 - 2
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
FRAMES_A_SECOND = 12
SHARES = (0.25, 0.5, 1.0, 2.0, 4.0)
VIEWS = ("explore", "compare", "quadrature", "train", "sweep", "data", "lessons")


@final
class Exploration(param.Parameterized):
    """Everything that the URL restores, and how the run is played."""

    view = param.Selector(default="explore", objects=list(VIEWS), label="View")
    system = param.Selector(label="System", doc="The population that is simulated.")
    model = param.Selector(label="Learned model", doc="Empty: the full model alone is shown.")
    horizontal = param.Selector(label="Horizontal", doc="Component along the pictures.")
    vertical = param.Selector(label="Vertical", doc="Component up the pictures.")
    particles = param.Selector(default=4_096, objects=list(PARTICLES), label="Particles")
    # An emptied field gives None, which `_mend_seed` replaces before any other watcher is called.
    seed = cast(
        "param.Parameter[int]",
        param.Integer(default=0, bounds=(0, HIGHEST_SEED), allow_None=True, label="Seed"),
    )
    share = param.Selector(default=1.0, objects=list(SHARES), label="λ / K of the noise")
    frame = param.Integer(default=0, bounds=(0, None), label="Frame")
    log_scale = param.Boolean(default=True, label="Logarithmic")
    playing = param.Boolean(default=False)
    loop = param.Boolean(default=True, label="Loop")
    speed = param.Selector(default=1.0, objects=list(SPEEDS), label="Speed")
    parameters = param.Parameter(doc="The `parameter_state` of the system.")

    def __init__(self, catalogue: Offer, **values: Any):
        self._catalogue, self.turning, self._adopting = catalogue, False, False
        # Of the system whose frame `frame` is.
        self._frames = 2
        # A context in which a change of system is shown; a page shows it as one change.
        self.together: Callable[[], AbstractContextManager] = nullcontext
        super().__init__()
        self._by_system = {name: parameter_state(s) for name, s in catalogue.systems.items()}
        self.param.system.objects = {s.title: name for name, s in catalogue.systems.items()}
        system = values.pop("system", None) or next(iter(catalogue.systems))
        mu = values.pop("mu", {})
        self.parameters = self._by_system[system]
        self.param.update(system=system)
        self._offer_models(values.pop("model", None))
        self._offer_plane(values.pop("plane", None))
        self.param.watch(self._keep_apart, ["horizontal", "vertical"])
        put(self.parameters, mu)
        self._offer_particles(values.pop("particles", None))
        time = values.pop("t", None)
        self.param.update(**values)
        self.time = self.ts[-1] / 2 if time is None else time

    def watch_mu(self, heard: Callable[..., None], last: bool = False) -> None:
        """Call `heard(*events)` whenever a physics parameter of the chosen system moves.

        Functions marked `last` run after those that request an answer.
        """
        watched: list[tuple[param.Parameterized, Any]] = []

        def follow(*_) -> None:
            if watched:
                before, watcher = watched.pop()
                before.param.unwatch(watcher)
            numbers, names = self.parameters, attributes_of(self.parameters)
            watched.append((numbers, numbers.param.watch(heard, names, precedence=int(last))))

        self.param.watch(follow, "parameters")
        follow()

    def adopt(self, **values: Any) -> None:
        """Apply a link to an open page; anything it leaves out stays as it is."""
        self.playing = False
        time, system = values.pop("t", None), values.pop("system", self.system)
        if system == self.system:
            self._take_over(**values)
        else:
            # Otherwise an answer would be requested at the system's default values.
            with self.together():
                self._adopting = True
                try:
                    self.system = system
                    self._take_over(**values)
                finally:
                    self._adopting = False
                self.param.trigger("parameters")
        if time is not None:
            self.time = time

    def _take_over(self, *, mu: dict[str, float] | None = None, **values: Any) -> None:
        put(self.parameters, mu or {})
        if (model := values.pop("model", None)) not in (None, self.model):
            self._offer_models(model)
        if plane := values.pop("plane", None):
            self._offer_plane(plane)
        if particles := values.pop("particles", None):
            self._offer_particles(particles)
        self.param.update(**values)

    @param.depends("system", watch=True)
    def _follow_system(self) -> None:
        with self.together():
            share = self.frame / (self._frames - 1)
            self.playing = False
            self._offer_models(None)
            self._offer_plane(None)
            self._offer_particles()
            self.parameters = self._by_system[self.system]
            self._frames = len(self.ts)
            self.frame = round(min(share, 1.0) * (self._frames - 1))

    @param.depends("seed", watch=True)
    def _mend_seed(self) -> None:
        self.seed = self.seed or 0

    def offer_new_models(self) -> None:
        """Offer models that were added to the catalogue; the choice stays."""
        names = self._catalogue.models_of(self.system)
        objects = {name.removeprefix(f"{self.system}-"): name for name in names}
        self.param.model.objects = objects | {"none (full model only)": ""}

    def admit(self, system: System) -> None:
        """Offer a system that was added to the catalogue."""
        self._by_system.setdefault(system.name, parameter_state(system))
        titles = {**self.param.system.names}
        if system.name not in titles.values():
            # Two of a visitor's own systems may have the same title.
            again = f" ({system.name[-4:]})" if system.title in titles else ""
            title = system.title + again
            self.param.system.objects = titles | {title: system.name}

    def _offer_models(self, wanted: str | None) -> None:
        self.offer_new_models()
        objects = self.param.model.names
        chosen = wanted if wanted is not None else next(iter(objects.values()))
        self.param.update(model=chosen)
        self.param.trigger("model")

    def _offer_plane(self, wanted: tuple[str, str] | None) -> None:
        names = [c.name for c in self._catalogue.systems[self.system].components]
        self.param.horizontal.objects = self.param.vertical.objects = names
        horizontal, vertical = wanted or self._catalogue.plane(self.system)
        self.param.update(horizontal=horizontal, vertical=vertical)
        self.param.trigger("horizontal", "vertical")

    def _keep_apart(self, *events: param.parameterized.Event) -> None:
        # Choosing the component of the other side swaps the two.
        if self.horizontal == self.vertical and len(self.param.horizontal.objects) > 1:
            event = events[0]
            other = "vertical" if event.name == "horizontal" else "horizontal"
            self.param.update(**{other: event.old})

    def _offer_particles(self, wanted: int | None = None) -> None:
        """The numbers that a system can show, and one more that a URL may ask for."""
        shelf, model = self._catalogue, self.model or ""
        wanted = wanted or shelf.usual_particles(self.system, model)
        self.param.particles.objects = sorted({*shelf.particles(self.system, model), wanted})
        self.particles = wanted

    @param.depends("model", watch=True)
    def _follow_model(self) -> None:
        """Offer no fewer particles than the model needs; a sufficient number stays."""
        least = self._catalogue.least_particles(self.model or "")
        self._offer_particles(self.particles if self.particles >= least else None)

    @property
    def settled(self) -> bool:
        """False during a change of system, when the parts of the state do not belong together."""
        if self._adopting:
            return False
        components = {c.name for c in self._catalogue.systems[self.system].components}
        return (
            self.parameters is self._by_system[self.system]
            and (not self.model or self.model in self._catalogue.models_of(self.system))
            and components.issuperset(self.plane)
        )

    @property
    def about(self) -> System:
        """The system that is chosen."""
        return self._catalogue.systems[self.system]

    @property
    def plane(self) -> tuple[str, str]:
        """Names of the components along and up the pictures."""
        return self.horizontal, self.vertical

    @property
    def axes(self) -> tuple[int, int]:
        """Indices of the components along and up the pictures."""
        return self._catalogue.axes(self.system, self.plane)

    @property
    def ts(self):
        """Times of the frames (t,)."""
        return self._catalogue.times(self.system, self.model or "")

    @property
    def time(self) -> float:
        """The time of the current frame; setting it chooses the nearest."""
        return float(self.ts[min(self.frame, len(self.ts) - 1)])

    @time.setter
    def time(self, value: float) -> None:
        ts = self.ts
        self.frame = int(min(max(round(value / ts[-1] * (len(ts) - 1)), 0), len(ts) - 1))

    @property
    def mu(self) -> dict[str, float]:
        """The physics parameters by name, in the order of the system."""
        return values_of(self.parameters)

    def step(self, by: int) -> None:
        """Move by whole frames, stopping at the ends."""
        self.playing = False
        self.frame = min(max(self.frame + by, 0), len(self.ts) - 1)

    def go(self, frame: int) -> None:
        """Jump to a frame; negative ones count from the end."""
        self.playing = False
        self.frame = frame % len(self.ts)

    def restart(self) -> None:
        """Play from the first frame."""
        self.param.update(frame=0, playing=True)

    def toggle(self) -> None:
        """Play or pause; at the end, play starts again from the first frame."""
        if not self.playing and self.frame >= len(self.ts) - 1:
            self.frame = 0
        self.playing = not self.playing

    def advance(self) -> None:
        """The next frame of a run that plays: round again with `loop`, else pause at the end."""
        last = len(self.ts) - 1
        if self.frame < last:
            self.turn(min(self.frame + self.stride, last))
        elif self.loop:
            self.turn(0)
        else:
            self.playing = False

    def turn(self, frame: int) -> None:
        """Go to a frame during playback, of which the player already knows."""
        self.turning = True
        try:
            self.frame = frame
        finally:
            self.turning = False

    @property
    def stride(self) -> int:
        """Frames from one drawn to the next: fast playback skips some to spare the page."""
        return max(1, round(self.speed / 2))

    @property
    def period(self) -> int:
        """Milliseconds between two frames that are drawn."""
        return round(1000 * self.stride / (FRAMES_A_SECOND * self.speed))
